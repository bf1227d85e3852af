package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
)

// watcher is a Progress that does something at every batch.
type watcher func(Point)

func (w watcher) Update(p Point) { w(p) }
func (watcher) Close()           {}

// rowOf is row i of a source in which every item comes ten times, each time newer.
func rowOf(i int) itemRow {
	return itemRow{Item: int64(i / 10), N: float32(i % 10), Color: "red", At: today + int64(i%10), Written: today}
}

// Environment of the child process that is to be killed.
const (
	childAddr       = "RANKGATE_TEST_ADDR"
	childDir        = "RANKGATE_TEST_DIR"
	childCheckpoint = "RANKGATE_TEST_CHECKPOINT"
)

// child is a process that materializes until it is killed.
func child(addr string) {
	reg := shop()
	reg.Views[itemView].Source = "items.parquet"
	cfg := configFor(addr)
	client, err := redis.Connect(cfg)
	if err != nil {
		panic(err)
	}
	writer, err := redis.NewWriter(client, cfg, reg)
	if err != nil {
		panic(err)
	}
	_, err = Materialize(context.Background(), Options{
		Registry: reg, Views: []string{"item_stats"}, Dir: os.Getenv(childDir), Batch: 100,
		Writer: writer, Checkpoint: os.Getenv(childCheckpoint),
	})
	panic(fmt.Sprint("the child was not killed; ", err))
}

func TestARunThatWasKilledIsResumedWithNoRowLostOrOlder(t *testing.T) {
	const rows = 300_000
	w := newWorld(t, nil)
	w.opt.Views = []string{"item_stats"}
	w.placeItems(rows, rowOf)
	w.opt.Checkpoint = filepath.Join(t.TempDir(), "checkpoint.json")
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childAddr+"="+w.server.Addr, childDir+"="+w.opt.Dir, childCheckpoint+"="+w.opt.Checkpoint)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		if _, err := os.Stat(w.opt.Checkpoint); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("there is no checkpoint")
		}
	}
	if err := command.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err == nil {
		t.Fatal("the child has ended by itself")
	}
	noted := w.noted()
	if noted <= 0 || noted >= rows {
		t.Fatalf("%d rows of %d are noted; want a run in the middle", noted, rows)
	}

	// A stream has brought a newer row meanwhile.
	layout := features.LayoutOf(w.opt.Registry.Views[itemView].Columns)
	newer := features.Record{Item: "0", Row: layout.NewRow()}
	layout.Cells[0].SetFloat(&newer.Row, 77)
	newer.Row.Time = today + 1000
	if _, err := w.opt.Writer.Write(context.Background(), itemView, []features.Record{newer}); err != nil {
		t.Fatal(err)
	}
	first := int64(-1)
	w.opt.Batch = 10_000
	w.opt.Progress = watcher(func(p Point) {
		if first < 0 {
			first = p.Rows
		}
	})
	counts := w.run()
	if c := counts[0]; c.Read != rows || c.Stored+c.Older != rows {
		t.Errorf("%+v; want %d rows read", c, rows)
	}
	if first > 10_000 {
		t.Errorf("the first batch of the second run is of %d rows", first)
	}
	if _, err := os.Stat(w.opt.Checkpoint); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the checkpoint is still there: %v", err)
	}
	if got := w.rows(itemView, "0", "1", "2"); got != "77 9 9 " {
		t.Errorf("items: %s", got)
	}
	w.everyItemIs(9, rows/10)
}

// noted is the number of rows that the checkpoint says are written.
func (w *world) noted() int64 {
	w.t.Helper()
	var c checkpoint
	data, err := os.ReadFile(w.opt.Checkpoint)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return c.Views[0].Files[0].Rows
}

// everyItemIs checks the rows of items 1 to n-1.
func (w *world) everyItemIs(want float32, n int) {
	w.t.Helper()
	if keys := w.do("DBSIZE"); keys != fmt.Sprint(n+2) {
		w.t.Errorf("%s keys; want %d items, the schemas, and what the run has left behind", keys, n)
	}
	layout := features.LayoutOf(w.opt.Registry.Views[itemView].Columns)
	row := features.Record{Row: layout.NewRow(), Created: today}
	layout.Cells[0].SetFloat(&row.Row, float64(want))
	layout.Cells[1].SetString(&row.Row, "red")
	row.Row.Time = today + int64(want)
	expected := encode(w, &row)
	for ids := range slices.Chunk(sequence(1, n), 1000) {
		values, err := w.client.Do(context.Background(), w.client.B().Mget().Key(ids...).Build()).AsStrSlice()
		if err != nil {
			w.t.Fatal(err)
		}
		for i, value := range values {
			if value != expected {
				w.t.Fatalf("%s holds %x; want %x", ids[i], value, expected)
			}
		}
	}
}

