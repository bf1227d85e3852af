package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// FuzzConfig reads any bytes as each of the three kinds of file. Nothing may
// panic; what is refused says where, inside the file and in order; what is
// accepted is accepted again and means the same.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(everySetting))
	f.Add([]byte(everyFeature))
	f.Add([]byte(everyField))
	for _, table := range [][]mistake{gatewayMistakes, accessMistakes, registryMistakes, modelMistakes} {
		for _, m := range table {
			f.Add([]byte(m.yaml))
		}
	}
	readers := []func(f *File) (any, error){
		func(f *File) (any, error) { c, err := readConfig(f); c.File = nil; return c, err },
		func(f *File) (any, error) { r, _, err := readRegistry(f); return r, err },
		func(f *File) (any, error) { s, err := readModel(f); return s, err },
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxFile {
			return // readFile refuses it
		}
		file, err := parse("fuzz/x.yaml", data)
		if err != nil {
			plausible(t, data, err)
			return
		}
		for _, read := range readers {
			value, err := read(file)
			if err != nil {
				plausible(t, data, err)
				continue
			}
			again, err := read(file)
			if err != nil || !reflect.DeepEqual(value, again) {
				t.Errorf("read again: %+v, %v; before: %+v", again, err, value)
			}
		}
	})
}

// plausible checks that err is a sorted list of mistakes within the text.
func plausible(t *testing.T, data []byte, err error) {
	t.Helper()
	var list Errors
	if !errors.As(err, &list) || len(list) == 0 {
		t.Fatalf("not Errors: %#v", err)
	}
	lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 2*strings.Count(string(data), "\u0085") +
		strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 2
	if strings.Count(err.Error(), "\n") != len(list)-1 {
		t.Errorf("%d mistakes take more than a line each:\n%v", len(list), err)
	}
	before := Error{}
	for _, e := range list {
		if e.File != "fuzz/x.yaml" {
			continue // a vocabulary's
		}
		if e.Line < 0 || e.Line > lines || e.Col < 0 || e.Col > len(data)+2 || (e.Line == 0) != (e.Col == 0) || e.Message == "" {
			t.Errorf("%+v is no place in %d lines", e, lines)
		}
		if e.Line < before.Line || e.Line == before.Line && e.Col < before.Col {
			t.Errorf("%v comes after %v", e, before)
		}
		if len(e.Message) > 2*maxPath || len(e.Path) > 32*(maxKey+10) {
			t.Errorf("%d bytes of message, %d of path", len(e.Message), len(e.Path))
		}
		before = e
	}
}
