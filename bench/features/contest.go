package main

import (
	"context"
	"slices"
	"time"
)

// contest measures stacks side by side: in each round every stack has a slice of
// time, so that what else the machine does falls on all of them. Stacks are
// compared within rounds, and the first one is the floor of the others.
type contest struct {
	server *server
	stacks []stack
	slice  time.Duration
	rounds int
}

// figures is how a stack did in all rounds.
type figures struct {
	name       string
	medians    []time.Duration // of a request, by round
	took       []time.Duration // by request, sorted
	rows, hits uint64
	mallocs    uint64
	bytes      uint64
	cpu        time.Duration // of the process that asks
	serverCPU  time.Duration
}

// run returns the figures by stack.
func (c *contest) run(ctx context.Context) ([]figures, error) {
	all := make([]figures, len(c.stacks))
	for i := range all {
		all[i].name = c.stacks[i].name
	}
	for round := range c.rounds {
		for i := range c.stacks {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			at := (i + round) % len(c.stacks) // so that nobody always follows the same one
			if err := c.measure(ctx, &c.stacks[at], &all[at]); err != nil {
				return nil, err
			}
		}
	}
	for i := range all {
		slices.Sort(all[i].took)
	}
	return all, nil
}

func (c *contest) measure(ctx context.Context, s *stack, f *figures) error {
	before, err := c.server.CPU()
	if err != nil {
		return err
	}
	own, err := s.run(ctx, s.load, c.slice)
	if err != nil {
		return err
	}
	after, err := c.server.CPU()
	if err != nil {
		return err
	}
	f.serverCPU += after - before
	f.rows, f.hits = f.rows+own.rows, f.hits+own.hits
	f.mallocs, f.bytes, f.cpu = f.mallocs+own.mallocs, f.bytes+own.bytes, f.cpu+own.cpu
	f.took = append(f.took, own.took...)
	f.medians = append(f.medians, quantile(own.took, 0.5))
	return nil
}

// p50 is the median of the rounds' medians.
func (f *figures) p50() time.Duration { return quantile(f.medians, 0.5) }

func (f *figures) p99() time.Duration { return quantile(f.took, 0.99) }

// ratio is the median of what a round's median is to the floor's in that round.
func (f *figures) ratio(floor *figures) float64 {
	ratios := make([]float64, len(f.medians))
	for round := range ratios {
		ratios[round] = float64(f.medians[round]) / float64(floor.medians[round])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// per is a sum by request.
func (f *figures) per(sum float64) float64 { return sum / float64(len(f.took)) }

// hitRate is the share of the rows that were kept.
func (f *figures) hitRate() float64 { return float64(f.hits) / float64(f.rows) }

// quantile returns the value below which the share q of all lie.
func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
