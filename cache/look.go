package cache

import "github.com/rankgate/rankgate/rank"

// look is one look-up of candidates in one block after the other.
type look struct {
	Candidates

	scores       []float32
	sources      []rank.Source
	changes      userChanges
	fresh, stale uint64 // ticks after which a score must have been made to be either
}

// in takes from b the scores of the candidates that no block before had fresh.
func (l *look) in(b block) {
	if b == nil {
		return
	}
	for i, hash := range l.Hashes {
		if l.sources[i] == rank.SourceCache {
			continue
		}
		slot, found := b.find(hash)
		if !found {
			continue
		}
		score, low := readSlot(slot)
		switch made := b.made(low); {
		case made > l.fresh && made > l.changes.last(l.IDs[i]):
			l.scores[i], l.sources[i] = score, rank.SourceCache
		case made > l.stale:
			l.scores[i], l.sources[i] = score, rank.SourceStale
		}
	}
}

// found counts the candidates that have a score.
func (l *look) found() (fresh, stale int) {
	for _, source := range l.sources {
		switch source {
		case rank.SourceCache:
			fresh++
		case rank.SourceStale:
			stale++
		default: // not known
		}
	}
	return fresh, stale
}
