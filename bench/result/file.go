package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// Path is the file below dir in which the runs of one length on one machine are kept,
// each in place of the one before.
func Path(dir string, a *About) string {
	name := slug(a.Machine) + "-" + strconv.Itoa(a.Processors) + "-processors"
	if a.Full {
		name += "-full"
	}
	return filepath.Join(dir, name+".json")
}

// Save writes a run as indented JSON, the same bytes for the same run, and makes the
// directory. A file that was there stays whole until the new one is. It fails for a
// figure that is not finite.
func Save(path string, r *Run) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // for all to read, as a checkout is
		return err
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, text.Bytes(), 0o644); err != nil { //nolint:gosec // as above
		return err
	}
	return os.Rename(fresh, path)
}

// Load reads what Save wrote. Where nothing is kept the error is fs.ErrNotExist.
// Fields that are no longer known are passed over.
func Load(path string) (*Run, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Run)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// slug is a name in lower-case letters, digits and single dashes.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if len(words) == 0 {
		return "unknown"
	}
	return strings.Join(words, "-")
}
