package config

import (
	"go.yaml.in/yaml/v4"

	"github.com/rankgate/rankgate/secret"
)

// decodeSecret takes where a secret is, never the secret itself.
func decodeSecret(v *value, what string, into *secret.Source) {
	const where = "a %s is never written here; name where it is, {env: NAME} or {file: PATH}"
	if v.node.Kind != yaml.MappingNode { // and never shown
		v.fail(where, what)
		return
	}
	v.fields(fields{
		"env":  nonEmpty(&into.Env, "the name of an environment variable"),
		"file": filePath(&into.File),
	})
	if len(v.node.Content) == 0 {
		v.fail(where, what)
	}
}
