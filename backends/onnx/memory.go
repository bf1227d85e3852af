//go:build cgo

package onnx

import (
	"fmt"
	"syscall"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/model"
)

// inputs is the memory that feeds a graph. It lies outside the Go heap because
// ONNX Runtime keeps pointers to it between calls, which Go's rules for passing
// pointers forbid for memory that the collector manages. String inputs are the
// exception: ONNX Runtime copies them.
type inputs struct {
	sig     *model.Signature
	tensors model.Tensors
	slabs   [][]byte // by input, nil for strings
}

// newInputs allocates inputs for passes of up to rows rows.
func newInputs(sig *model.Signature, rows int) (*inputs, error) {
	m := &inputs{
		sig:     sig,
		tensors: model.Tensors{Inputs: make([]model.Buffer, len(sig.Inputs))},
		slabs:   make([][]byte, len(sig.Inputs)),
	}
	for i, in := range sig.Inputs {
		n := rows * in.Width
		buffer := &m.tensors.Inputs[i]
		buffer.Width = in.Width
		if in.Type == model.String {
			buffer.String = make([]string, n)
			continue
		}
		slab, err := allocate(n * in.Type.Size())
		if err != nil {
			m.free()
			return nil, err
		}
		m.slabs[i] = slab
		buffer.View(in.Type, slab, n)
	}
	return m, nil
}

// values returns one ONNX Runtime value per input, over the first rows rows and
// the first requests requests of the memory. The caller destroys them.
func (m *inputs) values(rows, requests int) ([]ort.Value, error) {
	values := make([]ort.Value, len(m.sig.Inputs))
	for i, in := range m.sig.Inputs {
		n := rows
		if in.PerRequest {
			n = requests
		}
		v, err := newValue(shapeOf(len(in.Dims), n, in.Width), in.Type, m.slabs[i])
		if err != nil {
			destroy(values)
			return nil, fmt.Errorf("input %s: %w", in.Name, err)
		}
		values[i] = v
	}
	return values, nil
}

// free gives the memory back. No value over it may be used afterwards.
func (m *inputs) free() {
	for _, slab := range m.slabs {
		release(slab)
	}
}

// newValue makes a value of the given shape over slab, or an empty string
// tensor if t is String.
func newValue(shape ort.Shape, t model.Type, slab []byte) (ort.Value, error) {
	if t == model.String {
		return ort.NewStringTensor(shape)
	}
	return ort.NewCustomDataTensor(shape, slab[:int(shape.FlattenedSize())*t.Size()], toORT[t])
}

func shapeOf(rank, n, width int) ort.Shape {
	if rank == 1 {
		return ort.NewShape(int64(n))
	}
	return ort.NewShape(int64(n), int64(width))
}

// allocate returns n zeroed bytes, page-aligned, outside the Go heap.
func allocate(n int) ([]byte, error) {
	slab, err := syscall.Mmap(-1, 0, max(n, 1), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("allocate %d bytes of tensor memory: %w", n, err)
	}
	return slab, nil
}

func release(slab []byte) {
	if slab == nil {
		return
	}
	if err := syscall.Munmap(slab); err != nil {
		panic(fmt.Sprintf("BUG: tensor memory freed twice: %v", err))
	}
}
