// Package seed has random numbers that are the same in every run of a bench.
package seed

import "math/rand/v2"

// Random returns the numbers that follow from a seed.
func Random(from uint64) *rand.Rand {
	return rand.New(rand.NewPCG(from, from)) //nolint:gosec // nobody guesses at a benchmark
}
