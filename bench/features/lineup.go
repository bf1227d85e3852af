package main

import (
	"context"
	"fmt"

	"github.com/rankgate/rankgate/features/redis"
)

// lineup opens the stacks that are measured side by side, each with its own place
// in the load.
type lineup struct {
	ctx     context.Context //nolint:containedctx // of the one run that it is made for
	catalog *catalog
	server  *server
	load    *load
	stacks  []stack
	err     error // the first; nothing is opened after it
}

// sizes are the bytes in which a store keeps half and nine tenths of the rows of
// the Zipf load.
type sizes struct{ half, most int }

// add takes what was opened. Stacks do not ask for the same items at the same
// time: what one has asked for is in the server's processor caches.
func (l *lineup) add(name string, r runner, err error) {
	if err != nil {
		l.err = fmt.Errorf("%s: %w", name, err)
		return
	}
	l.stacks = append(l.stacks, stack{name: name, load: l.load.from(len(l.stacks) * loadRequests / 16), runner: r})
}

func (l *lineup) bare(name string, layout redis.Layout) {
	if l.err == nil {
		b, err := openBare(l.catalog, l.server, layout)
		l.add(name, goRunner{b}, err)
	}
}

func (l *lineup) plain(name string, layout redis.Layout) {
	if l.err == nil {
		l.add(name, goRunner{openPlain(l.catalog, l.server, layout)}, nil)
	}
}

// gate opens rankgate's store, which keeps rows in so many bytes, and warms it.
func (l *lineup) gate(name string, layout redis.Layout, size int) *gate {
	if l.err != nil {
		return nil
	}
	g, err := openGate(l.catalog, l.server, layout, size)
	if err == nil && size > 0 {
		err = l.warm(g, size)
	}
	l.add(name, goRunner{g}, err)
	return g
}

// cached opens rueidis with a cache of so many bytes, and warms it.
func (l *lineup) cached(name string, layout redis.Layout, size int) {
	if l.err != nil {
		return
	}
	b, err := openCached(l.catalog, l.server, layout, size)
	if err == nil {
		err = l.warm(b, size)
	}
	l.add(name, goRunner{b}, err)
}

// warm asks until a cache has seen enough, or for every item if all have room.
func (l *lineup) warm(a asker, size int) error {
	if size >= everything {
		return l.catalog.inTurn(func(request []int32) error {
			a.prepare(request)
			return a.ask(l.ctx)
		})
	}
	return ask(l.ctx, a, l.load.from(0), warmRequests)
}

// feast starts the given Python and has Feast's own reader ask for the same.
func (l *lineup) feast(python string) {
	if l.err != nil {
		return
	}
	f, version, err := openFeast(l.ctx, python, l.catalog, l.server)
	l.add("Feast "+version+", Python get_online_features", f, err)
}

// everything is a cache that has room for all items.
const everything = 1 << 30

func (l *lineup) close() {
	for i := range l.stacks {
		l.stacks[i].close()
	}
}

// uncached adds the stacks that ask the server for every row.
func (l *lineup) uncached() {
	l.bare(floorName, redis.Packed)
	l.gate(packedName, redis.Packed, 0)
	l.plain("go-redis, MGET of packed rows", redis.Packed)
	l.bare("rueidis, HMGETs of Feast's hashes", redis.Feast)
	l.gate(feastName, redis.Feast, 0)
	l.plain("go-redis, HMGETs of Feast's hashes", redis.Feast)
}

// uniform adds the caches that are too small for a load without favourites.
func (l *lineup) uniform(s sizes) {
	l.uncached()
	l.gate("rankgate, packed rows, rows kept in "+megabytes(s.half), redis.Packed, s.half)
	l.cached("rueidis, MGetCache in "+megabytes(s.half), redis.Packed, s.half)
	l.cached("rueidis, HMGETs by DoMultiCache in "+megabytes(s.half), redis.Feast, s.half)
}

func (l *lineup) zipf(s sizes) {
	l.uncached()
	l.gate("rankgate, packed rows, rows kept in "+megabytes(s.half), redis.Packed, s.half)
	l.gate("rankgate, packed rows, rows kept in "+megabytes(s.most), redis.Packed, s.most)
	l.gate(keptName, redis.Packed, everything)
	l.cached("rueidis, MGetCache in "+megabytes(s.most), redis.Packed, s.most)
	l.cached("rueidis, HMGETs by DoMultiCache in "+megabytes(s.most), redis.Feast, s.most)
}

// same adds what answers one request again and again from its own memory.
func (l *lineup) same() {
	l.bare(floorName, redis.Packed)
	g := l.gate(keptName, redis.Packed, everything)
	if l.err == nil {
		p, err := newPlanned(g)
		l.add(keptName+", under a model's plan", goRunner{p}, err)
	}
	l.cached("rueidis, MGetCache", redis.Packed, everything)
	l.cached("rueidis, HMGETs by DoMultiCache", redis.Feast, everything)
}

func megabytes(n int) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
