package config

import (
	"slices"
	"strings"
	"testing"
)

// mistake is a file and everything that must be said about it. Both may start
// with an empty line that does not count, and the name of the file, which
// starts each line of the latter, is left out.
type mistake struct {
	yaml string
	want string
}

func TestEveryMistakeIsNamedWithItsPlace(t *testing.T) {
	readers := []struct {
		name  string
		read  func(f *File) error
		table []mistake
	}{
		{"gateway.yaml", func(f *File) error { _, err := readConfig(f); return err }, slices.Concat(gatewayMistakes, accessMistakes)},
		{"features.yaml", func(f *File) error { _, _, err := readRegistry(f); return err }, registryMistakes},
		{"model.yaml", func(f *File) error { _, err := readModel(f); return err }, modelMistakes},
	}
	for _, r := range readers {
		for _, m := range r.table {
			yaml, want := strings.TrimPrefix(m.yaml, "\n"), strings.TrimPrefix(m.want, "\n")
			f, err := parse(r.name, []byte(yaml))
			if err == nil {
				err = r.read(f)
			}
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), r.name+":", "")
			}
			if got != want {
				t.Errorf("%s:\n%s\ngot:\n%s\nwant:\n%s", r.name, yaml, got, want)
			}
		}
	}
}
