package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/rank"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASecretIsReadFromWhereItIs(t *testing.T) {
	file, empty := write(t, "opensesame\r\n"), write(t, "\n")
	missing := filepath.Join(filepath.Dir(file), "missing")
	t.Setenv("RANKGATE_TEST_SECRET", "from the environment")
	t.Setenv("RANKGATE_TEST_EMPTY", "")
	for _, c := range []struct {
		source      Source
		text, field string
	}{
		{Source{}, "", ""},
		{Source{File: file}, "opensesame", ""},
		{Source{Env: "RANKGATE_TEST_SECRET"}, "from the environment", ""},
		{Source{File: empty}, "", "admin.token.file"},
		{Source{File: missing}, "", "admin.token.file"},
		{Source{File: filepath.Dir(file)}, "", "admin.token.file"},
		{Source{File: os.DevNull}, "", "admin.token.file"},
		{Source{File: write(t, strings.Repeat("x", maxFile+1))}, "", "admin.token.file"},
		{Source{Env: "RANKGATE_TEST_EMPTY"}, "", "admin.token.env"},
	} {
		text, err := c.source.Read("admin.token")
		field, _ := errors.AsType[rank.FieldError](err)
		if text != c.text || field.Path != c.field {
			t.Errorf("%+v: %q, %v; want %q, and a mistake in %q", c.source, text, err, c.text, c.field)
		}
		if name := c.source.File + c.source.Env; err != nil && !strings.Contains(field.Message, name) {
			t.Errorf("%+v: %v; want it to name %s", c.source, err, name)
		}
	}
}

func TestASecretIsInOnePlace(t *testing.T) {
	if wrong := (Source{Env: "A", File: "b"}).Validate("auth.keys", "key"); len(wrong) != 1 || wrong[0].Path != "auth.keys" {
		t.Errorf("%v; want a mistake in auth.keys", wrong)
	}
	for _, s := range []Source{{}, {Env: "A"}, {File: "b"}} {
		if wrong := s.Validate("auth.keys", "key"); wrong != nil {
			t.Errorf("%+v: %v; want nil", s, wrong)
		}
	}
}
