package redis

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// Reason says why a row could not be read.
type Reason uint8

const (
	Late       Reason = iota // the request's budget was spent before the look-up
	Busy                     // Config.MaxFetches round trips were in progress
	Refused                  // the breaker is open
	TimedOut                 // no answer within Config.Timeout
	Lost                     // the connection was refused, reset or lost
	Loading                  // the server is starting (LOADING), or its master is down
	Denied                   // wrong credentials, or a command that they do not allow
	Damaged                  // a row that can't be decoded
	Other                    // another error of the server
	NumReasons               // how many there are
)

var reasonNames = [NumReasons]string{
	"late", "busy", "breaker_open", "timeout", "connection", "loading", "denied", "damaged", "server",
}

func (r Reason) String() string { return reasonNames[r] }

// reasonOf classifies the error of a fetch in which rows failed.
func reasonOf(err error) Reason {
	var damaged *damagedError
	var network net.Error
	var refusal *rueidis.RedisError
	switch {
	case errors.As(err, &damaged):
		return Damaged
	case refused(err):
		return Refused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return TimedOut
	case errors.As(err, &refusal):
		return refusalReason(refusal.Error())
	case errors.As(err, &network) && network.Timeout():
		return TimedOut
	default:
		return Lost
	}
}

func refusalReason(message string) Reason {
	code, _, _ := strings.Cut(message, " ")
	switch code {
	case "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN":
		return Loading
	case "NOAUTH", "WRONGPASS", "NOPERM":
		return Denied
	default:
		return Other
	}
}

// FetchBuckets bound the histogram of Stats.FetchTimes.
var FetchBuckets = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond,
}

// Stats is what a store has counted since it was opened.
type Stats struct {
	Views         []ViewStats
	Failed        [NumReasons]uint64 // rows that could not be read
	Fetches       uint64             // round trips
	FetchTimes    [len(FetchBuckets) + 1]uint64
	FetchSeconds  float64 // of all round trips together
	InFlight      int     // round trips in progress
	Invalidations uint64  // keys of which the server told that they changed
	Flushes       uint64  // times that any row may have changed: connections lost, servers emptied
	Opened        uint64  // times that the breaker opened
	Open          bool    // whether it is open now
}

// ViewStats is what a store has counted of one view.
type ViewStats struct {
	View      string
	Hits      uint64 // rows kept here
	Misses    uint64 // rows asked for and not kept
	Fetched   uint64 // those among Misses that the server was to be asked for
	Joined    uint64 // those among Misses that another request was fetching already
	LastKnown uint64 // those among Misses that an older row stood in for
	Rows      int    // kept now
	Bytes     int    // of them
	Tracked   bool   // the server tells of changes

	// Materialized is the end of the latest materialization, zero if there was none.
	Materialized Materialized
}

// stats are the counters behind Stats. Everything adds, anybody reads.
type stats struct {
	failed        [NumReasons]atomic.Uint64
	fetches       [len(FetchBuckets) + 1]atomic.Uint64
	fetchTime     atomic.Int64 // nanoseconds
	invalidations atomic.Uint64
	flushes       atomic.Uint64
	opened        atomic.Uint64
	troubled      atomic.Bool  // set with a complaint, cleared by the fetch that says it is over
	complained    atomic.Int64 // when an error was last logged, in nanoseconds; whoever swaps it logs
	materialized  atomic.Pointer[map[string]Materialized]
}

func (s *stats) observe(took time.Duration) {
	bucket := 0
	for bucket < len(FetchBuckets) && took > FetchBuckets[bucket] {
		bucket++
	}
	s.fetches[bucket].Add(1)
	s.fetchTime.Add(int64(took))
}

// Stats returns the counters.
func (s *Store) Stats() Stats {
	out := Stats{
		FetchSeconds:  time.Duration(s.stats.fetchTime.Load()).Seconds(),
		InFlight:      len(s.places),
		Invalidations: s.stats.invalidations.Load(),
		Flushes:       s.stats.flushes.Load(),
		Opened:        s.stats.opened.Load(),
		Open:          s.breaker.open(),
	}
	for i := range out.Failed {
		out.Failed[i] = s.stats.failed[i].Load()
	}
	for i := range out.FetchTimes {
		out.FetchTimes[i] = s.stats.fetches[i].Load()
		out.Fetches += out.FetchTimes[i]
	}
	materialized := s.stats.materialized.Load()
	for _, v := range s.views {
		own := v.stats()
		if materialized != nil {
			own.Materialized = (*materialized)[v.Name]
		}
		out.Views = append(out.Views, own)
	}
	return out
}

func (v *view) stats() ViewStats {
	s := ViewStats{View: v.Name, Tracked: v.link.tracks()}
	if k := v.kept; k != nil {
		s.Hits, s.Misses, s.LastKnown = k.hits.Load(), k.misses.Load(), k.stale.Load()
		s.Fetched, s.Joined = k.fetched.Load(), k.joined.Load()
		s.Rows, s.Bytes = k.rows.EstimatedSize(), int(k.rows.WeightedSize())
	}
	return s
}

// materializedEvery is the time between two looks at when views were materialized.
const materializedEvery = 10 * time.Second

// watchMaterialized keeps what Stats tells of it, until ctx ends.
func (s *Store) watchMaterialized(ctx context.Context) {
	again := time.NewTicker(materializedEvery)
	defer again.Stop()
	for {
		if client := s.links[0].client(); client != nil {
			limited, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
			if found, err := ReadMaterialized(limited, client, s.cfg); err == nil {
				s.stats.materialized.Store(&found)
			}
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
