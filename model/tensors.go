package model

// Tensors is the input memory of one forward pass, one Buffer per
// Signature.Inputs in the same order. It belongs to whoever holds the pass.
type Tensors struct {
	Inputs []Buffer
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
}
