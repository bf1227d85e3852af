package oip

import (
	"fmt"
	"strconv"
	"strings"
)

// tensors takes the list of inputs or outputs.
func (d *decoder) tensors(into *[]Tensor, field string) {
	if !d.open('[', "a list of "+field) {
		return
	}
	for first := true; d.More(first, ']'); first = false {
		if len(*into) == maxTensors {
			d.Fail("%s: %v", field, errTensors)
			return
		}
		*into = append(*into, Tensor{})
		i := len(*into) - 1
		d.tensor(&(*into)[i])
		if d.Failed() {
			d.Bad.Words = fmt.Sprintf("%s[%d]: %s", field, i, d.Bad.Words)
		}
	}
}

func (d *decoder) tensor(t *Tensor) {
	if !d.open('{', "an object") {
		return
	}
	var seen fields
	size, values := NoHeaderLength, 0
	for first := true; d.More(first, '}'); first = false {
		switch d.Key() {
		case "name":
			d.once(&seen, hasName, "name")
			t.Name = d.String("a string")
		case "shape":
			d.once(&seen, hasShape, "shape")
			t.Shape = d.shape()
		case "datatype":
			d.once(&seen, hasType, "datatype")
			t.Type = d.dataType()
		case parametersField:
			if d.once(&seen, hasParameters, parametersField); !d.Null() {
				d.parameters(func(p *parameter) bool { return p.ofTensor(&size) }, &t.Parameters)
			}
		case "data":
			d.once(&seen, hasData, "data")
			t.JSON, values = d.data()
		default:
			d.skip(0)
		}
	}
	for f, name := range map[fields]string{hasName: "name", hasShape: "shape", hasType: "datatype"} {
		if seen&f == 0 {
			d.Fail("%s: missing", name)
		}
	}
	d.content(t, size, values)
}

// content takes the tensor's bytes from behind the header, or holds its values to the
// shape.
func (d *decoder) content(t *Tensor, size, values int) {
	switch n, err := t.Elements(); {
	case d.Failed():
	case err != nil:
		d.Fail("%v", err)
	case size != NoHeaderLength && t.JSON != nil:
		d.Fail("data: given beside parameters.binary_data_size")
	case size != NoHeaderLength:
		if size > len(d.rest) {
			d.Fail("parameters.binary_data_size: %d, but only %d bytes are left behind the JSON", size, len(d.rest))
			return
		}
		t.Raw, d.rest = d.rest[:size:size], d.rest[size:]
	case t.JSON == nil:
		d.Fail("data: missing, and there is no parameters.binary_data_size")
	case values != n:
		d.Fail("data: %d values, but shape %v has %d", values, t.Shape, n)
	}
}

func (p *parameter) ofTensor(size *int) bool {
	switch {
	case p.name == binaryDataSize:
		n := p.uint()
		if !p.d.Failed() && n > uint64(len(p.d.rest)) {
			p.d.Fail("parameters.binary_data_size: %d, but only %d bytes are left behind the JSON", n, len(p.d.rest))
			return true
		}
		*size = int(n)
	case strings.HasPrefix(p.name, sharedMemory):
		p.d.Fail("parameters.%s: %v", clip(p.name), errSharedMemory)
	default:
		return false
	}
	return true
}

func (d *decoder) shape() []int64 {
	from := len(d.arena.dims)
	if !d.open('[', "a list of dimensions") {
		return nil
	}
	for first := true; d.More(first, ']'); first = false {
		if d.Token() == 0 {
			d.Unexpected("a dimension")
			return nil
		}
		text, _ := d.Number()
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			d.Fail("shape: %q: must be an integer", clip(text))
			return nil
		}
		if len(d.arena.dims)-from == maxDimensions {
			d.Fail("%v", errDimensions)
			return nil
		}
		d.arena.dims = append(d.arena.dims, n)
	}
	return d.arena.added(from)
}

func (d *decoder) dataType() DataType {
	t, err := ParseDataType(d.String("a string"))
	if err != nil {
		d.Fail("%v", err)
	}
	return t
}

// outputs takes the list of the outputs that are asked for.
func (d *decoder) outputs(r *Request) {
	if !d.open('[', "a list of outputs") {
		return
	}
	for first := true; d.More(first, ']'); first = false {
		if len(r.Outputs) == maxTensors {
			d.Fail("outputs: %v", errTensors)
			return
		}
		r.Outputs = append(r.Outputs, Output{})
		i := len(r.Outputs) - 1
		d.output(&r.Outputs[i])
		if d.Failed() {
			d.Bad.Words = fmt.Sprintf("outputs[%d]: %s", i, d.Bad.Words)
		}
	}
}

func (d *decoder) output(o *Output) {
	if !d.open('{', "an object") {
		return
	}
	var seen fields
	for first := true; d.More(first, '}'); first = false {
		switch d.Key() {
		case "name":
			d.once(&seen, hasName, "name")
			o.Name = d.String("a string")
		case parametersField:
			if d.once(&seen, hasParameters, parametersField); !d.Null() {
				d.parameters(func(p *parameter) bool { return p.ofOutput(o) }, &o.Parameters)
			}
		default:
			d.skip(0)
		}
	}
	if seen&hasName == 0 {
		d.Fail("name: missing")
	}
}

func (p *parameter) ofOutput(o *Output) bool {
	switch {
	case p.name == binaryData:
		o.Binary, o.said = p.bool(), true
	case p.name == "classification":
		o.Classification = p.uint()
	case strings.HasPrefix(p.name, sharedMemory):
		p.d.Fail("parameters.%s: %v", clip(p.name), errSharedMemory)
	default:
		return false
	}
	return true
}
