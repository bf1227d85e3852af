package edge

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

func TestCompressedBodiesAreInflated(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	half := len(good) / 2
	for name, c := range map[string]struct{ encoding, body string }{
		"gzip":                {"gzip", gzipOf(t, good)},
		"x-gzip":              {"X-Gzip", gzipOf(t, good)},
		"gzip in two members": {"gzip", gzipOf(t, good[:half]) + gzipOf(t, good[half:])},
		"deflate":             {"deflate", zlibOf(t, good)},
		"a large deflate":     {"Deflate", zlibOf(t, plainBody(2000))},
		"zstd":                {"zstd", zstdOf(t, good)},
		"zstd in two frames":  {"ZSTD", zstdOf(t, good[:half]) + zstdStream(t, strings.NewReader(good[half:]))},
		"identity":            {"identity", good},
		"a large gzip":        {"gzip", gzipOf(t, plainBody(2000))},
		"a large zstd":        {"zstd", zstdOf(t, plainBody(2000))},
	} {
		for range 2 { // the second time with memory that has been used
			if res := m.do(t, post(c.body, "Content-Encoding", c.encoding)); res.StatusCode() != 200 {
				t.Errorf("%s got %d %.200s; want 200", name, res.StatusCode(), res.Body())
			}
		}
	}
}

func TestBrokenCompressionIsRefused(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	for name, c := range map[string]struct{ encoding, body, words string }{
		"an empty gzip":     {"gzip", "", "body: not valid gzip: EOF"},
		"a cut gzip":        {"gzip", gzipOf(t, good)[:30], "body: not valid gzip: unexpected EOF"},
		"a false checksum":  {"gzip", flipped(gzipOf(t, good), 8), "body: not valid gzip: gzip: invalid checksum"},
		"gzip, then waste":  {"gzip", gzipOf(t, good) + "waste waste", "body: not valid gzip: gzip: invalid header"},
		"an empty deflate":  {"deflate", "", "body: not valid deflate: unexpected EOF"},
		"a cut deflate":     {"deflate", zlibOf(t, good)[:20], "body: not valid deflate: unexpected EOF"},
		"a false sum":       {"deflate", flipped(zlibOf(t, good), 1), "body: not valid deflate: zlib: invalid checksum"},
		"bare deflate":      {"deflate", gzipOf(t, good)[10:], "body: not valid deflate: zlib: invalid header"},
		"a dictionary":      {"deflate", "\x78\xbb\x00\x00\x00\x02", "body: not valid deflate: zlib: invalid dictionary"},
		"deflate and more":  {"deflate", zlibOf(t, good) + "waste", "body: not valid deflate: zlib: 5 bytes behind its end"},
		"an empty zstd":     {"zstd", "", "body: empty"},
		"a cut zstd":        {"zstd", zstdOf(t, plainBody(100))[:50], "body: not valid zstd: unexpected EOF"},
		"zstd, then waste":  {"zstd", zstdOf(t, good) + "waste", "body: not valid zstd: invalid input: magic number mismatch"},
		"zstd called gzip":  {"gzip", zstdOf(t, good), "body: not valid gzip: gzip: invalid header"},
		"inflated nonsense": {"gzip", gzipOf(t, "x"), "body: byte 0: 'x' where an object was expected"},
	} {
		res := m.do(t, post(c.body, "Content-Encoding", c.encoding))
		want := string(errorBody(0, c.words))
		if res.StatusCode() != 400 || string(res.Body()) != want {
			t.Errorf("%s got %d %s; want 400 %s", name, res.StatusCode(), res.Body(), want)
		}
	}
}

func TestABombIsDefusedWhileItInflates(t *testing.T) {
	const limit, size = 1 << 20, 256 << 20
	cfg := DefaultConfig()
	cfg.Limits.Body = limit
	m := serveInMemory(t, newServer(t, cfg, descending))
	huge := make([]byte, 0, 16)
	huge = append(huge, 0x28, 0xb5, 0x2f, 0xfd, 0xe0) // a frame that declares its size in 8 bytes
	huge = binary.LittleEndian.AppendUint64(huge, 1<<40)
	for name, c := range map[string]struct{ encoding, body string }{
		"gzip":                          {"gzip", gzipStream(t, zeros(size))},
		"deflate":                       {"deflate", zlibOf(t, string(make([]byte, size)))},
		"zstd without a size":           {"zstd", zstdStream(t, zeros(size))},
		"zstd with a size":              {"zstd", zstdOf(t, string(make([]byte, 4*limit)))},
		"zstd with a lie":               {"zstd", string(huge) + "\x01\x00\x00"},
		"gzip one byte above the limit": {"gzip", gzipStream(t, zeros(limit+1))},
		"zstd one byte above the limit": {"zstd", zstdOf(t, string(make([]byte, limit+1)))},
	} {
		if len(c.body) > limit {
			t.Fatalf("%s: the bomb is %d bytes; it must get past the limit on what is sent", name, len(c.body))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		res := m.do(t, post(c.body, "Content-Encoding", c.encoding))
		runtime.ReadMemStats(&after)
		const want = `{"error":{"code":"too_large","message":"body: more than 1048576 bytes when inflated (limits.body)"}}`
		if res.StatusCode() != 413 || string(res.Body()) != want {
			t.Errorf("%s got %d %s; want 413 %s", name, res.StatusCode(), res.Body(), want)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 16*limit {
			t.Errorf("%s allocated %d bytes on the way; want at most %d", name, got, 16*limit)
		}
	}
	spaces := strings.Repeat(" ", limit-len(good))
	for encoding, body := range map[string]string{"gzip": gzipOf(t, good+spaces), "zstd": zstdOf(t, good+spaces)} {
		if res := m.do(t, post(body, "Content-Encoding", encoding)); res.StatusCode() != 200 {
			t.Errorf("%s of exactly the limit got %d %s; want 200", encoding, res.StatusCode(), res.Body())
		}
	}
}

func TestManyInflateAtATime(t *testing.T) {
	m := serveInMemory(t, newServer(t, DefaultConfig(), descending))
	bodies := map[string]string{"gzip": gzipOf(t, plainBody(500)), "deflate": zlibOf(t, plainBody(500)), "zstd": zstdOf(t, plainBody(500))}
	var group sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		for encoding, body := range bodies {
			group.Go(func() {
				if res := m.do(t, post(body, "Content-Encoding", encoding)); res.StatusCode() != 200 {
					t.Errorf("%s got %d %s; want 200", encoding, res.StatusCode(), res.Body())
				}
			})
		}
	}
	group.Wait()
	if got := len(m.inflaters.free); got != runtime.GOMAXPROCS(0) {
		t.Errorf("%d inflaters are free afterwards; want %d", got, runtime.GOMAXPROCS(0))
	}
}

func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func gzipOf(t testing.TB, s string) string { return gzipStream(t, strings.NewReader(s)) }

func gzipStream(t testing.TB, r io.Reader) string {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err == nil {
		_, err = io.Copy(w, r)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zlibOf(t testing.TB, s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zstdOf is one frame that says how large its content is.
func zstdOf(t testing.TB, s string) string {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	return string(w.EncodeAll([]byte(s), nil))
}

// zstdStream is one frame that does not; its window fits limits.body.
func zstdStream(t testing.TB, r io.Reader) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<19))
	if err == nil {
		_, err = io.Copy(w, r)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

// flipped inverts the byte that is that far from the end.
func flipped(s string, fromEnd int) string {
	b := []byte(s)
	b[len(b)-fromEnd] ^= 0xff
	return string(b)
}
