package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/feast"
	"github.com/rankgate/rankgate/model"
)

// feastRegistry is a registry that the released feast package made, with one of
// everything.
const feastRegistry = "../../features/feast/testdata/registry.db"

// importFeast runs `gateway features import`.
func importFeast(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	c := featuresCommand()
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SetArgs(append([]string{"import"}, args...))
	c.SilenceErrors, c.SilenceUsage = true, true
	err = c.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

func TestAnImportedRegistryIsReadByTheGateway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "features.yaml")
	stdout, stderr, err := importFeast(t, "--feast", feastRegistry, "--user", "user_id", "--item", "item_id", "-o", path)
	if err != nil || stdout != "" {
		t.Fatalf("%q, %v", stdout, err)
	}
	for _, want := range []string{
		"view orders is left out: it is about order_id", "column tags of view user_stats is left out: it is STRING_LIST",
		"project shop: 5 views with 12 columns translated, 14 left out",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("standard error lacks %q: %s", want, stderr)
		}
	}
	reg, _, err := config.ReadRegistry(path)
	if err != nil {
		t.Fatal(err)
	}
	if user := reg.Entity("user"); user.Type != model.Int64 || user.JoinKey != "user_id" || len(reg.Views) != 5 {
		t.Errorf("%+v", reg)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n#     store: {redis: {addresses: [HOST:PORT], layout: feast, project: shop}}\n",
		"\n      embedding: \"float32[8]\"\n      # recent is left out: it is DOUBLE_LIST, whose length",
		"\n    stored_as: request\n    ttl: 1d\n",
		"\n  # view global_stats is left out: it is about no entity\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file lacks %q:\n%s", want, text)
		}
	}
	printed, _, err := importFeast(t, "--feast", feastRegistry, "--user", "user_id", "--item", "item_id")
	if err != nil || printed != string(text) {
		t.Errorf("standard output has\n%s\nand the file\n%s\n%v", printed, text, err)
	}
}

func TestAnImportThatCanNotBeDoneSaysWhy(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "features.yaml")
	notFeast := filepath.Join(dir, "registry.db")
	for _, path := range []string{there, notFeast} {
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "name a Feast registry file with --feast"},
		{"--feast " + feastRegistry, exitUsage, "Name them with --user and --item; the project has user_id (entity customer, customer32), item_id"},
		{"--feast " + feastRegistry + " --user customer", exitUsage, `--user: the project has no join key "customer"`},
		{"--feast " + feastRegistry + " --project market", exitUsage, `--project: the registry holds no project "market"`},
		{"--feast absent.db", exitInvalid, "absent.db"},
		{"--feast " + notFeast, exitInvalid, "not a Feast registry"},
		{"--feast " + feastRegistry + " --user user_id -o " + there, exitFailure, "features.yaml exists"},
	} {
		_, _, err := importFeast(t, strings.Fields(c.args)...)
		code := exitFailure
		if _, mistaken := errors.AsType[usageError](err); mistaken {
			code = exitUsage
		}
		if errors.Is(err, errInvalid) {
			code = exitInvalid
		}
		if err == nil || code != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: exit code %d, %v; want %d, %s", c.args, code, err, c.code, c.want)
		}
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "{}" {
		t.Errorf("the file that was there is now %q, %v", text, err)
	}
}

// Whatever texts a registry holds, what is written reads back as it was meant.
func TestEveryTextSurvivesTheWayThroughYAML(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		got := &feast.Import{Project: "p", Registry: drawImported(t)}
		got.Omitted = []feast.Omission{
			{View: rapid.String().Draw(t, "view"), Why: rapid.String().Draw(t, "why")},
			{View: "v", As: got.Registry.Views[0].Name, Column: rapid.String().Draw(t, "column"), Why: "\n% why"},
		}
		path := filepath.Join(dir, "features.yaml")
		text := renderFeatures(got)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		read, _, err := config.ReadRegistry(path)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		slices.SortFunc(got.Registry.Views, func(a, b features.View) int { return strings.Compare(a.Name, b.Name) })
		if !reflect.DeepEqual(read, got.Registry) {
			t.Fatalf("%+v; want %+v\n%s", read, got.Registry, text)
		}
	})
}

// drawImported draws a registry such as an import makes.
func drawImported(t *rapid.T) *features.Registry {
	key := rapid.StringN(1, 8, 20)
	name := rapid.OneOf(rapid.SampledFrom([]string{"yes", "no", "null", "~", "<<", "1e3", "%", "-", "x:y", "#", "é"}),
		rapid.StringMatching(`[a-z%&*!|>'"\\#,:{}?\x{85}\x{2028}-]{1,8}`))
	reg := &features.Registry{Entities: []features.Entity{
		{Name: "item", Type: model.Int64, JoinKey: key.Draw(t, "join key"), JoinType: features.JoinInt32},
		{Name: "user", Type: model.String, JoinKey: key.Draw(t, "join key"), JoinType: features.JoinBytes},
	}}
	for _, view := range rapid.SliceOfNDistinct(name, 1, 4, rapid.ID).Draw(t, "views") {
		v := features.View{
			Name: view, StoredAs: key.Draw(t, "stored as"), Entities: []string{"user", "item"}, Version: 1,
			TTL:   time.Duration(rapid.Int64Range(0, int64(36500*24*time.Hour)).Draw(t, "ttl")),
			Owner: rapid.String().Draw(t, "owner"), Description: rapid.String().Draw(t, "description"), EventTime: "at",
		}
		for _, column := range rapid.SliceOfNDistinct(name, 1, 4, rapid.ID).Draw(t, "columns") {
			v.Columns = append(v.Columns, features.Column{
				Name: column, Type: model.Float32, Length: rapid.IntRange(0, 2).Draw(t, "length"),
				Description: rapid.String().Draw(t, "description"),
			})
		}
		reg.Views = append(reg.Views, v)
	}
	return reg
}
