package features

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// storeFunc is a Store made of a function.
type storeFunc func(q *Query, deadline time.Time)

func (f storeFunc) Fetch(q *Query, deadline time.Time) { f(q, deadline) }

func twoViews() *Registry {
	return &Registry{
		Entities: []Entity{{Name: "item", Type: model.String}, {Name: "user", Type: model.String}},
		Views: []View{
			{Name: "items", Entities: []string{"item"}, TTL: time.Second, MaxStale: 2 * time.Second, Columns: []Column{
				{Name: "a", Type: model.Float32, Default: Default{Number: 5}},
				{Name: "b", Type: model.Int64},
			}},
			{Name: "users", Entities: []string{"user"}, Columns: []Column{{Name: "c", Type: model.Float32, Default: Default{Number: 6}}}},
		},
	}
}

func candidates(ids ...string) (*rank.Request, []int32) {
	req := &rank.Request{User: "u", Explain: true}
	var items []int32
	for i, id := range ids {
		req.Items = append(req.Items, rank.Item{ID: id})
		items = append(items, int32(i))
	}
	return req, items
}

func counts(p *Plan, view string) string {
	for i := range p.Stats().Views {
		v := &p.Stats().Views[i]
		if v.View != view {
			continue
		}
		var out []string
		for status := range rank.NumStatuses {
			if n := v.Rows[status].Load(); n > 0 {
				out = append(out, fmt.Sprintf("%s %d", status, n))
			}
		}
		return strings.Join(out, ", ")
	}
	return "no such view"
}

