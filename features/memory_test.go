package features

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// numbered is a store of which every load writes its own number into every cell
// of every view, so that a request that mixed two snapshots would see two.
type numbered struct {
	reg  *Registry
	dirs []string
}

const numberedItems = 20

func newNumbered(t *testing.T, loads int) *numbered {
	t.Helper()
	n := &numbered{reg: &Registry{
		Entities: []Entity{{Name: "item", Type: model.Int64}, {Name: "user", Type: model.Int64}},
		Views: []View{
			{Name: "items", Entities: []string{"item"}, Source: "items.csv", Columns: []Column{{Name: "n", Type: model.Int64}}},
			{Name: "pairs", Entities: []string{"user", "item"}, Source: "pairs.csv", Columns: []Column{{Name: "n", Type: model.Int64}}},
			{Name: "users", Entities: []string{"user"}, Source: "users.csv", Columns: []Column{{Name: "n", Type: model.Int64, Default: Default{Kind: Mean}}}},
		},
	}}
	for load := range loads {
		dir := t.TempDir()
		n.dirs = append(n.dirs, dir)
		users, items, pairs := fmt.Sprintf("user,n\n1,%d\n", load), "item,n\n", "user,item,n\n"
		for i := range numberedItems {
			items += fmt.Sprintf("%d,%d\n", (i+load)%numberedItems, load) // another order every time
			pairs += fmt.Sprintf("1,%d,%d\n", i, load)
		}
		for name, text := range map[string]string{"users.csv": users, "items.csv": items, "pairs.csv": pairs} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

// read fetches and writes again and again until done, and complains of a
// request that saw two loads, or one older than those told of before it.
func (n *numbered) read(t *testing.T, m *Memory, told *swaps, done <-chan struct{}) {
	plan, sig := planFor(t, n.reg, "users.n", "items.n", "pairs.n")
	req := &rank.Request{User: "1"}
	var items []int32
	for i := range numberedItems {
		req.Items = append(req.Items, rank.Item{ID: fmt.Sprint(i)})
		items = append(items, int32(i))
	}
	var rows Rows
	tensors := tensorsFor(sig, numberedItems, 1)
	for {
		before := told.Load()
		plan.Fetch(m, req, items, time.UnixMilli(epoch), time.Time{}, &rows)
		rows.Write(tensors, 0, numberedItems, 0, 0)
		seen := tensors.Inputs[0].Float32[0]
		for _, in := range tensors.Inputs {
			for _, v := range in.Float32 {
				if v != seen {
					t.Errorf("one request saw loads %v and %v", seen, v)
					return
				}
			}
		}
		if load := uint64(seen) + 1; load < before {
			t.Errorf("the rows are of load %d, and load %d was told of before", load, before)
			return
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

// swaps is a listener that counts.
type swaps struct{ atomic.Uint64 }

func (*swaps) Changed(string, string) {}
func (s *swaps) ChangedAll()          { s.Add(1) }

func TestARequestSeesOneWholeSnapshotWhileLoadsSwapIt(t *testing.T) {
	const loads = 30
	n := newNumbered(t, loads)
	m, told := NewMemory(n.reg), &swaps{}
	m.Inform(told)
	if err := m.Load(context.Background(), n.dirs[0]); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() { n.read(t, m, told, done) })
	}
	for _, dir := range n.dirs[1:] {
		if err := m.Load(context.Background(), dir); err != nil {
			t.Error(err)
		}
	}
	close(done)
	readers.Wait()
	if got := told.Load(); got != loads {
		t.Errorf("told of %d changes after %d loads", got, loads)
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
