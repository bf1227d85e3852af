package oip

import (
	"encoding/hex"
	"strings"
	"testing"
)

// What the released tritonclient 2.73.0 sends, and what its protobuf classes make.
const (
	clientProto = "0a016d1201331a027231220a0a04666c616712020801220e0a087072696f7269747912022802220e0a0774696d656f7574120310dc0b" +
		"2a0d0a01781204465033321a0202032a0e0a0173120542595445531a02020132030a017932190a016312140a0e636c617373696669636174696f6e" +
		"120210023a18000000000000803f0000004000004040000080400000a0403a0c01000000610300000062c3a9"
	typedProto = "0a016d2a1d0a0269381204494e54381a01032a0e120cffffffffffffffffff0102032a160a0162120542595445531a01022a07420161420262632a19" +
		"0a01661204465033321a0201022a0a32080000c03f000000c02a120a01711204424f4f4c1a01022a040a0201002a1c0a0175120655494e5436341a0101" +
		"2a0c2a0a80808080808080808001"
	answerProto = "0a016d1201331a02723122080a016b12031a01762a0c0a01791204465033321a010232080000003f0000803e"

	clientHeader = `{"id":"r1","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","parameters":{"binary_data_size":24}},` +
		`{"name":"z","shape":[2],"datatype":"INT64","data":[1,2]}],"outputs":[{"name":"y","parameters":{"binary_data":true}},` +
		`{"name":"c","parameters":{"classification":2,"binary_data":false}}],"parameters":{"priority":2,"timeout":1500,"flag":true}}`
	sixFloats = "\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@"
)

func TestAReleasedClientsProtobufIsRead(t *testing.T) {
	var r Request
	if err := DecodeRequestProto(unhex(t, clientProto), &r); err != nil {
		t.Fatal(err)
	}
	same(t, "request", &r, "m/3 r1 priority 2 timeout 1.5ms flag=true\n"+
		"x FP32[2 3] \"\\x00\\x00\\x00\\x00\\x00\\x00\\x80?\\x00\\x00\\x00@\\x00\\x00@@\\x00\\x00\\x80@\\x00\\x00\\xa0@\"\n"+
		"s BYTES[2 1] \"\\x01\\x00\\x00\\x00a\\x03\\x00\\x00\\x00bé\"\n"+
		"→ y\n→ c classes 2\n")
}

func TestTypedContentsBecomeRawOnes(t *testing.T) {
	var r Request
	if err := DecodeRequestProto(unhex(t, typedProto), &r); err != nil {
		t.Fatal(err)
	}
	same(t, "request", &r, "m/ \n"+
		"i8 INT8[3] \"\\xff\\x02\\x03\"\n"+
		"b BYTES[2] \"\\x01\\x00\\x00\\x00a\\x02\\x00\\x00\\x00bc\"\n"+
		"f FP32[1 2] \"\\x00\\x00\\xc0?\\x00\\x00\\x00\\xc0\"\n"+
		"q BOOL[2] \"\\x01\\x00\"\n"+
		"u UINT64[1] \"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\"\n")
}

func TestAReleasedClientsBodyIsRead(t *testing.T) {
	r := Request{Model: "m", Version: "3"}
	if err := DecodeRequest([]byte(clientHeader+sixFloats), len(clientHeader), &r); err != nil {
		t.Fatal(err)
	}
	same(t, "request", &r, "m/3 r1 priority 2 timeout 1.5ms flag=true\n"+
		"x FP32[2 3] \"\\x00\\x00\\x00\\x00\\x00\\x00\\x80?\\x00\\x00\\x00@\\x00\\x00@@\\x00\\x00\\x80@\\x00\\x00\\xa0@\"\n"+
		"z INT64[2] [1,2]\n"+
		"→ y binary\n→ c classes 2\n")
}

func TestProtobufIsWrittenAsTheGeneratedCodeWritesIt(t *testing.T) {
	var r Request
	if err := DecodeRequestProto(unhex(t, clientProto), &r); err != nil {
		t.Fatal(err)
	}
	got, err := AppendRequestProto(nil, &r)
	if err != nil {
		t.Fatal(err)
	}
	// Fields that a client does not know come first here: the order within a map is free.
	flag, rest := "220a0a04666c616712020801", hex.EncodeToString(got)
	if !strings.Contains(rest, flag) || len(rest) != len(clientProto) {
		t.Errorf("got %s\nwant %s", rest, clientProto)
	}
	if back := strings.Replace(rest, flag, "", 1); back != strings.Replace(clientProto, flag, "", 1) {
		t.Errorf("got %s\nwant %s", back, clientProto)
	}

	var answer Response
	if err := DecodeResponseProto(unhex(t, answerProto), &answer); err != nil {
		t.Fatal(err)
	}
	if got, err = AppendResponseProto(nil, &answer); err != nil || hex.EncodeToString(got) != answerProto {
		t.Errorf("got %x, %v\nwant %s", got, err, answerProto)
	}
}

func TestAnAnswerGoesTheWayThatItsCallerAskedFor(t *testing.T) {
	answer := Response{Model: "m", Version: "3", ID: "r1", Outputs: []Tensor{
		{Name: "y", Type: FP32, Shape: []int64{2}, Raw: []byte("\x00\x00\x80?\x00\x00\xc0\x7f")},
		{Name: "z", Type: Int64, Shape: []int64{1}, JSON: []byte("[7]")},
	}}
	f := func(asked Request, want string, binary int) {
		t.Helper()
		got, header, err := AppendResponse(nil, &answer, &asked)
		if err != nil {
			t.Fatal(err)
		}
		if header == NoHeaderLength {
			header = len(got)
		}
		if string(got[:header]) != want || len(got)-header != binary {
			t.Errorf("got\n%s and %d bytes\nwant\n%s and %d", got[:header], len(got)-header, want, binary)
		}
	}
	head := `{"model_name":"m","model_version":"3","id":"r1","outputs":[`
	f(Request{}, head+`{"name":"y","datatype":"FP32","shape":[2],"data":[1,null]},`+
		`{"name":"z","datatype":"INT64","shape":[1],"data":[7]}]}`, 0)
	f(Request{Outputs: []Output{{Name: "y", Binary: true}}}, head+
		`{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}},`+
		`{"name":"z","datatype":"INT64","shape":[1],"data":[7]}]}`, 8)
	f(Request{BinaryOutputs: true}, head+`{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}},`+
		`{"name":"z","datatype":"INT64","shape":[1],"parameters":{"binary_data_size":8}}]}`, 16)
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
