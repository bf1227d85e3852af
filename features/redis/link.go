package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features"
)

// link is the connections over which views of one kind of tracking are read.
//
//	keys       CLIENT TRACKING ON: the server remembers what was read over a
//	           connection and tells once when it changes
//	broadcast  CLIENT TRACKING ON BCAST PREFIX …: the server tells of every write
//	           to a key of the views
//	off        nothing
//
// A connection that is lost, a FLUSHALL, and a connection that had to be made
// anew all mean that words of changes may have been lost: every row may have
// changed.
type link struct {
	cfg      *Config
	tracking features.Tracking
	option   rueidis.ClientOption
	views    []*view
	schemas  schemas
	log      *slog.Logger

	// current is nil until the server was reached once. Written by connect, which
	// runs in one goroutine at a time.
	current atomic.Pointer[connection]

	told func(keys []string) // of a change; nil means of everything

	mending atomic.Bool // by whoever swaps it
}

type connection struct {
	client  rueidis.Client
	tracked bool
	err     error // why there is no client
}

// openLinks makes a link for each kind of tracking that a view asks for.
func (s *Store) openLinks() error {
	for _, kind := range []features.Tracking{features.TrackingKeys, features.TrackingBroadcast, features.TrackingOff} {
		l := &link{cfg: &s.cfg, tracking: kind, log: s.log}
		for _, v := range s.views {
			if s.tracking(v) == kind {
				v.link = l
				l.views = append(l.views, v)
			}
		}
		if len(l.views) == 0 {
			continue
		}
		option, err := s.cfg.option()
		if err != nil {
			return err
		}
		if err := s.cfg.checkCredentials(); err != nil {
			return err
		}
		l.option = option
		l.told = func(keys []string) { s.changed(l, keys) }
		s.links = append(s.links, l)
	}
	return nil
}

// tracking is how the server is asked to tell of changes of a view. To remember what
// was read costs it as much as the reading does (redis-server's share of bench contest
// small/200/cold/redis), so by default it is asked only if anything is kept.
func (s *Store) tracking(v *view) features.Tracking {
	switch asked := v.View.Cache.Tracking; {
	case asked != features.TrackingAuto:
		return asked
	case s.listener != nil || slices.ContainsFunc(s.views, func(v *view) bool { return v.kept != nil }):
		return features.TrackingKeys
	default:
		return features.TrackingOff
	}
}

// connect reaches the server, with tracking if it has that and the link wants it.
func (l *link) connect() error {
	option, tracked := l.option, l.tracking != features.TrackingOff
	option.DisableCache = !tracked
	if tracked {
		option.ClientTrackingOptions = l.trackingOptions()
		option.OnInvalidations = func(messages []rueidis.RedisMessage) { l.told(keysOf(messages)) }
	}
	client, err := connect(option)
	if errors.Is(err, rueidis.ErrNoCache) {
		l.log.Warn("the server does not tell of changes, so rows and scores are true for their TTL alone",
			"views", l.names(), "error", err)
		tracked, option.DisableCache, option.OnInvalidations = false, true, nil
		client, err = connect(option)
	}
	if err != nil {
		l.current.Store(&connection{err: err})
		return err
	}
	l.current.Store(&connection{client: client, tracked: tracked})
	return nil
}

// connectUntil tries again until the server is reached or ctx ends.
func (l *link) connectUntil(ctx context.Context) {
	again := time.NewTicker(reconnectEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			if l.connect() == nil {
				l.log.Info("the feature store is reached", "views", l.names())
				return
			}
		}
	}
}

// reconnectEvery is the time between two attempts to reach a server for the first
// time. Connections that are lost later are the client's own to mend.
const reconnectEvery = time.Second

// trackingOptions is never nil, which would mean the client's own default.
func (l *link) trackingOptions() []string {
	options := []string{}
	if l.tracking != features.TrackingBroadcast {
		return options
	}
	options = append(options, "BCAST")
	for _, prefix := range l.prefixes() {
		options = append(options, "PREFIX", prefix)
	}
	return options
}

// prefixes are those of the views' keys, without those that start with another:
// the server refuses prefixes that overlap.
func (l *link) prefixes() []string {
	var all []string
	for _, v := range l.views {
		all = append(all, v.codec.KeyPrefix())
	}
	slices.Sort(all)
	kept := all[:0]
	for _, prefix := range all { // after the one that it starts with, if there is one
		if len(kept) == 0 || !strings.HasPrefix(prefix, kept[len(kept)-1]) {
			kept = append(kept, prefix)
		}
	}
	return kept
}

func (l *link) names() string {
	names := make([]string, len(l.views))
	for i, v := range l.views {
		names[i] = v.Name
	}
	return strings.Join(names, ", ")
}

// tracks reports whether the server tells of changes.
func (l *link) tracks() bool {
	c := l.current.Load()
	return c != nil && c.tracked
}

// client is nil until the server was reached.
func (l *link) client() rueidis.Client {
	if c := l.current.Load(); c != nil {
		return c.client
	}
	return nil
}

// failure is why there is no client.
func (l *link) failure() error {
	if c := l.current.Load(); c != nil && c.err != nil {
		return c.err
	}
	return fmt.Errorf("the server of %s was not reached yet", l.names())
}

func (l *link) close() {
	if client := l.client(); client != nil {
		client.Close()
	}
}

// keysOf returns the keys of an invalidation; nil means all.
func keysOf(messages []rueidis.RedisMessage) []string {
	if messages == nil {
		return nil
	}
	keys := make([]string, 0, len(messages))
	for i := range messages {
		if key, err := messages[i].ToString(); err == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// changed drops the rows whose keys changed, then tells the listener: a score is
// looked up before its features are, so one whose look-up comes after the telling
// finds no old row any more, and one whose look-up came before is older than the
// change. It runs where replies are read and waits for nothing but the short
// locks of flights.
func (s *Store) changed(l *link, keys []string) {
	if keys == nil {
		s.stats.flushes.Add(1)
		for _, v := range l.views {
			if v.kept != nil {
				v.kept.dropAll()
			}
		}
		if s.listener != nil {
			s.listener.ChangedAll()
		}
		return
	}
	s.stats.invalidations.Add(uint64(len(keys)))
	for _, key := range keys {
		s.changedKey(l, key)
	}
}

// subject is whom a row is about.
type subject struct{ user, item string }

// changedKey drops the rows of every view that lie under one key. Where users and
// items have the same join key, a key is one of both.
func (s *Store) changedKey(l *link, key string) {
	changed := make([]subject, 0, 3)
	for _, v := range l.views {
		user, item, ok := v.codec.ParseKey(key)
		if !ok {
			continue
		}
		if v.kept != nil {
			v.kept.drop(user, item)
		}
		if of := (subject{user, item}); !slices.Contains(changed, of) {
			changed = append(changed, of)
		}
	}
	if s.listener == nil {
		return
	}
	for _, of := range changed {
		s.listener.Changed(of.user, of.item)
	}
}
