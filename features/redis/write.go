package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features"
)

// Writer stores rows, and never lets an older one take the place of a newer one:
// the server compares them (write_packed.lua, write_feast.lua), or takes them only
// where none is (MSETNX), so any number of writers may write the same rows at the
// same time. Of two rows of one entity the later by event time stays, then by
// created time if the view has one (and both rows are of one schema), then the one
// that was written last. It is safe for concurrent use.
type Writer struct {
	client   rueidis.Client
	cluster  bool
	cfg      Config
	views    []*written // by Registry.Views
	windows  sync.Pool  // of *window
	patience time.Duration
	now      func() time.Time
}

// Written counts what became of the records of a Write. They sum to the records
// acknowledged.
type Written struct {
	Stored  int
	Older   int // the server holds a newer row
	Expired int // could not be used any more: older than ttl and max_stale
}

// patience is how long a Writer goes on trying while the server refuses or is
// not there, after the last time that it did something.
const patience = 30 * time.Second

// Bounds of what one script call holds, so that it does not block the server for
// long: a few hundred microseconds.
const (
	maxCallRows   = 256
	maxCallBytes  = 64 << 10
	maxCallPieces = 4096
)

// inFlight is how many calls of one Write wait for the server at a time.
const inFlight = 8

// NewWriter prepares to write the views of reg over a client that Connect made of
// the same cfg. Nothing is sent before the first Write.
func NewWriter(client rueidis.Client, cfg Config, reg *features.Registry) (*Writer, error) {
	w := &Writer{client: client, cluster: cfg.Mode == Cluster, cfg: cfg, patience: patience, now: time.Now}
	for i := range reg.Views {
		v, err := newWritten(&cfg, reg, &reg.Views[i])
		if err != nil {
			return nil, err
		}
		w.views = append(w.views, v)
	}
	return w, nil
}

// Write stores records of a view, an index into Registry.Views, and returns when
// the server has acknowledged them or after the first error; the counts are of
// what was acknowledged until then. Writing the same records again is harmless.
//
// While the server can't be reached or can't take a write just now, it is tried
// again until ctx ends, for at most half a minute. A record that the server
// can't hold is a *RecordError. Of several records of one entity the order
// counts; of several concurrent Writes it does not.
func (w *Writer) Write(ctx context.Context, view int, records []features.Record) (Written, error) {
	flying, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := &writing{writer: w, view: w.views[view], records: records, cancel: cancel, slots: make(chan struct{}, inFlight)}
	f.fail(f.write(flying))
	f.landed.Wait()
	if f.err != nil && ctx.Err() != nil {
		return f.total, ctx.Err()
	}
	return f.total, f.err
}

// Rehearse does of a Write what needs no server: it counts the rows that would be
// sent as stored, or returns the *RecordError of the first that can't be.
func (w *Writer) Rehearse(view int, records []features.Record) (Written, error) {
	v, now := w.views[view], w.now().UnixMilli()
	var total Written
	win := w.window(v)
	for i := range records {
		if v.expired(&records[i], now) {
			total.Expired++
			continue
		}
		if err := win.add(i, &records[i]); err != nil {
			return total, refuse(v, records, i, err)
		}
		total.Stored++
		if win.full() {
			w.release(win)
			win = w.window(v)
		}
	}
	w.release(win)
	return total, nil
}

// Finish notes the end of a run that has filled a view, an index into
// Registry.Views.
func (w *Writer) Finish(ctx context.Context, view int, m Materialized) error {
	return w.insist(ctx, func() error {
		return WriteMaterialized(ctx, w.client, w.cfg, w.views[view].Name, m)
	})
}

// writing is one Write: calls that are made up in one goroutine while others wait
// for the server.
type writing struct {
	writer  *Writer
	view    *written
	records []features.Record
	cancel  context.CancelCauseFunc
	slots   chan struct{} // one per call that waits
	landed  sync.WaitGroup

	mu    sync.Mutex
	total Written
	err   error // the first
}

// write makes calls of the records and sends them. Calls in flight may arrive in
// any order, so no two of them hold the same entity: a second row waits until the
// first has landed.
func (f *writing) write(ctx context.Context) error {
	w, now, expired := f.writer, f.writer.now().UnixMilli(), 0
	win := w.window(f.view)
	aloft := make(map[uint64]bool, len(f.records))
	for i := range f.records {
		if f.view.expired(&f.records[i], now) {
			expired++
			continue
		}
		if err := win.add(i, &f.records[i]); err != nil {
			return refuse(f.view, f.records, i, err)
		}
		hash := win.hash()
		if aloft[hash] {
			next := w.window(f.view)
			next.take(win)
			if err := f.launch(ctx, win); err != nil {
				return err
			}
			f.landed.Wait()
			clear(aloft)
			win = next
		}
		aloft[hash] = true
		if win.full() {
			if err := f.launch(ctx, win); err != nil {
				return err
			}
			win = w.window(f.view)
		}
	}
	f.count(Written{Expired: expired})
	return f.launch(ctx, win)
}

// launch sends a window once there is room in flight.
func (f *writing) launch(ctx context.Context, win *window) error {
	if len(win.rows) == 0 {
		return nil
	}
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	f.landed.Go(func() {
		defer func() { <-f.slots }()
		done, err := f.writer.send(ctx, win)
		if foreign, ok := errors.AsType[*foreignError](err); ok {
			err = refuse(f.view, f.records, foreign.record, err)
		}
		f.count(done)
		f.fail(err)
	})
	return nil
}

func (f *writing) count(w Written) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total.Stored += w.Stored
	f.total.Older += w.Older
	f.total.Expired += w.Expired
}

// fail keeps the first error and ends what is in flight.
func (f *writing) fail(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
		f.cancel(err)
	}
}

// RecordError says which of the records given to Write the server can't hold.
// Those before and after it may have been stored or not.
type RecordError struct {
	View       string
	Record     int // index of it among the records
	User, Item string
	Err        error
}

func (e *RecordError) Error() string {
	subject := ""
	if e.User != "" {
		subject += fmt.Sprintf(" user %q", e.User)
	}
	if e.Item != "" {
		subject += fmt.Sprintf(" item %q", e.Item)
	}
	return fmt.Sprintf("view %s:%s: %v", e.View, subject, e.Err)
}

// Unwrap returns why.
func (e *RecordError) Unwrap() error { return e.Err }

// refuse says of which record an error is.
func refuse(v *written, records []features.Record, i int, err error) error {
	return &RecordError{View: v.Name, Record: i, User: records[i].User, Item: records[i].Item, Err: err}
}
