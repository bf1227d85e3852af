package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

const everyField = `
inputs:
  dense:
    columns:
      - user_stats.age
      - missing(user_stats.age)
  user_vec: {columns: [user_stats.embedding], per: request, row_index: user_row}
score: {probabilities: {column: 1, weight: 0.7}, watch: {weight: 0.3}, bonus: }
fallback: -1.5
metadata:
  trained_on: 2024-05-01
  metrics: {ndcg10: 0.31, by_country: [{de: 1}, 2]}
  note: ~
`

func TestEveryFieldReachesTheSpec(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "ranker/model.yaml", everyField)
	graph := write(t, dir, "ranker/3/model.onnx", "")
	models, err := ReadRepository(dir, nil)
	if err != nil || len(models) != 1 {
		t.Fatalf("%d models, %v", len(models), err)
	}
	age := model.Column{View: "user_stats", Name: "age"}
	want := model.Spec{
		Name: "ranker", Version: "3", Path: graph,
		Inputs: []model.Input{
			{Name: "dense", Columns: []model.Column{age, {View: "user_stats", Name: "age", Missing: true}}},
			{Name: "user_vec", Columns: []model.Column{{View: "user_stats", Name: "embedding"}}, PerRequest: true, RowIndex: "user_row"},
		},
		Score:    []model.Head{{Output: "probabilities", Column: 1, Weight: 0.7}, {Output: "watch", Column: -1, Weight: 0.3}, {Output: "bonus", Column: -1, Weight: 1}},
		Fallback: -1.5,
		Metadata: map[string]string{"trained_on": "2024-05-01", "metrics.ndcg10": "0.31",
			"metrics.by_country[0].de": "1", "metrics.by_country[1]": "2", "note": ""},
	}
	if !reflect.DeepEqual(models[0].Spec, want) {
		t.Errorf("got  %+v\nwant %+v", models[0].Spec, want)
	}
}

func TestWhatTheGraphShowsIsReportedAtItsLine(t *testing.T) {
	f, err := parse("models/ranker/model.yaml", []byte(everyField))
	if err != nil {
		t.Fatal(err)
	}
	err = f.Errors([]rank.FieldError{
		{Path: "score.watch.column", Message: "e"},
		{Path: "inputs.dense.columns[1]", Message: "a"},
		{Path: "inputs.dense.columns[7]", Message: "b"},
		{Path: "inputs.user_vec.row_index", Message: "d"},
		{Path: "inputs.user_vec", Message: "c"},
		{Path: "inputs", Message: "input.1 is not fed"},
	})
	want := `models/ranker/model.yaml:2:1: inputs: input.1 is not fed
models/ranker/model.yaml:4:5: inputs.dense.columns[7]: b
models/ranker/model.yaml:6:9: inputs.dense.columns[1]: a
models/ranker/model.yaml:7:3: inputs.user_vec: c
models/ranker/model.yaml:7:72: inputs.user_vec.row_index: d
models/ranker/model.yaml:8:50: score.watch.column: e`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	if err := f.Errors(nil); err != nil {
		t.Errorf("no mistakes are %v", err)
	}
}

func TestNamesWithDotsAreFound(t *testing.T) {
	f, _ := parse("model.yaml", []byte("inputs:\n  input: {columns: [a.b]}\n  input.1: {columns: [c.d]}\n"))
	for path, want := range map[string][2]int{
		"inputs.input.columns[0]":   {2, 21},
		"inputs.input.1.columns[0]": {3, 23},
		"inputs.input.2":            {2, 3},
		"inputs[0]":                 {1, 1},
		"":                          {1, 1},
	} {
		if line, col := f.Locate(path); [2]int{line, col} != want {
			t.Errorf("%s is at %d:%d; want %v", path, line, col, want)
		}
	}
	if line, col := (*File)(nil).Locate("inputs"); line != 0 || col != 0 {
		t.Errorf("no file: %d:%d", line, col)
	}
}

const small = "inputs: {x: {columns: [a.b]}}\nscore: y\n"

