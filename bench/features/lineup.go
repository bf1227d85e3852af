package main

import (
	"context"
	"fmt"

	"github.com/rankgate/rankgate/features"
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
	opened  []runner // what close closes
	err     error    // the first; nothing is opened after it
}

// sizes are the bytes in which a store keeps half and nine tenths of the rows of
// the Zipf load.
type sizes struct{ half, most int }

// everything is room for all items.
const everything = 1 << 30

// add takes a runner that the caller closes. Stacks do not ask for the same items
// at the same time: what one has asked for is in the server's processor caches.
func (l *lineup) add(name string, r runner, err error) {
	switch {
	case l.err != nil:
	case err != nil:
		l.err = fmt.Errorf("%s: %w", name, err)
	default:
		l.stacks = append(l.stacks, stack{name: name, load: l.load.from(len(l.stacks) * loadRequests / 16), runner: r})
	}
}

// open adds what the lineup closes. A cache is warmed before.
func (l *lineup) open(name string, open func() (asker, error), cache bool) {
	if l.err != nil {
		return
	}
	a, err := open()
	if err == nil {
		l.opened = append(l.opened, goRunner{a})
		if cache {
			err = warm(l.ctx, l.catalog, a, l.load)
		}
	}
	l.add(name, goRunner{a}, err)
}

func (l *lineup) bare(name string, layout redis.Layout) {
	l.open(name, func() (asker, error) { return openBare(l.catalog, l.server, layout) }, false)
}

func (l *lineup) plain(name string, layout redis.Layout) {
	l.open(name, func() (asker, error) { return openPlain(l.catalog, l.server, layout), nil }, false)
}

func (l *lineup) cached(name string, layout redis.Layout, size int) {
	l.open(name, func() (asker, error) { return openCached(l.catalog, l.server, layout, size) }, true)
}

func (l *lineup) gate(name string, layout redis.Layout) {
	l.open(name, func() (asker, error) { return openGate(l.catalog, l.server, layout, 0, features.TrackingOff) }, false)
}

func (l *lineup) keeping(name string, layout redis.Layout, size int, tracking features.Tracking) {
	l.open(name, func() (asker, error) { return openGate(l.catalog, l.server, layout, size, tracking) }, true)
}

func (l *lineup) close() {
	for _, r := range l.opened {
		r.close()
	}
}

// uncached adds the stacks that ask the server for every row.
func (l *lineup) uncached() {
	l.bare(floorName, redis.Packed)
	l.gate(packedName, redis.Packed)
	l.plain("go-redis, MGET of packed rows", redis.Packed)
	l.bare(feastFloorName, redis.Feast)
	l.gate(feastName, redis.Feast)
	l.plain("go-redis, HMGETs of Feast's hashes", redis.Feast)
}

// uniform adds caches that are too small for a load without favourites.
func (l *lineup) uniform(s sizes) {
	l.uncached()
	l.keeping(packedName+" kept in "+megabytes(s.half), redis.Packed, s.half, features.TrackingKeys)
	l.keeping(packedName+" kept in "+megabytes(s.half)+", tracking: broadcast", redis.Packed, s.half, features.TrackingBroadcast)
	l.cached("rueidis, MGetCache in "+megabytes(s.half), redis.Packed, s.half)
	l.cached("rueidis, HMGETs by DoMultiCache in "+megabytes(s.half), redis.Feast, s.half)
}

func (l *lineup) zipf(s sizes) {
	l.uncached()
	l.keeping(packedName+" kept in "+megabytes(s.half), redis.Packed, s.half, features.TrackingKeys)
	l.keeping(packedName+" kept in "+megabytes(s.most), redis.Packed, s.most, features.TrackingKeys)
	l.keeping(feastKeptPrefix+megabytes(s.most), redis.Feast, s.most, features.TrackingKeys)
	l.keeping(keptName, redis.Packed, everything, features.TrackingKeys)
	l.cached("rueidis, MGetCache in "+megabytes(s.most), redis.Packed, s.most)
	l.cached("rueidis, HMGETs by DoMultiCache in "+megabytes(s.most), redis.Feast, s.most)
}

// same adds what answers one request again and again from its own memory.
func (l *lineup) same() {
	l.bare(floorName, redis.Packed)
	l.keeping(keptName, redis.Packed, everything, features.TrackingKeys)
	l.open(keptName+", under a model's plan", func() (asker, error) { return openPlanned(l.catalog, l.server) }, true)
	l.cached("rueidis, MGetCache", redis.Packed, everything)
	l.cached("rueidis, HMGETs by DoMultiCache", redis.Feast, everything)
}

func megabytes(n int) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
