package oip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Elements returns the number of elements that the shape makes. It is an error if a
// dimension is negative, or if the elements could not be addressed.
func (t *Tensor) Elements() (int, error) {
	const most = math.MaxInt / 8 // so that bytes can be counted too
	n := int64(1)
	for _, d := range t.Shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v: a dimension is negative", t.Shape)
		}
		if d > 0 && n > most/d {
			return 0, fmt.Errorf("shape %v: too large to address", t.Shape)
		}
		n *= d
	}
	return int(n), nil
}

// check holds Raw to the type and the shape. A tensor without Raw has been checked
// when its JSON was read.
func (t *Tensor) check() error {
	n, err := t.Elements()
	switch {
	case err != nil:
		return err
	case t.JSON != nil:
		return nil
	case t.Type == Bytes:
		return t.checkBytes(n)
	case len(t.Raw) != n*t.Type.Size():
		return fmt.Errorf("%d bytes, but %s%v takes %d", len(t.Raw), t.Type, t.Shape, n*t.Type.Size())
	}
	return nil
}

func (t *Tensor) checkBytes(n int) error {
	found := 0
	for rest := t.Raw; len(rest) > 0; found++ {
		_, after, err := nextBytes(rest)
		if err != nil {
			return fmt.Errorf("element %d: %w", found, err)
		}
		rest = after
	}
	if found != n {
		return fmt.Errorf("%d elements, but %s%v has %d", found, t.Type, t.Shape, n)
	}
	return nil
}

// errElement says that the raw bytes of a BYTES tensor end too early.
var errElement = errors.New("its length goes beyond the tensor's bytes")

// nextBytes takes the first element off the raw bytes of a BYTES tensor.
func nextBytes(raw []byte) (element, rest []byte, err error) {
	if len(raw) < 4 {
		return nil, nil, errElement
	}
	n := uint64(binary.LittleEndian.Uint32(raw))
	if n > uint64(len(raw)-4) {
		return nil, nil, errElement
	}
	return raw[4 : 4+n], raw[4+n:], nil
}

// appendBytes appends one element of a BYTES tensor.
func appendBytes[S string | []byte](raw []byte, element S) []byte {
	return append(binary.LittleEndian.AppendUint32(raw, uint32(len(element))), element...)
}
