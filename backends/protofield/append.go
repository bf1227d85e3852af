// Package protofield reads and appends fields of protobuf messages by hand, where
// generated ones would cost allocations (package oip's, and those of edge/rpc) or would
// not leave alone what they do not know (the models of onnx/cut).
package protofield

import "google.golang.org/protobuf/encoding/protowire"

// AppendText appends a string, or nothing if it is "", which is what a message without
// the field means.
func AppendText(dst []byte, number protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, number, protowire.BytesType), s)
}

// AppendNumber appends an integer, a bool or the value of an enum, given as a varint.
func AppendNumber(dst []byte, number protowire.Number, bits uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(dst, number, protowire.VarintType), bits)
}

// AppendNested appends a message, or packed numbers: what f appends.
func AppendNested(dst []byte, number protowire.Number, f func([]byte) []byte) []byte {
	dst = protowire.AppendTag(dst, number, protowire.BytesType)
	start := len(dst)
	dst = f(dst)
	n := len(dst) - start
	// The length goes before what it measures: move that by the length's own size.
	for range protowire.SizeVarint(uint64(n)) {
		dst = append(dst, 0)
	}
	copy(dst[len(dst)-n:], dst[start:start+n])
	protowire.AppendVarint(dst[:start], uint64(n))
	return dst
}
