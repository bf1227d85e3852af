package redis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
)

// during runs a Write, does something once the server has said no to it, and
// returns how the Write ended.
func (l *ledger) during(records []features.Record, refused string, do func()) (Written, error) {
	l.t.Helper()
	var w Written
	done := make(chan error, 1)
	go func() {
		var err error
		w, err = l.writer.Write(context.Background(), itemView, records)
		done <- err
	}()
	eventually(l.t, refused+" was said", func() bool {
		return strings.Contains(l.do("INFO", "errorstats"), "errorstat_"+refused)
	})
	do()
	err := <-done
	return w, err
}

func TestAWriteWaitsUntilAReplicaIsAMasterAgain(t *testing.T) {
	l := newLedger(t, nil)
	l.do("REPLICAOF", "127.0.0.1", "1")
	records, ids := l.items(1000, today)
	w, err := l.during(records, "READONLY", func() { l.do("REPLICAOF", "NO", "ONE") })
	if err != nil || w.Stored != 1000 {
		t.Fatalf("%+v, %v; want 1000 stored", w, err)
	}
	if got := l.read(itemView, "", ids...); got[999] != 999 {
		t.Errorf("the last row is %v", got[999])
	}
}

func TestAWriteWaitsUntilTheServerHasLoadedItsData(t *testing.T) {
	l := newLedger(t, nil, "--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024")
	records, _ := l.items(3000, today)
	l.write(itemView, records...)
	l.do("SAVE")
	l.server.Kill()
	l.server.Restart()
	more, ids := l.items(500, today+1)
	w, err := l.writer.Write(context.Background(), itemView, more)
	if err != nil || w.Stored != 500 {
		t.Fatalf("%+v, %v; want 500 stored", w, err)
	}
	if !strings.Contains(l.do("INFO", "errorstats"), "errorstat_LOADING") {
		t.Error("the server was not loading")
	}
	if got := l.read(itemView, "", ids[499], "i2999"); !slices.Equal(got, []float32{499, 2999}) {
		t.Errorf("%v; want a new row and an old one", got)
	}
}

// untold reports whether a failure has made the view forget that it told its schema.
func (v *written) untold() bool {
	v.telling.Lock()
	defer v.telling.Unlock()
	return v.told.IsZero()
}

func TestAWriteSurvivesTheDeathOfTheServer(t *testing.T) {
	l := newLedger(t, nil)
	records, ids := l.items(1000, today)
	l.write(itemView, records...)
	l.server.Kill()
	done := make(chan error, 1)
	go func() {
		_, err := l.writer.Write(context.Background(), itemView, records)
		done <- err
	}()
	eventually(t, "the Write has met the dead server", func() bool { return l.writer.views[itemView].untold() })
	l.server.Restart() // empty: neither rows nor script nor schema
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for i, n := range l.read(itemView, "", ids...) {
		if n != float32(i) {
			t.Fatalf("item %d: %v", i, n)
		}
	}
	if n := l.do("HLEN", "rankgate::schemas"); n != "1" {
		t.Errorf("the server knows %s schemas", n)
	}
}

func TestNoRowIsLostWithConnectionsThatAreCut(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, layout)
			records, ids := l.items(20_000, today)
			knife, err := Connect(l.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer knife.Close()
			cut, written := 0, make(chan struct{})
			cutting := make(chan struct{})
			go func() {
				defer close(cutting)
				for stored := int64(0); stored < 15_000; cut++ {
					knife.Do(context.Background(), knife.B().ClientKill().TypeNormal().SkipmeYes().Build())
					for before := stored; stored == before; {
						select {
						case <-written:
							return
						default:
							stored, _ = knife.Do(context.Background(), knife.B().Dbsize().Build()).AsInt64()
						}
					}
				}
			}()
			w := l.write(itemView, records...)
			close(written)
			<-cutting
			if w.Stored != 20_000 || cut == 0 {
				t.Errorf("%+v after %d cuts; want 20000 stored", w, cut)
			}
			for i, n := range l.read(itemView, "", ids...) {
				if n != float32(i) {
					t.Fatalf("item %d: %v", i, n)
				}
			}
		})
	}
}

func TestAScriptThatTheServerHasForgottenIsSentAgain(t *testing.T) {
	l := newLedger(t, nil)
	records, _ := l.items(1000, today)
	l.write(itemView, records...)
	l.write(itemView, records...) // now with the script
	l.do("SCRIPT", "FLUSH")
	if w := l.write(itemView, records...); w.Stored != 1000 {
		t.Errorf("%+v; want 1000 stored", w)
	}
}

