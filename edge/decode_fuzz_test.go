package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rankgate/rankgate/rank"
)

// FuzzDecodeAgreesWithEncodingJSON compares the decoder with one that reads the
// text through encoding/json and then checks the contract on the tree.
func FuzzDecodeAgreesWithEncodingJSON(f *testing.F) {
	for _, b := range badBodies {
		f.Add([]byte(b[0]))
	}
	for _, s := range []string{
		good, plainBody(3), featuresBody(3), escapedBody(3),
		`{"user":"\ud83d\ude00\ud800\udc00\udc00\ud800","items":["\ud800\ud800\udc00","\ud800\u0041","\uD800\uDBFF"]}`,
		`{"user":-12345678901234567890,"items":[-9223372036854775808,9223372036854775807,9223372036854775808]}`,
		`{"user":"1","items":["2"],"context":{"a":-9223372036854775808,"b":9223372036854775808,"c":-0,"d":-0.0,"e":4.9e-324,"f":1.7976931348623157e308}}`,
		`{"user":"1","items":["2"],"context":{"v":[16777217,3.4028235e38,3.4028236e38,1.0000000596046448,1e-46,-0]}}`,
		`{"user":"1","items":["2"],"context":{"v":[3.4028235677973366e38]}}`,
		`{"user":"1","items":[{"id":"a","features":{"x":1,"y":2}},{"features":{"x":1,"y":2},"id":"b"},{"id":"c","features":{"x":1,"x":2}}]}`,
		`{"\u0075\u0073er":"1","items":[{"\u0069d":"2","features":{"\u0061":1,"a":2}}],"top_k":7,"budget_ms":0.001,"explain":true,"id":""}`,
		`{"user":"1","items":["2"],"top_k":2147483647,"budget_ms":1e-320,"explain":null}`,
		"{\"user\":\"\u2028\x7f\",\"items\":[\"\ufffd\"]}",
	} {
		f.Add([]byte(s))
	}
	limits := Limits{Candidates: 6, Features: 4}
	var used decoder // one that remembers other bodies
	f.Fuzz(func(t *testing.T, body []byte) {
		want, wantErr := reference(body, limits)
		for _, d := range []*decoder{new(decoder), &used} {
			got, err := decodeString(d, string(body), limits)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("decode(%q) = %v; encoding/json says %v", body, err, wantErr)
			}
			if err == nil && !reflect.DeepEqual(got, want) {
				t.Fatalf("decode(%q)\n = %#v\nwant %#v", body, got, want)
			}
			if err != nil && (len(err.Message) > 700 || !utf8.ValidString(err.Message) || err.Code != rank.InvalidRequest && err.Code != rank.TooLarge) {
				t.Fatalf("decode(%q) = %v; want a short message in UTF-8", body, err)
			}
		}
	})
}

// object keeps what a map would lose: order, and names given twice.
type object []member

type member struct {
	name  string
	value any
}

// reference is the decoder that the other is compared with. It is written for
// nothing but likeness to the contract.
func reference(body []byte, limits Limits) (out decoded, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = reason.(error)
		}
	}()
	assert(utf8.Valid(body), "not UTF-8")
	assert(json.Valid(body), "not JSON")
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	for name, value := range members(tree(dec), math.MaxInt) {
		switch name {
		case "id":
			if value != nil {
				out.ID = refID(value)
			}
		case "user":
			out.User = refName(value)
		case "items":
			out.Items = refItems(value, limits)
		case "context":
			if value != nil {
				out.Context = refFeatures(value, limits)
			}
		case "top_k":
			if value != nil {
				n, err := strconv.ParseInt(string(value.(json.Number)), 10, 32)
				assert(err == nil && n >= 0 && value != json.Number("-0"), "top_k")
				out.TopK = int(n)
			}
		case "budget_ms":
			if value != nil {
				ms, err := value.(json.Number).Float64()
				assert(err == nil && ms > 0, "budget_ms")
				out.Budget = 24 * time.Hour
				if ms < 24*60*60*1000 {
					out.Budget = max(1, time.Duration(ms*1e6))
				}
			}
		case "explain":
			if value != nil {
				out.Explain = value.(bool)
			}
		default:
			assert(false, "unknown field")
		}
	}
	assert(out.User != "" && len(out.Items) > 0, "missing")
	return out, nil
}

func refItems(value any, limits Limits) (items []decodedItem) {
	list := value.([]any)
	assert(len(list) > 0 && len(list) <= limits.Candidates, "number of items")
	for _, element := range list {
		o, ok := element.(object)
		if !ok {
			items = append(items, decodedItem{ID: refName(element)})
			continue
		}
		var item decodedItem
		for name, value := range members(o, math.MaxInt) {
			switch name {
			case "id":
				item.ID = refName(value)
			case "features":
				if value != nil {
					item.Features = refFeatures(value, limits)
				}
			default:
				assert(false, "unknown field")
			}
		}
		assert(item.ID != "", "no id")
		items = append(items, item)
	}
	return items
}

func refFeatures(value any, limits Limits) (fields []decodedField) {
	for name, value := range members(value, limits.Features) {
		assert(name != "", "no name")
		switch v := value.(type) {
		case json.Number:
			if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
				value = n
				break
			}
			f, err := v.Float64()
			assert(err == nil, "out of range")
			value = f
		case []any:
			vector := []float32{}
			for _, element := range v {
				f, err := strconv.ParseFloat(string(element.(json.Number)), 32)
				assert(err == nil, "out of range")
				vector = append(vector, float32(f))
			}
			value = vector
		case object:
			assert(false, "nested")
		}
		fields = append(fields, decodedField{name, value})
	}
	return fields
}

func refName(value any) string {
	id := refID(value)
	assert(id != "", "empty")
	return id
}

var integer = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

func refID(value any) string {
	if n, ok := value.(json.Number); ok {
		assert(integer.MatchString(string(n)), "no integer")
		return string(n)
	}
	return value.(string)
}

// members yields the members of an object of at most limit, none of them twice.
func members(value any, limit int) func(yield func(string, any) bool) {
	o := value.(object)
	seen := map[string]bool{}
	for _, m := range o {
		assert(!seen[m.name], "given twice")
		seen[m.name] = true
	}
	assert(len(o) <= limit, "too many")
	return func(yield func(string, any) bool) {
		for _, m := range o {
			if !yield(m.name, m.value) {
				return
			}
		}
	}
}

// tree reads the next value.
func tree(dec *json.Decoder) any {
	token, err := dec.Token()
	assert(err == nil, "token")
	switch token {
	case json.Delim('{'):
		o := object{}
		for dec.More() {
			name := tree(dec).(string)
			o = append(o, member{name, tree(dec)})
		}
		_, _ = dec.Token()
		return o
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			list = append(list, tree(dec))
		}
		_, _ = dec.Token()
		return list
	}
	return token
}

func assert(ok bool, words string) {
	if !ok {
		panic(errors.New(words))
	}
}
