package router

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/rankgate/rankgate/features/redis"
)

// fault is a trouble of the server or of the way to it.
type fault struct {
	name  string
	args  []string // of the server
	cuts  bool     // nothing can be read
	write bool     // rows are written all the time

	begin func(p *patient)
	sign  string // what the server says of it: "section name" of an INFO field, "" for nothing
	end   func(p *patient)
}

var faults = []fault{
	{name: "refused", cuts: true, begin: func(p *patient) { p.proxy.Refuse() }, end: restore},
	{name: "black hole", cuts: true, begin: func(p *patient) { p.proxy.BlackHole() }, end: restore},
	{name: "+200 ms", cuts: true, begin: func(p *patient) { p.proxy.Latency(200 * time.Millisecond) }, end: restore},
	{name: "reset in mid-reply", cuts: true, begin: func(p *patient) { p.proxy.ResetMidReply(1000) }, end: restore},
	{
		name: "LOADING", cuts: true, args: []string{"--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"},
		begin: func(p *patient) { p.server.Must("SAVE"); p.server.Kill(); p.server.Restart() },
		sign:  "errorstats errorstat_LOADING",
		end:   func(p *patient) { p.server.Must("CONFIG", "SET", "key-load-delay", "0") },
	},
	{
		name: "READONLY", write: true,
		begin: func(p *patient) { p.server.Must("REPLICAOF", "127.0.0.1", "1") },
		sign:  "errorstats errorstat_READONLY",
		end:   func(p *patient) { p.server.Must("REPLICAOF", "NO", "ONE") },
	},
	{
		name: "NOAUTH", cuts: true,
		begin: func(p *patient) {
			p.command("CONFIG", "SET", "requirepass", "s3cret")
			p.command("CLIENT", "KILL", "TYPE", "normal")
		},
		end: func(p *patient) { p.command("CONFIG", "SET", "requirepass", "") },
	},
	{
		name: "maxmemory, writes refused", write: true,
		begin: func(p *patient) { p.server.Must("CONFIG", "SET", "maxmemory", "1mb") },
		sign:  "errorstats errorstat_OOM",
		end:   func(p *patient) { p.server.Must("CONFIG", "SET", "maxmemory", "0") },
	},
	{
		name: "maxmemory, rows evicted", write: true, args: []string{"--maxmemory-policy", "allkeys-lru"},
		begin: func(p *patient) { p.server.Must("CONFIG", "SET", "maxmemory", "1mb") },
		sign:  "stats evicted_keys",
		end:   func(p *patient) { p.server.Must("CONFIG", "SET", "maxmemory", "0") },
	},
	{
		name: "killed and restarted", cuts: true,
		begin: func(p *patient) { p.server.Must("SAVE"); p.server.Kill() },
		end:   func(p *patient) { p.server.Restart() },
	},
}

func restore(p *patient) { p.proxy.Restore() }

// seen reports whether the server has felt the fault, by its own account.
func (f *fault) seen(p *patient) bool {
	section, name, ok := strings.Cut(f.sign, " ")
	if !ok {
		return true
	}
	info, err := p.server.Do("INFO", section)
	if err != nil {
		return false
	}
	_, value, ok := strings.Cut(info, name+":")
	return ok && !strings.HasPrefix(value, "0\r")
}

// Requests that each stage has at least; the first has them until most of them are not
// degraded, the last after the first that is not.
const (
	requestsBefore = 500
	requestsDuring = 1500
	requestsAfter  = 500
)

// mostRecovery is how long after the end of a fault a ranking may still be
// degraded by it.
const mostRecovery = 5 * time.Second

// trial is what came of one fault.
type trial struct {
	*fault
	beat            time.Duration
	tally           [numStages]tally
	opened          uint64
	reasons         [redis.NumReasons]uint64
	recovery        time.Duration
	heap, heapAfter uint64
	// Goroutines: before there was a patient, before the load, at the most, after
	// the load, and after the patient had gone.
	base, idle, peak, calm, gone int
}

func TestRankingsGoOnWhateverHappensToTheStore(t *testing.T) {
	var trials []*trial
	for i := range faults {
		base := goroutines()
		done := &trial{fault: &faults[i], base: base}
		t.Run(faults[i].name, done.run)
		if t.Failed() {
			break
		}
		until(t, faults[i].name+": the end of every goroutine", func() bool { return goroutines() <= base })
		done.gone = goroutines()
		if len(done.tally[after].took) > 0 { // else -run left it out
			trials = append(trials, done)
		}
	}
	t.Log(table(trials))
}

