package oip

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
	"github.com/rankgate/rankgate/rank"
)

func TestARequestThatIsWrongIsToldWhere(t *testing.T) {
	f := func(body string, headerLength int, want string) {
		t.Helper()
		err := DecodeRequest([]byte(body), headerLength, new(Request))
		var e *rank.Error
		if !errors.As(err, &e) || e.Code != rank.InvalidRequest || !strings.Contains(e.Message, want) {
			t.Errorf("%s\ngot  %v\nwant invalid_request: %s", body, err, want)
		}
	}
	input := func(s string) string { return `{"inputs":[` + s + `]}` }
	f("", NoHeaderLength, "byte 0: the text ends where an object was expected")
	f("{}", NoHeaderLength, "inputs: missing")
	f("{}", 0, "Inference-Header-Content-Length: 0: must be positive")
	f("{}", 3, "Inference-Header-Content-Length: 3: the body has 2 bytes")
	f(`{"inputs":[]} x`, NoHeaderLength, "byte 14: 'x' where the end was expected")
	f(`{"inputs":[],"inputs":[]}`, NoHeaderLength, "inputs: given twice")
	f(`{"inputs":[],"id":"`+"\xff"+`"}`, NoHeaderLength, "not valid UTF-8")
	f(input(`{"name":"x","datatype":"FP32","data":[1]}`), NoHeaderLength, "inputs[0]: shape: missing")
	f(input(`{"name":"x","shape":[1],"datatype":"FP31","data":[1]}`), NoHeaderLength, `datatype "FP31": known are`)
	f(input(`{"name":"x","shape":[-1],"datatype":"FP32","data":[1]}`), NoHeaderLength, "shape [-1]: a dimension is negative")
	f(input(`{"name":"x","shape":[4294967296,4294967296],"datatype":"FP32","data":[1]}`), NoHeaderLength, "too large to address")
	f(input(`{"name":"x","shape":[1e2],"datatype":"FP32","data":[1]}`), NoHeaderLength, `shape: "1e2": must be an integer`)
	f(input(`{"name":"x","shape":[2],"datatype":"FP32","data":[[1],[2],[3]]}`), NoHeaderLength, "data: 3 values, but shape [2] has 2")
	f(input(`{"name":"x","shape":[1],"datatype":"FP32","data":[{}]}`), NoHeaderLength, "'{' where a value was expected")
	f(input(`{"name":"x","shape":[1],"datatype":"FP32","data":[1,]}`), NoHeaderLength, "a value after ','")
	f(input(`{"name":"x","shape":[1],"datatype":"FP32","data":[`+strings.Repeat("[", 40)+"1"), NoHeaderLength, "more than 32 deep")
	f(input(`{"name":"x","shape":[1],"datatype":"FP32"}`), NoHeaderLength, "data: missing")
	f(input(`{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}`), NoHeaderLength,
		"binary_data_size: 4, but only 0 bytes are left")
	f(input(`{"name":"x","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r"}}`), NoHeaderLength,
		"parameters.shared_memory_region: tensors in shared memory")
	f(`{"parameters":{"sequence_id":7},"inputs":[]}`, NoHeaderLength, "sequence_id: sequences of requests are not served")
	f(`{"parameters":{"x":[1]},"inputs":[]}`, NoHeaderLength, "parameters.x: must be a bool, a number or a string")
	f(`{"x":`+strings.Repeat("[", 100), NoHeaderLength, "more than 32 deep")

	whole := input(`{"name":"x","shape":[2],"datatype":"INT16","parameters":{"binary_data_size":4}}`)
	f(whole+"12345", len(whole), "1 bytes more than")
	short := input(`{"name":"x","shape":[2],"datatype":"INT32","parameters":{"binary_data_size":4}}`)
	f(short+"1234", len(short), `inputs[0] "x": 4 bytes, but INT32[2] takes 8`)
	text := input(`{"name":"x","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":4}}`)
	f(text+"\xff\xff\xff\xff", len(text), "element 0: its length goes beyond the tensor's bytes")
}

