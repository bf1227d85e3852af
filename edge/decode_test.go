package edge

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// decoded is a request as the tests compare it: its features are with their
// items, and nothing in it is a view.
type decoded struct {
	ID, User string
	Items    []decodedItem
	Context  []decodedField
	TopK     int
	Explain  bool
	Budget   time.Duration
}

type decodedItem struct {
	ID       string
	Features []decodedField
}

// decodedField holds nil, a bool, an int64, a float64, a string or a []float32.
type decodedField struct {
	Name  string
	Value any
}

func TestGoodBodiesAreReadAsMeant(t *testing.T) {
	items := func(ids ...string) (list []decodedItem) {
		for _, id := range ids {
			list = append(list, decodedItem{ID: id})
		}
		return list
	}
	for _, c := range []struct {
		body string
		want decoded
	}{
		{`{"user":"42","items":["1","2"]}`, decoded{User: "42", Items: items("1", "2")}},
		{`{"id":"r-1","user":"42","items":["1","2",{"id":"3","features":{"price":9.5}}],
		   "context":{"hour":13,"device":"ios"},"top_k":20,"budget_ms":20,"explain":false}`,
			decoded{
				ID: "r-1", User: "42", TopK: 20, Budget: 20 * time.Millisecond,
				Items:   append(items("1", "2"), decodedItem{"3", []decodedField{{"price", 9.5}}}),
				Context: []decodedField{{"hour", int64(13)}, {"device", "ios"}},
			}},
		{`{"user":42,"items":[1,-2,18446744073709551616,{"id":7}],"id":0}`,
			decoded{ID: "0", User: "42", Items: items("1", "-2", "18446744073709551616", "7")}},
		{"\t{ \"user\" :\r\n \"1\" , \"items\" : [ \"2\" , { \"features\" : { } , \"id\" : \"3\" } ] } \n",
			decoded{User: "1", Items: items("2", "3")}},
		{`{"\u0075ser":"\u00e9\n\"\\\/\b\f\r\t\ud83d\ude00","items":["\ud800","\ud800\u0041","é😀"]}`,
			decoded{User: "é\n\"\\/\b\f\r\t😀", Items: items("\ufffd", "\ufffdA", "é😀")}},
		{`{"user":"1","items":["2"],"id":null,"context":null,"top_k":null,"budget_ms":null,"explain":null}`,
			decoded{User: "1", Items: items("2")}},
		{`{"user":"1","items":[{"id":"2","features":null},"2","2"],"explain":true,"id":""}`,
			decoded{User: "1", Items: items("2", "2", "2"), Explain: true}},
		{`{"user":"1","items":["2"],"context":{"a":null,"b":true,"c":false,"d":-0,"e":1.0,"f":9223372036854775808,"g":1e-400,"h":"","i":[],"j":[1,-2.5,1e-50]}}`,
			decoded{User: "1", Items: items("2"), Context: []decodedField{
				{"a", nil}, {"b", true}, {"c", false}, {"d", int64(0)}, {"e", 1.0}, {"f", 9223372036854775808.0},
				{"g", 0.0}, {"h", ""}, {"i", []float32{}}, {"j", []float32{1, -2.5, 0}},
			}}},
		{`{"user":"1","items":[{"id":"2","features":{"a":1,"b":2}},{"id":"3","features":{"a":3,"b":4,"c":5}},{"id":"4","features":{"b":6,"a":7}}]}`,
			decoded{User: "1", Items: []decodedItem{
				{"2", []decodedField{{"a", int64(1)}, {"b", int64(2)}}},
				{"3", []decodedField{{"a", int64(3)}, {"b", int64(4)}, {"c", int64(5)}}},
				{"4", []decodedField{{"b", int64(6)}, {"a", int64(7)}}},
			}}},
		{`{"user":"1","items":["2"],"top_k":0,"budget_ms":0.0000001}`, decoded{User: "1", Items: items("2"), Budget: 1}},
		{`{"user":"1","items":["2"],"top_k":2147483647,"budget_ms":1e300}`,
			decoded{User: "1", Items: items("2"), TopK: math.MaxInt32, Budget: maxAsked}},
	} {
		got, err := decodeString(new(decoder), c.body, DefaultConfig().Limits)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("decode(%s)\n = %+v, %v\nwant %+v", c.body, got, err, c.want)
		}
	}
}

