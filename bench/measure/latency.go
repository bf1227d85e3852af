package measure

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/rankgate/rankgate/bench/load"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/seed"
)

// Target is a server that is asked at a rate.
type Target struct {
	Name      string
	Generator *load.Generator
	Load      load.Load
	Sent      func(requests int) // told after every run; may be nil
	Events    []load.Event       // of every run
}

// mostLag is how late the generator may be at its 99th percentile: what it measures
// at that percentile is not made of more.
const mostLag = time.Millisecond

// At asks a target at a rate, requests coming independently of each other. number
// makes another draw of when they come.
func (t *Target) At(ctx context.Context, rate float64, length time.Duration, number uint64) (load.Samples, error) {
	run, err := t.Generator.Open(ctx, t.Load, load.Poisson(seed.Random(number), load.Step{Rate: rate, Length: length}), t.Events...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, err)
	}
	if t.Sent != nil {
		t.Sent(len(run.Samples))
	}
	return run.Samples, nil
}

// PointOf sums up samples at a rate.
func PointOf(rate float64, s load.Samples) result.Point {
	lag, failed := s.Lag(0.99), len(s)-len(s.With(load.OK))
	return result.Point{
		Rate: rate, Requests: len(s), Failed: failed,
		P50: s.Took(0.5).Seconds(), P90: s.Took(0.9).Seconds(), P99: s.Took(0.99).Seconds(), P999: s.Took(0.999).Seconds(),
		Lag: lag.Seconds(), Valid: len(s) > 0 && failed == 0 && lag <= mostLag,
	}
}

// MedianPoint is the median of the figures of several points at the same rate. It is
// valid if most of them are.
func MedianPoint(points []result.Point) result.Point {
	median := func(of func(*result.Point) float64) float64 {
		all := make([]float64, len(points))
		for i := range points {
			all[i] = of(&points[i])
		}
		return FigureOf(all).Median
	}
	m := result.Point{
		Rate: points[0].Rate,
		P50:  median(func(p *result.Point) float64 { return p.P50 }),
		P90:  median(func(p *result.Point) float64 { return p.P90 }),
		P99:  median(func(p *result.Point) float64 { return p.P99 }),
		P999: median(func(p *result.Point) float64 { return p.P999 }),
		Lag:  median(func(p *result.Point) float64 { return p.Lag }),
	}
	for i := range points {
		m.Requests += points[i].Requests
		m.Failed += points[i].Failed
	}
	valid := 0
	for i := range points {
		if points[i].Valid {
			valid++
		}
	}
	m.Valid = 2*valid > len(points)
	return m
}

// Search looks for the highest rate at which a target keeps an objective.
type Search struct {
	From      float64       // first rate
	Step      float64       // by which the rate grows, as 1.1
	Length    time.Duration // of a step
	Objective time.Duration // at the 99th percentile
}

// Run returns the highest rate that was kept, 0 if none was, and all points. A rate
// counts as missed when it is missed twice: a machine that others use may stand still
// for a moment.
func (s *Search) Run(ctx context.Context, t *Target) (capacity float64, points []result.Point, err error) {
	for rate := s.From; ; rate *= s.Step {
		kept := false
		for range 2 {
			samples, err := t.At(ctx, rate, s.Length, uint64(len(points)))
			if err != nil {
				return 0, nil, err
			}
			p := PointOf(rate, samples)
			points = append(points, p)
			if kept = p.Valid && p.P99 <= s.Objective.Seconds(); kept {
				break
			}
		}
		if !kept {
			return capacity, points, nil
		}
		capacity = rate
	}
}

// Slope is by how much y grows with x, by least squares.
func Slope(xy [][2]float64) float64 {
	var sx, sy, sxx, sxy float64
	n := float64(len(xy))
	for _, p := range xy {
		sx, sy, sxx, sxy = sx+p[0], sy+p[1], sxx+p[0]*p[0], sxy+p[0]*p[1]
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// Quantile is the value below which the share q of all lie. Where that is between two of
// them it is as far between: the median of an even number is the middle of two.
func Quantile(all []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	below, part := math.Modf(q * float64(len(sorted)-1))
	at := int(below)
	return sorted[at] + part*(sorted[min(at+1, len(sorted)-1)]-sorted[at])
}
