package router

import (
	"slices"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/rank"
)

// localAnswer is the memory of the outputs in a reply. It goes back to its place once
// the reply is released.
type localAnswer struct {
	raw  []byte // one output behind the other
	dims []int64
	free func(*oip.Reply)
}

// maxAnswer bounds the outputs of one message, which a few bytes of input may make
// large; maxKeptAnswer is for how many bytes a pooled localAnswer keeps memory.
const (
	maxAnswer     = 64 << 20
	maxKeptAnswer = 1 << 20
)

func newLocalAnswer(l *Local) *localAnswer {
	a := &localAnswer{}
	a.free = func(*oip.Reply) {
		if cap(a.raw) <= maxKeptAnswer {
			l.answers.Put(a)
		}
	}
	return a
}

func (a *localAnswer) resize(n int) { a.raw = slices.Grow(a.raw[:0], n)[:n] }

// choose notes the outputs that m wants.
func (c *localCall) choose(m *oip.Message) error {
	c.wanted = c.wanted[:0]
	for k := range m.Outputs {
		o := &m.Outputs[k]
		i := slices.IndexFunc(c.place.outputs, func(known localOutput) bool { return known.name == o.Name })
		switch {
		case i < 0:
			return rank.Errorf(rank.InvalidRequest, "outputs[%d]: %.64q: the model has no such output that can be answered; it has %s",
				k, o.Name, nameList(c.place.outputs, func(known localOutput) string { return known.name }))
		case slices.Contains(c.wanted, i):
			return rank.Errorf(rank.InvalidRequest, "outputs[%d]: %s is asked for twice", k, o.Name)
		case o.Classification > 0:
			return rank.Errorf(rank.InvalidRequest, "outputs[%d].parameters.classification: %d: classes are not known here; leave it out",
				k, o.Classification)
		}
		c.wanted = append(c.wanted, i)
	}
	if len(m.Outputs) == 0 {
		for i := range c.place.outputs {
			c.wanted = append(c.wanted, i)
		}
	}
	if n := c.bytes(); n > maxAnswer {
		return rank.Errorf(rank.TooLarge, "the outputs of %d rows take %d bytes; an answer has %d at most: send fewer rows at a time",
			c.rows, n, maxAnswer)
	}
	return nil
}

// bytes is what the outputs take that are wanted.
func (c *localCall) bytes() int {
	n := 0
	for _, i := range c.wanted {
		n += c.rows * c.place.outputs[i].size
	}
	return n
}

// Take copies the outputs of n rows from row at on of a pass.
func (c *localCall) Take(p batcher.Pass, at, n, from int) {
	given := p.(interface{ Output(i int) []byte })
	start := 0
	for _, i := range c.wanted {
		size := c.place.outputs[i].size
		copy(c.answer.raw[start+from*size:start+(from+n)*size], given.Output(i)[at*size:(at+n)*size])
		start += c.rows * size
	}
	c.taken.Add(int64(n))
}

// reply returns what Take has been given, and lets go of its memory.
func (c *localCall) reply() *oip.Reply {
	a := c.answer
	c.answer = nil
	r := oip.NewReply(a.free)
	a.dims = a.dims[:0]
	for _, i := range c.wanted {
		a.dims = append(append(a.dims, int64(c.rows)), c.place.outputs[i].dims[1:]...)
	}
	raw, dims := a.raw, a.dims
	for _, i := range c.wanted {
		o := &c.place.outputs[i]
		n, rank := c.rows*o.size, len(o.dims)
		r.Outputs = append(r.Outputs, oip.Tensor{Name: o.name, Type: o.typ, Shape: dims[:rank:rank], Raw: raw[:n:n]})
		raw, dims = raw[n:], dims[rank:]
	}
	return r
}
