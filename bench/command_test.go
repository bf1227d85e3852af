package main

import (
	"io"
	"strings"
	"testing"
)

// TestWrongCommandLines are told before anything is built or started, with what would
// be right.
func TestWrongCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		"hit":                                       "--only",
		"--only hits":                               "there are hit, cold",
		"--only hit --out " + t.TempDir():           "--only nothing is kept",
		"--out command_test.go":                     "--out: ",
		"load":                                      "want one WORKLOAD, which is MODEL/",
		"load small --rate 5":                       "want MODEL/",
		"load big/200/cold --rate 5":                "want small, mid or trees",
		"load small/200/cold":                       "give either --rate or --callers",
		"load small/200/cold --rate -5":             "give either --rate or --callers",
		"load small/9/hit --rate inf":               "--rate: +Inf; want 1e+06 or less",
		"capacity small/9/hit --from inf":           "--from: +Inf; want 1e+06 or less",
		"load small/9/hit --rate 5 --for 0s":        "--for: 0s; want 1s or more",
		"load small/9/hit --rate 5 --arrivals even": "want poisson or constant",
		"contest small/200/cold --rounds 0":         "--rounds: 0; want 1 or more",
		"contest small/200/cold --callers 0":        "--callers: 0; want 1 or more",
		"contest small/200/cold --slice 0s":         "--slice: 0s; want 10ms or more",
		"capacity small/200/cold --step 1":          "--step: 1; want 1.01 or more",
		"capacity small/200/cold --from 0":          "--from: 0; want 1 or more",
		"profile small/200/cold --for 500ms":        "--for: 500ms; want 1s or more",
		"soak small/200/cold --for 5s":              "--for: 5s; want 10s or more",
	} {
		root := rootCommand()
		root.AddCommand(commands()...)
		root.SetArgs(strings.Fields(line))
		root.SetOut(io.Discard)
		root.SetErr(io.Discard)
		if err := root.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("bench %s: error %v; want one that says %q", line, err, want)
		}
	}
}
