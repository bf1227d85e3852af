package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/budget"
	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/router"
	"github.com/rankgate/rankgate/secret"
)

const everySetting = `
listen:   {http: "[::1]:8080", admin: ":9901", tls: {cert: tls/cert.pem, key: tls/key.pem, client_ca: ca.pem}}
auth:     {keys: {file: secrets/keys}}
admin:    {token: {env: ADMIN_TOKEN}}
budget:   {default: 40ms, max: 1.5s}
limits:   {candidates: 500, features: 32, body: 1MB, bodies: 20MB, header: 4KiB, in_flight: 64, connections: 128}
timeouts: {read: 1s, write: 2s, idle: 1m30s}
drain:    {wait: 0s, linger: 3s, finish: 4s}
onnx:     {library: lib/libonnxruntime.so, providers: [cuda, cpu], intra_op_threads: 2, runners: 8, item_parts: 16MiB}
cache:    {size: 64MiB, ttl: 30s, max_stale: 1d12h}
batch:    {max_rows: 128}
features: {registry: features.yaml, store: {memory: {path: ./data}}}
models:   {repository: /srv/models, default: ranker}
routes:
  ranker: {stable: 3, canary: {version: "4", percent: 2.25}}
  other:  {}
log:      {level: debug, format: json}
`

func TestEverySettingReachesItsStage(t *testing.T) {
	file := write(t, t.TempDir(), "gateway.yaml", everySetting)
	got, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(file)
	want := Config{
		Listen: Listen{HTTP: "[::1]:8080", Admin: ":9901", TLS: &TLS{
			Cert: filepath.Join(dir, "tls/cert.pem"), Key: filepath.Join(dir, "tls/key.pem"), ClientCA: filepath.Join(dir, "ca.pem"),
		}},
		Auth:  Auth{Keys: secret.Source{File: filepath.Join(dir, "secrets/keys")}},
		Admin: Admin{Token: secret.Source{Env: "ADMIN_TOKEN"}},
		Edge: edge.Config{
			Budget:   budget.Limits{Default: 40 * time.Millisecond, Max: 1500 * time.Millisecond},
			Limits:   edge.Limits{Candidates: 500, Features: 32, Body: 1_000_000, Bodies: 20_000_000, Header: 4096, InFlight: 64, Connections: 128},
			Timeouts: edge.Timeouts{Read: time.Second, Write: 2 * time.Second, Idle: 90 * time.Second},
			Drain:    edge.Drain{Wait: 0, Linger: 3 * time.Second, Finish: 4 * time.Second},
		},
		ONNX: onnx.Config{
			Library: filepath.Join(dir, "lib/libonnxruntime.so"), Providers: []string{"cuda", "cpu"},
			IntraOpThreads: 2, Runners: 8, ItemParts: 16 << 20,
		},
		Cache:    cache.Config{Size: 64 << 20, TTL: 30 * time.Second, MaxStale: 36 * time.Hour},
		Batch:    batcher.Config{MaxRows: 128},
		Features: Features{Registry: filepath.Join(dir, "features.yaml"), Memory: Memory{Path: filepath.Join(dir, "data")}},
		Models:   Models{Repository: "/srv/models", Default: "ranker"},
		Routes: map[string]router.Route{
			"ranker": {Stable: "3", Canary: router.Canary{Version: "4", Percent: 2.25}},
			"other":  {},
		},
		Log:  Log{Level: slog.LevelDebug, Format: "json"},
		File: got.File,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnEmptyFileMeansTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing yet\n", "---\n", "listen:\ncache:\nroutes:\n", "onnx: {library: \"\"}\n"} {
		f, err := parse("gateway.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		got, err := readConfig(f)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		got.File = nil
		if len(got.Routes) == 0 {
			got.Routes = nil
		}
		if want := Default(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got  %+v\nwant %+v", text, got, want)
		}
	}
}

func TestTheStoreIsBesideTheRegistryUnlessItSaysOtherwise(t *testing.T) {
	f, _ := parse("conf/gateway.yaml", []byte("features: {registry: data/features.yaml}"))
	c, err := readConfig(f)
	want := Features{Registry: "conf/data/features.yaml", Memory: Memory{Path: "conf/data"}}
	if err != nil || c.Features != want {
		t.Errorf("got %+v, %v; want %+v", c.Features, err, want)
	}
}

func TestAFileThatCannotBeReadIsAnErrorAndNeverDefaults(t *testing.T) {
	dir := t.TempDir()
	large := write(t, dir, "large.yaml", "# "+strings.Repeat("x", maxFile))
	for file, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): "no such file or directory",
		dir:                             "it is a directory, not a file",
		"/dev/null":                     "it is not a regular file",
		large:                           "it is larger than the 1048576 bytes that are read",
	} {
		if _, err := Read(file); err == nil || err.Error() != file+": can't be read: "+want {
			t.Errorf("%s: %v; want %s", file, err, want)
		}
	}
}

