package rivals

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rankgate/rankgate/bench/rivals/contract"
	"github.com/rankgate/rankgate/bench/workload"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

const (
	users = 3
	items = 900
)

// odd is an id that JSON has to escape.
const odd = "a\"b\\c\n"

// newConfig starts a server and fills it. What is stored as odd is item 5.
func newConfig(t *testing.T) *Config {
	t.Helper()
	library := os.Getenv(contract.LibraryVariable)
	if library == "" {
		t.Fatalf("set %s to what scripts/onnxruntime.sh prints", contract.LibraryVariable)
	}
	graph := workload.Graphs[0]
	model, err := filepath.Abs(filepath.Join("../..", graph.File))
	if err != nil {
		t.Fatal(err)
	}
	server := redistest.Start(t)
	cfg := &Config{
		Redis: server.Addr, Model: model, Width: graph.Width(), UserWidth: graph.UserWidth, Workers: 1,
		Sources: ".", Scratch: t.TempDir(), Library: library,
	}
	if err := Fill(t.Context(), cfg, users, items); err != nil {
		t.Fatal(err)
	}
	server.Must("COPY", contract.ItemPrefix+"5", contract.ItemPrefix+odd)
	return cfg
}

// ask asks for count items from first on.
func ask(t *testing.T, cfg *Config, user int, first, count int32) *Question {
	t.Helper()
	ids := make([]int32, count)
	for i := range ids {
		ids[i] = first + int32(i)
	}
	q, err := Ask(cfg, user, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// askOdd asks for items that are not there, and for equal ones, for a user who is not
// there.
func askOdd(t *testing.T, cfg *Config) *Question {
	t.Helper()
	q := &Question{User: "nobody", Items: []string{"5", "unknown", "7", "unheard of", "5", odd}}
	rows := make([]float32, len(q.Items)*cfg.Width)
	for i, item := range []int{5, -1, 7, -1, 5, 5} {
		if item >= 0 {
			workload.Vector(workload.Item, item, rows[i*cfg.Width:][cfg.UserWidth:cfg.Width])
		}
	}
	var err error
	if q.Scores, err = Reference(cfg, rows); err != nil {
		t.Fatal(err)
	}
	return q
}

func TestRivalsScoreAsONNXRuntimeDoes(t *testing.T) {
	cfg := newConfig(t)
	questions := []*Question{
		ask(t, cfg, 0, 0, 200),
		ask(t, cfg, 1, 200, 1),
		ask(t, cfg, 2, 0, items), // more than there is room for at first
		ask(t, cfg, 0, 300, 200),
		askOdd(t, cfg),
	}
	for _, r := range All() {
		if _, ok := r.kind.(goProgram); !ok {
			continue // checked wherever it is started, so by the tests of bench/claims: it needs an environment of its own
		}
		t.Run(r.Name, func(t *testing.T) {
			running, err := r.Start(t.Context(), cfg, questions...)
			if err != nil {
				t.Fatal(err)
			}
			defer running.Stop()
			askAtOnce(t, running.URL, questions)
			versions, err := r.Versions(t.Context(), cfg)
			if err != nil || len(versions) != 1+len(r.Parts) || slices.ContainsFunc(versions, func(v string) bool { return strings.HasSuffix(v, " ") }) {
				t.Errorf("versions are %q, %v", versions, err)
			}
		})
	}
}

// askAtOnce has many callers ask all questions, each in its own order, so that what a
// rival keeps for the next request is used for others.
func askAtOnce(t *testing.T, url string, questions []*Question) {
	t.Helper()
	var callers sync.WaitGroup
	for caller := range 8 {
		callers.Go(func() {
			for i := range 5 * len(questions) {
				q := questions[(i*(caller%4+1)+caller)%len(questions)]
				if err := q.Check(t.Context(), url); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
}

func TestARivalWithOtherScoresDoesNotStart(t *testing.T) {
	cfg := newConfig(t)
	q := ask(t, cfg, 0, 0, 20)
	q.Scores[7] += 0.01
	if running, err := All()[0].Start(t.Context(), cfg, q); err == nil {
		running.Stop()
		t.Error("it has started")
	}
}

func TestCheckRefusesWrongAnswers(t *testing.T) {
	q := &Question{Items: []string{"a", "b", "c", "b"}, Scores: []float32{1, 2, 1, 2}}
	right := []contract.Scored{{ID: "b", Score: 2}, {ID: "b", Score: 2}, {ID: "a", Score: 1}, {ID: "c", Score: 1}}
	if err := q.check(right); err != nil {
		t.Errorf("the right answer: %v", err)
	}
	nan := float32(math.NaN())
	for what, answer := range map[string][]contract.Scored{
		"an item is missing":   right[:3],
		"an item is foreign":   {{ID: "b", Score: 2}, {ID: "b", Score: 2}, {ID: "a", Score: 1}, {ID: "d", Score: 1}},
		"one too many":         {{ID: "b", Score: 2}, {ID: "b", Score: 2}, {ID: "b", Score: 2}, {ID: "c", Score: 1}},
		"a wrong score":        {{ID: "b", Score: 2}, {ID: "b", Score: 2}, {ID: "a", Score: 1.001}, {ID: "c", Score: 1}},
		"a score is no number": {{ID: "b", Score: nan}, {ID: "b", Score: 2}, {ID: "a", Score: 1}, {ID: "c", Score: 1}},
		"a wrong order":        {{ID: "b", Score: 2}, {ID: "a", Score: 1}, {ID: "b", Score: 2}, {ID: "c", Score: 1}},
		"equals swapped":       {{ID: "b", Score: 2}, {ID: "b", Score: 2}, {ID: "c", Score: 1}, {ID: "a", Score: 1}},
	} {
		if err := q.check(answer); err == nil {
			t.Errorf("%s, and it is right", what)
		}
	}
}
