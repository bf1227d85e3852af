package oip

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// The numbers of the fields of inference.proto, of which requests and responses share
// those of their heads and of their tensors.
const (
	fieldModel      protowire.Number = 1
	fieldVersion    protowire.Number = 2
	fieldID         protowire.Number = 3
	fieldParameters protowire.Number = 4
	fieldTensors    protowire.Number = 5 // inputs of a request, outputs of a response
	fieldOutputs    protowire.Number = 6 // of a request
	fieldRawInputs  protowire.Number = 7
	fieldRawOutputs protowire.Number = 6 // of a response

	fieldName             protowire.Number = 1
	fieldType             protowire.Number = 2
	fieldShape            protowire.Number = 3
	fieldTensorParameters protowire.Number = 4
	fieldContents         protowire.Number = 5
	fieldOutputParameters protowire.Number = 2 // of an output that is asked for

	fieldKey   protowire.Number = 1 // of an entry of a map
	fieldValue protowire.Number = 2

	fieldBool   protowire.Number = 1 // of a parameter
	fieldInt64  protowire.Number = 2
	fieldString protowire.Number = 3
	fieldDouble protowire.Number = 4
	fieldUint64 protowire.Number = 5
)

// errWire says that the bytes are no protobuf message.
var errWire = errors.New("malformed protobuf")

// field is one field of a protobuf message.
type field struct{ protofield.Field }

// eachField calls f for the fields of message in their order.
func eachField(message []byte, f func(*field) error) error {
	for len(message) > 0 {
		var it field
		rest, ok := it.Read(message)
		if !ok {
			return errWire
		}
		message = rest
		if err := f(&it); err != nil {
			return err
		}
	}
	return nil
}

// message returns the field's bytes.
func (f *field) message() ([]byte, error) {
	if f.Type != protowire.BytesType {
		return nil, fmt.Errorf("field %d: %w", f.Number, errWire)
	}
	return f.Bytes, nil
}

// text returns the field's bytes as a string that shares their memory.
func (f *field) text() (string, error) {
	switch {
	case f.Type != protowire.BytesType:
		return "", fmt.Errorf("field %d: %w", f.Number, errWire)
	case !utf8.Valid(f.Bytes):
		return "", fmt.Errorf("field %d: not valid UTF-8", f.Number)
	}
	return view(f.Bytes), nil
}

// each calls f for the values of a repeated number, be it packed or not.
func (f *field) each(typ protowire.Type, do func(bits uint64)) error {
	if f.Type == typ {
		do(f.Bits)
		return nil
	}
	if f.Type != protowire.BytesType {
		return fmt.Errorf("field %d: %w", f.Number, errWire)
	}
	element := protofield.Field{Type: typ}
	for rest := f.Bytes; len(rest) > 0; {
		behind, ok := element.ReadValue(rest)
		if !ok {
			return fmt.Errorf("field %d: %w", f.Number, errWire)
		}
		do(element.Bits)
		rest = behind
	}
	return nil
}

// protoParameters takes one entry of a map of parameters.
func protoParameter(entry []byte) (p Parameter, err error) {
	var value []byte
	err = eachField(entry, func(f *field) (err error) {
		switch f.Number {
		case fieldKey:
			p.Name, err = f.text()
		case fieldValue:
			value, err = f.message()
		}
		return err
	})
	if err != nil {
		return p, err
	}
	err = eachField(value, func(f *field) (err error) {
		switch f.Number {
		case fieldBool:
			p.Value = f.Bits != 0
		case fieldInt64:
			p.Value = int64(f.Bits)
		case fieldString:
			p.Value, err = f.text()
		case fieldDouble:
			p.Value = math.Float64frombits(f.Bits)
		case fieldUint64:
			p.Value = f.Bits
		}
		return err
	})
	return p, err
}

// uint returns the parameter as a number of 0 or more.
func (p *Parameter) uint() (uint64, error) {
	switch v := p.Value.(type) {
	case int64:
		if v >= 0 {
			return uint64(v), nil
		}
	case uint64:
		return v, nil
	}
	return 0, fmt.Errorf("parameters.%s: %v: must be an integer of 0 or more", clip(p.Name), clip(fmt.Sprint(p.Value)))
}

func appendProtoParameter(dst []byte, number protowire.Number, p *Parameter) []byte {
	return protofield.AppendNested(dst, number, func(dst []byte) []byte {
		dst = protofield.AppendText(dst, fieldKey, p.Name)
		return protofield.AppendNested(dst, fieldValue, func(dst []byte) []byte {
			switch v := p.Value.(type) {
			case bool:
				return protofield.AppendNumber(dst, fieldBool, protowire.EncodeBool(v))
			case int64:
				return protofield.AppendNumber(dst, fieldInt64, uint64(v))
			case uint64:
				return protofield.AppendNumber(dst, fieldUint64, v)
			case float64:
				return protowire.AppendFixed64(protowire.AppendTag(dst, fieldDouble, protowire.Fixed64Type), math.Float64bits(v))
			case string:
				return protowire.AppendString(protowire.AppendTag(dst, fieldString, protowire.BytesType), v)
			default:
				panic(fmt.Sprintf("BUG: parameter %s is a %T", p.Name, v))
			}
		})
	})
}
