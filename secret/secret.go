// Package secret reads what must stand in no configuration file: passwords, keys
// and tokens. A configuration names where each of them is.
package secret

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rankgate/rankgate/rank"
)

// Source is where a secret is. It never holds the secret itself, so printing it
// shows none.
type Source struct {
	Env  string // name of an environment variable
	File string // path of a file, which is read anew each time, so that a rotated secret is picked up
}

// Set reports whether there is a secret.
func (s Source) Set() bool { return s != Source{} }

// Validate reports a Source that names two places. setting is its path in the
// configuration, what is the word for the secret.
func (s Source) Validate(setting, what string) []rank.FieldError {
	if s.Env == "" || s.File == "" {
		return nil
	}
	return []rank.FieldError{{Path: setting, Message: "both env and file are set; where is the " + what + "?"}}
}

// Read returns the secret as it is now, without line breaks at its end, and "" if
// none is named. A rank.FieldError below the given setting says that it is not
// where s says.
func (s Source) Read(setting string) (string, error) {
	switch {
	case s.File != "":
		text, err := readFile(s.File)
		if err == nil && text == "" {
			err = errors.New("is empty")
		}
		if err != nil {
			return "", s.Wrong(setting, err)
		}
		return text, nil
	case s.Env != "":
		text := os.Getenv(s.Env)
		if text == "" {
			return "", rank.FieldError{Path: setting + ".env", Message: "the environment has no " + s.Env + ", or an empty one"}
		}
		return text, nil
	default:
		return "", nil
	}
}

// Wrong is the mistake err in the secret itself, at the place where it is.
func (s Source) Wrong(setting string, err error) rank.FieldError {
	if s.File != "" {
		return rank.FieldError{Path: setting + ".file", Message: s.File + ": " + err.Error()}
	}
	return rank.FieldError{Path: setting + ".env", Message: s.Env + ": " + err.Error()}
}

// maxFile bounds what is read of a file, in bytes.
const maxFile = 1 << 20

func readFile(path string) (string, error) {
	info, err := os.Stat(path) // opening a pipe would wait for who writes to it
	if err != nil {
		return "", reason(err)
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("it is not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return "", reason(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", reason(err)
	}
	if len(data) > maxFile {
		return "", fmt.Errorf("it is larger than the %d bytes that are read", maxFile)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// reason strips what is said anyway, the operation and the path.
func reason(err error) error {
	if at, ok := errors.AsType[*os.PathError](err); ok {
		err = at.Err
	}
	return fmt.Errorf("can't be read: %w", err)
}