// hold has the server hold the first n items, so that no call of theirs can do
// without the script.
func (l *ledger) hold(n int) {
	records, _ := l.items(n, today)
	l.write(itemView, records...)
	l.renew()
}

func TestAnErrorThatStaysIsToldAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*ledger)
		want    string
	}{
		"no memory": {
			func(l *ledger) { l.do("CONFIG", "SET", "maxmemory", "1") },
			"features.store.redis: the server is full; raise its maxmemory, or let it evict: OOM command not allowed",
		},
		"no memory for rows": {
			func(l *ledger) {
				l.write(itemView, l.record("", "a", 1, today, 0))
				l.do("CONFIG", "SET", "maxmemory", "1")
			},
			"features.store.redis: the server is full; raise its maxmemory, or let it evict: OOM command not allowed",
		},
		"no password": {
			func(l *ledger) {
				l.do("CONFIG", "SET", "requirepass", "secret")
				l.client.Do(context.Background(), l.client.B().ClientKill().TypeNormal().SkipmeNo().Build())
			},
			"features.store.redis: check features.store.redis.username and password: NOAUTH",
		},
		"no right to a command": {
			func(l *ledger) {
				l.hold(3000)
				l.do("ACL", "SETUSER", "default", "-mset")
			},
			"features.store.redis: the user needs +evalsha +eval",
		},
		"no right to scripts": {
			func(l *ledger) {
				l.hold(3000)
				l.do("ACL", "SETUSER", "default", "-evalsha")
			},
			"features.store.redis: the user needs +evalsha +eval",
		},
		"no right to store new rows": {
			func(l *ledger) { l.do("ACL", "SETUSER", "default", "-msetnx") },
			"features.store.redis: the user needs +evalsha +eval",
		},
		"no right to a key": {
			func(l *ledger) { l.do("ACL", "SETUSER", "default", "resetkeys", "~rankgate::*") },
			"features.store.redis: the user needs +evalsha +eval",
		},
		"a closed client": {
			func(l *ledger) { l.client.Close() },
			"rueidis client is closing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, nil)
			test.prepare(l)
			records, _ := l.items(3000, today)
			if w, err := l.writer.Write(context.Background(), itemView, records); err == nil || !strings.HasPrefix(err.Error(), test.want) || w.Stored != 0 {
				t.Errorf("%+v, %v; want %s", w, err, test.want)
			}
		})
	}
}

func TestAWriterLosesItsPatience(t *testing.T) {
	l := newLedger(t, nil)
	l.do("REPLICAOF", "127.0.0.1", "1")
	l.writer.patience = time.Millisecond
	_, err := l.writer.Write(context.Background(), itemView, []features.Record{l.record("", "a", 1, today, 0)})
	if err == nil || !strings.HasPrefix(err.Error(), "features.store.redis: gave up after 1ms: READONLY") {
		t.Error(err)
	}
}

func TestAWriteEndsWithItsContext(t *testing.T) {
	l := newLedger(t, nil)
	l.do("REPLICAOF", "127.0.0.1", "1")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	records, _ := l.items(20_000, today)
	go func() {
		_, err := l.writer.Write(ctx, itemView, records)
		done <- err
	}()
	eventually(t, "the write was refused", func() bool { return strings.Contains(l.do("INFO", "errorstats"), "errorstat_READONLY") })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestThePauseBetweenAttemptsDoublesUpToASecond(t *testing.T) {
	for attempt, want := range []int64{1000, 4000, 16_000, 64_000, 256_000, 1_000_000, 1_000_000} {
		for _, random := range []float64{0, 0.999} {
			if got := backoff(attempt, random).Microseconds(); got < want/2 || got > want {
				t.Errorf("backoff(%d, %v) = %d µs; want about %d", attempt, random, got, want)
			}
		}
	}
}

func TestManyWritersMayWriteAtOnce(t *testing.T) {
	l := newLedger(t, nil)
	done := make(chan error)
	const writers = 8
	for range writers {
		go func() {
			records, _ := l.items(2000, today)
			_, err := l.writer.Write(context.Background(), itemView, records)
			done <- err
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := l.do("DBSIZE"); n != "2001" {
		t.Errorf("%s keys; want 2000 rows and the schemas", n)
	}
}
