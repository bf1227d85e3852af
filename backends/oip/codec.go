package oip

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// Frame is a gRPC message in its bytes. What reads one frees Data.
type Frame struct{ Data mem.BufferSlice }

// Codec passes a *Frame's bytes through gRPC without generated messages.
type Codec struct{}

var _ encoding.CodecV2 = Codec{}

// Marshal gives the frame's bytes, and its reference to them, to gRPC.
func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	f, ok := v.(*Frame)
	if !ok {
		return nil, fmt.Errorf("a %T, not an *oip.Frame", v)
	}
	return f.Data, nil
}

// Unmarshal keeps the bytes.
func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*Frame)
	if !ok {
		return fmt.Errorf("a %T, not an *oip.Frame", v)
	}
	data.Ref()
	f.Data = data
	return nil
}

// Name is that of the format which the bytes are in.
func (Codec) Name() string { return "proto" }
