package main

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

func keyLine(name, key string) string {
	return fmt.Sprintf("%s %x\n", name, sha256.Sum256([]byte(key)))
}

// asked returns the status and the body of a request with a credential.
func asked(t *testing.T, client *http.Client, method, url, credential string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(`{"user":1,"items":[1],"budget_ms":2000}`))
	if err != nil {
		t.Fatal(err)
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(content)
}

func TestKeysAndTheTokenAreReadAgain(t *testing.T) {
	dir := tree(t, map[string]string{"keys": keyLine("shop", "one"), "token": "first\n"})
	keys, token := filepath.Join(dir, "keys"), filepath.Join(dir, "token")
	f := startArithmetic(t, func(cfg *config.Config) {
		cfg.Auth.Keys.File, cfg.Admin.Token.File = keys, token
	})
	admin := "http://" + f.gateway.admin.Addr().String()
	want := func(key, token string, ok bool) {
		t.Helper()
		rank, _ := asked(t, http.DefaultClient, "POST", f.base+"/rank", key)
		for _, path := range []string{"/metrics", "/admin/models", "/debug/pprof/"} {
			status, _ := asked(t, http.DefaultClient, "GET", admin+path, token)
			if (rank == 200) != ok || (status == 200) != ok || !ok && (rank != 401 || status != 401) {
				t.Errorf("with %q and %q: /rank %d, %s %d; want them answered: %t", key, token, rank, path, status, ok)
			}
		}
	}
	want("one", "first", true)
	want("", "", false)
	want("first", "one", false)
	overwrite(t, keys, keyLine("shop", "two"))
	overwrite(t, token, "second")
	f.reloadAccess()
	want("one", "first", false)
	want("two", "second", true)
	overwrite(t, keys, "broken")
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	f.reloadAccess()
	want("two", "second", true)
}

// exposed are the secrets of a gateway, and the lines of a configuration with them.
type exposed struct {
	key, token, password, private string
	dir                           string
	pair                          *pair
}

func newExposed(t *testing.T) (e *exposed, gateway string) {
	t.Helper()
	e = &exposed{key: "sesame-key", token: "sesame-token", password: "sesame-password", pair: newPair(t, "gateway")}
	private, err := os.ReadFile(e.pair.settings.Key)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(private)
	e.private = strings.Split(string(pem.EncodeToMemory(block)), "\n")[1]
	server := redistest.Start(t, redistest.User("reader", e.password)...)
	files := arithmetic(t)
	files["keys"], files["password"] = keyLine("shop", e.key), e.password
	files["gateway.yaml"] = fmt.Sprintf(`
listen: {tls: {cert: %q, key: %q}}
auth: {keys: {file: keys}}
admin: {token: {env: RANKGATE_TEST_TOKEN}}
models: {default: sum}
features:
  registry: features.yaml
  store: {redis: {addresses: [%q], username: reader, password: {file: password}}}
drain: {wait: 0s, linger: 10ms}
log: {level: debug}
`, e.pair.settings.Cert, e.pair.settings.Key, server.Addr)
	t.Setenv("RANKGATE_TEST_TOKEN", e.token)
	e.dir = tree(t, files)
	return e, filepath.Join(e.dir, "gateway.yaml")
}

// provoke asks for everything that may say something, rightly and wrongly, and
// returns the answers.
func (e *exposed) provoke(t *testing.T, public, admin string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: e.pair.Pool, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	var said strings.Builder
	for _, credential := range []string{"", e.key, e.key + "x", e.token} {
		for _, path := range []string{"/rank", "/rank/nobody", "/nowhere", "/healthz"} {
			status, answer := asked(t, client, "POST", "https://"+public+path, credential)
			fmt.Fprintln(&said, status, answer)
		}
	}
	for _, credential := range []string{"", e.token, e.token + "x"} {
		for _, path := range []string{"/metrics", "/admin/models", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/nowhere"} {
			status, answer := asked(t, http.DefaultClient, "GET", "http://"+admin+path, credential)
			fmt.Fprintln(&said, status, answer)
		}
	}
	for _, raw := range []string{
		"POST /rank HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer " + e.key + "\r\nBad Header\r\n\r\n",
		"POST /rank HTTP/1.1\r\nHost: g\r\nX-Api-Key: " + e.key + "\n\r\n\r\n",
	} {
		c, err := tls.Dial("tcp", public, &tls.Config{RootCAs: e.pair.Pool, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, raw)
		answer, _ := io.ReadAll(c)
		_ = c.Close()
		said.Write(answer)
	}
	return said.String()
}

func TestSecretsAreNeverShown(t *testing.T) {
	e, gateway := newExposed(t)
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stderr := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = stderr }()
	logged := func() string {
		content, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	public, admin, code := childtest.FreeAddress(t), childtest.FreeAddress(t), make(chan int, 1)
	go func() { code <- run([]string{"serve", "-c", gateway, "--listen", public, "--admin", admin}) }()
	until(func() bool { return strings.Contains(logged(), "msg=ready") })
	said := e.provoke(t, public, admin)

	// Everything is replaced by what is broken, with a secret where none belongs.
	overwrite(t, filepath.Join(e.dir, "keys"), "shop "+e.key+"\n"+e.key)
	overwrite(t, e.pair.settings.Key, "-----BEGIN EC PRIVATE KEY-----\n"+e.private)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	until(func() bool {
		log := logged()
		return strings.Contains(log, "keys were not read again") && strings.Contains(log, "certificates were not read again")
	})
	said += e.provoke(t, public, admin)
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d; want 0", got)
	}
	_, checked := command(t, "check", "-c", gateway)
	e.absent(t, map[string]string{"an answer": said, "the log": logged(), "gateway check": checked})
	for _, want := range []string{"200 ", "401 ", "rankgate_http_responses_total", `"models"`} {
		if !strings.Contains(said, want) {
			t.Errorf("the answers hold no %q: too little was asked", want)
		}
	}
}

// absent looks for every secret, and for the hash of the key.
func (e *exposed) absent(t *testing.T, texts map[string]string) {
	t.Helper()
	secrets := map[string]string{
		"the key": e.key, "the token": e.token, "the password": e.password, "the private key": e.private,
		"the key's hash": fmt.Sprintf("%x", sha256.Sum256([]byte(e.key))),
	}
	for place, text := range texts {
		for name, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s shows %s: …%s…", place, name, text[max(at-80, 0):min(at+80, len(text))])
			}
		}
	}
}