func TestAnInterruptedRunIsResumed(t *testing.T) {
	w := newWorld(t, nil)
	w.placeItems(1000, rowOf)
	w.place("users/a.csv", "user,n\nann,7\n")
	w.opt.Batch = 50
	w.opt.Checkpoint = filepath.Join(t.TempDir(), "checkpoint.json")
	w.opt.Baseline = filepath.Join(t.TempDir(), "baseline.json")
	stopAfter := func(rows int64) ([]Counts, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w.opt.Progress = watcher(func(p Point) {
			if p.Rows >= rows {
				cancel()
			}
		})
		return Materialize(ctx, w.opt)
	}
	for i, want := range []int64{200, 500} {
		counts, err := stopAfter([]int64{200, 300}[i])
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), fmt.Sprintf("interrupted at row %d of ", want)) ||
			!strings.Contains(err.Error(), w.opt.Checkpoint+" says how far the run has come") {
			t.Fatalf("run %d: %v", i, err)
		}
		if counts[0].Read != want || w.noted() != want {
			t.Fatalf("run %d: %+v; the checkpoint says %d; want %d", i, counts[0], w.noted(), want)
		}
	}
	if _, err := os.Stat(w.opt.Baseline); err == nil {
		t.Error("half a baseline was written")
	}
	w.opt.Progress = nil
	counts := w.run()
	if counts[0].Read != 1000 || counts[0].Stored != 100 || counts[0].Older != 900 || counts[1].Stored != 1 {
		t.Errorf("%+v", counts)
	}
	w.do("DEL", "rankgate:user_stats:ann")
	w.everyItemIs(9, 100)
	b, err := features.ReadBaseline(w.opt.Baseline)
	if err != nil || b.Views["item_stats"].Rows != 100 || b.Views["item_stats"].Columns["n"].Mean[0] != 9 {
		t.Errorf("the baseline is %+v, %v; want the mean of all rows", b, err)
	}
}

func TestARunResumedWithAnotherBatchCountsEveryRowOnce(t *testing.T) {
	for _, batches := range [][]int{{3, 10}, {10, 3}, {7, 1000}, {0, 4}} {
		w := newWorld(t, nil)
		w.opt.Views = []string{"item_stats"}
		w.placeItems(12_000, rowOf)
		w.opt.Batch = batches[0]
		w.opt.Baseline = filepath.Join(t.TempDir(), "baseline.json")
		w.opt.Target = "whole"
		whole := w.run()[0]
		want, err := os.ReadFile(w.opt.Baseline)
		if err != nil {
			t.Fatal(err)
		}
		w.do("FLUSHALL")
		w.opt.Checkpoint = filepath.Join(t.TempDir(), "checkpoint.json")
		ctx, cancel := context.WithCancel(context.Background())
		w.opt.Progress = watcher(func(p Point) {
			if p.Rows >= 9 {
				cancel()
			}
		})
		if _, err := Materialize(ctx, w.opt); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
		w.opt.Progress, w.opt.Batch = nil, batches[1]
		if got := w.run()[0]; got != whole {
			t.Errorf("batches of %v: %s\nwithout the interruption: %s", batches, &got, &whole)
		}
		if got, err := os.ReadFile(w.opt.Baseline); err != nil || string(got) != string(want) {
			t.Errorf("batches of %v: the baseline is %s, %v; want %s", batches, got, err, want)
		}
	}
}

func TestARunThatFoundTheServerFullIsResumedOnceThereIsRoom(t *testing.T) {
	w := newWorld(t, nil)
	w.opt.Views = []string{"item_stats"}
	w.placeItems(20_000, rowOf)
	w.opt.Batch = 1000
	w.opt.Checkpoint = filepath.Join(t.TempDir(), "checkpoint.json")
	w.opt.Progress = watcher(func(p Point) {
		if p.Rows == 5000 {
			w.do("CONFIG", "SET", "maxmemory", "1")
		}
	})
	counts, err := Materialize(context.Background(), w.opt)
	if err == nil || !strings.HasPrefix(err.Error(), "features.store.redis: the server is full") || counts[0].Read != 5000 || w.noted() != 5000 {
		t.Fatalf("%+v, %v", counts, err)
	}
	w.do("CONFIG", "SET", "maxmemory", "0")
	w.opt.Progress = nil
	if counts := w.run(); counts[0].Read != 20_000 || counts[0].Stored != 2000 {
		t.Errorf("%+v", counts)
	}
	w.everyItemIs(9, 2000)
}

func TestACheckpointOfAnotherRunIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.placeItems(100, rowOf)
	w.place("users/a.csv", "user,n\nann,7\n")
	w.opt.Target = "here"
	w.opt.Checkpoint = filepath.Join(t.TempDir(), "checkpoint.json")
	ctx, cancel := context.WithCancel(context.Background())
	w.opt.Progress = watcher(func(Point) { cancel() })
	if _, err := Materialize(ctx, w.opt); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.opt.Progress = nil
	checkpoint, err := os.ReadFile(w.opt.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"target":    {func(o *Options) { o.Target = "there" }, "it is of a run into here, and this one is into there"},
		"views":     {func(o *Options) { o.Views = []string{"user_stats"} }, "it is of a run over the views item_stats, user_stats, and this one is over user_stats"},
		"a ttl":     {func(o *Options) { o.Registry.Views[0].TTL = time.Hour }, "the view item_stats was "},
		"a column":  {func(o *Options) { o.Registry.Views[0].Columns[0].Length = 2 }, "the view item_stats was "},
		"a file":    {func(*Options) { w.placeItems(101, rowOf) }, w.opt.Dir + "/items.parquet has changed: it was "},
		"more":      {func(*Options) { w.place("users/b.csv", "user,n\n") }, "the source of user_stats was 1 files, and is 2 now"},
		"a name":    {func(*Options) { os.Rename(w.opt.Dir+"/users/a.csv", w.opt.Dir+"/users/c.csv") }, "the source of user_stats had " + w.opt.Dir + "/users/a.csv where "},
		"no JSON":   {func(o *Options) { os.WriteFile(o.Checkpoint, []byte("x"), 0o600) }, "it is no checkpoint: invalid character"},
		"a version": {func(o *Options) { os.WriteFile(o.Checkpoint, []byte(`{"version":1}`), 0o600) }, "its version is 1, and 2 is known here"},
		"no batch":  {func(o *Options) { os.WriteFile(o.Checkpoint, []byte(`{"version":2}`), 0o600) }, "it is no checkpoint: a batch of 0 rows"},
		"nothing":   {func(o *Options) { os.WriteFile(o.Checkpoint, []byte(`{"version":2,"batch":1,"views":[null]}`), 0o600) }, "it is no checkpoint: a view is null"},
	} {
		opt := w.opt
		opt.Registry = shop()
		opt.Registry.Views[itemView].Source = "items.parquet"
		os.RemoveAll(w.opt.Dir + "/users")
		w.placeItems(100, rowOf)
		w.place("users/a.csv", "user,n\nann,7\n")
		w.restoreTimes(checkpoint)
		if err := os.WriteFile(opt.Checkpoint, checkpoint, 0o600); err != nil {
			t.Fatal(err)
		}
		test.change(&opt)
		_, err := Materialize(context.Background(), opt)
		if err == nil || !strings.HasPrefix(err.Error(), "checkpoint "+opt.Checkpoint+": "+test.want) ||
			!strings.HasSuffix(err.Error(), "Delete it to start anew, which is safe: no row takes the place of a newer one") {
			t.Errorf("%s: %v; want %s", name, err, test.want)
		}
	}
}

// restoreTimes gives files the times that a checkpoint says.
func (w *world) restoreTimes(data []byte) {
	w.t.Helper()
	var c checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range c.Views {
		for _, f := range v.Files {
			if err := os.Chtimes(f.Path, f.Modified, f.Modified); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(`{"version":2,"target":"t","batch":3,"views":[{"name":"item_stats","shape":"s","files":[{"path":"p","size":1,"rows":2}],"read":2}]}`))
	path := filepath.Join(f.TempDir(), "c.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		plan := []*view{{Counts: Counts{Name: "item_stats"}, Shape: "s", Files: []*file{{Path: "p", Size: 1}}}}
		if batch, err := resume(path, "t", 1, plan); err == nil && (batch < 1 || plan[0].Files[0].Rows < 0) {
			t.Fatalf("batch %d, %+v", batch, plan[0].Files[0])
		}
	})
}
