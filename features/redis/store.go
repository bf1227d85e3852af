package redis

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/rankgate/rankgate/features"
)

// Store is a features.Store over a Redis server. It is safe for concurrent use.
//
// While the server can't be asked, a row that was read before is used within its
// view's max_stale, and what there is none of counts as an error: both are said
// in the Marks of a look-up. A request never waits past its deadline, and no
// deadline of one request is another's: rows are fetched by goroutines of the
// store's own, at most Config.MaxFetches, each for at most Config.Timeout.
type Store struct {
	cfg      Config
	views    []*view // by Registry.Views
	links    []*link // one per kind of tracking that the views ask for
	breaker  *breaker
	places   chan struct{}     // one token per fetch in progress
	missing  sync.Pool         // of *missing
	fetches  sync.Pool         // of *fetch
	listener features.Listener // nil: nobody keeps what is built on rows
	log      *slog.Logger
	stats    stats

	stop    context.CancelFunc // ends the goroutines of the store
	running sync.WaitGroup     // those goroutines; a fetch has a place instead
}

// Open returns a store of the views of reg, with the given defaults for what is
// missing. If the server can't be reached the store goes on trying, and answers
// meanwhile as it does when a server is lost. listener hears of every change; it
// is told before the store is used for the first time. It is nil if nobody keeps
// what is built on rows.
func Open(cfg Config, reg *features.Registry, baseline *features.Baseline, listener features.Listener, log *slog.Logger) (*Store, error) {
	s := &Store{cfg: cfg, listener: listener, log: log, places: make(chan struct{}, cfg.MaxFetches)}
	s.missing.New = func() any { return new(missing) }
	s.fetches.New = func() any { return new(fetch) }
	var errs []error
	for i := range reg.Views {
		v, err := newView(&cfg, reg, &reg.Views[i], baseline)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.views = append(s.views, v)
	}
	s.breaker = newBreaker(&s.stats)
	if err := errors.Join(append(errs, s.openLinks())...); err != nil {
		s.closeViews()
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	for _, l := range s.links {
		if err := l.connect(); err != nil {
			s.log.Error("the feature store can't be reached", "error", err)
			s.running.Go(func() { l.connectUntil(ctx) })
		}
	}
	if len(s.links) > 0 { // there are views
		s.running.Go(func() { s.watchMaterialized(ctx) })
	}
	return s, nil
}

// Ping reports why the server can't be asked, nil if it can.
func (s *Store) Ping(ctx context.Context) error {
	for _, l := range s.links {
		client := l.client()
		if client == nil {
			return l.failure()
		}
		if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
			return err
		}
	}
	return nil
}

// Key is where a row lies in the server, quoted if it is not all text.
func (s *Store) Key(view, user, item string) string {
	for _, v := range s.views {
		if v.Name != view {
			continue
		}
		key, err := v.codec.AppendKey(nil, user, item)
		if err != nil {
			return err.Error()
		}
		if v.feast != nil {
			return strconv.Quote(string(key))
		}
		return string(key)
	}
	return ""
}

// KeptSize is about how many bytes a row of the view of that name takes that is kept in
// this process; 0 if none is.
func (s *Store) KeptSize(name string) int {
	for _, v := range s.views {
		if v.Name == name && v.kept != nil {
			e := newKeptRow(v.layout)
			return int(e.weight()) + usualString*len(e.row.Strings)
		}
	}
	return 0
}

// usualString is the length of a string for which there is room in an estimate.
const usualString = 32

// Fetch implements features.Store. Rows that are kept here cost no allocation.
func (s *Store) Fetch(q *features.Query, deadline time.Time) {
	now := time.Now()
	missing := s.missing.Get().(*missing)
	for i := range q.Lookups {
		l := &q.Lookups[i]
		v := s.views[l.View]
		l.Default = &v.missing
		if v.kept == nil {
			missing.addAll(v, l)
			continue
		}
		l.Edition = 1 // a change of all rows lets go of none: they are the last known
		v.fromKept(l, q, now, missing)
	}
	if len(missing.places) > 0 { // slow path
		s.fetchMissing(missing, q, now, deadline)
	}
	missing.reset()
	s.missing.Put(missing)
}

