package features

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/model"
)

// streamed collects the batches of one file.
func streamed(reg *Registry, path string, opt StreamOptions) ([]Batch, error) {
	var batches []Batch
	err := Stream(context.Background(), reg, &reg.Views[0], path, opt, func(b Batch) error {
		batches = append(batches, b)
		return nil
	})
	return batches, err
}

func TestABatchHoldsTheLatestRowOfEachOfItsEntities(t *testing.T) {
	reg := oneView("s.csv", Column{Name: "n", Type: model.Int64}, Column{Name: "x", Type: model.Float32})
	reg.Views[0].EventTime, reg.Views[0].CreatedTime = "at", "written"
	dir := place(t, map[string]string{"s.csv": `item,n,x,at,written
older,1,,20,
older,2,,10,
created,3,,10,7
created,4,,10,5
tie,5,,10,
tie,6,NaN,10,
alone,7,inf,,
`})
	batches, err := streamed(reg, filepath.Join(dir, "s.csv"), StreamOptions{Rows: 6})
	if err != nil || len(batches) != 2 {
		t.Fatalf("%d batches, %v; want 2", len(batches), err)
	}
	var got []string
	for _, b := range batches {
		for _, r := range b.Records {
			got = append(got, fmt.Sprint(r.Item, " ", r.Row.Ints[0], " ", r.Row.Time, " ", r.Created, " ", r.Row.Null(1)))
		}
		got = append(got, fmt.Sprint("read ", b.Read, " nonfinite ", b.NonFinite))
	}
	want := []string{
		"older 1 20000 0 true", "created 3 10000 7000 true", "tie 6 10000 0 true", "read 6 nonfinite 1",
		"alone 7 0 0 true", "read 7 nonfinite 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestTheEmbeddedStoreTellsRowsOfOneEventTimeApartByTheirCreatedTime(t *testing.T) {
	reg := oneView("s.csv", Column{Name: "n", Type: model.Int64})
	reg.Views[0].EventTime, reg.Views[0].CreatedTime = "at", "written"
	m, err := loadCSV(t, reg, "written,item,n,at\n7,a,1,10\n5,a,2,10\n9,a,3,9\n,b,4,10\n,b,5,10\n1,c,6,10\n1,c,7,10\n")
	if err != nil {
		t.Fatal(err)
	}
	for id, n := range map[string]int64{"a": 1, "b": 5, "c": 7} {
		checkRow(t, id, fetched(m, 1, "", id)[0], Row{Ints: []int64{n}, Time: 10_000})
	}
}

// pairEvent is a row of a view of pairs, with every kind of thing to seek over.
type pairEvent struct {
	User    int64     `parquet:"user"`
	Item    string    `parquet:"item,dict"`
	N       int64     `parquet:"n"`
	Vector  []float32 `parquet:"vector,list"`
	Word    *string   `parquet:"word,optional"`
	At      int64     `parquet:"at,timestamp(millisecond)"`
	Written int64     `parquet:"written,timestamp(millisecond)"`
}

func pairEvents() *Registry {
	reg := oneView("s.parquet", Column{Name: "n", Type: model.Int64},
		Column{Name: "vector", Type: model.Float32, Length: 3}, Column{Name: "word", Type: model.String})
	reg.Views[0].Entities = []string{"user", "item"}
	reg.Views[0].EventTime, reg.Views[0].CreatedTime = "at", "written"
	return reg
}

func drawPairEvents(t *rapid.T) []pairEvent {
	events := make([]pairEvent, rapid.IntRange(0, 60).Draw(t, "rows"))
	for i := range events {
		events[i] = pairEvent{
			User: rapid.Int64Range(1, 3).Draw(t, "user"), Item: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "item"),
			N: int64(i), Vector: []float32{1, 2, float32(i)},
			At: rapid.Int64Range(-1, 2).Draw(t, "at"), Written: rapid.Int64Range(0, 2).Draw(t, "written"),
		}
		if i%3 > 0 {
			events[i].Word = new(decimal(i))
		}
	}
	return events
}