func TestAValueThatIsNoneOfItsTypeIsNamed(t *testing.T) {
	f := func(typ DataType, data, want string) {
		t.Helper()
		tensor := Tensor{Type: typ, JSON: []byte(data)}
		if _, err := tensor.AppendRaw(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s of %s: %v; want %s", data, typ, err, want)
		}
	}
	f(FP32, `[1,"x"]`, `value 1: "x" is no FP32`)
	f(FP32, `[1e39]`, "value 0: 1e39 is no FP32")
	f(Int8, `[[1],[128]]`, "value 1: 128 is no INT8")
	f(Uint16, `[-1]`, "value 0: -1 is no UINT16")
	f(Int64, `[1.0]`, "value 0: 1.0 is no INT64")
	f(Int32, `[null]`, "value 0: null is no INT32")
	f(Bool, `[0]`, "value 0: 0 is no BOOL")
	f(Bytes, `[1]`, "value 0: 1 is no BYTES")
}

func TestProtobufThatIsWrongIsToldWhere(t *testing.T) {
	tensor := func(f func([]byte) []byte) []byte { return protofield.AppendNested(nil, fieldTensors, f) }
	named := func(b []byte) []byte {
		return protofield.AppendText(protofield.AppendText(b, fieldName, "x"), fieldType, "INT8")
	}
	f := func(message []byte, want string) {
		t.Helper()
		err := DecodeRequestProto(message, new(Request))
		var e *rank.Error
		if !errors.As(err, &e) || e.Code != rank.InvalidRequest || !strings.Contains(e.Message, want) {
			t.Errorf("%q\ngot  %v\nwant invalid_request: %s", message, err, want)
		}
	}
	f([]byte{0x0a, 5}, "malformed protobuf")
	f(protofield.AppendText(nil, fieldID, "\xff"), "field 3: not valid UTF-8")
	f(tensor(func(b []byte) []byte { return protofield.AppendText(b, fieldName, "x") }), `inputs[0] "x": datatype: missing`)
	f(protowire.AppendBytes(protowire.AppendTag(tensor(named), fieldRawInputs, protowire.BytesType), []byte("12")),
		`inputs[0] "x": 2 bytes, but INT8[] takes 1`)
	f(protowire.AppendBytes(protowire.AppendTag(nil, fieldRawInputs, protowire.BytesType), nil), "raw contents: 1, but there are 0 inputs")
	f(tensor(func(b []byte) []byte {
		return protofield.AppendNested(named(b), fieldContents, func(b []byte) []byte { return protofield.AppendNumber(b, 2, 300) })
	}), `inputs[0] "x": contents: a value is no INT8`)
	f(tensor(func(b []byte) []byte {
		return protofield.AppendNested(named(b), fieldContents, func(b []byte) []byte { return protofield.AppendNumber(b, 3, 1) })
	}), "field 3 is not the one of INT8, 2")
	f(appendProtoParameter(nil, fieldParameters, &Parameter{"sequence_id", int64(3)}), "sequences of requests are not served")
	f(appendProtoParameter(nil, fieldParameters, &Parameter{"priority", "high"}), "parameters.priority: high: must be an integer")
}

func TestParametersThatMeanNothingHereArePassedOn(t *testing.T) {
	var r, again Request
	body := `{"parameters":{"a":true},"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"parameters":{"content_type":"str"},` +
		`"data":["q"]}],"outputs":[{"name":"y","parameters":{"classification":3,"content_type":"np"}}]}`
	if err := DecodeRequest([]byte(body), NoHeaderLength, &r); err != nil {
		t.Fatal(err)
	}
	inProto, err := AppendRequestProto(nil, &r)
	if err != nil {
		t.Fatal(err)
	}
	if err := DecodeRequestProto(inProto, &again); err != nil {
		t.Fatal(err)
	}
	got, _, err := AppendRequest(nil, &again, false)
	if err != nil || string(got) != body {
		t.Errorf("got  %s, %v\nwant %s", got, err, body)
	}
}
