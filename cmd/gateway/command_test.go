package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the gateway's command line and returns its exit code and what it
// wrote to standard error.
func command(t *testing.T, args ...string) (int, string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = file, file
	code := run(args)
	os.Stdout, os.Stderr = stdout, stderr
	written, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, string(written)
}

func TestExitCodesTellMistakesApart(t *testing.T) {
	good := servedFiles(t)
	dir := tree(t, good)
	with := func(path, content string) string {
		files := maps.Clone(good)
		files[path] = content
		return tree(t, files)
	}
	f := func(code int, words string, args ...string) {
		t.Helper()
		got, written := command(t, args...)
		if got != code || !strings.Contains(written, words) {
			t.Errorf("gateway %s: exit code %d, %s; want %d, %q", strings.Join(args, " "), got, written, code, words)
		}
	}
	f(exitOK, "ok\n", "check", "-c", filepath.Join(dir, "gateway.yaml"))
	f(exitOK, "rankgate devel", "version")
	f(exitUsage, "unknown command", "sevre")
	f(exitUsage, "unknown flag", "check", "--conf", "x")
	f(exitUsage, "name a configuration file", "check")
	f(exitUsage, "not both", "check", "-c", "gateway.yaml", "models")
	f(exitInvalid, "absent.yaml", "check", "-c", "absent.yaml")

	dir = with("gateway.yaml", "models: {default: sun}\nfeatures: {registry: features.yaml}\n")
	f(exitInvalid, `gateway.yaml:1:19: models.default: there is no model "sun"`, "check", "-c", filepath.Join(dir, "gateway.yaml"))
	dir = with("models/sum/model.yaml", "inputs: {dense: {columns: [user_stats.tens, item_stats.number]}}\nscore: sums\n")
	f(exitInvalid, "sum/model.yaml:1:10: inputs.dense: the columns are 2 wide", "check", "-c", filepath.Join(dir, "gateway.yaml"))
	f(exitInvalid, "sum/model.yaml:2:8: score.sums: the graph has no such output; it has sum float32[?]", "check", "-c", filepath.Join(dir, "gateway.yaml"))
	dir = with("models/sum/1/model.onnx", "not a graph")
	f(exitInvalid, "sum/1/model.onnx", "check", "-c", filepath.Join(dir, "gateway.yaml"))
	dir = with("gateway.yaml", "models: {defaults: sum}\nfeatures: {registry: features.yaml}\ncache: {size: 1000}\n")
	if err := os.WriteFile(filepath.Join(dir, "features.yaml"), []byte("entitis: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"gateway.yaml:1:10: models.defaults: unknown field", "features.yaml:1:1: entitis: unknown field"} {
		f(exitInvalid, words, "check", "-c", filepath.Join(dir, "gateway.yaml"))
	}
	dir = with("gateway.yaml", "cache: {size: 1000}\nonnx: {library: nowhere.so}\nfeatures: {registry: none.yaml}\n")
	for _, words := range []string{"gateway.yaml:1:15: cache.size: 1000 bytes", "gateway.yaml:2:17: onnx.library: no ONNX Runtime library"} {
		f(exitInvalid, words, "check", "-c", filepath.Join(dir, "gateway.yaml"))
	}
	dir = with("items.csv", "item,number\n1,1\n")
	f(exitInvalid, "items.csv", "check", "-c", filepath.Join(dir, "gateway.yaml"))

	dir = with("gateway.yaml", "auth: {keys: {file: keys}}\nadmin: {token: {env: RANKGATE_TEST_NO_TOKEN}}\n"+
		"listen: {tls: {cert: a.pem, key: b.pem}}\nmodels: {default: sum}\nfeatures: {registry: features.yaml}\n")
	overwrite(t, filepath.Join(dir, "keys"), "shop 1234\n")
	f(exitInvalid, "gateway.yaml:1:21: auth.keys.file: "+filepath.Join(dir, "keys")+": line 1: the hash must be", "check", "-c", filepath.Join(dir, "gateway.yaml"))
	f(exitInvalid, "gateway.yaml:2:22: admin.token.env: the environment has no RANKGATE_TEST_NO_TOKEN", "check", "-c", filepath.Join(dir, "gateway.yaml"))
	f(exitInvalid, "gateway.yaml:3:22: listen.tls.cert: can't be read", "check", "-c", filepath.Join(dir, "gateway.yaml"))
	f(exitInvalid, "listen.admin: 0.0.0.0:0: other machines reach this; set admin.token", "serve", filepath.Join(dir, "models"), "--admin", "0.0.0.0:0")
}
