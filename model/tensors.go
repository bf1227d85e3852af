package model

import "unsafe"

// Tensors is the input memory of one forward pass, one Buffer per
// Signature.Inputs in the same order. It belongs to whoever holds the pass.
type Tensors struct {
	Inputs []Buffer

	// Apart is set where the graph was taken apart: Inputs are then those of the
	// signature of that (onnx.Apart.Signature), and not those of the model's own.
	Apart bool
}

// Buffer is the memory of one input, row-major. Only the slice of the
// input's type is set; its length is capacity × Width.
type Buffer struct {
	Width   int
	Float32 []float32
	Float64 []float64
	Float16 []uint16 // IEEE 754 binary16 bits
	Int64   []int64
	Int32   []int32
	Bool    []bool
	String  []string
	Part    *Part // of an input that is computed, whose memory Float32 is
}

// View makes the slice of type t, which is not String, the first n elements of slab.
// Slab must be aligned for them and hold n*t.Size() bytes in the machine's byte order.
func (b *Buffer) View(t Type, slab []byte, n int) {
	base := unsafe.Pointer(unsafe.SliceData(slab))
	switch t {
	case Float32:
		b.Float32 = unsafe.Slice((*float32)(base), n)
	case Float64:
		b.Float64 = unsafe.Slice((*float64)(base), n)
	case Float16:
		b.Float16 = unsafe.Slice((*uint16)(base), n)
	case Int64:
		b.Int64 = unsafe.Slice((*int64)(base), n)
	case Int32:
		b.Int32 = unsafe.Slice((*int32)(base), n)
	case Bool:
		b.Bool = unsafe.Slice((*bool)(base), n)
	default:
		panic("BUG: no view for elements of type " + t.String())
	}
}