func (r *trial) run(t *testing.T) {
	p := newPatient(t, r.args...)
	l := &load{p: p, began: time.Now()}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	r.heap, r.idle = heap(), goroutines()
	for n := range callers {
		pace := time.NewTicker(beat)
		l.beats = append(l.beats, pace)
		running.Go(func() { l.call(ctx, uint64(n), pace) })
	}
	if r.write {
		running.Go(func() { p.keepWriting(ctx) })
	}
	r.beat = l.settle(t)
	r.begin(p)
	l.enter(during)
	until(t, "requests during the fault, and its signs", func() bool {
		return l.sent[during].Load() >= requestsDuring && r.seen(p) && (!r.cuts || l.lowered[during].Load() > 0)
	})
	r.end(p)
	l.enter(after)
	until(t, "a ranking that is not degraded", func() bool { return l.whole.Load() > 0 })
	recovered := l.sent[after].Load()
	until(t, "requests after", func() bool { return l.sent[after].Load() >= recovered+requestsAfter })
	stop()
	running.Wait()
	r.note(l)
	r.check(t)
}

func (r *trial) note(l *load) {
	s := l.p.store.Stats()
	r.tally, r.opened, r.reasons = l.tally, s.Opened, s.Failed
	r.recovery = time.Duration(l.whole.Load())
	r.peak, r.calm, r.heapAfter = int(l.peak.Load()), goroutines(), heap()
}

func (r *trial) check(t *testing.T) {
	t.Helper()
	for s := range numStages {
		if n := r.tally[s].failed; n > 0 {
			t.Errorf("%s: %d requests failed", stageNames[s], n)
		}
	}
	in := &r.tally[during]
	if r.cuts && (in.degraded == 0 || r.opened == 0) {
		t.Errorf("%d rankings were degraded, the breaker opened %d times; want some of both", in.degraded, r.opened)
	}
	if !r.cuts && in.degraded == len(in.took) {
		t.Error("every ranking was degraded, though everything could be read")
	}
	if r.recovery > mostRecovery {
		t.Errorf("the first ranking that was not degraded came %v after the fault had ended; want at most %v", r.recovery, mostRecovery)
	}
	// Callers, fetches, the client's and the proxy's connections.
	if most := r.idle + callers + 64 + 100; r.peak > most {
		t.Errorf("%d goroutines at the peak; want at most %d", r.peak, most)
	}
	if most := r.heap + 32<<20; r.heapAfter > most {
		t.Errorf("%d bytes of heap after, %d before; want at most 32 MiB more", r.heapAfter, r.heap)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func table(trials []*trial) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%d callers, %d candidates, budget %v; times in ms; a caller asks at every beat\n", callers, candidateCount, budgetOfOne)
	fmt.Fprintln(w, "fault\tstage\tbeat\tsent\tfailed\tdegraded\tp50\tp99\t>2x budget\tbreaker opened\trecovered after\tgoroutines\theap MiB\trows not read, by reason")
	for _, r := range trials {
		for s := range numStages {
			in := &r.tally[s]
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t%d\t", r.name, stageNames[s], ms(r.beat), len(in.took), in.failed, in.degraded,
				ms(in.percentile(50)), ms(in.percentile(99)), in.overrun)
			switch s {
			case during:
				fmt.Fprintf(w, "%d\t\tpeak %d\t\t%s", r.opened, r.peak, r.why())
			case after:
				fmt.Fprintf(w, "\t%s\t%d, then %d\t%.1f", ms(r.recovery), r.calm, r.gone, float64(r.heapAfter)/(1<<20))
			default:
				fmt.Fprintf(w, "\t\t%d, then %d\t%.1f", r.base, r.idle, float64(r.heap)/(1<<20))
			}
			fmt.Fprintln(w)
		}
	}
	w.Flush()
	return text.String()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }

// why counts the rows that could not be read, in all stages.
func (r *trial) why() string {
	var words []string
	for reason, n := range r.reasons {
		if n > 0 {
			words = append(words, fmt.Sprint(redis.Reason(reason), " ", n))
		}
	}
	return strings.Join(words, ", ")
}
