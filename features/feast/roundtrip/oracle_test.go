package roundtrip

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// requirements pins the feast package that judges.
const requirements = "../../../examples/feast/requirements.txt"

// oracle is a running feastd.py.
type oracle struct {
	in     io.Writer
	out    *bufio.Reader
	stderr *bytes.Buffer
}

func startOracle(tb testing.TB) *oracle {
	tb.Helper()
	var complaint bytes.Buffer
	venv := exec.CommandContext(tb.Context(), "../../../scripts/venv.sh", requirements)
	venv.Stderr = &complaint
	path, err := venv.Output()
	if err != nil {
		tb.Fatalf("no Python environment with feast (%v): run %q: %s", err, "scripts/venv.sh examples/feast/requirements.txt", &complaint)
	}
	o := &oracle{stderr: &bytes.Buffer{}}
	python := exec.CommandContext(tb.Context(), strings.TrimSpace(string(path))+"/bin/python", "feastd.py")
	python.Stderr = o.stderr
	in, err := python.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := python.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	o.in, o.out = in, bufio.NewReader(out)
	if err := python.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close() // which ends it; what it says then no longer matters
		_ = python.Wait()
	})
	return o
}

// store names a Feast store: its repository, its server, its kind of keys.
type store struct {
	Dir        string `json:"dir"`
	Addr       string `json:"addr"`
	KeyVersion int    `json:"key_version"`
}

// materialize has Feast apply and materialize its repository.
func (o *oracle) materialize(tb testing.TB, s store) (registry string) {
	tb.Helper()
	var answer struct{ Registry string }
	o.ask(tb, struct {
		Do string `json:"do"`
		store
	}{"materialize", s}, &answer)
	return answer.Registry
}

// read asks Feast for features ("view:column") of entities. A value is nil, a
// bool, a json.Number, a string, or a list of those.
func (o *oracle) read(tb testing.TB, s store, features []string, entities []map[string]any) [][]any {
	tb.Helper()
	var answer struct{ Rows [][]any }
	o.ask(tb, struct {
		Do string `json:"do"`
		store
		Features []string         `json:"features"`
		Entities []map[string]any `json:"entities"`
	}{"read", s, features, entities}, &answer)
	if len(answer.Rows) != len(entities) {
		tb.Fatalf("Feast answers %d rows for %d entities", len(answer.Rows), len(entities))
	}
	return answer.Rows
}

func (o *oracle) ask(tb testing.TB, order, answer any) {
	tb.Helper()
	line, err := json.Marshal(order)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := fmt.Fprintf(o.in, "%s\n", line); err != nil {
		tb.Fatalf("%v: %s", err, o.stderr)
	}
	reply, err := o.out.ReadBytes('\n')
	if err != nil {
		tb.Fatalf("Feast gave no answer (%v): %s", err, o.stderr)
	}
	decoder := json.NewDecoder(bytes.NewReader(reply))
	decoder.UseNumber()
	if err := decoder.Decode(answer); err != nil {
		tb.Fatalf("%v: %s", err, reply)
	}
}
