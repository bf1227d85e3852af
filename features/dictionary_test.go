package features

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/rank"
)

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

func TestADictionaryTellsShortIDsApart(t *testing.T) {
	d, ids := newDictionary(), []string{""}
	for length := range 10 {
		for _, id := range slices.Clone(ids) {
			if len(id) == length {
				ids = append(ids, id+"1", id+"\x00")
			}
		}
	}
	for i, id := range ids {
		if n := d.add(id); n != uint32(i+1) {
			t.Fatalf("add(%q) = %d; want %d", id, n, i+1)
		}
	}
	req, items := requestFor(append(ids, "2", "1\x00\x002"))
	numbers := make([]uint32, len(items))
	d.findAll(req, items, numbers)
	for i, n := range numbers {
		want := uint32(i + 1)
		if i >= len(ids) {
			want = 0
		}
		if n != want {
			t.Errorf("findAll finds %q as %d; want %d", req.Items[i].ID, n, want)
		}
	}
}

func requestFor(ids []string) (*rank.Request, []int32) {
	req, items := &rank.Request{}, []int32(nil)
	for i, id := range ids {
		req.Items, items = append(req.Items, rank.Item{ID: id}), append(items, int32(i))
	}
	return req, items
}

// BenchmarkDictionaryAgainstMap looks up 200 of 50,000 ids, others each time.
func BenchmarkDictionaryAgainstMap(b *testing.B) {
	const many, draws, drawn = 50_000, 256, 200
	d, numbers := newDictionary(), map[string]uint32{}
	for i := range many {
		numbers[fmt.Sprint(i)] = d.add(fmt.Sprint(i))
	}
	random := rand.New(rand.NewPCG(1, 2))
	requests, items := make([]*rank.Request, draws), []int32(nil)
	for i := range requests {
		ids := make([]string, drawn)
		for j := range ids {
			ids[j] = fmt.Sprint(random.IntN(many))
		}
		requests[i], items = requestFor(ids)
	}
	found := make([]uint32, drawn)
	b.Run("dictionary", func(b *testing.B) {
		i := 0
		for b.Loop() {
			d.findAll(requests[i%draws], items, found)
			i++
		}
	})
	b.Run("map", func(b *testing.B) {
		i := 0
		for b.Loop() {
			for j, item := range items {
				found[j] = numbers[requests[i%draws].Items[item].ID]
			}
			i++
		}
	})
}