func TestARowServesUntilItIsTooOldAndThenCountsAsMissing(t *testing.T) {
	reg := twoViews()
	b := NewBuilder(reg)
	at := time.UnixMilli(epoch)
	for _, row := range []struct {
		id     string
		age    time.Duration
		values []any
	}{
		{"young", time.Second, []any{1, 1}},
		{"stale", time.Second + time.Millisecond, []any{2, nil}},
		{"last", 3 * time.Second, []any{3, 1}},
		{"old", 3*time.Second + time.Millisecond, []any{4, 1}},
		{"null", 0, []any{nil, 1}},
		{"future", -time.Hour, []any{7, 1}},
	} {
		if err := b.AddAt("items", at.Add(-row.age), []string{row.id}, row.values...); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Add("items", []string{"timeless"}, 8, 1); err != nil {
		t.Fatal(err)
	}
	m := NewMemory(reg)
	m.Swap(b)
	plan, sig := planFor(t, reg, "items.a", "missing(items.a)")
	req, items := candidates("young", "stale", "last", "old", "null", "future", "timeless", "none")
	var rows Rows
	plan.Fetch(m, req, items, at, time.Time{}, &rows)
	tensors := tensorsFor(sig, 8, 1)
	rows.Write(tensors, 0, 8, 0, 0)
	if got, want := tensors.Inputs[0].Float32, []float32{1, 2, 3, 5, 5, 7, 8, 5}; !slices.Equal(got, want) {
		t.Errorf("a = %v; want %v", got, want)
	}
	if got, want := tensors.Inputs[1].Float32, []float32{0, 0, 0, 1, 1, 0, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("missing(a) = %v; want %v", got, want)
	}
	var statuses []rank.Status
	for i := range items {
		statuses = append(statuses, rows.explain(i)[0].Status)
	}
	if want := []rank.Status{rank.Present, rank.Stale, rank.Stale, rank.Missing, rank.NullValue, rank.Present, rank.Present, rank.Missing}; !slices.Equal(statuses, want) {
		t.Errorf("statuses %v; want %v", statuses, want)
	}
	if got, want := counts(plan, "items"), "present 3, null 1, missing 2, stale 2"; got != want {
		t.Errorf("counted %s; want %s", got, want)
	}
}

func TestAViewThatCannotBeReadCostsItsOwnFeaturesOnly(t *testing.T) {
	reg := twoViews()
	plan, sig := planFor(t, reg, "users.c", "items.a", "missing(items.a)")
	deadline := time.UnixMilli(12345)
	store := storeFunc(func(q *Query, got time.Time) {
		if !got.Equal(deadline) || q.Request.User != "u" || !slices.Equal(q.Items, []int32{0, 1}) || len(q.Lookups) != 2 {
			t.Errorf("Fetch of %+v before %v", q, got)
		}
		for i := range q.Lookups {
			l := &q.Lookups[i]
			if reg.Views[l.View].Name == "items" {
				l.Marks[0], l.Marks[1] = Failed, Failed
				continue
			}
			l.Rows[0] = &Row{Floats: []float32{1}}
		}
	})
	req, items := candidates("x", "y")
	var rows Rows
	plan.Fetch(store, req, items, time.UnixMilli(epoch), deadline, &rows)
	tensors := tensorsFor(sig, 2, 1)
	rows.Write(tensors, 0, 2, 0, 0)
	for i, want := range [][]float32{{1, 1}, {5, 5}, {1, 1}} {
		if got := tensors.Inputs[i].Float32; !slices.Equal(got, want) {
			t.Errorf("input %d = %v; want %v", i, got, want)
		}
	}
	if got := rows.ExplainItem(1)[1]; got.Status != rank.Errored || got.Value != float32(5) {
		t.Errorf("items.a is explained as %+v", got)
	}
	if got := counts(plan, "items") + "; " + counts(plan, "users"); got != "error 2; present 1" {
		t.Errorf("counted %s", got)
	}
}

func TestOnlyTheCandidatesThatNeedWhatCouldNotBeReadAreUnsure(t *testing.T) {
	reg := twoViews()
	plan, _ := planFor(t, reg, "users.c", "items.a")
	asOf := time.UnixMilli(epoch - 5000)
	broken := "items"
	store := storeFunc(func(q *Query, _ time.Time) {
		for i := range q.Lookups {
			l := &q.Lookups[i]
			for j := range l.Rows {
				l.Rows[j] = &Row{Floats: []float32{1, 1, 1}, Ints: []int64{1}}
			}
			switch reg.Views[l.View].Name {
			case "users":
				l.AsOf = asOf
			case "items":
				l.AsOf = asOf.Add(time.Second)
			}
			if reg.Views[l.View].Name == broken {
				l.Marks[0] = LastKnown
			}
		}
	})
	req, items := candidates("x", "y")
	var rows Rows
	f := func(view string, first, second bool, count string) {
		t.Helper()
		broken = view
		plan.Fetch(store, req, items, time.UnixMilli(epoch), time.Time{}, &rows)
		if rows.Unsure(0) != first || rows.Unsure(1) != second || rows.AnyUnsure() != (first || second) {
			t.Errorf("%q broken: unsure %t, %t", view, rows.Unsure(0), rows.Unsure(1))
		}
		if !rows.AsOf().Equal(asOf) {
			t.Errorf("as of %v; want %v", rows.AsOf(), asOf)
		}
		if view != "" && counts(plan, view) != count {
			t.Errorf("counted %s; want %s", counts(plan, view), count)
		}
	}
	f("", false, false, "")
	f("items", true, false, "present 3, stale 1")
	f("users", true, true, "present 2, stale 1")
}

func TestACandidateWhoseOwnFieldIsBrokenIsLeftOutAlone(t *testing.T) {
	reg := twoViews()
	reg.Request = []Column{{Name: "stock", Type: model.Int64}, {Name: "must", Type: model.Float32, Required: true}}
	plan, sig := planFor(t, reg, "request.stock", "request.must")
	req, items := candidates("ok", "broken", "ok", "lacking", "others")
	for i, fields := range [][]rank.Field{
		{whole("must", 1), whole("stock", 10)}, {whole("must", 1), word("stock", "many")},
		{float("must", 3), null("stock")}, {null("must")}, {whole("must", 5)},
	} {
		req.Items[i].From = int32(len(req.Fields))
		req.Fields = append(req.Fields, fields...)
		req.Items[i].To = int32(len(req.Fields))
	}
	var rows Rows
	plan.Fetch(NewMemory(reg), req, items[:4], time.UnixMilli(epoch), time.Time{}, &rows)
	if got := rows.Items(); !slices.Equal(got, []int32{0, 2}) || rows.Len() != 2 {
		t.Fatalf("Items() = %v; want 0 and 2", got)
	}
	tensors := tensorsFor(sig, 2, 1)
	rows.Write(tensors, 0, 2, 0, 0)
	if stock, must := tensors.Inputs[0].Float32, tensors.Inputs[1].Float32; !slices.Equal(stock, []float32{10, 0}) || !slices.Equal(must, []float32{1, 3}) {
		t.Errorf("stock %v, must %v", stock, must)
	}
	var statuses []rank.Status
	for i := range req.Items {
		for _, f := range rows.ExplainItem(int32(i)) {
			statuses = append(statuses, f.Status)
		}
	}
	if want := []rank.Status{rank.Present, rank.Present, rank.Errored, rank.Present, rank.NullValue, rank.Present, rank.Missing, rank.NullValue, rank.Missing, rank.Present}; !slices.Equal(statuses, want) {
		t.Errorf("statuses %v; want %v", statuses, want)
	}
	if got := plan.Stats().LeftOut.Load(); got != 2 {
		t.Errorf("LeftOut = %d; want 2", got)
	}
	if got, want := counts(plan, "request"), "present 1, null 1, missing 1, error 1"; got != want {
		t.Errorf("counted %s; want %s", got, want)
	}
}

func TestAMissingRequiredFeatureOfTheUserLeavesEveryCandidateOut(t *testing.T) {
	reg := twoViews()
	reg.Views[1].Columns[0] = Column{Name: "c", Type: model.Float32, Required: true}
	plan, _ := planFor(t, reg, "users.c")
	req, items := candidates("x", "y")
	var rows Rows
	plan.Fetch(NewMemory(reg), req, items, time.UnixMilli(epoch), time.Time{}, &rows)
	if rows.Len() != 0 || rows.ExplainItem(1)[0].Status != rank.Missing {
		t.Errorf("%d rows, explained as %+v", rows.Len(), rows.ExplainItem(1))
	}
}

func TestNoCandidatesNeedNoLookUpUnlessTheyAreExplained(t *testing.T) {
	reg := twoViews()
	plan, _ := planFor(t, reg, "users.c", "items.a")
	asked := 0
	store := storeFunc(func(q *Query, _ time.Time) { asked += len(q.Items) })
	req, _ := candidates("x", "y", "z")
	req.Explain = false
	var rows Rows
	plan.Fetch(store, req, nil, time.UnixMilli(epoch), time.Time{}, &rows)
	if asked != 0 || rows.Len() != 0 || rows.ExplainItem(0) != nil {
		t.Errorf("%d asked, %d rows", asked, rows.Len())
	}
	req.Explain = true
	plan.Fetch(store, req, []int32{1}, time.UnixMilli(epoch), time.Time{}, &rows)
	if asked != 3 || rows.Len() != 1 || rows.Items()[0] != 1 {
		t.Errorf("%d asked, rows %v", asked, rows.Items())
	}
	if got := counts(plan, "items"); got != "missing 1" {
		t.Errorf("counted %s; what is only explained does not count", got)
	}
	for i := range req.Items {
		if got := rows.ExplainItem(int32(i)); len(got) != 2 {
			t.Errorf("candidate %d: %v", i, got)
		}
	}
	rows.Reset()
	if rows.Len() != 0 || rows.ExplainItem(0) != nil {
		t.Error("rows are left after Reset")
	}
}

func TestASignatureOfAnotherRegistryDoesNotCompile(t *testing.T) {
	reg := twoViews()
	f := func(in model.Feed, want string) {
		t.Helper()
		in.Name = "x"
		if _, err := Compile(reg, &model.Signature{Inputs: []model.Feed{in}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %s", in, err, want)
		}
	}
	column := func(view, name string) []model.Column { return []model.Column{{View: view, Name: name}} }
	float := model.Tensor{Type: model.Float32}
	f(model.Feed{Tensor: float, Width: 1, Columns: column("items", "z")}, `inputs.x: items has no column "z"`)
	f(model.Feed{Tensor: float, Width: 2, Columns: column("items", "a")}, "inputs.x: its columns are 1 wide by this registry, and 2 by the signature")
	f(model.Feed{Tensor: float, Width: 1, PerRequest: true, Columns: column("items", "a")}, "inputs.x: items.a differs from candidate to candidate, but the input is per: request")
	f(model.Feed{Tensor: float, Width: 1, PerRequest: true, Columns: column("request", "a")}, "inputs.x: request.a is sent per candidate, but the input is per: request")
	f(model.Feed{Tensor: model.Tensor{Type: model.String}, Width: 1, Columns: column("items", "b")}, "inputs.x: items.b is int64 and the graph's input is string")
}
