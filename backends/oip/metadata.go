package oip

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/model"
)

// Metadata is what a server says about a model. A dimension that is free is -1, the
// batch's included.
type Metadata struct {
	Name     string
	Versions []string
	Platform string
	Inputs   []Tensor // without elements
	Outputs  []Tensor
}

// Graph returns the metadata in the words of package model. It is an error if an input
// has a type that no feature can have; an output of such a type can't be a score, and
// is model.Unknown.
func (m *Metadata) Graph() (model.Graph, error) {
	var g model.Graph
	for i := range m.Inputs {
		t := &m.Inputs[i]
		if t.Type.Model() == model.Unknown {
			return g, fmt.Errorf("input %s is %s: no feature has such a type", t.Name, t.Type)
		}
		g.Inputs = append(g.Inputs, model.Tensor{Name: t.Name, Type: t.Type.Model(), Dims: t.Shape})
	}
	for i := range m.Outputs {
		t := &m.Outputs[i]
		g.Outputs = append(g.Outputs, model.Tensor{Name: t.Name, Type: t.Type.Model(), Dims: t.Shape})
	}
	return g, nil
}

// decodeMetadata reads a ModelMetadataResponse, and copies what it keeps.
func decodeMetadata(message []byte) (*Metadata, error) {
	m := &Metadata{}
	err := eachField(message, func(f *field) error {
		b, err := f.message()
		switch f.Number {
		case 1:
			m.Name = string(b)
		case 2:
			m.Versions = append(m.Versions, string(b))
		case 3:
			m.Platform = string(b)
		case 4:
			m.Inputs, err = appendTensor(m.Inputs, f.Bytes)
		case 5:
			m.Outputs, err = appendTensor(m.Outputs, f.Bytes)
		default:
			return nil
		}
		return err
	})
	return m, err
}

// appendTensor reads a ModelMetadataResponse.TensorMetadata.
func appendTensor(tensors []Tensor, message []byte) ([]Tensor, error) {
	var said tensorMetadata
	err := eachField(message, func(f *field) (err error) {
		switch f.Number {
		case fieldName:
			said.Name, err = f.text()
		case fieldType:
			said.Datatype, err = f.text()
		case fieldShape:
			err = f.each(protowire.VarintType, func(bits uint64) { said.Shape = append(said.Shape, int64(bits)) })
		}
		return err
	})
	if err != nil {
		return tensors, err
	}
	said.Name = strings.Clone(said.Name)
	t, err := said.tensor()
	return append(tensors, t), err
}

// tensorMetadata is an input or output in a server's JSON.
type tensorMetadata struct {
	Name     string  `json:"name"`
	Datatype string  `json:"datatype"`
	Shape    []int64 `json:"shape"`
}

func (t *tensorMetadata) tensor() (Tensor, error) {
	typ, err := ParseDataType(t.Datatype)
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %q: %w", clip(t.Name), err)
	}
	return Tensor{Name: t.Name, Type: typ, Shape: t.Shape}, nil
}
