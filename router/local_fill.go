package router

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/model"
)

// errNul says that a string can't be handed to ONNX Runtime, which takes it to end there.
var errNul = errors.New("holds a NUL byte, where ONNX Runtime would cut it off")

// read takes the elements of t, whose type and shape are those of in.
func (f *fill) read(in *model.Feed, t *oip.Tensor) error {
	f.raw = t.Raw
	if t.JSON != nil {
		var err error
		f.own, err = t.AppendRaw(f.own[:0])
		if f.raw = f.own; err != nil {
			return err
		}
	}
	n, err := t.Elements()
	switch {
	case err != nil:
		return err
	case in.Type == model.String:
		return f.readWords(n)
	case len(f.raw) != n*in.Type.Size():
		return fmt.Errorf("%d bytes, but %s%v takes %d", len(f.raw), t.Type, t.Shape, n*in.Type.Size())
	case in.RowIndex:
		return f.checkIndex(n)
	}
	return nil
}

func (f *fill) readWords(n int) (err error) {
	if f.words, err = oip.AppendTexts(f.words[:0], f.raw); err != nil {
		return err
	}
	if len(f.words) != n {
		return fmt.Errorf("%d elements, but the shape has %d", len(f.words), n)
	}
	for i, word := range f.words {
		if strings.IndexByte(word, 0) >= 0 {
			return fmt.Errorf("element %d: %w", i, errNul)
		}
	}
	return nil
}

// checkIndex holds the row index to the one row that inputs per request have.
func (f *fill) checkIndex(n int) error {
	for i := range n {
		if row := int64(binary.LittleEndian.Uint64(f.raw[8*i:])); row != 0 {
			return fmt.Errorf("element %d: %d: the inputs that it points into have one row, 0", i, row)
		}
	}
	return nil
}

// write puts elements [from, to) into buffer, the first of them at element at.
func (f *fill) write(buffer *model.Buffer, t model.Type, at, from, to int) {
	n, le := to-from, binary.LittleEndian
	if t == model.String {
		copy(buffer.String[at:at+n], f.words[from:to])
		return
	}
	raw := f.raw[from*t.Size() : to*t.Size()]
	switch t {
	case model.Float32:
		for i, dst := 0, buffer.Float32[at:at+n]; i < len(dst); i++ {
			dst[i] = math.Float32frombits(le.Uint32(raw[4*i:]))
		}
	case model.Float64:
		for i, dst := 0, buffer.Float64[at:at+n]; i < len(dst); i++ {
			dst[i] = math.Float64frombits(le.Uint64(raw[8*i:]))
		}
	case model.Float16:
		for i, dst := 0, buffer.Float16[at:at+n]; i < len(dst); i++ {
			dst[i] = le.Uint16(raw[2*i:])
		}
	case model.Int64:
		for i, dst := 0, buffer.Int64[at:at+n]; i < len(dst); i++ {
			dst[i] = int64(le.Uint64(raw[8*i:]))
		}
	case model.Int32:
		for i, dst := 0, buffer.Int32[at:at+n]; i < len(dst); i++ {
			dst[i] = int32(le.Uint32(raw[4*i:]))
		}
	case model.Bool:
		for i, dst := 0, buffer.Bool[at:at+n]; i < len(dst); i++ {
			dst[i] = raw[i] != 0
		}
	default:
		panic("BUG: no input has elements of type " + t.String())
	}
}
