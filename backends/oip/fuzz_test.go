package oip

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// Each target reads a message; what could be read is written and read again, and must
// then say the same.

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(clientHeader+sixFloats), len(clientHeader))
	f.Add([]byte(`{"inputs":[{"name":"s","shape":[1,2],"datatype":"BYTES","data":[["a\u00e9\"","b"]]}]}`), NoHeaderLength)
	f.Add([]byte(`{"inputs":[{"name":"h","shape":[2],"datatype":"FP16","data":[1e-3,null]}],"outputs":[{"name":"y"}],`+
		`"parameters":{"binary_data_output":true,"timeout":18446744073709551615,"x":-1.5e3,"sequence_id":0}}`), NoHeaderLength)
	f.Fuzz(func(t *testing.T, body []byte, headerLength int) {
		var r, again Request
		if DecodeRequest(bytes.Clone(body), headerLength, &r) != nil {
			return
		}
		written, header, err := AppendRequest(nil, &r, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := DecodeRequest(bytes.Clone(written), header, &again); err != nil {
			t.Fatalf("%v\n%q", err, written)
		}
		twice, _, err := AppendRequest(nil, &again, true)
		if err != nil || !bytes.Equal(twice, written) {
			t.Fatalf("%v\n%q\n%q", err, written, twice)
		}
		inProto(t, &r)
	})
}

// inProto sends a request on as protobuf, unless a value is none of its tensor's type.
func inProto(t *testing.T, r *Request) {
	written, err := AppendRequestProto(nil, r)
	if err != nil {
		return
	}
	var again Request
	if err := DecodeRequestProto(written, &again); err != nil {
		t.Fatalf("%v\n%q", err, written)
	}
	tensors, want := new(bytes.Buffer), new(bytes.Buffer)
	for i := range r.Inputs {
		tensors.Write(again.Inputs[i].Raw)
		want.Write(r.Inputs[i].Raw)
	}
	if !bytes.Equal(tensors.Bytes(), want.Bytes()) {
		t.Fatalf("%q became %q", want, tensors)
	}
}

func FuzzDecodeResponse(f *testing.F) {
	header := `{"model_name":"m","model_version":"3","parameters":{"k":"v"},"outputs":[` +
		`{"name":"y","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}},{"name":"b","shape":[1],"datatype":"BOOL","data":[true]}]}`
	f.Add([]byte(header+"12345678"), len(header))
	f.Fuzz(func(t *testing.T, body []byte, headerLength int) {
		var r, again Response
		if DecodeResponse(bytes.Clone(body), headerLength, &r) != nil {
			return
		}
		written, header, err := AppendResponse(nil, &r, &Request{BinaryOutputs: true})
		if err != nil {
			return // a value is none of its tensor's type
		}
		if err := DecodeResponse(bytes.Clone(written), header, &again); err != nil {
			t.Fatalf("%v\n%q", err, written)
		}
		twice, _, err := AppendResponse(nil, &again, &Request{BinaryOutputs: true})
		if err != nil || !bytes.Equal(twice, written) {
			t.Fatalf("%v\n%q\n%q", err, written, twice)
		}
		inJSON(t, &again)
	})
}

// inJSON writes tensors into JSON and reads their values back.
func inJSON(t *testing.T, r *Response) {
	written, header, err := AppendResponse(nil, r, &Request{})
	if err != nil {
		return // bytes that are no text
	}
	var again Response
	if err := DecodeResponse(written, header, &again); err != nil {
		t.Fatalf("%v\n%q", err, written)
	}
	for i := range again.Outputs {
		if raw, err := again.Outputs[i].AppendRaw(nil); err != nil || len(raw) != len(r.Outputs[i].Raw) {
			t.Fatalf("%v\n%q\n%q", err, raw, r.Outputs[i].Raw)
		}
	}
}

func FuzzDecodeRequestProto(f *testing.F) {
	for _, seed := range []string{clientProto, typedProto} {
		f.Add(unhexOrPanic(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var r, again Request
		if DecodeRequestProto(message, &r) != nil {
			return
		}
		if got := len(r.raws); got > 8*len(message) {
			t.Fatalf("%d bytes became %d", len(message), got)
		}
		written, err := AppendRequestProto(nil, &r)
		if err != nil {
			t.Fatal(err)
		}
		if err := DecodeRequestProto(written, &again); err != nil {
			t.Fatalf("%v\n%q", err, written)
		}
		twice, err := AppendRequestProto(nil, &again)
		if err != nil || !bytes.Equal(twice, written) {
			t.Fatalf("%v\n%q\n%q", err, written, twice)
		}
	})
}

func FuzzDecodeResponseProto(f *testing.F) {
	f.Add(unhexOrPanic(answerProto))
	f.Fuzz(func(t *testing.T, message []byte) {
		var r, again Response
		if DecodeResponseProto(message, &r) != nil {
			return
		}
		written, err := AppendResponseProto(nil, &r)
		if err != nil {
			t.Fatal(err)
		}
		if err := DecodeResponseProto(written, &again); err != nil {
			t.Fatalf("%v\n%q", err, written)
		}
		twice, err := AppendResponseProto(nil, &again)
		if err != nil || !bytes.Equal(twice, written) {
			t.Fatalf("%v\n%q\n%q", err, written, twice)
		}
	})
}

func unhexOrPanic(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func FuzzDecodeMetadata(f *testing.F) {
	f.Add([]byte("\x0a\x01m\x12\x011\x1a\x01p\x22\x0c\x0a\x01x\x12\x04FP32\x1a\x01\x02"))
	f.Fuzz(func(t *testing.T, message []byte) {
		m, err := decodeMetadata(message)
		if err != nil {
			return
		}
		if _, err := m.Graph(); err != nil && len(m.Inputs) == 0 {
			t.Fatalf("%v, but there is no input", err)
		}
	})
}
