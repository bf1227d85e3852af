package edge

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/rank"
)

func BenchmarkDecode200PlainIDs(b *testing.B) { benchmarkDecode(b, plainBody(200)) }

func BenchmarkDecode500PlainIDs(b *testing.B) { benchmarkDecode(b, plainBody(500)) }

func BenchmarkDecode200Items3Features(b *testing.B) { benchmarkDecode(b, featuresBody(200)) }

func benchmarkDecode(b *testing.B, body string) {
	var d decoder
	var req rank.Request
	text := make([]byte, len(body))
	limits := DefaultConfig().Limits
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		copy(text, body)
		req.Reset()
		if _, err := d.decode(text, limits, &req); err != nil {
			b.Fatal(err)
		}
	}
}

// plainBody is a request for n candidates given as strings.
func plainBody(n int) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%q", fmt.Sprint(10000+i*37))
	}
	return body(ids)
}

// featuresBody is a request for n candidates with three numeric features each.
func featuresBody(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":"%d","features":{"price":%.2f,"distance_km":%.3f,"stock":%d}}`,
			10000+i*37, 3.5+float64(i)*1.37, 0.125+float64(i)*0.211, i*7)
	}
	return body(items)
}

func body(items []string) string {
	return `{"id":"r-1","user":"4217","items":[` + strings.Join(items, ",") +
		`],"context":{"hour":13,"device":"ios"},"top_k":20,"budget_ms":20}`
}
