package oip

import (
	"fmt"

	"github.com/rankgate/rankgate/model"
)

// DataType is the protocol's element type of a tensor.
type DataType uint8

const (
	NoType DataType = iota
	Bool
	Uint8
	Uint16
	Uint32
	Uint64
	Int8
	Int16
	Int32
	Int64
	FP16
	BF16 // the upper half of a float32
	FP32
	FP64
	Bytes // each element is a little-endian uint32 length and that many bytes
	numTypes
)

var typeNames = [numTypes]string{
	"", "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
	"FP16", "BF16", "FP32", "FP64", "BYTES",
}

var typeSizes = [numTypes]int{0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 0}

func (t DataType) String() string { return typeNames[t] }

// Size returns the bytes of one element, 0 for Bytes, whose elements differ.
func (t DataType) Size() int { return typeSizes[t] }

// ParseDataType returns the type of that name.
func ParseDataType(name string) (DataType, error) {
	for t := NoType + 1; t < numTypes; t++ {
		if typeNames[t] == name {
			return t, nil
		}
	}
	return NoType, fmt.Errorf("datatype %q: known are %q", clip(name), typeNames[1:])
}

// modelTypes are the types that can feed a model, or be its score.
var modelTypes = [numTypes]model.Type{
	Bool: model.Bool, Int32: model.Int32, Int64: model.Int64,
	FP16: model.Float16, FP32: model.Float32, FP64: model.Float64, Bytes: model.String,
}

// Model returns the type as models name it, model.Unknown if they have none such.
func (t DataType) Model() model.Type { return modelTypes[t] }

// TypeOf returns the protocol's name for a model's type, NoType if there is none.
func TypeOf(m model.Type) DataType {
	for t, known := range modelTypes {
		if known == m && m != model.Unknown {
			return DataType(t)
		}
	}
	return NoType
}

// clip shortens what someone else wrote to what a message can hold.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
