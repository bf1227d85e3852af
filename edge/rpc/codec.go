package rpc

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/rankgate/rankgate/backends/oip"
)

// codec passes bytes through for the services that are read by hand, and generated
// messages for gRPC's own.
type codec struct {
	oip.Codec
	messages encoding.CodecV2
}

// Marshal gives v's bytes to gRPC.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*oip.Frame); ok {
		return c.Codec.Marshal(f)
	}
	return c.messages.Marshal(v)
}

// Unmarshal reads data into v. A second message of a call that may have only one takes
// the place of the first.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if f, ok := v.(*oip.Frame); ok {
		f.Data.Free()
		return c.Codec.Unmarshal(data, f)
	}
	return c.messages.Unmarshal(data, v)
}
