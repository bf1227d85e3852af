package offline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
)

// Options say what Materialize reads, and where to.
type Options struct {
	Registry *features.Registry
	Views    []string // names of those to fill; none means every view that has a source
	Dir      string   // the views' sources are below it
	From     string   // file or directory to read in place of the source of the only view; "" means none
	Batch    int      // rows of a source that are written together; 0 means 10,000. A resumed run keeps its first Batch

	Writer Writer
	Target string // names the store, so that a checkpoint is not taken for that of another

	Checkpoint string   // file; "" means that a run that is cut short starts anew
	Baseline   string   // file, in which the views' part is replaced; "" means that none is learnt
	Progress   Progress // nil means that nobody watches
}

// Writer is the online store.
type Writer interface {
	// Write stores those records of a view, an index into Registry.Views, that
	// are not older than what is there, and returns once they are safe.
	Write(ctx context.Context, view int, records []features.Record) (redis.Written, error)

	// Finish notes that a view was filled.
	Finish(ctx context.Context, view int, m redis.Materialized) error
}

// Rehearsal is a Writer that finds out what could not be written, and sends
// nothing.
type Rehearsal struct{ Writer *redis.Writer }

// Write counts the rows that would be sent as stored.
func (r Rehearsal) Write(_ context.Context, view int, records []features.Record) (redis.Written, error) {
	return r.Writer.Rehearse(view, records)
}

// Finish does nothing.
func (Rehearsal) Finish(context.Context, int, redis.Materialized) error { return nil }

const (
	defaultBatch = 10_000

	saveEvery = time.Second     // so much work is done again after a crash, at most
	grace     = 5 * time.Second // for the batch in hand once ctx has ended
)

// Materialize fills views of the online store and returns what it did, view by
// view, also of a run that failed. When ctx ends, the batch in hand is still
// written. Mistakes in the registry are rank.FieldErrors, those in what was asked
// for a RequestError, and those in a source name their place.
func Materialize(ctx context.Context, opt Options) ([]Counts, error) {
	if opt.Progress != nil {
		defer opt.Progress.Close()
	}
	r, err := newRun(opt)
	if err != nil {
		return nil, err
	}
	if err = r.views(ctx); err == nil {
		err = r.finish()
	} else if opt.Checkpoint != "" {
		err = fmt.Errorf("%w\n%s says how far the run has come; the same command goes on from there", err, opt.Checkpoint)
		err = errors.Join(err, r.save())
	}
	var counts []Counts
	for _, v := range r.plan {
		counts = append(counts, v.Counts)
	}
	return counts, err
}

// RequestError says that Options don't go together, or not with the registry.
type RequestError struct{ error }

// run is one Materialize.
type run struct {
	Options
	plan     []*view
	baseline *features.Baseline // nil if none is learnt
	saved    time.Time
	point    Point
}

func newRun(opt Options) (*run, error) {
	r := &run{Options: opt}
	r.Batch = cmp.Or(r.Batch, defaultBatch)
	var err error
	if r.plan, err = makePlan(&opt); err != nil {
		return nil, err
	}
	if opt.Checkpoint != "" {
		if r.Batch, err = resume(opt.Checkpoint, opt.Target, r.Batch, r.plan); err != nil {
			return nil, err
		}
	}
	if opt.Baseline != "" {
		r.baseline, err = features.ReadBaseline(opt.Baseline)
		if errors.Is(err, os.ErrNotExist) {
			r.baseline, err = &features.Baseline{Views: map[string]features.ViewBaseline{}}, nil
		}
	}
	for _, v := range r.plan {
		for _, f := range v.Files {
			r.point.Total += f.Size
		}
	}
	return r, err
}

func (r *run) views(ctx context.Context) error {
	for _, v := range r.plan {
		if err := r.view(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) view(ctx context.Context, v *view) error {
	if r.baseline != nil {
		v.learning = features.NewLearning(v.of)
	}
	r.point.View = v.Name
	for _, f := range v.Files {
		if err := r.file(ctx, v, f); err != nil {
			return err
		}
	}
	if r.baseline != nil {
		r.baseline.Views[v.Name] = v.learning.Baseline()
	}
	if v.Finished {
		return nil
	}
	writing, stop := outlive(ctx)
	defer stop()
	if err := r.Writer.Finish(writing, v.index, v.materialized(time.Now())); err != nil {
		return err
	}
	v.Finished = true
	return nil
}

// file streams one file: the next batch is read while one is being written.
func (r *run) file(ctx context.Context, v *view, f *file) error {
	before := r.point.Bytes
	defer func() { r.point.Bytes = before + f.Size }()
	opt := features.StreamOptions{Rows: r.Batch, Skip: f.Rows}
	if v.learning != nil {
		opt.Skip = 0 // what is written already is still to be learnt from
	} else if f.Done {
		return nil
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	batches, ended := make(chan features.Batch), make(chan error, 1)
	go func() {
		defer close(batches)
		ended <- features.Stream(reading, r.Registry, v.of, f.Path, opt, func(b features.Batch) error {
			select {
			case batches <- b:
				return nil
			case <-reading.Done():
				return reading.Err()
			}
		})
	}()
	err := r.batches(ctx, v, f, batches, before)
	stop()
	unread := <-ended
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted at row %d of %s: %w", f.Rows, f.Path, ctx.Err())
	case err != nil:
		return err
	case unread != nil:
		return unread
	}
	f.Done = true
	return nil
}

// batches writes what comes, until nothing more does or ctx has ended.
func (r *run) batches(ctx context.Context, v *view, f *file, batches <-chan features.Batch, before int64) error {
	writing, stop := outlive(ctx)
	defer stop()
	read := f.Rows
	for b := range batches {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if v.learning != nil {
			v.learning.Add(b.Records)
		}
		r.point.Bytes = before + b.Bytes
		if b.Read > f.Rows {
			written, err := r.Writer.Write(writing, v.index, b.Records)
			if err != nil {
				return err
			}
			v.add(b, b.Read-read, written)
			r.point.Rows += b.Read - read
			read, f.Rows = b.Read, b.Read
			if err := r.saveNow(); err != nil {
				return err
			}
		}
		if r.Progress != nil {
			r.Progress.Update(r.point)
		}
	}
	return nil
}

// saveNow writes the checkpoint if the last one is old enough.
func (r *run) saveNow() error {
	if r.Checkpoint == "" || time.Since(r.saved) < saveEvery {
		return nil
	}
	r.saved = time.Now()
	return r.save()
}

// finish writes what a run leaves behind that has filled every view.
func (r *run) finish() error {
	if r.baseline != nil {
		if err := features.WriteBaseline(r.Baseline, r.baseline); err != nil {
			return err
		}
	}
	if r.Checkpoint == "" {
		return nil
	}
	if err := os.Remove(r.Checkpoint); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// outlive returns a context that ends a grace after ctx does, or with stop.
func outlive(ctx context.Context) (_ context.Context, stop func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	off := context.AfterFunc(ctx, func() {
		last := time.AfterFunc(grace, cancel)
		context.AfterFunc(longer, func() { last.Stop() })
	})
	return longer, func() {
		off()
		cancel()
	}
}
