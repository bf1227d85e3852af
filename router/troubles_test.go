package router

import (
	"strings"
	"time"
)

// troubles are what a Redis server, or the way to it, can do to a gateway.
var troubles = []fault{
	{"connection refused", func(f *faults) { f.proxy.Refuse() }, restore, true},
	{"black hole", func(f *faults) { f.proxy.BlackHole() }, restore, true},
	{"+200 ms", func(f *faults) { f.proxy.Latency(200 * time.Millisecond) }, restore, true},
	{"reset in mid-reply", func(f *faults) { f.proxy.ResetMidReply(2000) }, restore, true},
	{"LOADING", loading, func(*faults) {}, true},
	{"READONLY", readOnly, func(f *faults) { f.must("REPLICAOF", "NO", "ONE") }, false},
	{"NOAUTH", func(f *faults) {
		f.must("CONFIG", "SET", "requirepass", "changed")
		f.must("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	}, func(f *faults) { f.must("CONFIG", "SET", "requirepass", "") }, true},
	{"maxmemory", outOfMemory, func(f *faults) { f.must("CONFIG", "SET", "maxmemory", "0") }, false},
	{"killed and restarted", func(f *faults) { f.server.Kill() }, func(f *faults) {
		f.server.Restart()
		f.fill()
	}, true},
}

func restore(f *faults) { f.proxy.Restore() }

// loading has the server read its data anew, a fraction of a millisecond for each
// of some thousand keys, while it answers everybody else with LOADING.
func loading(f *faults) {
	for _, set := range [][]string{{"key-load-delay", "300"}, {"loading-process-events-interval-bytes", "1024"}} {
		f.must("CONFIG", "SET", set[0], set[1])
	}
	f.must("DEBUG", "POPULATE", "4000", "filler", "100")
	go func() { _ = f.do("DEBUG", "RELOAD") }() // answers when all is read
}

// readOnly makes the server the replica of a master that is not there.
func readOnly(f *faults) {
	f.must("CONFIG", "SET", "replica-serve-stale-data", "yes")
	f.must("REPLICAOF", "127.0.0.1", "1")
	if err := f.do("SET", "key", "value"); err == nil || !strings.HasPrefix(err.Error(), "READONLY") {
		f.t.Errorf("a write to a replica: %v; want READONLY", err)
	}
}

func outOfMemory(f *faults) {
	f.must("CONFIG", "SET", "maxmemory", "1mb")
	if err := f.do("SET", "key", "value"); err == nil || !strings.HasPrefix(err.Error(), "OOM") {
		f.t.Errorf("a write to a full server: %v; want OOM", err)
	}
}
