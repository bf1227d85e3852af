package workload

import (
	"math/rand/v2"

	"github.com/rankgate/rankgate/bench/seed"
)

// Users and Items are numbered from 0. Their ids are those numbers.
const (
	Users = 100_000
	Items = 50_000
)

// Kind is what a vector belongs to.
type Kind uint64

const (
	User Kind = 1 + iota
	Item
)

// Vector fills in the vector of a user or an item: normally distributed, and always
// the same.
func Vector(kind Kind, id int, into []float32) {
	random := rand.New(rand.NewPCG(uint64(kind), uint64(id))) //nolint:gosec // nobody guesses at a benchmark
	for i := range into {
		into[i] = float32(random.NormFloat64())
	}
}

// zipfExponent is the s of Zipf's law: the k-th item is asked for in proportion to
// 1/k^s.
const zipfExponent = 1.1

// origin is the seed that every workload is drawn from.
const origin = 20260

// lists draws lists of distinct items by Zipf's law. Which items are popular has
// nothing to do with their ids.
func lists(n, least, most int) [][]int32 {
	random := seed.Random(origin)
	places := random.Perm(Items)
	zipf := rand.NewZipf(random, zipfExponent, 1, Items-1)
	drawn := make([]int, Items) // the number of the list, from 1, in which an item was drawn last
	all := make([][]int32, n)
	for number := range all {
		list := make([]int32, least+random.IntN(most-least+1))
		for i := 0; i < len(list); {
			if item := places[zipf.Uint64()]; drawn[item] != number+1 {
				drawn[item] = number + 1
				list[i] = int32(item)
				i++
			}
		}
		all[number] = list
	}
	return all
}
