package oip

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// AppendRequestProto appends a ModelInferRequest, tensors as raw_input_contents. Values
// that came in JSON are read here, into bytes that r owns then.
func AppendRequestProto(dst []byte, r *Request) ([]byte, error) {
	if err := r.toRaws(r.Inputs, "inputs"); err != nil {
		return dst, invalid(err)
	}
	dst = appendHead(dst, r.Model, r.Version, r.ID)
	dst = appendProtoParameters(dst, r)
	for i := range r.Inputs {
		dst = r.Inputs[i].appendProto(dst)
	}
	for i := range r.Outputs {
		dst = r.Outputs[i].appendProto(dst)
	}
	return appendRaws(dst, fieldRawInputs, r.Inputs), nil
}

// AppendResponseProto appends a ModelInferResponse, tensors as raw_output_contents.
func AppendResponseProto(dst []byte, r *Response) ([]byte, error) {
	if err := r.toRaws(r.Outputs, "outputs"); err != nil {
		return dst, err
	}
	dst = appendHead(dst, r.Model, r.Version, r.ID)
	for i := range r.Parameters {
		dst = appendProtoParameter(dst, fieldParameters, &r.Parameters[i])
	}
	for i := range r.Outputs {
		dst = r.Outputs[i].appendProto(dst)
	}
	return appendRaws(dst, fieldRawOutputs, r.Outputs), nil
}

// appendHead appends what requests and responses begin with.
func appendHead(dst []byte, model, version, id string) []byte {
	dst = protofield.AppendText(dst, fieldModel, model)
	dst = protofield.AppendText(dst, fieldVersion, version)
	return protofield.AppendText(dst, fieldID, id)
}

// appendRaws appends the bytes of all tensors.
func appendRaws(dst []byte, number protowire.Number, tensors []Tensor) []byte {
	for i := range tensors {
		dst = protowire.AppendBytes(protowire.AppendTag(dst, number, protowire.BytesType), tensors[i].Raw)
	}
	return dst
}

// toRaws reads all values that came in JSON into bytes.
func (a *arena) toRaws(tensors []Tensor, list string) error {
	for i := range tensors {
		if tensors[i].JSON == nil {
			continue
		}
		if err := a.toRaw(&tensors[i]); err != nil {
			return fmt.Errorf("%s[%d] %q: data: %w", list, i, clip(tensors[i].Name), err)
		}
	}
	return nil
}

// appendProtoParameters appends the parameters of a request, those with a name of
// their own in r among them.
func appendProtoParameters(dst []byte, r *Request) []byte {
	if r.Priority > 0 {
		dst = appendIntParameter(dst, fieldParameters, "priority", fieldUint64, r.Priority)
	}
	if r.Timeout > 0 {
		dst = appendIntParameter(dst, fieldParameters, "timeout", fieldInt64, uint64(max(r.Timeout/time.Microsecond, 1)))
	}
	for i := range r.Parameters {
		dst = appendProtoParameter(dst, fieldParameters, &r.Parameters[i])
	}
	return dst
}

// appendProto appends an output that is asked for.
func (o *Output) appendProto(dst []byte) []byte {
	return protofield.AppendNested(dst, fieldOutputs, func(dst []byte) []byte {
		dst = protofield.AppendText(dst, fieldName, o.Name)
		if o.Classification > 0 {
			dst = appendIntParameter(dst, fieldOutputParameters, "classification", fieldInt64, o.Classification)
		}
		for i := range o.Parameters {
			dst = appendProtoParameter(dst, fieldOutputParameters, &o.Parameters[i])
		}
		return dst
	})
}

// appendIntParameter appends a parameter without making an interface of its value.
func appendIntParameter(dst []byte, number protowire.Number, name string, kind protowire.Number, value uint64) []byte {
	return protofield.AppendNested(dst, number, func(dst []byte) []byte {
		dst = protofield.AppendText(dst, fieldKey, name)
		return protofield.AppendNested(dst, fieldValue, func(dst []byte) []byte { return protofield.AppendNumber(dst, kind, value) })
	})
}

// appendProto appends a tensor without its contents.
func (t *Tensor) appendProto(dst []byte) []byte {
	return protofield.AppendNested(dst, fieldTensors, func(dst []byte) []byte {
		dst = protofield.AppendText(dst, fieldName, t.Name)
		dst = protofield.AppendText(dst, fieldType, t.Type.String())
		if len(t.Shape) > 0 {
			dst = protofield.AppendNested(dst, fieldShape, t.appendShape)
		}
		for i := range t.Parameters {
			dst = appendProtoParameter(dst, fieldTensorParameters, &t.Parameters[i])
		}
		return dst
	})
}

func (t *Tensor) appendShape(dst []byte) []byte {
	for _, d := range t.Shape {
		dst = protowire.AppendVarint(dst, uint64(d))
	}
	return dst
}
