package oip

import "testing"

func TestARequestGoesOnAsItCame(t *testing.T) {
	var r Request
	header := `{"id":"a\u0041","parameters":{"timeout":5,"x":1.5},"inputs":[` +
		`{"name":"x","shape":[2,2],"datatype":"FP32","data":[[1,2],[3,4.5]]},` +
		`{"name":"y","shape":[1],"datatype":"INT64","parameters":{"binary_data_size":8}}]}`
	if err := DecodeRequest([]byte(header+"\x01\x00\x00\x00\x00\x00\x00\x00"), len(header), &r); err != nil {
		t.Fatal(err)
	}
	got, _, err := AppendRequest(nil, &r, false)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"aA","parameters":{"timeout":5,"x":1.5},"inputs":[` +
		`{"name":"x","datatype":"FP32","shape":[2,2],"data":[[1,2],[3,4.5]]},` +
		`{"name":"y","datatype":"INT64","shape":[1],"data":[1]}]}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
