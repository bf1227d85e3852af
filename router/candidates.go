package router

import (
	"math/bits"

	"github.com/rankgate/rankgate/cache"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/rank"
)

// candidates tells the distinct candidates of a request apart: one that is
// listed twice, with the same features, is looked up, fetched and scored once.
type candidates struct {
	items []int32  // by distinct candidate: the first item that is it
	ids   []uint64 // by distinct candidate: the hash of its id
	keys  []uint64 // by distinct candidate: its key in the cache; empty where that is its id's hash
	of    []int32  // by item: its distinct candidate

	table []int32 // open addressing, at most a quarter in use: distinct candidate + 1, or 0
}

// hashes returns what the cache knows the candidates by.
func (c *candidates) hashes() cache.Candidates {
	if len(c.keys) == 0 {
		return cache.Candidates{IDs: c.ids, Hashes: c.ids}
	}
	return cache.Candidates{IDs: c.ids, Hashes: c.keys}
}

func (c *candidates) count() int { return len(c.items) }

// distinguish fills c with the candidates of req.
func (c *candidates) distinguish(req *rank.Request, scores *cache.Cache, plan *features.Plan) {
	n := len(req.Items)
	c.items, c.ids, c.keys, c.of = c.items[:0], c.ids[:0], c.keys[:0], resize(c.of, n)
	size := 1 << bits.Len(uint(4*n))
	c.table = resize(c.table, size)
	clear(c.table)
	if !plan.ReadsItemFields() {
		for i := range req.Items {
			id := scores.HashID(req.Items[i].ID)
			u, added := c.number(req, int32(i), id, c.ids)
			if c.of[i] = u; added {
				c.ids = append(c.ids, id)
			}
		}
		return
	}
	for i := range req.Items {
		id := scores.HashID(req.Items[i].ID)
		key := scores.Hash(id, plan.ItemDigest(req, int32(i)))
		u, added := c.number(req, int32(i), key, c.keys)
		if c.of[i] = u; added {
			c.ids, c.keys = append(c.ids, id), append(c.keys, key)
		}
	}
}

// number returns the distinct candidate that item i is, and whether it is new.
// keys are those of the candidates before it: hashes of 64 seeded bits, which
// tell own features apart; ids are compared as well.
func (c *candidates) number(req *rank.Request, i int32, key uint64, keys []uint64) (u int32, added bool) {
	mask := len(c.table) - 1
	for at := int(key) & mask; ; at = (at + 1) & mask {
		u := c.table[at] - 1
		if u < 0 {
			u = int32(len(c.items))
			c.table[at] = u + 1
			c.items = append(c.items, i)
			return u, true
		}
		if keys[u] == key && req.Items[c.items[u]].ID == req.Items[i].ID {
			return u, false
		}
	}
}
