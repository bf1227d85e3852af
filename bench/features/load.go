package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/rankgate/rankgate/bench/seed"
)

// load is a stream of requests, each of distinct items as a ranking's candidates
// are. It begins again when it is used up.
type load struct {
	name     string
	requests [][]int32 // items by their place in the catalog
	next     int
}

// zipfExponent is the s of Zipf's law: the k-th item is asked for in proportion to
// 1/k^s.
const zipfExponent = 1.1

// uniformName is the load without favourites.
const uniformName = "uniform ids"

// loadRequests is enough for caches not to see the same requests again soon.
const loadRequests = 2048

func uniformLoad(c *catalog) *load {
	random := seed.Random(2)
	return newLoad(uniformName, c, func() int { return random.IntN(len(c.records)) })
}

// zipfLoad draws from Zipf's law until there are enough distinct items. Which items
// are popular has nothing to do with their ids.
func zipfLoad(c *catalog) *load {
	random := seed.Random(3)
	places := random.Perm(len(c.records))
	zipf := rand.NewZipf(random, zipfExponent, 1, uint64(len(places)-1))
	return newLoad(fmt.Sprintf("Zipf(%v) ids", zipfExponent), c, func() int { return places[zipf.Uint64()] })
}

// sameLoad is one request again and again.
func sameLoad(c *catalog) *load {
	l := uniformLoad(c)
	return &load{name: fmt.Sprintf("the same %d ids", c.items), requests: l.requests[:1]}
}

func newLoad(name string, c *catalog, draw func() int) *load {
	l := &load{name: name, requests: make([][]int32, loadRequests)}
	drawn := make([]int, len(c.records)) // the number of the request in which an item was drawn last
	for number := range l.requests {
		request := make([]int32, 0, c.items)
		for len(request) < c.items {
			if item := draw(); drawn[item] != number+1 {
				drawn[item] = number + 1
				request = append(request, int32(item))
			}
		}
		l.requests[number] = request
	}
	return l
}

// take returns the next request.
func (l *load) take() []int32 {
	request := l.requests[l.next]
	l.next = (l.next + 1) % len(l.requests)
	return request
}

// from returns the same stream, begun somewhere else.
func (l *load) from(start int) *load {
	return &load{name: l.name, requests: l.requests, next: start % len(l.requests)}
}
