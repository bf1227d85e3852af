package router

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// localCall is a message on its way through the batcher: the rows to write into passes
// (batcher.Rows), and what takes their outputs (batcher.Sink).
type localCall struct {
	place  *Local
	rows   int
	fills  []fill // by Local.inputs
	wanted []int  // of Local.outputs
	work   batcher.Work
	answer *localAnswer // nil before there is one, and once it is the reply's
	taken  atomic.Int64 // rows whose outputs are in answer

	ended  <-chan struct{} // closed when the call's context ends
	leaves func() bool     // Message.Gone
	gone   func() bool     // left, bound once
}

// fill is the elements of one input, row-major.
type fill struct {
	raw   []byte   // little-endian; a view of the message, or of own
	words []string // instead, for strings
	own   []byte   // memory for what came in JSON
	given bool
}

// maxKeptFill bounds the elements, or bytes, for which a pooled fill keeps memory.
const maxKeptFill = 1 << 20

func newLocalCall(l *Local) *localCall {
	c := &localCall{place: l, fills: make([]fill, len(l.inputs))}
	c.gone = c.left
	return c
}

// left tells whether nobody waits for the answer any more.
func (c *localCall) left() bool {
	select {
	case <-c.ended:
		return true
	default:
		return left(c.leaves)
	}
}

// end lets go of the message and gives c back.
func (c *localCall) end() {
	for i := range c.fills {
		f := &c.fills[i]
		clear(f.words)
		kept := fill{words: f.words[:0], own: f.own[:0]}
		if cap(f.words) > maxKeptFill {
			kept.words = nil
		}
		if cap(f.own) > maxKeptFill {
			kept.own = nil
		}
		*f = kept
	}
	if c.answer != nil {
		c.answer.free(nil)
	}
	c.answer, c.ended, c.leaves, c.work = nil, nil, nil, batcher.Work{}
	c.taken.Store(0)
	c.place.calls.Put(c)
}

// Len is the number of rows.
func (c *localCall) Len() int { return c.rows }

// Write puts rows [from, to) into t.
func (c *localCall) Write(t *model.Tensors, from, to, at, request int) {
	for i := range c.fills {
		in, buffer := &c.place.inputs[i], &t.Inputs[i]
		switch {
		case in.RowIndex:
			for row := at; row < at+to-from; row++ {
				buffer.Int64[row] = int64(request)
			}
		case in.PerRequest:
			c.fills[i].write(buffer, in.Type, request*in.Width, 0, in.Width)
		default:
			c.fills[i].write(buffer, in.Type, at*in.Width, from*in.Width, to*in.Width)
		}
	}
}

// read takes the inputs of m, and what it wants, or says what is wrong with them.
func (c *localCall) read(m *oip.Message) error {
	c.rows = 0
	for k := range m.Inputs {
		t := &m.Inputs[k]
		i := slices.IndexFunc(c.place.inputs, func(in model.Feed) bool { return in.Name == t.Name })
		switch {
		case i < 0:
			return rank.Errorf(rank.InvalidRequest, "inputs[%d]: %.64q: the model has no such input; it has %s",
				k, t.Name, nameList(c.place.inputs, func(in model.Feed) string { return in.Name }))
		case c.fills[i].given:
			return rank.Errorf(rank.InvalidRequest, "inputs[%d]: %s is given twice", k, t.Name)
		}
		c.fills[i].given = true
		if err := c.admit(&c.place.inputs[i], t); err != nil {
			return err
		}
		if err := c.fills[i].read(&c.place.inputs[i], t); err != nil {
			return rank.Errorf(rank.InvalidRequest, "input %s: %v", t.Name, err)
		}
	}
	for i := range c.fills {
		if !c.fills[i].given {
			return rank.Errorf(rank.InvalidRequest, "input %s: missing", c.place.inputs[i].Name)
		}
	}
	return c.choose(m)
}

// admit checks type and shape of a tensor against the input that it is for. The first
// input that has rows says how many there are.
func (c *localCall) admit(in *model.Feed, t *oip.Tensor) error {
	rows := -1
	if len(t.Shape) == len(in.Dims) && (len(t.Shape) == 1 || t.Shape[1] == int64(in.Width)) {
		rows = int(t.Shape[0])
	}
	switch n, err := t.Elements(); {
	case t.Type != oip.TypeOf(in.Type):
		return rank.Errorf(rank.InvalidRequest, "input %s: the datatype is %s; the model's is %s", in.Name, t.Type, oip.TypeOf(in.Type))
	case err != nil:
		return rank.Errorf(rank.InvalidRequest, "input %s: %v", in.Name, err)
	case n == 0 || rows < 1:
		return rank.Errorf(rank.InvalidRequest, "input %s: shape %v: must be %s, with one row at least", in.Name, t.Shape, shapeWords(in))
	case in.PerRequest && rows > 1:
		return rank.Errorf(rank.InvalidRequest, "input %s: shape %v: a message has one row of it, which all its candidates share: "+
			"send a message for each", in.Name, t.Shape)
	case in.PerRequest:
	case c.rows == 0:
		c.rows = rows
	case c.rows != rows:
		return rank.Errorf(rank.InvalidRequest, "input %s: shape %v: another input has %d rows", in.Name, t.Shape, c.rows)
	}
	return nil
}

func shapeWords(in *model.Feed) string {
	if len(in.Dims) == 1 {
		return "[rows]"
	}
	return fmt.Sprintf("[rows, %d]", in.Width)
}

func nameList[T any](of []T, name func(T) string) string {
	names := make([]string, len(of))
	for i := range of {
		names[i] = name(of[i])
	}
	return strings.Join(names, ", ")
}