func TestVersionsShareAModelYAMLUnlessTheyHaveTheirOwn(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b/model.yaml", small)
	write(t, dir, "b/config.pbtxt", "")
	write(t, dir, "b/labels.txt", "")
	write(t, dir, "b/10/model.onnx", "")
	write(t, dir, "b/9/model.onnx", "")
	write(t, dir, "b/9/weights.bin", "")
	write(t, dir, "b/9/model.yaml", small+"fallback: 9")
	write(t, dir, "a/1/model.onnx", "")
	write(t, dir, "a/1/model.yaml", small)
	write(t, dir, ".git/config", "")
	write(t, dir, "lost+found/x", "")
	models, err := ReadRepository(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range models {
		from, _ := filepath.Rel(dir, m.File.Path)
		got = append(got, m.Spec.Name+" "+m.Spec.Version+" "+from)
	}
	want := []string{"a 1 a/1/model.yaml", "b 9 b/9/model.yaml", "b 10 b/model.yaml"}
	if !reflect.DeepEqual(got, want) || models[1].Spec.Fallback != 9 || models[2].Spec.Fallback != 0 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAMountedConfigMapIsReadThroughItsLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "volume/1/model.onnx", "")
	write(t, dir, "models/ranker/..2024_06_01/model.yaml", small)
	ranker := filepath.Join(dir, "models", "ranker")
	for name, target := range map[string]string{
		"..data": "..2024_06_01", "model.yaml": "..data/model.yaml", "1": filepath.Join(dir, "volume", "1"),
	} {
		if err := os.Symlink(target, filepath.Join(ranker, name)); err != nil {
			t.Fatal(err)
		}
	}
	models, err := ReadRepository(filepath.Join(dir, "models"), nil)
	if err != nil || len(models) != 1 || models[0].Spec.Path != filepath.Join(ranker, "1", "model.onnx") {
		t.Errorf("got %+v, %v", models, err)
	}
}

func TestEveryMistakeInARepositoryIsNamed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "README.md", "")
	write(t, dir, "bad name/1/model.onnx", "")
	write(t, dir, "empty/model.yaml", small)
	write(t, dir, "graphless/model.yaml", small)
	write(t, dir, "graphless/1/model.ONNX.bak", "")
	write(t, dir, "graphless/2/ranker.onnx", "")
	write(t, dir, "graphless/3/model.onnx/x", "")
	write(t, dir, "graphless/4", "")
	write(t, dir, "odd/model.yml", small)
	write(t, dir, "odd/1/model.onnx", "")
	write(t, dir, "odd/02/model.onnx", "")
	write(t, dir, "odd/v3/model.onnx", "")
	write(t, dir, "odd/latest/model.onnx", "")
	write(t, dir, "odd/model.onnx", "")
	write(t, dir, "wrong/model.yaml", "input: {}")
	write(t, dir, "wrong/1/model.onnx", "")
	write(t, dir, "wrong/2/model.onnx", "")
	write(t, dir, "wrong/2/model.yaml", small+"fallback: x")
	for link, target := range map[string]string{"lost": "nowhere", "loop": "loop", "odd/1/model.yaml": "gone"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := ReadRepository(dir, nil)
	want := `
README.md: is not a directory; a repository holds a directory per model, and no other file that is not hidden
bad name: a model's name holds letters, digits, dots, dashes and underscores, at most 128 of them
empty: has no version; add empty/1/model.onnx
graphless/1: holds no model.onnx
graphless/2: holds no model.onnx; rename "ranker.onnx"
graphless/3/model.onnx: is not a regular file
graphless/4: is not a directory; a version is a directory that holds model.onnx
loop: can't be read: too many levels of symbolic links
lost: can't be read: no such file or directory
odd/02: versions are 1, 2, 3, … without leading zeros; rename it to 2
odd/1/model.yaml: can't be read: no such file or directory
odd/latest: it has no place in a model's directory; hide it with a leading dot
odd/model.onnx: a graph belongs into the directory of a version, as 1/model.onnx
odd/model.yml: did you mean model.yaml?
odd/v3: versions are 1, 2, 3, … without leading zeros; rename it to 3
wrong/2/model.yaml:3:11: fallback: must be a number, not "x"
wrong/model.yaml:1:1: input: unknown field; did you mean inputs?
wrong/model.yaml:1:1: score: missing: which output of the graph is the score?`
	if got := strings.ReplaceAll("\n"+err.Error(), dir+"/", ""); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}
}

func TestARepositoryWithoutModelsIsAnError(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                           "holds no model; it must hold <name>/model.yaml and <name>/<version>/model.onnx",
		filepath.Join(dir, "nowhere"): "can't be read: no such file or directory",
	} {
		if _, err := ReadRepository(path, nil); err == nil || err.Error() != path+": "+want {
			t.Errorf("got %v; want %s", err, want)
		}
	}
	write(t, dir, "ranker/1/model.onnx", "")
	want := filepath.Join(dir, "ranker/1") + ": no model.yaml says which columns feed this version; add " + filepath.Join(dir, "ranker/model.yaml")
	if _, err := ReadRepository(dir, nil); err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestAVersionWithoutAGraphIsToldOfServersThatMayRunIt(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "away/model.yaml", small)
	write(t, dir, "here/model.yaml", small)
	write(t, dir, "here/1/notes.txt", "")
	_, err := ReadRepository(dir, func(model string) bool { return model == "away" })
	want := `
away: has no version; add the directory away/1, named after the version that the servers hold
here/1: holds no model.onnx; a model that only servers run needs none: name their pools, and not local, in routes.here.run_on`
	if err == nil {
		t.Fatal("no error")
	}
	if got := strings.ReplaceAll("\n"+err.Error(), dir+"/", ""); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}
}
