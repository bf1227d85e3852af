package oip

import (
	"fmt"

	"github.com/rankgate/rankgate/rank"
)

// NoHeaderLength stands for the length of the JSON header where the message came
// without Inference-Header-Content-Length: all of it is JSON then.
const NoHeaderLength = -1

// HeaderLength is the HTTP header that says how many bytes of a body are JSON. The
// rest are tensors, in the order in which the JSON names them.
const HeaderLength = "Inference-Header-Content-Length"

// DecodeRequest reads the body of POST /v2/models/M/infer into r, whose memory it
// reuses and whose views are of body from then on; body itself is written to, where
// its strings hold escapes. Model and Version are left as they are. Fields that the
// protocol does not know are ignored. An error is a *rank.Error, InvalidRequest.
func DecodeRequest(body []byte, headerLength int, r *Request) error {
	d, err := newDecoder(body, headerLength)
	if err != nil {
		return invalid(err)
	}
	name, version := r.Model, r.Version
	r.Reset()
	r.Model, r.Version = name, version
	d.request(r)
	return invalid(d.finish(r.Inputs, "inputs"))
}

// DecodeResponse reads a server's answer into r, as DecodeRequest reads a request.
func DecodeResponse(body []byte, headerLength int, r *Response) error {
	d, err := newDecoder(body, headerLength)
	if err != nil {
		return err
	}
	r.Reset()
	d.response(r)
	return d.finish(r.Outputs, "outputs")
}

// invalid makes the caller's fault of what is wrong with a request.
func invalid(err error) error {
	if err == nil {
		return nil
	}
	return rank.Errorf(rank.InvalidRequest, "%v", err)
}

// decoder reads the JSON header of a message and takes its tensors from the bytes
// behind it.
type decoder struct {
	*scanner
	rest  []byte // of the bytes behind the header
	seen  fields // of the message
	arena *arena
}

// fields is a set of fields of one object, none of which may be there twice: servers
// differ in which of the two they believe.
type fields uint16

const (
	hasName fields = 1 << iota
	hasVersion
	hasID
	hasParameters
	hasInputs
	hasOutputs
	hasShape
	hasType
	hasData
)

func newDecoder(body []byte, headerLength int) (*decoder, error) {
	switch {
	case headerLength == NoHeaderLength:
		return &decoder{scanner: newScanner(body)}, nil
	case headerLength <= 0:
		return nil, fmt.Errorf("%s: %d: must be positive", HeaderLength, headerLength)
	case headerLength > len(body):
		return nil, fmt.Errorf("%s: %d: the body has %d bytes", HeaderLength, headerLength, len(body))
	}
	return &decoder{scanner: newScanner(body[:headerLength:headerLength]), rest: body[headerLength:]}, nil
}

func (d *decoder) once(seen *fields, f fields, name string) {
	if *seen&f != 0 {
		d.Fail("%s: given twice", name)
	}
	*seen |= f
}

func (d *decoder) request(r *Request) {
	d.arena = &r.arena
	if !d.open('{', "an object") {
		return
	}
	for first := true; d.More(first, '}'); first = false {
		switch d.Key() {
		case "id":
			if d.once(&d.seen, hasID, "id"); !d.Null() {
				r.ID = d.String("a string")
			}
		case parametersField:
			if d.once(&d.seen, hasParameters, parametersField); !d.Null() {
				d.parameters(func(p *parameter) bool { return p.ofRequest(r) }, &r.Parameters)
			}
		case "inputs":
			d.once(&d.seen, hasInputs, "inputs")
			d.tensors(&r.Inputs, "inputs")
		case "outputs":
			if d.once(&d.seen, hasOutputs, "outputs"); !d.Null() {
				d.outputs(r)
			}
		default:
			d.skip(0)
		}
	}
	if d.seen&hasInputs == 0 {
		d.Fail("inputs: missing")
	}
	for i := range r.Outputs {
		if o := &r.Outputs[i]; !o.said {
			o.Binary = r.BinaryOutputs
		}
	}
}

func (d *decoder) response(r *Response) {
	d.arena = &r.arena
	if !d.open('{', "an object") {
		return
	}
	for first := true; d.More(first, '}'); first = false {
		switch d.Key() {
		case "model_name":
			d.once(&d.seen, hasName, "model_name")
			r.Model = d.String("a string")
		case "model_version":
			if d.once(&d.seen, hasVersion, "model_version"); !d.Null() {
				r.Version = d.String("a string")
			}
		case "id":
			if d.once(&d.seen, hasID, "id"); !d.Null() {
				r.ID = d.String("a string")
			}
		case parametersField:
			if d.once(&d.seen, hasParameters, parametersField); !d.Null() {
				d.parameters(func(*parameter) bool { return false }, &r.Parameters)
			}
		case "outputs":
			d.once(&d.seen, hasOutputs, "outputs")
			d.tensors(&r.Outputs, "outputs")
		default:
			d.skip(0)
		}
	}
	if d.seen&hasOutputs == 0 {
		d.Fail("outputs: missing")
	}
}

// finish takes nothing that is behind the header and its tensors.
func (d *decoder) finish(tensors []Tensor, field string) error {
	d.End()
	if !d.Failed() && len(d.rest) > 0 {
		d.Fail("%d bytes more than the JSON and the binary_data_size of the %s say", len(d.rest), field)
	}
	for i := range tensors {
		if d.Failed() {
			break
		}
		if err := tensors[i].check(); err != nil {
			d.Fail("%s[%d] %q: %v", field, i, clip(tensors[i].Name), err)
		}
	}
	return d.err()
}
