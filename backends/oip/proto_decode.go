package oip

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// DecodeRequestProto reads a ModelInferRequest into r, whose memory it reuses and
// whose views are of message from then on. Fields that it does not know are ignored.
// An error is a *rank.Error, InvalidRequest.
func DecodeRequestProto(message []byte, r *Request) error {
	r.Reset()
	var d protoDecoder
	err := eachField(message, func(f *field) error { return d.request(f, r) })
	if err == nil {
		err = d.finish(r.Inputs, &r.arena, "inputs")
	}
	return invalid(err)
}

// DecodeResponseProto reads a ModelInferResponse into r, as DecodeRequestProto reads a
// request.
func DecodeResponseProto(message []byte, r *Response) error {
	r.Reset()
	var d protoDecoder
	err := eachField(message, func(f *field) error { return d.response(f, r) })
	if err == nil {
		err = d.finish(r.Outputs, &r.arena, "outputs")
	}
	return err
}

// protoDecoder holds what a message's tensors need once the message has been read to
// its end: their bytes may come before them.
type protoDecoder struct {
	raws     [][]byte // raw_input_contents or raw_output_contents
	contents []contents
	few      [8]contents // contents, while they are not many
	fewRaws  [8][]byte   // likewise
}

// contents is the typed content of a tensor, nil if it has none.
type contents []byte

func (d *protoDecoder) request(f *field, r *Request) (err error) {
	switch f.Number {
	case fieldParameters:
		err = requestParameter(f, r)
	case fieldTensors:
		err = d.tensor(f, &r.Inputs, &r.arena, "inputs")
	case fieldOutputs:
		err = requestedOutput(f, r)
	case fieldRawInputs:
		err = d.raw(f)
	default:
		err = f.head(&r.Model, &r.Version, &r.ID)
	}
	return err
}

func (d *protoDecoder) response(f *field, r *Response) (err error) {
	switch f.Number {
	case fieldParameters:
		err = otherParameter(f, &r.Parameters)
	case fieldTensors:
		err = d.tensor(f, &r.Outputs, &r.arena, "outputs")
	case fieldRawOutputs:
		err = d.raw(f)
	default:
		err = f.head(&r.Model, &r.Version, &r.ID)
	}
	return err
}

// head takes what requests and responses begin with.
func (f *field) head(model, version, id *string) (err error) {
	switch f.Number {
	case fieldModel:
		*model, err = f.text()
	case fieldVersion:
		*version, err = f.text()
	case fieldID:
		*id, err = f.text()
	}
	return err
}

func (d *protoDecoder) raw(f *field) error {
	raw, err := f.message()
	if len(d.raws) == maxTensors {
		return fmt.Errorf("raw contents: %w", errTensors)
	}
	if d.raws == nil {
		d.raws = d.fewRaws[:0]
	}
	d.raws = append(d.raws, raw)
	return err
}

