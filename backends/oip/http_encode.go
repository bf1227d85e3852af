package oip

import (
	"fmt"
	"strconv"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// AppendRequest appends the body of POST /v2/models/M/infer and returns the length of
// its JSON, NoHeaderLength if that is all of it. With binary, tensors that have bytes
// go as such, and all outputs are asked for as bytes; without it everything is JSON.
func AppendRequest(dst []byte, r *Request, binary bool) (body []byte, headerLength int, err error) {
	start := len(dst)
	if dst, err = appendRequestHeader(dst, r, binary); err != nil {
		return dst, 0, err
	}
	if !binary {
		return dst, NoHeaderLength, nil
	}
	header := len(dst) - start
	for i := range r.Inputs {
		dst = append(dst, r.Inputs[i].Raw...)
	}
	return dst, header, nil
}

// appendRequestHeader appends the JSON of a request. Behind it belong, with binary,
// the Raw of all inputs in their order.
func appendRequestHeader(dst []byte, r *Request, binary bool) ([]byte, error) {
	dst = append(dst, '{')
	if r.ID != "" {
		dst = append(appendQuoted(append(dst, `"id":`...), r.ID), ',')
	}
	dst = appendRequestParameters(dst, r, binary)
	dst = append(dst, `"inputs":[`...)
	for i := range r.Inputs {
		var err error
		if dst, err = r.Inputs[i].appendHeader(dst, i, binary); err != nil {
			return dst, fmt.Errorf("inputs[%d] %q: %w", i, clip(r.Inputs[i].Name), err)
		}
	}
	dst = append(dst, ']')
	for i := range r.Outputs {
		dst = r.Outputs[i].appendTo(dst, i, binary)
	}
	if len(r.Outputs) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, '}'), nil
}

func appendRequestParameters(dst []byte, r *Request, binary bool) []byte {
	start := len(dst)
	dst = append(dst, `"parameters":{`...)
	before := len(dst)
	if r.Priority > 0 {
		dst = append(strconv.AppendUint(append(dst, `"priority":`...), r.Priority, 10), ',')
	}
	if r.Timeout > 0 {
		dst = append(strconv.AppendInt(append(dst, `"timeout":`...), int64(max(r.Timeout/time.Microsecond, 1)), 10), ',')
	}
	if binary {
		dst = append(dst, `"binary_data_output":true,`...)
	}
	dst = appendParameters(dst, r.Parameters)
	if len(dst) == before {
		return dst[:start]
	}
	return append(endParameters(dst), ',')
}

// appendParameters appends the members of an object, a comma behind each.
func appendParameters(dst []byte, parameters []Parameter) []byte {
	for _, p := range parameters {
		dst = append(appendQuoted(dst, p.Name), ':')
		switch v := p.Value.(type) {
		case bool:
			dst = strconv.AppendBool(dst, v)
		case int64:
			dst = strconv.AppendInt(dst, v, 10)
		case uint64:
			dst = strconv.AppendUint(dst, v, 10)
		case float64:
			dst = appendFloat(dst, v, 64)
		case string:
			dst = appendQuoted(dst, v)
		default:
			panic(fmt.Sprintf("BUG: parameter %s is a %T", p.Name, v))
		}
		dst = append(dst, ',')
	}
	return dst
}

// endParameters ends an object in place of the comma that is its last byte.
func endParameters(dst []byte) []byte {
	dst[len(dst)-1] = '}'
	return dst
}

// appendHeader appends the JSON of a tensor, the i-th of its list. With binary its
// bytes, if it has any, are named here and follow behind the JSON.
func (t *Tensor) appendHeader(dst []byte, i int, binary bool) ([]byte, error) {
	if i > 0 {
		dst = append(dst, ',')
	}
	dst = appendQuoted(append(dst, `{"name":`...), t.Name)
	dst = append(append(append(dst, `,"datatype":"`...), t.Type.String()...), `","shape":[`...)
	for j, d := range t.Shape {
		if j > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, d, 10)
	}
	dst = append(dst, ']')
	binary = binary && t.JSON == nil
	if binary || len(t.Parameters) > 0 {
		dst = append(dst, `,"parameters":{`...)
		if binary {
			dst = append(strconv.AppendInt(append(dst, `"binary_data_size":`...), int64(len(t.Raw)), 10), ',')
		}
		dst = endParameters(appendParameters(dst, t.Parameters))
	}
	var err error
	if !binary {
		dst, err = t.AppendJSON(append(dst, `,"data":`...))
	}
	return append(dst, '}'), err
}

func (o *Output) appendTo(dst []byte, i int, binary bool) []byte {
	if i == 0 {
		dst = append(dst, `,"outputs":[`...)
	} else {
		dst = append(dst, ',')
	}
	dst = appendQuoted(append(dst, `{"name":`...), o.Name)
	if binary || o.Classification > 0 || len(o.Parameters) > 0 {
		dst = append(dst, `,"parameters":{`...)
		if binary {
			dst = append(dst, `"binary_data":true,`...)
		}
		if o.Classification > 0 {
			dst = append(strconv.AppendUint(append(dst, `"classification":`...), o.Classification, 10), ',')
		}
		dst = endParameters(appendParameters(dst, o.Parameters))
	}
	return append(dst, '}')
}

// AppendResponse appends the body that answers a request and returns the length of its
// JSON, NoHeaderLength if that is all of it. Each output goes as the request asked for:
// as bytes behind the JSON, or in it. Errors are *rank.Error: InvalidRequest for a BYTES
// output that is no UTF-8 text and can't go into the JSON, Unavailable if an output's own
// JSON does not hold what its type says.
func AppendResponse(dst []byte, r *Response, asked *Request) (body []byte, headerLength int, err error) {
	start, anyBinary := len(dst), false
	dst = append(appendQuoted(append(dst, `{"model_name":`...), r.Model), ',')
	dst = append(appendQuoted(append(dst, `"model_version":`...), r.Version), ',')
	if r.ID != "" {
		dst = append(appendQuoted(append(dst, `"id":`...), r.ID), ',')
	}
	if len(r.Parameters) > 0 {
		dst = append(endParameters(appendParameters(append(dst, `"parameters":{`...), r.Parameters)), ',')
	}
	dst = append(dst, `"outputs":[`...)
	for i := range r.Outputs {
		t := &r.Outputs[i]
		binary := asked.Binary(t.Name)
		anyBinary = anyBinary || binary
		if binary && t.JSON != nil {
			if err = r.toRaw(t); err != nil {
				return dst, 0, rank.Errorf(rank.Unavailable, "outputs[%d] %q: %v", i, clip(t.Name), err)
			}
		}
		if dst, err = t.appendHeader(dst, i, binary); err != nil {
			return dst, 0, rank.Errorf(rank.InvalidRequest, "outputs[%d] %q: %v", i, clip(t.Name), err)
		}
	}
	dst = append(dst, "]}"...)
	if !anyBinary {
		return dst, NoHeaderLength, nil
	}
	header := len(dst) - start
	for i := range r.Outputs {
		if asked.Binary(r.Outputs[i].Name) {
			dst = append(dst, r.Outputs[i].Raw...)
		}
	}
	return dst, header, nil
}

// toRaw reads the values of a tensor's JSON into bytes that the message owns.
func (a *arena) toRaw(t *Tensor) error {
	from := len(a.raws)
	var err error
	if a.raws, err = t.AppendRaw(a.raws); err != nil {
		return err
	}
	t.Raw, t.JSON = a.raws[from:len(a.raws):len(a.raws)], nil
	return nil
}
