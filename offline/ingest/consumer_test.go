package ingest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
)

// pile is a source in memory: what is read and not acknowledged is delivered
// again after a restart.
type pile struct {
	mu     sync.Mutex
	waits  []message
	given  []message
	done   []message
	dead   []message
	failAt map[Step]int // how many calls of a step fail
	wake   chan struct{}
}

func newPile(events ...string) *pile {
	p := &pile{failAt: map[Step]int{}, wake: make(chan struct{}, 1)}
	p.add(events...)
	return p
}

func (p *pile) add(events ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		p.waits = append(p.waits, message{event: []byte(e), bytes: len(e), arrived: time.Now(), origin: e})
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// fails reports whether this call of a step is to fail.
func (p *pile) fails(step Step) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failAt[step] == 0 {
		return nil
	}
	p.failAt[step]--
	return errors.New("out of order")
}

func (p *pile) read(ctx context.Context, n int, wait time.Duration) ([]message, error) {
	if err := p.fails(Read); err != nil {
		return nil, err
	}
	if wait > 0 {
		select {
		case <-p.wake:
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, len(p.waits))
	taken := p.waits[:n]
	p.waits, p.given = p.waits[n:], append(p.given, taken...)
	return taken, nil
}

func (p *pile) bury(_ context.Context, dead []message) error {
	if err := p.fails(Bury); err != nil {
		return err
	}
	p.dead = append(p.dead, dead...)
	return nil
}

func (p *pile) acknowledge(_ context.Context, done []message) error {
	if err := p.fails(Acknowledge); err != nil {
		return err
	}
	p.done, p.given = append(p.done, done...), p.given[len(done):]
	return nil
}

func (p *pile) lag(context.Context) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(len(p.waits) + len(p.given)), nil
}

func (p *pile) close() {}

func consume(t *testing.T, source source, writer Writer, change func(*Config)) *Consumer {
	cfg := DefaultConfig()
	cfg.Batch = 10
	change(&cfg)
	return newConsumer("redis", source, Store{Registry: catalogue(), Writer: writer}, &cfg, quiet(t))
}

// running runs c until the test's bubble has come to rest, then calls check.
func running(c *Consumer, check func()) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go c.run(ctx)
	synctest.Wait()
	check()
}

func TestABatchIsWhatComesWithinTheLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, store := newPile(), newShelf()
		c := consume(t, source, store, func(*Config) {})
		running(c, func() {
			source.add(priceEvent(1, 1, 1))
			time.Sleep(4 * time.Millisecond) // the bubble's time
			source.add(priceEvent(2, 1, 2), priceEvent(3, 1, 3))
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			if store.calls != 1 || len(store.rows) != 3 {
				t.Errorf("%d writes of %d rows; want all 3 in one", store.calls, len(store.rows))
			}
		})
	})
}

func TestOnlyTheLatestOfABatchIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, store := newPile(priceEvent(1, 5, 5), priceEvent(1, 9, 9), priceEvent(1, 7, 7), priceEvent(2, 1, 1), priceEvent(1, 9, 10)), newShelf()
		c := consume(t, source, store, func(*Config) {})
		running(c, func() {
			time.Sleep(time.Second)
			synctest.Wait()
			store.awaits(t, map[string]float32{"1": 10, "2": 1})
			if s := c.Stats; s.Written.Load() != 2 || s.Superseded.Load() != 3 || s.Batches.Load() != 1 || s.Newest[itemStats].Load() != 9000 {
				t.Errorf("written %d, superseded %d, batches %d, newest %d", s.Written.Load(), s.Superseded.Load(), s.Batches.Load(), s.Newest[itemStats].Load())
			}
		})
	})
}

func TestOfTwoEventsOfOneTimeTheOneCreatedLaterIsKept(t *testing.T) {
	with := func(price, created string) string {
		return `{"view":"item_stats","item":1,"event_time":5,"created_time":` + created + `,"columns":{"price":` + price + `}}`
	}
	synctest.Test(t, func(t *testing.T) {
		source, store := newPile(with("1", "7"), with("2", "9"), with("3", "8")), newShelf()
		running(consume(t, source, store, func(*Config) {}), func() {
			time.Sleep(time.Second)
			store.awaits(t, map[string]float32{"1": 2})
		})
	})
}

func TestAWriteThatFailsIsRepeatedAndNothingIsAcknowledgedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, store := newPile(priceEvent(1, 1, 1)), newShelf()
		var mended atomic.Bool
		store.err = func(int) error {
			if !mended.Load() {
				return errors.New("no store")
			}
			return nil
		}
		c := consume(t, source, store, func(*Config) {})
		running(c, func() {
			time.Sleep(time.Minute)
			synctest.Wait()
			if failed := c.Stats.Failed[Write].Load(); len(source.done) > 0 || failed < 12 || failed > 40 {
				t.Errorf("after a minute without a store: %d acknowledged, %d writes tried", len(source.done), failed)
			}
			mended.Store(true)
			time.Sleep(longestPause)
			synctest.Wait()
			if len(source.done) != 1 || c.Stats.Written.Load() != 1 {
				t.Errorf("once there is a store: %d acknowledged, %d written", len(source.done), c.Stats.Written.Load())
			}
		})
	})
}

func TestEveryStepIsRepeatedUntilItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, store := newPile("nonsense", priceEvent(1, 1, 1)), newShelf()
		source.failAt = map[Step]int{Read: 3, Bury: 3, Acknowledge: 3}
		c := consume(t, source, store, func(cfg *Config) { cfg.Linger = 0 })
		running(c, func() {
			time.Sleep(time.Minute)
			synctest.Wait()
			for _, step := range []Step{Read, Bury, Acknowledge} {
				if failed := c.Stats.Failed[step].Load(); failed != 3 {
					t.Errorf("%s: %d failures counted; want 3", step, failed)
				}
			}
			if len(source.done) != 2 || len(source.dead) != 1 || len(store.rows) != 1 {
				t.Errorf("%d acknowledged, %d dead, %d rows", len(source.done), len(source.dead), len(store.rows))
			}
		})
	})
}

func TestAnEventThatCannotBeARowIsBuriedAndDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, store := newPile(`{"view":"item_stats","item":1,"event_time":1,"columns":{"price":"much"}}`, priceEvent(2, 1, 2), `{`), newShelf()
		c := consume(t, source, store, func(*Config) {})
		running(c, func() {
			time.Sleep(time.Second)
			synctest.Wait()
			if len(source.dead) != 2 || source.dead[0].refusal.Reason != BadValue || source.dead[1].refusal.Reason != Malformed {
				t.Errorf("dead letters %+v", source.dead)
			}
			if s := c.Stats; len(source.done) != 3 || s.Dead[BadValue].Load() != 1 || s.Dead[Malformed].Load() != 1 || s.Written.Load() != 1 {
				t.Errorf("%d acknowledged, written %d", len(source.done), s.Written.Load())
			}
			if n := delays(c); n != 1 {
				t.Errorf("%d delays measured; want that of the row", n)
			}
		})
	})
}

func delays(c *Consumer) (n uint64) {
	for i := range c.Stats.Delay.Buckets {
		n += c.Stats.Delay.Buckets[i].Load()
	}
	return n
}

func TestAStopFinishesTheBatchInHandWithinItsGrace(t *testing.T) {
	for _, c := range []struct {
		outage time.Duration
		done   int
	}{{grace / 10, 1}, {2 * grace, 0}} {
		synctest.Test(t, func(t *testing.T) {
			source, store := newPile(priceEvent(1, 1, 1)), newShelf()
			begin := time.Now()
			store.err = func(int) error {
				if time.Since(begin) < c.outage {
					return errors.New("no store")
				}
				return nil
			}
			ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
			defer stop()
			consume(t, source, store, func(*Config) {}).run(ctx)
			if took := time.Since(begin); len(source.done) != c.done || took > grace+time.Second {
				t.Errorf("outage of %s: %d acknowledged after %s", c.outage, len(source.done), took)
			}
		})
	}
}

func TestTheLagIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, store := newPile(priceEvent(1, 1, 1), priceEvent(2, 1, 1)), newShelf()
		c := consume(t, source, store, func(*Config) {})
		ctx, stop := context.WithCancel(context.Background())
		go c.watchLag(ctx)
		synctest.Wait()
		if lag := c.Stats.Lag.Load(); lag != 2 {
			t.Errorf("lag %d; want 2", lag)
		}
		go c.run(ctx)
		time.Sleep(2 * lagEvery)
		if lag := c.Stats.Lag.Load(); lag != 0 {
			t.Errorf("lag %d; want 0", lag)
		}
		stop()
		synctest.Wait()
	})
}

func TestPausesDoubleAndStayWithinTheirBounds(t *testing.T) {
	before := time.Duration(0)
	for attempt := range 100 {
		least, most := backoff(attempt, 0), backoff(attempt, 1)
		if least < before/2 || most != min(shortestPause<<min(attempt, 20), longestPause) || least != most/2 {
			t.Errorf("attempt %d: %s to %s", attempt, least, most)
		}
		before = most
	}
}

func TestDelaysFallIntoTheirBuckets(t *testing.T) {
	var d Delays
	d.add(-time.Second)
	d.add(time.Millisecond)
	d.add(time.Millisecond + 1)
	d.add(1000 * time.Hour)
	if a, b, last := d.Buckets[0].Load(), d.Buckets[1].Load(), d.Buckets[len(DelayBounds)].Load(); a != 2 || b != 1 || last != 1 {
		t.Errorf("buckets %d, %d … %d", a, b, last)
	}
	if want := int64(2*time.Millisecond + 1 + 24*time.Hour); d.Sum.Load() != want {
		t.Errorf("sum %d; want %d", d.Sum.Load(), want)
	}
}

func TestARowThatTheStoreCannotHoldIsBuriedAndTheOthersAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, store := newPile(priceEvent(1, 1, 1), priceEvent(2, 1, 2), priceEvent(2, 2, 3), priceEvent(3, 1, 4)), newShelf()
		picky := writerFunc(func(ctx context.Context, view int, records []features.Record) (redis.Written, error) {
			for i, r := range records {
				if r.Item == "2" {
					return redis.Written{Stored: i}, &redis.RecordError{View: "item_stats", Record: i, Item: "2", Err: errors.New("a hash")}
				}
			}
			return store.Write(ctx, view, records)
		})
		c := consume(t, source, picky, func(*Config) {})
		running(c, func() {
			time.Sleep(time.Second)
			synctest.Wait()
			store.awaits(t, map[string]float32{"1": 1, "3": 4})
			if len(source.dead) != 1 || string(source.dead[0].event) != priceEvent(2, 2, 3) || source.dead[0].refusal.Message != `view item_stats: item "2": a hash` {
				t.Errorf("dead letters %+v", source.dead)
			}
			if s := c.Stats; s.Written.Load() != 2 || s.Dead[Unwritable].Load() != 1 || s.Failed[Write].Load() != 0 || len(source.done) != 4 {
				t.Errorf("written %d, unwritable %d, %d acknowledged", s.Written.Load(), s.Dead[Unwritable].Load(), len(source.done))
			}
		})
	})
}