// write writes the events in one of the two formats.
func write(t *rapid.T, dir string, events []pairEvent) string {
	if rapid.Bool().Draw(t, "csv") {
		var text strings.Builder
		text.WriteString("user,item,n,vector,word,at,written\n")
		for _, e := range events {
			word := ""
			if e.Word != nil {
				word = *e.Word
			}
			// Milliseconds in these small numbers would be taken for seconds.
			at := fmt.Sprintf("1970-01-01T00:00:00.%03dZ", e.At)
			if e.At < 0 {
				at = "1969-12-31T23:59:59.999Z"
			}
			fmt.Fprintf(&text, "%d,%s,%d,%v,%s,%s,1970-01-01T00:00:00.%03dZ\n", e.User, e.Item, e.N, e.Vector, word, at, e.Written)
		}
		path := filepath.Join(dir, "s.csv")
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := filepath.Join(dir, "s.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := parquet.NewGenericWriter[pairEvent](f, parquet.PageBufferSize(rapid.SampledFrom([]int{1, 64, 4096}).Draw(t, "page")),
		parquet.MaxRowsPerRowGroup(rapid.Int64Range(1, 70).Draw(t, "group")), parquet.DataPageVersion(rapid.IntRange(1, 2).Draw(t, "version")))
	if _, err := w.Write(events); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// latest is the plain way to the latest row of each entity among events.
func latest(events []pairEvent) map[string]pairEvent {
	last := map[string]pairEvent{}
	for _, e := range events {
		key := decimal(int(e.User)) + e.Item
		old, there := last[key]
		if !there || e.At > old.At || e.At == old.At && e.Written >= old.Written {
			last[key] = e
		}
	}
	return last
}

// Random files, batch sizes and rows to pass over, against the plain way.
func TestAStreamGivesEveryRowAfterThosePassedOver(t *testing.T) {
	dir := t.TempDir()
	reg := pairEvents()
	rapid.Check(t, func(t *rapid.T) {
		events := drawPairEvents(t)
		// The epoch itself is known as 1, so that 0 can mean no time.
		for i := range events {
			events[i].At, events[i].Written = known(events[i].At), known(events[i].Written)
		}
		skip := rapid.IntRange(0, len(events)).Draw(t, "skip")
		rows := rapid.IntRange(1, 20).Draw(t, "batch")
		batches, err := streamed(reg, write(t, dir, events), StreamOptions{Rows: rows, Skip: int64(skip)})
		if err != nil {
			t.Fatal(err)
		}
		rest := events[skip:]
		if want := (len(rest) + rows - 1) / rows; len(batches) != want {
			t.Fatalf("%d batches of %d rows; want %d", len(batches), rows, want)
		}
		for i, b := range batches {
			part := rest[i*rows : min((i+1)*rows, len(rest))]
			if b.Read != int64(skip+i*rows+len(part)) {
				t.Fatalf("batch %d: Read = %d", i, b.Read)
			}
			if i > 0 && b.Bytes < batches[i-1].Bytes || b.Bytes <= 0 {
				t.Fatalf("batch %d: Bytes = %d", i, b.Bytes)
			}
			checkRecords(t, b.Records, latest(part))
		}
	})
}

func checkRecords(t *rapid.T, records []Record, want map[string]pairEvent) {
	got := map[string]bool{}
	for _, r := range records {
		got[r.User+r.Item] = true
		e := want[r.User+r.Item]
		word := ""
		if e.Word != nil {
			word = *e.Word
		}
		if r.Row.Ints[0] != e.N || !slices.Equal(r.Row.Floats, e.Vector) || r.Row.Strings[0] != word ||
			r.Row.Null(2) != (e.Word == nil) || r.Row.Time != e.At || r.Created != e.Written {
			t.Fatalf("%+v; want %+v", r, e)
		}
	}
	if len(records) != len(want) || len(got) != len(want) {
		t.Fatalf("%d records; want %v", len(records), slices.Collect(maps.Keys(want)))
	}
}

func TestAStreamEndsWithTheFirstError(t *testing.T) {
	reg := oneView("s.csv", Column{Name: "n", Type: model.Int64})
	dir := place(t, map[string]string{"s.csv": "item,n\na,1\nb,2\nc,three\n"})
	path := filepath.Join(dir, "s.csv")
	batches, err := streamed(reg, path, StreamOptions{Rows: 2})
	if len(batches) != 1 || err == nil || err.Error() != path+":4: column n: three is of another type; the column is int64" {
		t.Errorf("%d batches, %v", len(batches), err)
	}
	refused := errors.New("refused")
	err = Stream(context.Background(), reg, &reg.Views[0], path, StreamOptions{Rows: 1}, func(Batch) error { return refused })
	if !errors.Is(err, refused) || err.Error() != "refused" {
		t.Errorf("%v; want what emit said", err)
	}
	if _, err := streamed(reg, path, StreamOptions{Skip: 3}); err != nil {
		t.Errorf("the values of a row that was passed over were read: %v", err)
	}
}

func TestABatchOfLargeRowsEndsSooner(t *testing.T) {
	reg := oneView("s.csv", Column{Name: "word", Type: model.String})
	long := strings.Repeat("x", maxBatchBytes/4)
	dir := place(t, map[string]string{"s.csv": "item,word\na,1" + long + "\nb,2" + long + "\nc,3" + long + "\nd,4" + long + "\ne,5\n"})
	batches, err := streamed(reg, filepath.Join(dir, "s.csv"), StreamOptions{})
	if err != nil || len(batches) != 2 || len(batches[0].Records) != 4 {
		t.Errorf("%d batches, %v; want four rows and one", len(batches), err)
	}
}
