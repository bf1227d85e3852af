package rpc

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// wire walks over the fields of one protobuf message, without memory of its own.
type wire struct {
	protofield.Field

	rest   []byte
	broken bool // the bytes are no message
}

// next goes to the next field; false means that there is none, or that it is broken.
func (w *wire) next() bool {
	if w.broken || len(w.rest) == 0 {
		return false
	}
	rest, ok := w.Read(w.rest)
	w.rest, w.broken = rest, !ok
	return ok
}

// is reports whether the field is the one of that number, in the form that it has.
func (w *wire) is(number protowire.Number, typ protowire.Type) bool {
	if w.Number != number {
		return false
	}
	w.broken = w.broken || w.Type != typ
	return !w.broken
}

// view returns b as a string that shares its memory.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
