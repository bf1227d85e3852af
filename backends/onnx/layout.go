//go:build cgo

package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rankgate/rankgate/backends/onnx/cut"
	"github.com/rankgate/rankgate/model"
)

// layout says when what each column gives the first layer is computed, and where the
// columns lie when the layer is taken apart: those of a group side by side, in the
// layer's order.
type layout struct {
	view      string    // whose columns are kept
	stretches []stretch // every column of the layer, in its order
	elements  [3]int    // by group
	width     int       // elements that the layer gives
}

// stretch is one column: one element, or those of a vector.
type stretch struct {
	column      model.Column
	input, from int // of the whole signature, and the first element there
	width       int
	group       cut.Group
	to          int // the first element in the group
}

// How many elements a group must have, and the layer give, for it to pay. What is kept
// saves its share of the layer, but a row of the layer's result is copied, out of more
// memory than a processor keeps at hand, where one of columns was: in the whole gateway
// 48 columns of items just made up for that, with 128 neurons, and 96 saved a quarter of a
// request, with 256. What is computed once per request goes over all rows once more.
const (
	minKept       = 64
	minPerRequest = 24
	minWidth      = 32
)

// chooseLayer returns the layer of which most work is saved.
func chooseLayer(sig *model.Signature, layers []*cut.Layer, owner func(view string) Owner) (best *cut.Layer, l *layout, reason error) {
	for _, layer := range layers {
		columns, err := newLayout(sig, layer, owner)
		switch {
		case err == nil && (l == nil || columns.saved() > l.saved()):
			best, l = layer, columns
		case err != nil && reason == nil:
			reason = err
		}
	}
	if l != nil {
		return best, l, nil
	}
	return nil, nil, reason
}

func newLayout(sig *model.Signature, layer *cut.Layer, owner func(view string) Owner) (*layout, error) {
	if layer.Width < minWidth {
		return nil, fmt.Errorf("it is %d wide; to keep what columns give it pays from %d on", layer.Width, minWidth)
	}
	l := &layout{width: layer.Width}
	for _, name := range layer.Inputs {
		i := slices.IndexFunc(sig.Inputs, func(in model.Feed) bool { return in.Name == name })
		if i < 0 || sig.Inputs[i].PerRequest || sig.Inputs[i].RowIndex {
			return nil, fmt.Errorf("its input %s has no columns for each row", name)
		}
		from := 0
		for j, c := range sig.Inputs[i].Columns {
			l.stretches = append(l.stretches, stretch{column: c, input: i, from: from, width: sig.Inputs[i].Widths[j]})
			from += sig.Inputs[i].Widths[j]
		}
	}
	counts := map[string]int{} // elements by view
	request := 0
	for _, s := range l.stretches {
		counts[s.column.View] += s.width
	}
	for view, n := range counts {
		switch owner(view) {
		case OfItems:
			if most := counts[l.view]; n > most || n == most && view < l.view {
				l.view = view
			}
		case OfRequest:
			request += n
		case OfPairs:
		}
	}
	if n := counts[l.view]; n < minKept {
		return nil, tooFew(n)
	}
	l.place(owner, request >= minPerRequest && layer.TakesRequests())
	if l.elements[0]+l.elements[1]+l.elements[2] != layer.Columns {
		return nil, errors.New("it reads another number of columns than its inputs have")
	}
	return l, nil
}

// saved is how many products a row of a pass is spared.
func (l *layout) saved() int { return l.width * (l.elements[cut.Kept] + l.elements[cut.PerRequest]) }

// mostOfItems is how many elements of one view of items a layer reads at most.
func mostOfItems(sig *model.Signature, owner func(view string) Owner) int {
	counts := map[string]int{}
	for _, in := range sig.Inputs {
		for i, c := range in.Columns {
			if in.Type == model.Float32 && !in.PerRequest && owner(c.View) == OfItems {
				counts[c.View] += in.Widths[i]
			}
		}
	}
	return slices.Max(append(slices.Collect(maps.Values(counts)), 0))
}

func tooFew(kept int) error {
	return fmt.Errorf("it reads %d numbers of items from one view; to keep what they give pays from %d on", kept, minKept)
}

// place puts every column in its group.
func (l *layout) place(owner func(view string) Owner, perRequest bool) {
	for i := range l.stretches {
		s := &l.stretches[i]
		switch {
		case s.column.View == l.view:
			s.group = cut.Kept
		case perRequest && owner(s.column.View) == OfRequest:
			s.group = cut.PerRequest
		}
		s.to = l.elements[s.group]
		l.elements[s.group] += s.width
	}
}

// groups has the group of each element of a row.
func (l *layout) groups() []cut.Group {
	var groups []cut.Group
	for _, s := range l.stretches {
		groups = append(groups, slices.Repeat([]cut.Group{s.group}, s.width)...)
	}
	return groups
}

// signature is how the graph is fed when it is taken apart: like whole, but that the
// layer's inputs are replaced by one for each group that has columns. What is computed
// comes last.
func (l *layout) signature(whole *model.Signature, halves *cut.Halves) *model.Signature {
	sig := &model.Signature{Heads: whole.Heads}
	for i, in := range whole.Inputs {
		if !slices.ContainsFunc(l.stretches, func(s stretch) bool { return s.input == i }) {
			sig.Inputs = append(sig.Inputs, in)
		}
	}
	if n := l.elements[cut.PerRequest]; n > 0 {
		index := model.Tensor{Name: halves.IndexInput, Type: model.Int64, Dims: []int64{-1}}
		request := l.feed(cut.PerRequest, halves.RequestInput, n)
		request.PerRequest = true
		sig.Inputs = append(sig.Inputs, request, model.Feed{Tensor: index, Width: 1, RowIndex: true})
	}
	if n := l.elements[cut.PerRow]; n > 0 {
		sig.Inputs = append(sig.Inputs, l.feed(cut.PerRow, halves.RowInput, n))
	}
	part := l.feed(cut.Kept, halves.PartInput, l.width)
	part.Elements = l.elements[cut.Kept]
	sig.Inputs = append(sig.Inputs, part)
	return sig
}

// feed is the input, of the given width, that is of the columns of a group.
func (l *layout) feed(group cut.Group, name string, width int) model.Feed {
	f := model.Feed{Tensor: matrix(name, width), Width: width}
	for _, s := range l.stretches {
		if s.group == group {
			f.Columns, f.Widths = append(f.Columns, s.column), append(f.Widths, s.width)
		}
	}
	return f
}

func matrix(name string, columns int) model.Tensor {
	return model.Tensor{Name: name, Type: model.Float32, Dims: []int64{-1, int64(columns)}}
}
