package ingest

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
)

// Writer writes rows to the online store.
type Writer interface {
	// Write stores those records of a view, an index into Registry.Views, that
	// are not older than what is there. It may fail with some of them stored: it
	// is then called again with all of them, or, if a *redis.RecordError says
	// which can't be stored, with the others, in parts.
	Write(ctx context.Context, view int, records []features.Record) (redis.Written, error)
}

// Consumer moves the events of one source into the store, a batch at a time:
// read, decode, write, bury what can't be a row, acknowledge. A batch is what
// has arrived by the time the one before it is done, so under load batches grow
// and the rate with them.
type Consumer struct {
	Stats *Stats

	source  source
	decoder *Decoder
	writer  Writer
	log     *slog.Logger
	linger  time.Duration

	room allowance
	rows *latest
	dead []message
}

const (
	readWait = time.Second     // for the first message of a batch
	lagEvery = time.Second     // between two looks at the lag
	grace    = 5 * time.Second // for the batch in hand when the consumer is stopped
)

func newConsumer(name string, source source, store Store, cfg *Config, log *slog.Logger) *Consumer {
	views := len(store.Registry.Views)
	c := &Consumer{
		Stats:  &Stats{Source: name, Newest: make([]atomic.Int64, views)},
		source: source, decoder: NewDecoder(store.Registry, cfg), writer: store.Writer, log: log.With("source", name),
		linger: cfg.Linger, room: newAllowance(cfg), rows: newLatest(views),
	}
	c.Stats.Lag.Store(-1)
	return c
}

// run handles batches until ctx ends and the batch in hand is done, or its grace
// over. What it leaves is delivered again.
func (c *Consumer) run(ctx context.Context) {
	work, stop := outlive(ctx, grace)
	defer stop()
	for ctx.Err() == nil {
		if batch := c.gather(ctx); len(batch) > 0 && c.handle(work, batch) != nil {
			return
		}
	}
}

// gather returns the next batch, an empty one if there was nothing for a while. It
// reads while there is room and the source gives all that is asked for, then once
// more after the linger. A read that fails ends the batch: the one after it may give
// once more what is in hand.
func (c *Consumer) gather(ctx context.Context) (batch []message) {
	asked := c.room.next(0, 0)
	err := c.insist(ctx, Read, func() (err error) {
		batch, err = c.source.read(ctx, asked, readWait)
		return err
	})
	if err != nil || len(batch) == 0 {
		return batch
	}
	bytes, got, lingered := c.room.weigh(batch), len(batch), c.linger == 0
	for {
		next := c.room.next(len(batch), bytes)
		if next == 0 {
			return batch
		}
		if got < asked {
			if lingered || !pause(ctx, c.linger) {
				return batch
			}
			lingered = true
		}
		more, err := c.source.read(ctx, next, 0)
		if err != nil {
			c.failed(Read, 0, err)
			return batch
		}
		batch = append(batch, more...)
		bytes += c.room.weigh(more)
		asked, got = next, len(more)
	}
}

// handle takes a batch to its end. An error means that ctx has ended before.
func (c *Consumer) handle(ctx context.Context, batch []message) error {
	defer c.forget()
	c.decode(batch, time.Now())
	for view := range c.rows.views {
		if err := c.write(ctx, view, c.rows.views[view], batch); err != nil {
			return err
		}
	}
	c.observe(batch, time.Now())
	if len(c.dead) > 0 {
		err := c.insist(ctx, Bury, func() error { return c.source.bury(ctx, c.dead) })
		if err != nil {
			return err
		}
		c.countDead()
	}
	c.Stats.Batches.Add(1)
	return c.insist(ctx, Acknowledge, func() error { return c.source.acknowledge(ctx, batch) })
}

// forget lets go of a batch, so that it does not lie beside the next one.
func (c *Consumer) forget() {
	c.rows.clear()
	clear(c.dead)
	c.dead = c.dead[:0]
}

// decode sorts a batch into the latest rows and the dead letters.
func (c *Consumer) decode(batch []message, now time.Time) {
	for i := range batch {
		m := &batch[i]
		if m.again {
			c.Stats.Redelivered.Add(1)
		}
		var event Event
		if m.refusal == nil {
			event, m.refusal = c.decoder.decode(m.event, now)
		}
		if m.refusal == nil {
			c.rows.add(&event, i)
		} else {
			c.dead = append(c.dead, *m)
		}
	}
	c.Stats.Superseded.Add(c.rows.superseded)
}

// write stores the rows of a view. One that the store can't hold is a dead letter,
// and the others are written again, each half of them by itself: so k such rows
// among n cost no more than 2k+1 writes, of n log n rows in all. Were the others
// written again together, they would cost k writes of about n rows.
func (c *Consumer) write(ctx context.Context, view int, rows gathered, batch []message) error {
	if len(rows.records) == 0 {
		return nil
	}
	var written redis.Written
	var unfit *redis.RecordError
	err := c.insist(ctx, Write, func() (err error) {
		written, err = c.writer.Write(ctx, view, rows.records)
		if errors.As(err, &unfit) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if unfit == nil {
		c.countWritten(view, written, rows.records)
		return nil
	}
	m := &batch[rows.from[unfit.Record]]
	m.refusal = refuse(Unwritable, "%v", unfit)
	c.dead = append(c.dead, *m)
	low, high := rows.without(unfit.Record)
	if err := c.write(ctx, view, low, batch); err != nil {
		return err
	}
	return c.write(ctx, view, high, batch)
}

func (c *Consumer) countWritten(view int, written redis.Written, records []features.Record) {
	c.Stats.Written.Add(uint64(written.Stored))
	c.Stats.Older.Add(uint64(written.Older))
	c.Stats.Expired.Add(uint64(written.Expired))
	newest := &c.Stats.Newest[view]
	for i := range records {
		newest.Store(max(newest.Load(), records[i].Row.Time))
	}
}

// observe measures how long the events of a batch took to their row.
func (c *Consumer) observe(batch []message, now time.Time) {
	for i := range batch {
		if batch[i].refusal == nil {
			c.Stats.Delay.add(now.Sub(batch[i].arrived))
		}
	}
}

func (c *Consumer) countDead() {
	for i := range c.dead {
		c.Stats.Dead[c.dead[i].refusal.Reason].Add(1)
	}
	first := c.dead[0].refusal
	c.log.Warn("dead letters", "count", len(c.dead), "first_reason", first.Reason, "first_error", first)
}

// watchLag asks for the lag now and then until ctx ends.
func (c *Consumer) watchLag(ctx context.Context) {
	for {
		lag, err := c.source.lag(ctx)
		if err != nil && ctx.Err() == nil {
			c.log.Debug("the lag is not known", "error", err)
		}
		c.Stats.Lag.Store(lag)
		if !pause(ctx, lagEvery) {
			return
		}
	}
}
