package config

import (
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/rankgate/rankgate/rank"
)

// Secret is where a secret is. It never holds the secret itself, so printing it
// shows none.
type Secret struct {
	Env  string // name of an environment variable
	File string // path of a file
}

// Set reports whether there is a secret.
func (s Secret) Set() bool { return s != Secret{} }

// Read returns the secret as it is now, without line breaks at its end. A
// rank.FieldError below the given setting says that it is not where s says.
func (s Secret) Read(setting string) (string, error) {
	if s.File != "" {
		data, err := readFile(s.File, maxFile)
		text := strings.TrimRight(string(data), "\r\n")
		switch {
		case err != nil:
			return "", rank.FieldError{Path: setting + ".file", Message: quote(s.File) + " can't be read: " + err.Error()}
		case text == "":
			return "", rank.FieldError{Path: setting + ".file", Message: quote(s.File) + " is empty"}
		}
		return text, nil
	}
	text := os.Getenv(s.Env)
	if text == "" {
		return "", rank.FieldError{Path: setting + ".env", Message: "the environment has no " + s.Env + ", or an empty one"}
	}
	return text, nil
}

// decodeSecret takes where a secret is, never the secret itself.
func decodeSecret(v *value, what string, into *Secret) {
	const where = "a %s is never written here; name where it is, {env: NAME} or {file: PATH}"
	if v.node.Kind != yaml.MappingNode { // and never shown
		v.fail(where, what)
		return
	}
	seen := v.fields(fields{
		"env":  nonEmpty(&into.Env, "the name of an environment variable"),
		"file": filePath(&into.File),
	})
	switch {
	case len(v.node.Content) == 0:
		v.fail(where, what)
	case seen["env"] && seen["file"]:
		v.fail("both env and file are set; where is the %s?", what)
	}
}
