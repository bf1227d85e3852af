package features

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Every load writes its own number into every cell of every view, so a request
// that mixed two snapshots would see two numbers.
func TestARequestSeesOneWholeSnapshotWhileLoadsSwapIt(t *testing.T) {
	reg := &Registry{
		Entities: []Entity{{Name: "item", Type: model.Int64}, {Name: "user", Type: model.Int64}},
		Views: []View{
			{Name: "items", Entities: []string{"item"}, Source: "items.csv", Columns: []Column{{Name: "n", Type: model.Int64}}},
			{Name: "pairs", Entities: []string{"user", "item"}, Source: "pairs.csv", Columns: []Column{{Name: "n", Type: model.Int64}}},
			{Name: "users", Entities: []string{"user"}, Source: "users.csv", Columns: []Column{{Name: "n", Type: model.Int64, Default: Default{Kind: Mean}}}},
		},
	}
	const items, loads = 20, 30
	dirs := make([]string, loads)
	for n := range dirs {
		dirs[n] = t.TempDir()
		users, each, pairs := fmt.Sprintf("user,n\n1,%d\n", n), "item,n\n", "user,item,n\n"
		for i := range items {
			each += fmt.Sprintf("%d,%d\n", (i+n)%items, n) // other dictionaries every time
			pairs += fmt.Sprintf("1,%d,%d\n", i, n)
		}
		for name, text := range map[string]string{"users.csv": users, "items.csv": each, "pairs.csv": pairs} {
			if err := os.WriteFile(filepath.Join(dirs[n], name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	plan, sig := planFor(t, reg, "users.n", "items.n", "pairs.n")
	m := NewMemory(reg)
	if err := m.Load(context.Background(), dirs[0]); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			req := &rank.Request{User: "1"}
			var all []int32
			for i := range items {
				req.Items = append(req.Items, rank.Item{ID: fmt.Sprint(i)})
				all = append(all, int32(i))
			}
			var rows Rows
			tensors := tensorsFor(sig, items, 1)
			last := uint64(0)
			for {
				before := m.Generation()
				plan.Fetch(m, req, all, time.UnixMilli(epoch), time.Time{}, &rows)
				rows.Write(tensors, 0, items, 0, 0)
				seen := tensors.Inputs[0].Float32[0]
				for _, in := range tensors.Inputs {
					for _, v := range in.Float32 {
						if v != seen {
							t.Errorf("one request saw the snapshots %v and %v", seen, v)
							return
						}
					}
				}
				if before < last || uint64(seen)+1 < before {
					t.Errorf("generation %d after %d, and the rows are of %v", before, last, seen+1)
					return
				}
				last = before
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for n := 1; n < loads; n++ {
		if err := m.Load(context.Background(), dirs[n]); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
	if g := m.Generation(); g != loads {
		t.Errorf("Generation() = %d after %d loads", g, loads)
	}
}

func TestABuilderRefusesWhatDoesNotFitTheView(t *testing.T) {
	reg := twoViews()
	b := NewBuilder(reg)
	f := func(want, view string, ids []string, values ...any) {
		t.Helper()
		if err := b.Add(view, ids, values...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Add(%s, %v, %v): %v; want %s", view, ids, values, err, want)
		}
	}
	f(`there is no view "shops"`, "shops", nil)
	f("items: 2 ids for the entities [item]", "items", []string{"a", "b"}, 1, 1)
	f("items: 1 values for 2 columns", "items", []string{"a"}, 1)
	f("items: column b: 0.5 is not a whole number; the column is int64", "items", []string{"a"}, 1, 0.5)
	f("items: column a: [1] is of another type; the column is float32", "items", []string{"a"}, []int{1}, 1)
	f("items: item: the id is empty", "items", []string{""}, 1, 1)
	m := NewMemory(reg)
	m.Swap(b)
	if info := m.Views()[0]; info.Rows != 0 {
		t.Errorf("%d rows were refused and are there", info.Rows)
	}
}

func TestADictionaryFindsWhatWasAddedAndNothingElse(t *testing.T) {
	d := newDictionary()
	const many = 20_000
	id := func(i int) string { return strings.Repeat("é", i%40) + fmt.Sprint(i) }
	for i := range many {
		if n := d.add(id(i)); n != uint32(i+1) {
			t.Fatalf("add(%q) = %d; want %d", id(i), n, i+1)
		}
	}
	for i := range many {
		if n := d.add(id(i)); n != uint32(i+1) {
			t.Fatalf("add(%q) again = %d; want %d", id(i), n, i+1)
		}
		if n := d.find(id(i) + "x"); n != 0 {
			t.Fatalf("find(%q) = %d; want nothing", id(i)+"x", n)
		}
	}
	long := strings.Repeat("x", 2*arenaSize)
	if n := d.add(long); d.find(long) != n || d.find("") != 0 {
		t.Error("a long id is not found, or an empty one is")
	}
}
