package batcher

import "time"

// slot is a pass with the notes of who is in it. A slot belongs to whoever has
// taken it from Batcher.passes.
type slot struct {
	pass    Pass
	members []*ticket
	late    []*ticket
	starts  []int // the first row of each member
	rows    int
}

// maxRetries bounds the passes that look for the rows that broke one.
const maxRetries = 64

// lead runs a pass for t and those who can join it, then gives t's runner on.
// The caller must own a runner.
func (b *Batcher) lead(t *ticket) {
	defer b.runners.release()
	s := <-b.passes
	defer func() { b.passes <- s }()

	start := time.Now()
	waited := t.claim == leading
	t.queue = start.Sub(t.entered)
	switch {
	case start.Add(b.cost.Estimate(t.rows())).After(t.deadline):
		t.err = ErrLate
		b.doubt()
		return
	case waited && t.gone():
		t.err = ErrGone
		b.stats.gone.Add(1)
		return
	}
	s.members, s.late = b.runners.companions(t, start, append(s.members[:0], t), s.late[:0])
	for _, m := range s.late {
		b.doubt()
		m.queue = start.Sub(m.entered)
		m.finish(ErrLate)
	}
	b.assemble(s)
	err := b.run(s, start)
	took := time.Since(start)
	for _, m := range s.members[1:] {
		m.queue, m.infer = start.Sub(m.entered), took
		if err != nil {
			m.finish(errShared)
		} else {
			m.finish(nil)
		}
	}
	if err != nil {
		b.isolate(s.pass, t)
	}
	t.err, t.infer = err, time.Since(start)
	clear(s.members) // keep no request alive
	clear(s.late)
}

// assemble writes the members' rows one behind the other and drops the members
// that nobody waits for any more. The leader is members[0] and stays.
func (b *Batcher) assemble(s *slot) {
	tensors := s.pass.Tensors()
	s.starts, s.rows = s.starts[:0], 0
	kept := s.members[:0]
	for i, m := range s.members {
		if i > 0 && m.gone() || !m.write(tensors, m.from, m.to, s.rows, len(kept)) {
			b.stats.gone.Add(1)
			m.finish(ErrGone)
			continue
		}
		kept = append(kept, m)
		s.starts = append(s.starts, s.rows)
		s.rows += m.rows()
	}
	clear(s.members[len(kept):])
	s.members = kept
}

// run runs the assembled pass and hands its scores out.
func (b *Batcher) run(s *slot, start time.Time) error {
	b.stats.pass(s.rows, len(s.members))
	scores, err := s.pass.Run(s.rows, len(s.members))
	if err != nil {
		return err
	}
	b.observe(s.rows, time.Since(start))
	for i, m := range s.members {
		m.deliver(scores[s.starts[i]:s.starts[i]+m.rows()], m.from)
	}
	return nil
}

// isolate repeats a refused pass with the rows of t alone, in ever smaller
// parts, so that only the rows that the model refuses go without a score: an id
// beyond an embedding table, say. It gives up when passes or time run out.
func (b *Batcher) isolate(p Pass, t *ticket) {
	retries := maxRetries
	b.halve(p, t, t.from, t.to, &retries)
}

func (b *Batcher) halve(p Pass, t *ticket, from, to int, retries *int) {
	if *retries == 0 || time.Now().Add(b.cost.Estimate(to-from)).After(t.deadline) {
		return
	}
	*retries--
	t.write(p.Tensors(), from, to, 0, 0)
	b.stats.pass(to-from, 1)
	scores, err := p.Run(to-from, 1)
	switch {
	case err == nil:
		t.deliver(scores, from)
	case to-from == 1:
		b.stats.badRows.Add(1)
	default:
		middle := (from + to) / 2
		b.halve(p, t, from, middle, retries)
		b.halve(p, t, middle, to, retries)
	}
}