// Close waits for the fetches in progress and closes the connections. A look-up
// that comes later finds no place for a fetch.
func (s *Store) Close() error {
	s.stop()
	for range cap(s.places) {
		s.places <- struct{}{}
	}
	s.running.Wait()
	for _, l := range s.links {
		l.close()
	}
	s.closeViews()
	return nil
}

func (s *Store) closeViews() {
	for _, v := range s.views {
		if v.kept != nil {
			v.kept.close()
		}
	}
}

// fetchMissing has the missing rows fetched and waits for them until deadline.
func (s *Store) fetchMissing(m *missing, q *features.Query, now, deadline time.Time) {
	if !deadline.After(now) {
		s.stats.failed[Late].Add(uint64(len(m.places)))
		m.fail(q, now)
		return
	}
	fetches := m.claim(q, now, &s.fetches)
	for _, f := range fetches {
		f.prepare(&q.Own)
		s.start(f)
	}
	timer := time.NewTimer(deadline.Sub(now))
	defer timer.Stop()
	m.collect(q, timer.C, now)
	for _, f := range fetches {
		if !f.landed() {
			q.Own = features.Slab{} // f may write there yet
		}
		if f.ours() {
			s.fetches.Put(f)
		}
	}
}

// start runs f in a goroutine of its own, or fails it at once if the server is
// not to be asked now.
func (s *Store) start(f *fetch) {
	reason := Busy
	if s.breaker.open() {
		reason = Refused
		if s.breaker.due() {
			s.try(f)
		}
	} else {
		select {
		case s.places <- struct{}{}:
			go func() {
				defer func() { <-s.places }()
				s.run(f)
			}()
			return
		default:
		}
	}
	s.stats.failed[reason].Add(uint64(len(f.flights)))
	f.finish()
}

// try asks the server of f something small, in a goroutine of its own.
func (s *Store) try(f *fetch) {
	link, key := f.link, f.someKey() // f itself is used again once it has ended
	s.running.Go(func() {
		defer s.breaker.trying.Store(false)
		_ = s.breaker.do(func() error { // who comes next sees it
			client := link.client()
			if client == nil {
				return link.failure()
			}
			ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Timeout)
			defer cancel()
			return client.Do(ctx, client.B().Exists().Key(key).Build()).Error()
		})
	})
}

// run asks the server for what f wants.
func (s *Store) run(f *fetch) {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Timeout)
	defer cancel()
	start := time.Now()
	err := s.breaker.do(func() error { return f.link.read(ctx, f) })
	if !refused(err) { // by the breaker: there was no round trip
		s.stats.observe(time.Since(start))
	}
	if err == nil && s.stats.troubled.CompareAndSwap(true, false) {
		s.log.Info("features can be read again")
	}
	if err != nil {
		s.complain(err)
		s.mend(f, err)
	}
	s.stats.failed[reasonOf(err)].Add(f.failed(err))
	f.finish()
}

// mend has the connection made anew over which f came to no end in time. The
// client makes one within the time of the command that needs it, and a fetch may
// have less than that takes: then none would ever come about.
func (s *Store) mend(f *fetch, err error) {
	link, client := f.link, f.link.client() // f itself is used again once it has ended
	key := f.someKey()
	if client == nil || key == "" || !errors.Is(err, context.DeadlineExceeded) || !link.mending.CompareAndSwap(false, true) {
		return
	}
	s.running.Go(func() {
		defer link.mending.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), dialTimeout+stalled)
		defer cancel()
		_ = client.Do(ctx, client.B().Exists().Key(key).Build()).Error() // the next fetch sees it too
	})
}

// complaintGap is the least time between two log lines about failed fetches.
const complaintGap = 10 * time.Second

func (s *Store) complain(err error) {
	if refused(err) {
		return
	}
	now, before := time.Now().UnixNano(), s.stats.complained.Load()
	if now-before > int64(complaintGap) && s.stats.complained.CompareAndSwap(before, now) {
		s.stats.troubled.Store(true)
		s.log.Error("features could not be read", "error", err)
	}
}
