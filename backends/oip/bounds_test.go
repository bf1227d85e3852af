package oip

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/backends/protofield"
)

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestManySmallTensorsTakeNoMoreMemoryThanTheyMay(t *testing.T) {
	const size, most = 4 << 20, 64 << 20
	decode := func(what string, f func(*Request) error) {
		var err error
		n := allocated(func() { err = f(new(Request)) })
		if err == nil || !strings.Contains(err.Error(), "more than 16384 tensors") || n > most {
			t.Errorf("%s: %d bytes were allocated, %v; want at most %d and a refusal", what, n, err, most)
		}
	}
	for what, unit := range map[string]string{
		"inputs": "\x2a\x00", "outputs": "\x32\x00", "raw contents": "\x3a\x00", "typed inputs": "\x2a\x08\x12\x04BOOL\x18\x01",
	} {
		message := bytes.Repeat([]byte(unit), size/len(unit))
		decode(what, func(r *Request) error { return DecodeRequestProto(message, r) })
	}
	const output, input = `{"name":""}`, `{"name":"","shape":[0],"datatype":"INT8","data":[]}`
	for what, body := range map[string]string{
		"outputs in JSON": `{"inputs":[],"outputs":[` + strings.Repeat(output+",", size/len(output)) + output + `]}`,
		"inputs in JSON":  `{"inputs":[` + strings.Repeat(input+",", size/len(input)) + input + `]}`,
	} {
		decode(what, func(r *Request) error { return DecodeRequest([]byte(body), NoHeaderLength, r) })
	}
}

func TestWhatIsWrongIsSaidInFewWords(t *testing.T) {
	shape := bytes.Repeat([]byte{1}, 1<<20)
	proto := protofield.AppendNested(nil, fieldTensors, func(b []byte) []byte {
		return protofield.AppendNested(protofield.AppendText(b, fieldType, "INT8"), fieldShape, func(b []byte) []byte { return append(b, shape...) })
	})
	priority := appendProtoParameter(nil, fieldParameters, &Parameter{Name: "priority", Value: strings.Repeat("x", 1<<20)})
	body := `{"inputs":[{"name":"x","datatype":"INT8","shape":[` + strings.Repeat("1,", 1<<20) + `1],"data":[1]}]}`
	for what, err := range map[string]error{
		"a shape":         DecodeRequestProto(proto, new(Request)),
		"a shape in JSON": DecodeRequest([]byte(body), NoHeaderLength, new(Request)),
		"a parameter":     DecodeRequestProto(priority, new(Request)),
	} {
		if err == nil || len(err.Error()) > 1<<10 {
			t.Errorf("%s: %d bytes of error: %.200v", what, len(err.Error()), err)
		}
	}
}
