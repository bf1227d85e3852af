package router

import (
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// drained reports whether a snapshot says that it is.
func drained(s *Snapshot) bool {
	select {
	case <-s.Drained():
		return true
	default:
		return false
	}
}

func TestASnapshotDrainsWithItsLastUserAndAfterThoseThatItReplaced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Catalogue
		var all []*Snapshot
		users := map[*Snapshot]int{}
		if c.enter() != nil {
			t.Fatal("an empty catalogue has a snapshot")
		}
		t.Repeat(map[string]func(*rapid.T){
			"swap": func(t *rapid.T) {
				s, old := NewSnapshot(nil, ""), c.Load()
				if got := c.Swap(s); got != old {
					t.Fatalf("Swap = %p; want %p, the one before", got, old)
				}
				all = append(all, s)
			},
			"enter": func(t *rapid.T) {
				if s := c.enter(); s != c.Load() {
					t.Fatal("entered another snapshot than the current one")
				} else if s != nil {
					users[s]++
				}
			},
			"leave": func(t *rapid.T) {
				for _, s := range all {
					if users[s] > 0 && rapid.Bool().Draw(t, "this one") {
						users[s]--
						s.leave()
						return
					}
				}
			},
			"": func(t *rapid.T) {
				used := false
				for i, s := range all {
					used = used || users[s] > 0 || i == len(all)-1
					if drained(s) == used {
						t.Fatalf("snapshot %d of %d: drained is %v, with %d users", i+1, len(all), drained(s), users[s])
					}
				}
			},
		})
	})
}

func TestNobodyUsesASnapshotThatHasDrained(t *testing.T) {
	var c Catalogue
	c.Swap(NewSnapshot(nil, ""))
	var stop atomic.Bool
	var requests sync.WaitGroup
	for range 2 {
		requests.Go(func() {
			for !stop.Load() {
				s := c.enter()
				if drained(s) {
					t.Error("a request has entered a snapshot that has drained")
				}
				s.leave()
			}
		})
	}
	for range 300 {
		<-c.Swap(NewSnapshot(nil, "")).Drained()
	}
	stop.Store(true)
	requests.Wait()
}
