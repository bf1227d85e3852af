//go:build !race

package edge

import "testing"

func TestAllocationsOfARequest(t *testing.T) {
	for name, c := range map[string]struct{ encoding, few, many string }{
		"plain ids": {"", plainBody(200), plainBody(500)},
		"features":  {"", featuresBody(200), featuresBody(500)},
		"gzip":      {"gzip", gzipOf(t, plainBody(200)), gzipOf(t, plainBody(500))},
		"deflate":   {"deflate", zlibOf(t, plainBody(200)), zlibOf(t, plainBody(500))},
		"zstd":      {"zstd", zstdOf(t, plainBody(200)), zstdOf(t, plainBody(500))},
	} {
		b := newBench(t)
		allocs := func(body string) float64 {
			text := []byte(body)
			return testing.AllocsPerRun(20, func() { b.run(t, text, c.encoding) })
		}
		allocs(c.many) // grows what the pool keeps
		if few, many := allocs(c.few), allocs(c.many); few > 0 || many > 0 {
			t.Errorf("%s: %v allocations for 200 candidates, %v for 500; want none", name, few, many)
		}
	}
}
