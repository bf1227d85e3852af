package features

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxBaseline is the longest baseline file that is read, in bytes.
const maxBaseline = 64 << 20

// baselineVersion is the version of the format of a baseline file:
//
//	{"version":1,"views":{"user_stats":{"rows":9,"columns":{
//	  "age":{"nulls":3,"mean":31.2},
//	  "embedding":{"nulls":0,"mean":[0.25,-1]},
//	  "country":{"nulls":0,"most_frequent":"de"}}}}}
const baselineVersion = 1

// ReadBaseline reads a file that WriteBaseline wrote. What it does not know, or
// knows as something else, is an error that names the file and the place in it.
func ReadBaseline(path string) (*Baseline, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBaseline+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBaseline {
		return nil, fmt.Errorf("%s: longer than %d bytes, so it is no baseline", path, maxBaseline)
	}
	b, err := decodeBaseline(data)
	if err != nil {
		return nil, fmt.Errorf("%s%w", path, err)
	}
	return b, nil
}

// WriteBaseline writes b to a file, whole or not at all.
func WriteBaseline(path string, b *Baseline) error {
	data, err := b.encode()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return ReplaceFile(path, data)
}

func (b *Baseline) encode() ([]byte, error) {
	type column struct {
		Nulls        int64 `json:"nulls"`
		Mean         any   `json:"mean,omitempty"`
		MostFrequent any   `json:"most_frequent,omitempty"`
	}
	type view struct {
		Rows    int64             `json:"rows"`
		Columns map[string]column `json:"columns"`
	}
	file := struct {
		Version int             `json:"version"`
		Views   map[string]view `json:"views"`
	}{baselineVersion, map[string]view{}}
	for name, of := range b.Views {
		v := view{of.Rows, map[string]column{}}
		for name, of := range of.Columns {
			c := column{Nulls: of.Nulls, MostFrequent: of.MostFrequent}
			if len(of.Mean) == 1 {
				c.Mean = of.Mean[0]
			} else if of.Mean != nil {
				c.Mean = of.Mean
			}
			v.Columns[name] = c
		}
		file.Views[name] = v
	}
	data, err := json.Marshal(file)
	return append(data, '\n'), err
}

// ReplaceFile makes data the content of a file. Whoever reads the file, even
// after a power cut, finds its old content whole or its new content whole.
func ReplaceFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil {
		defer d.Close()
		_ = d.Sync() // the file is there; not every file system can also make its name durable
	}
	return nil
}
