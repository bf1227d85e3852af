package model

import "fmt"

// Type is the element type of a feature column or of a graph's tensor.
type Type uint8

const (
	Unknown Type = iota
	Float32
	Float64
	Float16 // graph inputs only
	Int64
	Int32
	Bool
	String
)

var typeNames = [...]string{"unknown", "float32", "float64", "float16", "int64", "int32", "bool", "string"}

func (t Type) String() string { return typeNames[t] }

// ParseType returns the type of that name.
func ParseType(name string) (Type, error) {
	for t, n := range typeNames {
		if n == name && t != int(Unknown) {
			return Type(t), nil
		}
	}
	return Unknown, fmt.Errorf("unknown type %q; known are float32, float64, float16, int64, int32, bool, string", name)
}

// Size returns the bytes that one element takes in a tensor, 0 for strings.
func (t Type) Size() int {
	switch t {
	case Float64, Int64:
		return 8
	case Float32, Int32:
		return 4
	case Float16:
		return 2
	case Bool:
		return 1
	default:
		return 0
	}
}