func TestDirectoriesAreEnoughForAFirstTry(t *testing.T) {
	data := t.TempDir()
	registry := filepath.Join(data, "features.yaml")
	if _, err := ForDirectories("models", data); err == nil || err.Error() != registry+": can't be read: no such file or directory" {
		t.Errorf("without features.yaml: %v", err)
	}
	write(t, data, "features.yaml", "")
	got, err := ForDirectories("./models/", data)
	want := Default()
	want.Features = Features{Registry: registry, Memory: Memory{Path: data}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if got, err = ForDirectories("models", ""); err != nil || !reflect.DeepEqual(got, Default()) {
		t.Errorf("without features: %+v, %v", got, err)
	}
}

func TestRoutesAndTheDefaultModelMustLeadSomewhere(t *testing.T) {
	models := catalogue("ranker/3", "ranker/4", "ranker/10", "related/1")
	for _, c := range []mistake{
		{"models: {default: ranker}\nroutes: {ranker: {stable: 3, canary: {version: 10, percent: 5}}}", ""},
		{"models: {default: related}\nroutes: {ranker: {canary: {version: 4, percent: 5}}}", ""},
		{"", ""},
		{"models: {default: rankr}", `1:19: models.default: there is no model "rankr"; did you mean ranker?`},
		{"models: {default: ctr}", `1:19: models.default: there is no model "ctr"; known are ranker, related`},
		{"models: {default: ranker}\nroutes:\n  relatd: {stable: 1}", `3:3: routes.relatd: there is no model "relatd"; did you mean related?`},
		{"models: {default: ranker}\nroutes:\n  ranker: {stable: 5}", "3:20: routes.ranker.stable: ranker has no version 5; there are 3, 4, 10"},
		{"models: {default: ranker}\nroutes:\n  ranker:\n    canary: {version: 2, percent: 1}",
			"4:23: routes.ranker.canary.version: ranker has no version 2; there are 3, 4, 10"},
		{"models: {default: ranker}\nroutes:\n  ranker:\n    canary: {version: 10, percent: 1}",
			"4:23: routes.ranker.canary.version: 10 is the highest version and so the stable one too; set routes.ranker.stable"},
		{"models: {default: none}\nroutes: {ranker: {stable: 9, canary: {version: 8, percent: 1}}}",
			"1:19: models.default: there is no model \"none\"; known are ranker, related\n" +
				"2:27: routes.ranker.stable: ranker has no version 9; there are 3, 4, 10\n" +
				"2:48: routes.ranker.canary.version: ranker has no version 8; there are 3, 4, 10"},
	} {
		f, _ := parse("gateway.yaml", []byte(c.yaml))
		config, err := readConfig(f)
		if err != nil {
			t.Fatalf("%s: %v", c.yaml, err)
		}
		got := ""
		if err := config.Check(models); err != nil {
			got = strings.ReplaceAll(err.Error(), "gateway.yaml:", "")
		}
		if got != c.want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", c.yaml, got, c.want)
		}
	}
}

func TestTheOnlyModelIsTheDefault(t *testing.T) {
	c, models := Default(), catalogue("ranker/1", "ranker/2")
	if err := c.Check(models); err != nil || c.DefaultModel(models) != "ranker" {
		t.Errorf("default model %q, %v", c.DefaultModel(models), err)
	}
	models = catalogue("ranker/1", "related/1")
	if err := c.Check(models); err != nil || c.DefaultModel(models) != "" {
		t.Errorf("of two models the default is %q, %v; want none", c.DefaultModel(models), err)
	}
	c.Models.Default = "related"
	if err := c.Check(models); err != nil || c.DefaultModel(models) != "related" {
		t.Errorf("default model %q, %v", c.DefaultModel(models), err)
	}
}

// catalogue returns models named "name/version".
func catalogue(names ...string) []Model {
	var models []Model
	for _, n := range names {
		name, version, _ := strings.Cut(n, "/")
		models = append(models, Model{Spec: model.Spec{Name: name, Version: version}})
	}
	return models
}

// write makes a file below dir, with its directories, and returns its path.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
