package redis

import (
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/feast"
	"github.com/rankgate/rankgate/features/packed"
	"github.com/rankgate/rankgate/rank"
)

// view is one view as it lies in the server and is kept here.
type view struct {
	*features.View
	layout     *features.Layout
	user, item bool // what a row is about
	missing    features.Row
	maxStale   time.Duration

	codec  codec
	packed *packed.View // the codec, if rows are packed
	feast  *feast.View  // the codec, if rows are Feast's

	kept *keptRows // nil if no rows are kept
	link *link     // settled by openLinks
}

// codec is what the layouts have in common.
type codec interface {
	AppendKey(dst []byte, user, item string) ([]byte, error)
	ParseKey(key string) (user, item string, ok bool)
	KeyPrefix() string
}

func newView(cfg *Config, reg *features.Registry, of *features.View, baseline *features.Baseline) (*view, error) {
	v := &view{View: of, layout: features.LayoutOf(of.Columns), maxStale: of.MaxStale}
	v.user, v.item, _ = of.Subject()
	var err error
	if v.missing, err = baseline.Missing(of, v.layout); err != nil {
		return nil, err
	}
	if cfg.Layout == Feast {
		if v.feast, err = feast.New(cfg.Project, cfg.KeyVersion, reg, of, v.layout); err != nil {
			return nil, rank.FieldError{Path: "views." + of.Name, Message: err.Error()}
		}
		v.codec = v.feast
	} else {
		v.packed = packed.New(cfg.Prefix, of, v.layout)
		v.codec = v.packed
	}
	if keep := v.keep(cfg.Cache); keep.Size > 0 {
		v.kept, err = newKeptRows(keep, of.MaxStale)
	}
	return v, err
}

// keep settles how the view's rows are kept. Pairs are many and seldom read
// twice, so they are kept only where the view says so.
func (v *view) keep(defaults Cache) Cache {
	own := v.View.Cache
	if v.user && v.item {
		defaults.Size = 0
	}
	if own.Size != nil {
		defaults.Size = *own.Size
	}
	if own.TTL != nil {
		defaults.TTL = *own.TTL
	}
	if own.Negative != nil {
		defaults.Negative = *own.Negative
	}
	return defaults
}

// ids are those of the row at a place of a look-up.
func (v *view) ids(q *features.Query, place int) (user, item string) {
	if v.user {
		user = q.Request.User
	}
	if v.item {
		item = q.Request.Items[q.Items[place]].ID
	}
	return user, item
}

// fromKept fills in the rows that are kept and adds the others to missing.
func (v *view) fromKept(l *features.Lookup, q *features.Query, now time.Time, missing *missing) {
	k := v.kept
	at, epoch := k.clock(now), k.epoch.Load()
	userHash := k.hash(q.Request.User)
	hits, oldest := 0, at
	var likely guesses
	for from := 0; from < len(l.Rows); from += likely.room() {
		n := min(len(l.Rows)-from, likely.room())
		for i := range n {
			likely.hashes[i] = v.hash(q, from+i, userHash)
		}
		k.recent.guess(&likely, n)
		for i := range n {
			place := from + i
			user, item := v.ids(q, place)
			e, read := likely.rows[i], likely.read[i]
			if hash := likely.hashes[i]; likely.found[i] != hash || !e.answers(hash, user, item, at, epoch) {
				if e = k.search(hash, user, item, at, epoch); e == nil {
					missing.add(v, place, hash, l)
					continue
				}
				read = e.read
			}
			hits++
			l.Rows[place] = e.row
			oldest = min(oldest, read)
		}
	}
	k.hits.Add(uint64(hits))
	k.misses.Add(uint64(len(l.Rows) - hits))
	if hits > 0 && !v.link.tracks() {
		l.AsOf = k.start.Add(time.Duration(oldest))
	}
}

// hash is that of whom the row at a place of a look-up is about. user is the hash of
// the request's user.
func (v *view) hash(q *features.Query, place int, user uint64) uint64 {
	if !v.item {
		return user
	}
	item := v.kept.hash(q.Request.Items[q.Items[place]].ID)
	if v.user {
		return pairHash(user, item)
	}
	return item
}
