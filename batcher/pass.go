package batcher

import (
	"errors"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// slot is a pass with the notes of what is in it. A slot belongs to whoever has
// taken it from Batcher.spare.
type slot struct {
	pass   Pass
	starts []int // the first row of each member of the party
	rows   int
}

// lead runs a pass for t's party, then gives t's runner on. The caller must own a
// runner.
func (b *Batcher) lead(t *ticket) {
	defer b.runners.release()
	defer t.dismiss() // of a panic: whoever still waits tries again alone
	s, err := b.take()
	start := time.Now()
	t.queue = start.Sub(t.entered)
	if err != nil {
		b.onError(err)
		t.share(fmt.Errorf("%w: %w", errNoPass, err), start)
		return
	}
	defer b.give(s)
	if t.hopeless(start) { // the others find out for themselves
		t.err = ErrLate
		return
	}
	b.assemble(s, t)
	if len(t.party) > 0 {
		b.settle(s, t, b.run(s, t.party, start), start)
	}
}

// assemble writes the rows of t's party one behind the other, and drops the members
// that nobody waits for any more.
func (b *Batcher) assemble(s *slot, t *ticket) {
	tensors := s.pass.Tensors()
	s.starts, s.rows = s.starts[:0], 0
	kept := t.party[:0]
	for _, m := range t.party {
		if err := b.join(m, m == t, tensors, s.rows, len(kept)); err != nil {
			t.tell(m, err)
			continue
		}
		kept = append(kept, m)
		s.starts = append(s.starts, s.rows)
		s.rows += m.rows()
	}
	clear(t.party[len(kept):])
	t.party = kept
}

// join writes a member's rows, or says why it is not in the pass. Should writing
// those of another than the leader panic, that one tries again alone, and the panic
// then hits the request that it belongs to.
func (b *Batcher) join(m *ticket, leads bool, tensors *model.Tensors, at, request int) (err error) {
	if !leads {
		defer func() {
			if recover() != nil {
				err = errShared
			}
		}()
	}
	switch {
	case m.claim != unclaimed && m.gone(): // it has waited
		b.stats.gone.Add(1)
		return ErrGone
	case !m.write(tensors, m.from, m.to, at, request):
		return ErrLate // its owner has left, and counted that
	default:
		return nil
	}
}

// run runs the assembled pass and hands its scores out. It is given up when it is
// worth nothing to any of the party.
func (b *Batcher) run(s *slot, party []*ticket, start time.Time) error {
	deadline := party[0].deadline
	for _, m := range party[1:] {
		deadline = later(deadline, m.deadline)
	}
	scores, err := b.pass(s.pass, s.rows, len(party), deadline)
	if err != nil {
		if codeOf(err) == rank.DeadlineExceeded { // it takes longer than that
			b.observe(s.rows, max(time.Since(start), b.cost.Estimate(s.rows)))
		}
		return err
	}
	b.observe(s.rows, time.Since(start))
	for i, m := range party {
		m.deliver(scores[s.starts[i]:s.starts[i]+m.rows()], m.from)
	}
	return nil
}

// settle tells t's party how the pass that began at start has ended. If a row is to
// blame each member tries again alone: the leader, unless its caller has left, now.
func (b *Batcher) settle(s *slot, t *ticket, err error, start time.Time) {
	if err == nil || Elsewhere(err) {
		t.share(err, start)
		return
	}
	alone, leads := len(t.party) == 1, t.party[0] == t
	t.dismiss()
	if !leads {
		return
	}
	if b.isolate(s.pass, t, alone) == t.rows() {
		err = nil // it was another's row
	}
	t.err, t.infer = err, time.Since(start)
}

// pass runs p and counts it.
func (b *Batcher) pass(p Pass, rows, requests int, deadline time.Time) ([]float32, error) {
	b.stats.pass(rows, requests)
	scores, err := p.Run(rows, requests, deadline)
	if err != nil {
		b.stats.failed.Add(1)
		b.onError(err)
	} else if b.broken.Load() {
		b.broken.Store(false)
	}
	return scores, err
}

// Elsewhere reports whether err, of Score or of a pass, says nothing of the rows,
// so that they may well be scored elsewhere.
func Elsewhere(err error) bool {
	if errors.Is(err, ErrLate) || errors.Is(err, errNoPass) {
		return true
	}
	switch codeOf(err) {
	case rank.Overloaded, rank.Unavailable, rank.DeadlineExceeded:
		return true
	default:
		return false
	}
}

// codeOf is the code of err, or NumCodes if it has none.
func codeOf(err error) rank.Code {
	if known, ok := errors.AsType[*rank.Error](err); ok {
		return known.Code
	}
	return rank.NumCodes
}

// How far isolate goes: passes in all, and levels of halving without one part
// that the model accepts. A model that refuses everything is asked ever less.
const (
	maxRetries    = 1024
	hopelessDepth = 6
	brokenDepth   = 1 // while it has accepted nothing since it last refused everything
)

// part is a range of rows that a refused pass is narrowed down to.
type part struct{ from, to, depth int }

// isolate repeats a refused pass with the rows of t alone, in ever smaller
// parts, so that only the rows that the model refuses go without a score: an id
// beyond an embedding table, say. It gives up when passes or time run out, when
// nothing is accepted, or when a pass fails for another reason, and returns how
// many rows were scored.
func (b *Batcher) isolate(p Pass, t *ticket, wasAlone bool) (accepted int) {
	parts := []part{{t.from, t.to, 0}}
	if wasAlone {
		parts = b.halve(parts[:0], parts[0])
	}
	deepest := hopelessDepth
	if b.broken.Load() {
		deepest = brokenDepth
	}
	for tries := 0; len(parts) > 0 && tries < maxRetries; tries++ {
		q := parts[0]
		parts = parts[1:]
		rows := q.to - q.from
		if time.Now().Add(b.cost.Estimate(rows)).After(t.deadline) || q.depth > deepest && accepted == 0 {
			break
		}
		t.write(p.Tensors(), q.from, q.to, 0, 0)
		scores, err := b.pass(p, rows, 1, t.deadline)
		switch {
		case err == nil:
			accepted += rows
			t.deliver(scores, q.from)
		case Elsewhere(err):
			return accepted
		default:
			parts = b.halve(parts, q)
		}
	}
	b.broken.Store(accepted == 0)
	return accepted
}

// halve appends the halves of a refused part, or counts its only row as bad.
func (b *Batcher) halve(parts []part, q part) []part {
	if q.to-q.from == 1 {
		b.stats.badRows.Add(1)
		return parts
	}
	middle := (q.from + q.to) / 2
	return append(parts, part{q.from, middle, q.depth + 1}, part{middle, q.to, q.depth + 1})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