// tensor takes a ModelInferRequest.InferInputTensor or the output tensor of a
// response, which are alike.
func (d *protoDecoder) tensor(f *field, into *[]Tensor, a *arena, list string) error {
	message, err := f.message()
	if err == nil && len(*into) == maxTensors {
		err = fmt.Errorf("%s: %w", list, errTensors)
	}
	if err != nil {
		return err
	}
	if d.contents == nil {
		d.contents = d.few[:0]
	}
	*into, d.contents = append(*into, Tensor{}), append(d.contents, nil)
	i := len(*into) - 1
	t, content, from := &(*into)[i], &d.contents[i], len(a.dims)
	err = eachField(message, func(f *field) (err error) {
		switch f.Number {
		case fieldName:
			t.Name, err = f.text()
		case fieldType:
			var name string
			if name, err = f.text(); err == nil {
				t.Type, err = ParseDataType(name)
			}
		case fieldShape:
			err = f.dimensions(a, from)
		case fieldTensorParameters:
			err = otherParameter(f, &t.Parameters)
		case fieldContents:
			if len(*content) > 0 {
				return errors.New("contents: given twice")
			}
			*content, err = f.message()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s[%d] %q: %w", list, i, clip(t.Name), err)
	}
	t.Shape = a.added(from)
	return nil
}

// dimensions appends a shape, or a part of one that began at from.
func (f *field) dimensions(a *arena, from int) error {
	err := f.each(protowire.VarintType, func(bits uint64) {
		if len(a.dims)-from <= maxDimensions {
			a.dims = append(a.dims, int64(bits))
		}
	})
	if err == nil && len(a.dims)-from > maxDimensions {
		return errDimensions
	}
	return err
}

// finish gives the tensors their bytes.
func (d *protoDecoder) finish(tensors []Tensor, a *arena, list string) error {
	if len(d.raws) > 0 && len(d.raws) != len(tensors) {
		return fmt.Errorf("raw contents: %d, but there are %d %s", len(d.raws), len(tensors), list)
	}
	for i := range tensors {
		t := &tensors[i]
		err := d.content(t, i, a)
		if err == nil {
			err = t.check()
		}
		if err != nil {
			return fmt.Errorf("%s[%d] %q: %w", list, i, clip(t.Name), err)
		}
	}
	return nil
}

func (d *protoDecoder) content(t *Tensor, i int, a *arena) error {
	switch {
	case t.Type == NoType:
		return errors.New("datatype: missing")
	case len(d.raws) == 0:
		return d.contents[i].raw(t, a)
	case len(d.contents[i]) > 0: // MLServer sends it empty
		return errors.New("contents: given beside raw contents")
	}
	t.Raw = d.raws[i]
	return nil
}

func mapEntry(f *field) (Parameter, error) {
	entry, err := f.message()
	if err != nil {
		return Parameter{}, err
	}
	return protoParameter(entry)
}

func requestParameter(f *field, r *Request) error {
	p, err := mapEntry(f)
	if err != nil {
		return err
	}
	var n uint64
	switch p.Name {
	case "priority":
		r.Priority, err = p.uint()
	case "timeout":
		n, err = p.uint()
		r.Timeout = microseconds(n)
	case "sequence_id":
		if p.Value != "" && p.Value != int64(0) && p.Value != uint64(0) {
			err = errSequence
		}
	case "sequence_start", "sequence_end", binaryDataOutput: // they say nothing here
	default:
		err = p.appendTo(&r.Parameters)
	}
	return err
}

func requestedOutput(f *field, r *Request) error {
	message, err := f.message()
	if err == nil && len(r.Outputs) == maxTensors {
		err = fmt.Errorf("outputs: %w", errTensors)
	}
	if err != nil {
		return err
	}
	o := Output{Binary: true}
	err = eachField(message, func(f *field) (err error) {
		switch f.Number {
		case fieldName:
			o.Name, err = f.text()
		case fieldOutputParameters:
			err = outputParameter(f, &o)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("outputs[%d]: %w", len(r.Outputs), err)
	}
	r.Outputs = append(r.Outputs, o)
	return nil
}

func outputParameter(f *field, o *Output) error {
	p, err := mapEntry(f)
	switch {
	case err != nil || p.Name == binaryData:
	case p.Name == "classification":
		o.Classification, err = p.uint()
	default:
		err = p.appendTo(&o.Parameters)
	}
	return err
}

// otherParameter takes a parameter that means nothing here.
func otherParameter(f *field, others *[]Parameter) error {
	p, err := mapEntry(f)
	if err != nil || p.Name == binaryDataSize {
		return err
	}
	return p.appendTo(others)
}

// appendTo appends p if it has a value. It refuses a tensor that lies in the memory of
// another machine.
func (p *Parameter) appendTo(others *[]Parameter) error {
	switch {
	case strings.HasPrefix(p.Name, sharedMemory):
		return fmt.Errorf("parameters.%s: %w", clip(p.Name), errSharedMemory)
	case p.Value != nil:
		*others = append(*others, *p)
	}
	return nil
}
