package redis

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

// ledger is a Writer over a real server, and a Store that reads what it wrote.
type ledger struct {
	t      testing.TB
	cfg    Config
	reg    *features.Registry
	server *redistest.Server
	client rueidis.Client
	writer *Writer
	store  *Store
}

// newLedger starts a server with the given arguments. change may alter the
// configuration and the registry, which is shop's.
func newLedger(t testing.TB, change func(*Config, *features.Registry), args ...string) *ledger {
	t.Helper()
	l := &ledger{t: t, cfg: DefaultConfig(), reg: shop(), server: redistest.Start(t, args...)}
	l.cfg.Addresses = []string{l.server.Addr}
	l.cfg.Cache.Size = 0
	l.cfg.Timeout = long
	if change != nil {
		change(&l.cfg, l.reg)
	}
	var err error
	if l.client, err = Connect(l.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.client.Close)
	l.renew()
	return l
}

// asFeast makes every row lie in the Feast layout.
func asFeast(cfg *Config, _ *features.Registry) {
	cfg.Layout, cfg.Project = Feast, "shop"
}

// renew makes another Writer, which knows nothing of what the server holds.
func (l *ledger) renew() {
	l.t.Helper()
	var err error
	if l.writer, err = NewWriter(l.client, l.cfg, l.reg); err != nil {
		l.t.Fatal(err)
	}
}

// do sends a command and returns its reply as a string.
func (l *ledger) do(words ...string) string {
	l.t.Helper()
	reply, err := l.client.Do(context.Background(), l.client.B().Arbitrary(words...).Build()).ToAny()
	if err != nil && !rueidis.IsRedisNil(err) {
		l.t.Fatalf("%q: %v", words, err)
	}
	return fmt.Sprint(reply)
}

// record is a row of any view of shop.
func (l *ledger) record(user, item string, n float32, at, created int64) features.Record {
	layout := features.LayoutOf(l.reg.Views[0].Columns)
	r := features.Record{User: user, Item: item, Row: layout.NewRow(), Created: created}
	layout.Cells[0].SetFloat(&r.Row, float64(n))
	r.Row.Time = at
	return r
}

// write writes and fails the test if that fails.
func (l *ledger) write(view int, records ...features.Record) Written {
	l.t.Helper()
	w, err := l.writer.Write(context.Background(), view, records)
	if err != nil {
		l.t.Fatal(err)
	}
	return w
}

// read returns what the store finds of users' items in a view; -1 where there is
// no row.
func (l *ledger) read(view int, user string, items ...string) []float32 {
	l.t.Helper()
	if l.store == nil {
		var err error
		if l.store, err = Open(l.cfg, l.reg, nil, &heard{}, slog.New(slog.DiscardHandler)); err != nil {
			l.t.Fatal(err)
		}
		l.t.Cleanup(func() { l.store.Close() })
	}
	return fetchFrom(l.store, long, view, user, items...).values
}

// items returns n records of items, of which the store then says 0, 1, 2 and so on.
func (l *ledger) items(n int, at int64) (records []features.Record, ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprint("i", i))
		records = append(records, l.record("", ids[i], float32(i), at, 0))
	}
	return records, ids
}

// key is the key of a row.
func (l *ledger) key(view int, user, item string) string {
	l.t.Helper()
	key, err := l.writer.views[view].key(nil, user, item)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(key)
}

// today is an event time.
var today = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
