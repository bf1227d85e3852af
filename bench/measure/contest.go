// Package measure finds out what stacks cost and how long they make a caller wait.
//
// A machine that others use drifts by half within minutes, so stacks are not measured
// one after the other: they take turns in short slices, and are compared within a
// round.
package measure

import (
	"context"
	"fmt"
	"time"
)

// Stack is what is measured: a server that is asked, or a loop.
type Stack interface {
	Name() string

	// Slice keeps the stack busy for a time.
	Slice(ctx context.Context, length time.Duration) (Slice, error)
}

// Slice is what a stack did in a slice of time.
type Slice struct {
	Requests  int
	CPU       time.Duration // of the stack's processes
	Generator time.Duration // of this process
	Others    time.Duration // of the feature store
	Length    time.Duration
	Hits      float64 // share of the candidates that were not scored anew
}

// perRequest is a time of the slice, by request, in seconds.
func (s *Slice) perRequest(d time.Duration) float64 { return d.Seconds() / float64(s.Requests) }

// Contest has stacks take turns.
type Contest struct {
	Stacks []Stack
	Slice  time.Duration
	Rounds int
}

// Record is what a stack did, by round.
type Record struct {
	Name   string
	Slices []Slice
}

// Run returns a record by stack.
func (c *Contest) Run(ctx context.Context) ([]Record, error) {
	records := make([]Record, len(c.Stacks))
	for i, s := range c.Stacks {
		records[i].Name = s.Name()
	}
	for round := range c.Rounds {
		for i := range c.Stacks {
			at := (i + round) % len(c.Stacks) // nobody always follows the same one
			slice, err := c.Stacks[at].Slice(ctx, c.Slice)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Stacks[at].Name(), err)
			}
			if slice.Requests == 0 {
				return nil, fmt.Errorf("%s answered nothing in %v", c.Stacks[at].Name(), c.Slice)
			}
			records[at].Slices = append(records[at].Slices, slice)
		}
	}
	return records, nil
}

// Figure is a figure that was had in every round: the median, and the quarter of the
// rounds below it and above.
type Figure struct{ Low, Median, High float64 }

// FigureOf sums up what the rounds had.
func FigureOf(rounds []float64) Figure {
	return Figure{Quantile(rounds, 0.25), Quantile(rounds, 0.5), Quantile(rounds, 0.75)}
}

// CPU is the processor time of a request, in seconds.
func (r *Record) CPU() Figure { return r.of(func(s *Slice) float64 { return s.perRequest(s.CPU) }) }

// Generator is the processor time that asking cost, in seconds by request.
func (r *Record) Generator() Figure {
	return r.of(func(s *Slice) float64 { return s.perRequest(s.Generator) })
}

// Others is the processor time of the feature store, in seconds by request.
func (r *Record) Others() Figure {
	return r.of(func(s *Slice) float64 { return s.perRequest(s.Others) })
}

// Rate is how many requests were answered a second.
func (r *Record) Rate() Figure {
	return r.of(func(s *Slice) float64 { return float64(s.Requests) / s.Length.Seconds() })
}

// Hits is the share of the candidates that were not scored anew.
func (r *Record) Hits() Figure { return r.of(func(s *Slice) float64 { return s.Hits }) }

// Requests is how many were answered in all.
func (r *Record) Requests() (n int) {
	for i := range r.Slices {
		n += r.Slices[i].Requests
	}
	return n
}

func (r *Record) of(figure func(*Slice) float64) Figure {
	rounds := make([]float64, len(r.Slices))
	for i := range r.Slices {
		rounds[i] = figure(&r.Slices[i])
	}
	return FigureOf(rounds)
}

// Difference is by how much a request took more processor time than one of another
// stack, in seconds, within rounds.
func Difference(of, other *Record) Figure {
	rounds := make([]float64, len(of.Slices))
	for i := range rounds {
		a, b := &of.Slices[i], &other.Slices[i]
		rounds[i] = a.perRequest(a.CPU) - b.perRequest(b.CPU)
	}
	return FigureOf(rounds)
}

// Ratio is the processor time of a request to the sum of what the floors took for
// one, within rounds.
func Ratio(of *Record, floors ...*Record) Figure {
	rounds := make([]float64, len(of.Slices))
	for i := range rounds {
		sum := 0.0
		for _, f := range floors {
			sum += f.Slices[i].perRequest(f.Slices[i].CPU)
		}
		rounds[i] = of.Slices[i].perRequest(of.Slices[i].CPU) / sum
	}
	return FigureOf(rounds)
}
