package batcher

import (
	"errors"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// slot is a pass with the notes of who is in it. A slot belongs to whoever has
// taken it from Batcher.spare.
type slot struct {
	pass    Pass
	members []*ticket // whose owners wait; the leader first
	starts  []int     // the first row of each member
	rows    int
}

// lead runs a pass for t and those who can join it, then gives t's runner on.
// The caller must own a runner.
func (b *Batcher) lead(t *ticket) {
	defer b.runners.release()
	s, err := b.take()
	start := time.Now()
	t.queue = start.Sub(t.entered)
	if err != nil {
		b.onError(err)
		t.err = fmt.Errorf("%w: %w", errNoPass, err)
		return
	}
	defer func() {
		s.retreat()
		b.give(s)
	}()

	switch {
	case t.hopeless(start):
		t.err = ErrLate
		return
	case t.claim == leading && t.gone():
		b.stats.gone.Add(1)
		t.err = ErrGone
		return
	}
	s.members = b.runners.companions(t, start, append(s.members[:0], t))
	b.assemble(s)
	err = b.run(s, start)
	took := time.Since(start)
	elsewhere := Elsewhere(err)
	for _, m := range s.members[1:] {
		m.queue, m.infer = start.Sub(m.entered), took
		if err != nil && !elsewhere {
			m.finish(errShared)
		} else {
			m.finish(err)
		}
	}
	alone := len(s.members) == 1
	clear(s.members) // keep no request alive
	s.members = s.members[:0]
	if err != nil && !elsewhere && b.isolate(s.pass, t, alone) == t.rows() {
		err = nil // it was another's row
	}
	t.err, t.infer = err, time.Since(start)
}

// retreat lets the companions go that are still waiting, which happens only
// when the leader panics: each tries again alone.
func (s *slot) retreat() {
	for i, m := range s.members {
		if i > 0 {
			m.finish(errShared)
		}
	}
	clear(s.members)
	s.members = s.members[:0]
}

// assemble writes the members' rows one behind the other and drops the members
// that nobody waits for any more. The leader stays.
func (b *Batcher) assemble(s *slot) {
	tensors := s.pass.Tensors()
	leader := s.members[0]
	leader.write(tensors, leader.from, leader.to, 0, 0)
	s.starts, s.rows = append(s.starts[:0], 0), leader.rows()
	kept := s.members[:1]
	for _, m := range s.members[1:] {
		if err := b.join(m, tensors, s.rows, len(kept)); err != nil {
			m.finish(err)
			continue
		}
		kept = append(kept, m)
		s.starts = append(s.starts, s.rows)
		s.rows += m.rows()
	}
	clear(s.members[len(kept):])
	s.members = kept
}

// join writes a companion's rows, or says why it is not in the pass. Should
// writing them panic, the companion tries again alone, and the panic then hits
// the request that it belongs to.
func (b *Batcher) join(m *ticket, tensors *model.Tensors, at, request int) (err error) {
	defer func() {
		if recover() != nil {
			err = errShared
		}
	}()
	switch {
	case m.gone():
		b.stats.gone.Add(1)
		return ErrGone
	case !m.write(tensors, m.from, m.to, at, request):
		return ErrLate // its owner has left, and counted that
	default:
		return nil
	}
}

// run runs the assembled pass and hands its scores out. The pass is given up when it
// is worth nothing to any of its members.
func (b *Batcher) run(s *slot, start time.Time) error {
	deadline := s.members[0].deadline
	for _, m := range s.members[1:] {
		deadline = later(deadline, m.deadline)
	}
	scores, err := b.pass(s.pass, s.rows, s.members, deadline)
	if err != nil {
		if codeOf(err) == rank.DeadlineExceeded { // it takes longer than that
			b.observe(s.rows, max(time.Since(start), b.cost.Estimate(s.rows)))
		}
		return err
	}
	b.observe(s.rows, time.Since(start))
	for i, m := range s.members {
		m.deliver(s.pass, scores, part{from: m.from, to: m.to}, s.starts[i])
	}
	return nil
}

// pass runs p, which holds rows of members, and counts it.
func (b *Batcher) pass(p Pass, rows int, members []*ticket, deadline time.Time) ([]float32, error) {
	b.stats.pass(rows, len(members))
	ask(p, members)
	scores, err := p.Run(rows, len(members), deadline)
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
	self := []*ticket{t}
	for tries := 0; len(parts) > 0 && tries < maxRetries; tries++ {
		q := parts[0]
		parts = parts[1:]
		rows := q.to - q.from
		if time.Now().Add(b.cost.Estimate(rows)).After(t.deadline) || q.depth > deepest && accepted == 0 {
			break
		}
		t.write(p.Tensors(), q.from, q.to, 0, 0)
		scores, err := b.pass(p, rows, self, t.deadline)
		switch {
		case err == nil:
			accepted += rows
			t.deliver(p, scores, q, 0)
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
