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
	items  []int32  // by distinct candidate: the first item that is it
	hashes []uint64 // by distinct candidate: its key in the cache
	of     []int32  // by item: its distinct candidate

	table []int32 // open addressing: distinct candidate + 1, or 0
}

func (c *candidates) count() int { return len(c.items) }

// distinguish fills c with the candidates of req.
func (c *candidates) distinguish(req *rank.Request, scores *cache.Cache, plan *features.Plan) {
	n := len(req.Items)
	c.items, c.hashes, c.of = c.items[:0], c.hashes[:0], resize(c.of, n)
	size := 1 << bits.Len(uint(2*n))
	c.table = resize(c.table, size)
	clear(c.table)
	ownFields := plan.ReadsItemFields()
	for i := range req.Items {
		var digest uint64
		if ownFields {
			digest = plan.ItemDigest(req, int32(i))
		}
		c.of[i] = c.number(req, int32(i), scores.Hash(req.Items[i].ID, digest))
	}
}

// number returns the distinct candidate that item i is. Hashes of 64 seeded
// bits tell own features apart; ids are compared as well.
func (c *candidates) number(req *rank.Request, i int32, hash uint64) int32 {
	mask := len(c.table) - 1
	for at := int(hash) & mask; ; at = (at + 1) & mask {
		u := c.table[at] - 1
		if u < 0 {
			c.table[at] = int32(len(c.items)) + 1
			c.items = append(c.items, i)
			c.hashes = append(c.hashes, hash)
			return int32(len(c.items)) - 1
		}
		if c.hashes[u] == hash && req.Items[c.items[u]].ID == req.Items[i].ID {
			return u
		}
	}
}
