package demo

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
)

// unpack writes Files to a directory and reads the registry among them.
func unpack(tb testing.TB) (dir string, registry *features.Registry) {
	tb.Helper()
	dir = tb.TempDir()
	if err := os.CopyFS(dir, Files()); err != nil {
		tb.Fatal(err)
	}
	registry, _, err := config.ReadRegistry(filepath.Join(dir, "features.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	return dir, registry
}

// row is one row as Fill adds it.
type row struct {
	ids    []uint64
	values []any
}

func rowsOf(view string) []row {
	var rows []row
	switch view {
	case "user_stats":
		for u := range userIDs {
			rows = append(rows, row{[]uint64{u}, userRow(u)})
		}
	case "item_stats":
		for i := range itemIDs {
			rows = append(rows, row{[]uint64{i}, itemRow(i)})
		}
	case "user_item":
		for u := uint64(1); u <= Users; u++ {
			for _, v := range history(u) {
				rows = append(rows, row{[]uint64{u, v.item}, v.row()})
			}
		}
	}
	return rows
}

func viewOf(tb testing.TB, registry *features.Registry, name string) *features.View {
	tb.Helper()
	i := slices.IndexFunc(registry.Views, func(v features.View) bool { return v.Name == name })
	if i < 0 {
		tb.Fatalf("features.yaml has no view %q", name)
	}
	return &registry.Views[i]
}

func TestSampleRowsAreThoseThatTrainingSaw(t *testing.T) {
	_, registry := unpack(t)
	for _, s := range noted().Rows {
		view := viewOf(t, registry, s.View)
		var found *row
		for _, r := range rowsOf(s.View) {
			if slices.EqualFunc(r.ids, s.IDs, func(id uint64, want string) bool { return strconv.FormatUint(id, 10) == want }) {
				found = &r
				break
			}
		}
		if found == nil {
			t.Errorf("%s has no row of %v", s.View, s.IDs)
			continue
		}
		if len(found.values) != len(s.Values) || len(found.values) != len(view.Columns) {
			t.Fatalf("%s: %d values for %d columns; training saw %d", s.View, len(found.values), len(view.Columns), len(s.Values))
		}
		for i, v := range found.values {
			if !same(coded(t, &view.Columns[i], v), s.Values[i]) {
				t.Errorf("%s of %v: %s = %v; training saw %s", s.View, s.IDs, view.Columns[i].Name, v, s.Values[i])
			}
		}
	}
}

// same compares a value with the JSON that training wrote for it.
func same(v any, want json.RawMessage) bool {
	var got, other any
	data, err := json.Marshal(widened(v))
	if err != nil || json.Unmarshal(data, &got) != nil || json.Unmarshal(want, &other) != nil {
		return false
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(other)
	return bytes.Equal(a, b)
}

// widened makes float32s float64s, whose JSON has all their digits.
func widened(v any) any {
	switch v := v.(type) {
	case float32:
		return float64(v)
	case []float32:
		wide := make([]float64, len(v))
		for i, f := range v {
			wide[i] = float64(f)
		}
		return wide
	default:
		return v
	}
}

// coded replaces words by their place in the vocabulary, and bools by 0 or 1.
func coded(tb testing.TB, c *features.Column, v any) any {
	tb.Helper()
	switch v := v.(type) {
	case string:
		code := slices.Index(c.Vocabulary, v)
		if code < 0 {
			tb.Fatalf("%s: %q is not in the vocabulary of features.yaml", c.Name, v)
		}
		return int64(code) + 1
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	default:
		return v
	}
}

func TestTheWholeShopIsTheOneThatTrainingSaw(t *testing.T) {
	_, registry := unpack(t)
	digest := sha256.New()
	for _, name := range []string{"user_stats", "item_stats", "user_item"} {
		view, rows := viewOf(t, registry, name), rowsOf(name)
		for i := range view.Entities {
			var ids []byte
			for _, r := range rows {
				ids = binary.LittleEndian.AppendUint64(ids, r.ids[i])
			}
			digest.Write(ids)
		}
		for i := range view.Columns {
			writeColumn(t, digest, &view.Columns[i], rows, i)
		}
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != noted().DataSHA256 {
		t.Errorf("the digest of the shop is %s; training saw %s", got, noted().DataSHA256)
	}
}

// writeColumn writes where a column is null, then its values with zeros there.
func writeColumn(tb testing.TB, digest hash.Hash, c *features.Column, rows []row, i int) {
	tb.Helper()
	var nulls, values []byte
	for _, r := range rows {
		v := coded(tb, c, r.values[i])
		null := byte(0)
		if v == nil {
			null, v = 1, zero(c)
		}
		nulls = append(nulls, null)
		switch v := v.(type) {
		case float32:
			values = binary.LittleEndian.AppendUint32(values, math.Float32bits(v))
		case []float32:
			for _, f := range v {
				values = binary.LittleEndian.AppendUint32(values, math.Float32bits(f))
			}
		case int64:
			values = binary.LittleEndian.AppendUint64(values, uint64(v))
		}
	}
	digest.Write(nulls)
	digest.Write(values)
}

func zero(c *features.Column) any {
	switch {
	case c.Length > 0:
		return make([]float32, c.Length)
	case strings.HasPrefix(c.Type.String(), "float"):
		return float32(0)
	default:
		return int64(0)
	}
}

func TestEveryRankBelongsToOneItem(t *testing.T) {
	for rank := range uint64(Items) {
		if i := itemAt(rank); i < 1 || i > Items || rankOf(i) != rank {
			t.Fatalf("itemAt(%d) = %d, whose rank is %d", rank, i, rankOf(i))
		}
	}
}

func TestTheShopShowsNullsAndMissingRows(t *testing.T) {
	_, registry := unpack(t)
	b := features.NewBuilder(registry)
	if err := Fill(b); err != nil {
		t.Fatal(err)
	}
	store := features.NewMemory(registry)
	store.Swap(b)
	want := map[string]int{"user_stats": Users - Users/newUser, "item_stats": Items - Items/newItem, "user_item": len(rowsOf("user_item"))}
	for _, v := range store.Views() {
		if v.Rows != want[v.Name] || v.NonFinite != 0 {
			t.Errorf("%s has %d rows, %d of their cells not finite; want %d and none", v.Name, v.Rows, v.NonFinite, want[v.Name])
		}
	}
}

func TestModelsAreSmall(t *testing.T) {
	const limit = 100_000 // bytes; they are in every clone and in the program
	for _, version := range []string{"3", "4"} {
		info, err := fs.Stat(Files(), "models/ranker/"+version+"/model.onnx")
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > limit {
			t.Errorf("version %s has %d bytes; at most %d are allowed", version, info.Size(), limit)
		}
	}
}

func TestModelsWereTrainedOnThisShop(t *testing.T) {
	dir, _ := unpack(t)
	models, err := config.ReadRepository(filepath.Join(dir, "models"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models {
		if got := m.Spec.Metadata["data_sha256"]; got != noted().DataSHA256 {
			t.Errorf("%s version %s was trained on %s; the shop is %s", m.Spec.Name, m.Spec.Version, got, noted().DataSHA256)
		}
	}
}

func TestCheckRefusesAnyOtherAnswer(t *testing.T) {
	right := Expected("3")
	if len(right) != 10 {
		t.Fatalf("the answer has %d items; want 10", len(right))
	}
	if err := Check("3", right); err != nil {
		t.Error(err)
	}
	f := func(name, version string, change func(answer []Scored) []Scored) {
		if err := Check(version, change(slices.Clone(right))); err == nil {
			t.Errorf("%s: Check accepts it", name)
		}
	}
	f("another version", "4", func(a []Scored) []Scored { return a })
	f("an unknown version", "5", func(a []Scored) []Scored { return a })
	f("no answer", "3", func([]Scored) []Scored { return nil })
	f("one item less", "3", func(a []Scored) []Scored { return a[:9] })
	f("another order", "3", func(a []Scored) []Scored { a[0], a[1] = a[1], a[0]; return a })
	f("another score", "3", func(a []Scored) []Scored { a[9].Score += 2 * Tolerance; return a })
	f("not a number", "3", func(a []Scored) []Scored { a[9].Score = float32(math.NaN()); return a })
}

func BenchmarkFill(b *testing.B) {
	_, registry := unpack(b)
	for b.Loop() {
		builder := features.NewBuilder(registry)
		if err := Fill(builder); err != nil {
			b.Fatal(err)
		}
		features.NewMemory(registry).Swap(builder)
	}
}
