package ingest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
)

// mortal is a store and a source, seen from a consumer that dies before or after
// one of the calls that it makes.
type mortal struct {
	*shelf
	*pile
	ends context.CancelFunc
	left int // half calls until it dies
}

var errDied = errors.New("died")

// half is the moment before or after a call.
func (m *mortal) half() error {
	if m.left--; m.left != 0 {
		return nil
	}
	m.ends()
	return errDied
}

func (m *mortal) Write(ctx context.Context, view int, records []features.Record) (redis.Written, error) {
	if err := m.half(); err != nil {
		return redis.Written{}, err
	}
	w, err := m.shelf.Write(ctx, view, records)
	return w, errors.Join(err, m.half())
}

func (m *mortal) bury(ctx context.Context, dead []message) error {
	if err := m.half(); err != nil {
		return err
	}
	return errors.Join(m.pile.bury(ctx, dead), m.half())
}

func (m *mortal) acknowledge(_ context.Context, done []message) error {
	if err := m.half(); err != nil {
		return err
	}
	m.done = append(m.done, done...)
	return m.half()
}

// TestAnyInterleavingEndsInTheLatestRows is the promise of the package: events in
// any order, in batches of any size, with consumers that die before or after any
// of their calls and have what they did not acknowledge delivered again.
func TestAnyInterleavingEndsInTheLatestRows(t *testing.T) {
	quiet := quiet(t)
	rapid.Check(t, func(t *rapid.T) {
		waits, want, poison := drawEvents(t)
		m := &mortal{shelf: newShelf(), pile: newPile()}
		cfg := DefaultConfig()
		c := newConsumer("redis", m, Store{Registry: catalogue(), Writer: m}, &cfg, quiet)
		for len(waits) > 0 {
			n := rapid.IntRange(1, len(waits)).Draw(t, "batch")
			batch := slices.Clone(waits[:n])
			ctx, ends := context.WithCancel(context.Background())
			m.ends, m.left, m.done = ends, rapid.IntRange(0, 8).Draw(t, "dies at"), nil
			_ = c.handle(ctx, batch) // an error is its death
			ends()
			switch len(m.done) {
			case n:
				waits = waits[n:]
			case 0: // delivered again, after what others were given meanwhile
				later := rapid.IntRange(0, len(waits)-n).Draw(t, "delivered again after")
				waits = slices.Concat(waits[n:n+later], batch, waits[n+later:])
			default:
				t.Fatalf("%d of %d acknowledged", len(m.done), n)
			}
		}
		if got := m.prices(); !maps.Equal(got, want) {
			t.Errorf("the store holds %v; want %v", got, want)
		}
		for _, letter := range m.dead {
			delete(poison, string(letter.event))
		}
		if len(poison) > 0 {
			t.Errorf("not among the dead letters: %v", poison)
		}
	})
}

// drawEvents returns events in the order in which they arrive, the price of each
// item in the latest of its events, and the events that can't be rows.
func drawEvents(t *rapid.T) (events []message, want map[string]float32, poison map[string]bool) {
	want, poison = map[string]float32{}, map[string]bool{}
	latest := map[string]int{}
	for i := range rapid.IntRange(1, 20).Draw(t, "events") {
		if rapid.IntRange(0, 9).Draw(t, "poison") == 0 {
			text := `{"view":"no. ` + strconv.Itoa(i) + `"}`
			poison[text] = true
			events = append(events, message{event: []byte(text), origin: i})
			continue
		}
		item, seconds := rapid.IntRange(1, 3).Draw(t, "item"), rapid.IntRange(1, 9).Draw(t, "seconds")
		id := strconv.Itoa(item)
		if seconds >= latest[id] {
			latest[id], want[id] = seconds, float32(10*item+seconds)
		}
		events = append(events, message{event: []byte(priceEvent(item, seconds, float64(10*item+seconds))), origin: i})
	}
	return events, want, poison
}
