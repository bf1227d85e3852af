package config

import (
	"strings"
	"testing"
)

var accessMistakes = []mistake{
	{`listen: {admin: ":9901"}`,
		`1:17: listen.admin: :9901: other machines reach this; set admin.token, {file: PATH} or {env: NAME}, or listen on 127.0.0.1`},
	{`
listen: {admin: "10.1.2.3:9901"}
ingest: {admin: "[::]:9902"}
`, `
1:17: listen.admin: 10.1.2.3:9901: other machines reach this; set admin.token, {file: PATH} or {env: NAME}, or listen on 127.0.0.1
2:1: ingest: there is nothing to read; name a source, redis or kafka or both
2:17: ingest.admin: [::]:9902: other machines reach this; set admin.token, {file: PATH} or {env: NAME}, or listen on 127.0.0.1`},
	{`listen: {admin: "gateway.local:9901"}`,
		`1:17: listen.admin: gateway.local:9901: other machines reach this; set admin.token, {file: PATH} or {env: NAME}, or listen on 127.0.0.1`},
	{`admin: {token: opensesame}`,
		`1:16: admin.token: a token is never written here; name where it is, {env: NAME} or {file: PATH}`},
	{`admin: {}`,
		`1:1: admin.token: missing: where is the token? {file: PATH} or {env: NAME}`},
	{`auth: {keys: [opensesame]}`,
		`1:8: auth.keys: a key is never written here; name where it is, {env: NAME} or {file: PATH}`},
	{`auth: {keys: {env: A, file: b}}`,
		`1:8: auth.keys: both env and file are set; where is the key?`},
	{`auth: {}`,
		`1:1: auth.keys: missing: where are the keys? {file: PATH} or {env: NAME}`},
	{`listen: {tls: {cert: a.pem, ca: b.pem}}`, `
1:10: listen.tls.key: missing: where is the certificate's private key? A PEM file
1:29: listen.tls.ca: unknown field; known are cert, client_ca, key`},
}

func TestAdminListenersOfThisMachineNeedNoToken(t *testing.T) {
	for _, address := range []string{"127.0.0.1:9901", "127.8.8.8:0", "[::1]:9901", "[::ffff:127.0.0.1]:9901", "localhost:9901"} {
		c := Default()
		c.Listen.Admin = address
		if err := c.CheckAdmin(); err != nil {
			t.Errorf("%s: %v; want nil", address, err)
		}
	}
	c := Default()
	c.Listen.Admin = "0.0.0.0:9901"
	if err := c.CheckAdmin(); err == nil || !strings.Contains(err.Error(), "admin.token") {
		t.Errorf("%s: %v; want that a token is missing", c.Listen.Admin, err)
	}
	c.Admin.Token.Env = "TOKEN"
	if err := c.CheckAdmin(); err != nil {
		t.Errorf("with a token: %v; want nil", err)
	}
}