func TestMessagesAboutLongAndStrangeWordsStayShort(t *testing.T) {
	for _, body := range []string{
		`{"` + strings.Repeat("é", 5000) + `":1}`,
		`{"` + strings.Repeat(`\u0001`, 5000) + `":1}`,
		`{"user":1` + strings.Repeat("0", 5000) + `.5}`,
		`{"user":"1","items":["2"],"context":{"` + strings.Repeat("x", 5000) + `":{}}}`,
		`{"user":"1","items":["2"],"context":{"x":1e` + strings.Repeat("9", 5000) + `}}`,
	} {
		_, err := decodeString(new(decoder), body, DefaultConfig().Limits)
		if err == nil || len(err.Message) > 500 {
			t.Errorf("decode(%.40s…) = %v; want an error of at most 500 bytes", body, err)
		}
	}
}

func TestAFeatureGivenTwiceIsFoundWhereverItStands(t *testing.T) {
	object := func(names ...int) string {
		members := make([]string, len(names))
		for i, n := range names {
			members[i] = fmt.Sprintf(`"f%d":0`, n)
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	many := make([]int, 120)
	for i := range many {
		many[i] = i
	}
	for _, c := range []struct {
		objects []string
		unique  bool
	}{
		{[]string{object(1, 2, 3), object(1, 2, 3)}, true},
		{[]string{object(1, 2, 3), object(1, 2, 2)}, false},
		{[]string{object(1, 2, 3), object(1, 2, 3, 4)}, true},
		{[]string{object(1, 2, 3), object(1, 2, 3, 1)}, false},
		{[]string{object(1, 2, 3), object(1), object(1, 2)}, true},
		{[]string{object(1, 2, 3), object(1), object(1, 1)}, false},
		{[]string{object(), object(5), object(5, 6), object(6, 5), object(6, 5, 6)}, false},
		{[]string{object(many...), object(many...)}, true},
		{[]string{object(append(many, 60)...)}, false},
		{[]string{object(many...), object(append(many, 60)...)}, false},
	} {
		body := `{"user":"1","items":["0"`
		for _, o := range c.objects {
			body += `,{"id":"1","features":` + o + `}`
		}
		if _, err := decodeString(new(decoder), body+"]}", DefaultConfig().Limits); (err == nil) != c.unique {
			t.Errorf("decode(features %.200s) = %v; want an error: %t", c.objects, err, !c.unique)
		}
	}
}

func TestDecodingAllocatesNothingPerCandidate(t *testing.T) {
	for name, body := range map[string]func(int) string{
		"plain ids":      plainBody,
		"three features": featuresBody,
		"escaped ids":    escapedBody,
	} {
		few, many := decodeAllocs(t, body(200)), decodeAllocs(t, body(500))
		if few != 0 || many != 0 {
			t.Errorf("%s: %v allocations for 200 candidates, %v for 500; want 0, 0", name, few, many)
		}
	}
}

func decodeAllocs(t *testing.T, body string) float64 {
	var d decoder
	var req rank.Request
	text, limits := make([]byte, len(body)), DefaultConfig().Limits
	return testing.AllocsPerRun(20, func() {
		copy(text, body)
		req.Reset()
		if _, err := d.decode(text, limits, &req); err != nil {
			t.Fatal(err)
		}
	})
}

// decodeString decodes body and copies what came out.
func decodeString(d *decoder, body string, limits Limits) (decoded, *rank.Error) {
	var req rank.Request
	asked, err := d.decode([]byte(body), limits, &req)
	if err != nil {
		return decoded{}, err
	}
	out := decoded{
		ID: req.ID, User: req.User, TopK: req.TopK, Explain: req.Explain, Budget: asked,
		Context: copied(&req, req.Context),
	}
	for i, item := range req.Items {
		out.Items = append(out.Items, decodedItem{item.ID, copied(&req, req.Features(int32(i)))})
	}
	return out, nil
}

func copied(req *rank.Request, fields []rank.Field) (out []decodedField) {
	for _, f := range fields {
		var value any
		switch v := f.Value; v.Kind {
		case rank.Bool:
			value = v.Int == 1
		case rank.Int:
			value = v.Int
			if v.Float != float64(v.Int) {
				value = fmt.Sprintf("BUG: Int %d with Float %v", v.Int, v.Float)
			}
		case rank.Float:
			value = v.Float
		case rank.String:
			value = v.Str
		case rank.Vector:
			value = append([]float32{}, req.Floats[v.From:v.To]...)
		}
		out = append(out, decodedField{f.Name, value})
	}
	return out
}

// escapedBody is a request for n candidates whose ids need unescaping.
func escapedBody(n int) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf(`"shop\/%d"`, i)
	}
	return body(ids)
}
