package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

//go:embed feast_reader.py
var feastReader string

const feastPrefix = "Feast "

// feastReads is Feast's own get_online_features, in a Python process that measures
// itself.
type feastReads struct {
	name    string
	catalog *catalog
	dir     string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	log     bytes.Buffer
}

// feastAnswer is one line of feast_reader.py.
type feastAnswer struct {
	Version string  `json:"version"` // of the package; the first line
	Took    []int64 `json:"took"`    // nanoseconds by request; the others
	CPU     int64   `json:"cpu"`     // nanoseconds of all of them
}

// feastRequests is how many requests a slice has: one takes longer than a slice of
// any other stack.
const feastRequests = 2

// openFeast starts python, which has the feast package, and has it declare the
// view of the catalog, whose rows must be in the server.
func openFeast(ctx context.Context, python string, c *catalog, s *server) (*feastReads, error) {
	f := &feastReads{catalog: c}
	var err error
	if f.dir, err = os.MkdirTemp("", "rankgate-feast-"); err != nil {
		return nil, err
	}
	f.command = exec.CommandContext(ctx, python, "-c", feastReader) //nolint:gosec // the user names the interpreter
	f.command.Dir, f.command.Stderr = f.dir, &f.log
	if f.in, err = f.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := f.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	f.out = bufio.NewReader(out)
	if err := f.command.Start(); err != nil {
		return nil, fmt.Errorf("-feast %s: %w; scripts/venv.sh %s prints where a Python with the feast package is",
			python, err, requirements)
	}
	var columns []string
	for _, column := range c.reg.Views[0].Columns {
		columns = append(columns, column.Name)
	}
	first, err := f.say(map[string]any{
		"address": s.Address, "project": project, "view": viewName, "join_key": joinKey, "columns": columns, "id": firstID,
	})
	if err != nil {
		f.close()
		return nil, err
	}
	f.name = feastPrefix + first.Version + ", Python get_online_features"
	return f, nil
}

func (f *feastReads) run(_ context.Context, l *load, _ time.Duration) (*slice, error) {
	requests := make([][]int, feastRequests)
	for i := range requests {
		for _, item := range l.take() {
			requests[i] = append(requests[i], firstID+int(item))
		}
	}
	answer, err := f.say(map[string]any{"requests": requests})
	if err != nil {
		return nil, err
	}
	s := &slice{cpu: time.Duration(answer.CPU), rows: uint64(feastRequests * f.catalog.items)}
	for _, ns := range answer.Took {
		s.took = append(s.took, time.Duration(ns))
	}
	return s, nil
}

// say sends a line and returns the answer.
func (f *feastReads) say(order any) (answer feastAnswer, err error) {
	line, err := json.Marshal(order)
	if err != nil {
		return answer, err
	}
	if _, err := f.in.Write(append(line, '\n')); err != nil {
		return answer, fmt.Errorf("feast: %w: %s", err, &f.log)
	}
	line, err = f.out.ReadBytes('\n')
	if err != nil {
		return answer, fmt.Errorf("feast: %w: %s", err, &f.log)
	}
	return answer, json.Unmarshal(line, &answer)
}

func (f *feastReads) close() {
	_ = f.in.Close() // which ends it
	_ = f.command.Wait()
	_ = os.RemoveAll(f.dir)
}
