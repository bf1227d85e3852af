package cache

import "github.com/rankgate/rankgate/rank"

// look is one look-up of candidates in one block after the other.
type look struct {
	Candidates

	scores  []float32
	sources []rank.Source
	changes userChanges

	// Ticks after which a score must have been made to be fresh, or stale.
	freshAfter, staleAfter uint64
}

// take takes from b the scores of the candidates that no block before had fresh.
func (l *look) take(b block) {
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
		case made > l.freshAfter && made > l.changes.last(l.IDs[i]):
			l.scores[i], l.sources[i] = score, rank.SourceCache
		case made > l.staleAfter:
			l.scores[i], l.sources[i] = score, rank.SourceStale
		}
	}
}

// count counts the candidates that have a score.
func (l *look) count() (fresh, stale int) {
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
