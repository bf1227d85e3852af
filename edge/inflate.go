package edge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// inflaters bounds how many bodies are inflated at a time to what the machine
// can do at a time: waiting costs no memory, and a bomb costs at most limits.body
// for as long as it takes to go off.
type inflaters struct {
	free     chan *inflater
	limit    int           // bytes that come out
	patience time.Duration // longest wait for a free one
}

// inflater holds the decoders that one body needs.
type inflater struct {
	source bytes.Reader
	gzip   gzip.Reader
	zlib   io.ReadCloser // nil until it is needed
	zstd   *zstd.Decoder
}

func newInflaters(cfg Config) (*inflaters, error) {
	n := runtime.GOMAXPROCS(0)
	p := &inflaters{free: make(chan *inflater, n), limit: cfg.Limits.Body, patience: cfg.Budget.Max}
	for range n {
		// DecodeAll takes the output for its window, so no window is allocated;
		// a frame that declares a window above the limit is refused.
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(cfg.Limits.Body)))
		if err != nil {
			return nil, fmt.Errorf("edge: zstd: %w", err)
		}
		p.free <- &inflater{zstd: d}
	}
	return p, nil
}

// take waits for a free inflater; nil means that none came free in time.
func (p *inflaters) take() *inflater {
	select {
	case f := <-p.free: // fast path
		return f
	default:
	}
	timer := time.NewTimer(p.patience)
	defer timer.Stop()
	select {
	case f := <-p.free:
		return f
	case <-timer.C:
		return nil
	}
}

func (p *inflaters) put(f *inflater) { p.free <- f }

// inflate makes x.body what the request's Content-Encoding says it is.
func (s *Server) inflate(encoding []byte, x *intake) *refusal {
	kind, known := encodingOf(encoding)
	if !known {
		return unknownEncoding(encoding)
	}
	if kind == identity {
		return nil
	}
	f := s.inflaters.take()
	if f == nil {
		return &s.refusals.inflating
	}
	defer s.inflaters.put(f)
	out, err := f.inflate(kind, x.spare[:0], x.body, s.inflaters.limit)
	x.body, x.spare = out, x.body
	switch {
	case err == nil && len(out) <= s.inflaters.limit && !s.hold(x, len(out)):
		return &s.refusals.bodies
	case err == nil && len(out) <= s.inflaters.limit:
		return nil
	case err == nil, errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return &s.refusals.inflated
	default:
		return invalid("body: not valid %s: %v", kind, err)
	}
}

// inflate appends what src inflates to, and not much more than limit bytes.
func (f *inflater) inflate(kind encoding, dst, src []byte, limit int) ([]byte, error) {
	f.source.Reset(src)
	defer f.source.Reset(nil)
	switch kind {
	case gzipped:
		if err := f.gzip.Reset(&f.source); err != nil {
			return dst, err
		}
		return appendAll(dst, &f.gzip, limit)
	case deflated:
		return f.inflateZlib(dst, limit)
	default:
		return f.zstd.DecodeAll(src, dst)
	}
}

// inflateZlib appends what the source inflates to. Deflate is HTTP's name for the
// format of zlib.
func (f *inflater) inflateZlib(dst []byte, limit int) ([]byte, error) {
	var err error
	if f.zlib == nil {
		f.zlib, err = zlib.NewReader(&f.source)
	} else {
		err = f.zlib.(zlib.Resetter).Reset(&f.source, nil)
	}
	if err == nil {
		dst, err = appendAll(dst, f.zlib, limit)
	}
	if err == nil && len(dst) <= limit && f.source.Len() > 0 {
		err = fmt.Errorf("zlib: %d bytes behind its end", f.source.Len())
	}
	return dst, err
}

// appendAll appends what r gives, and stops as soon as that is more than limit bytes.
func appendAll(dst []byte, r io.Reader, limit int) ([]byte, error) {
	for len(dst) <= limit {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, min(max(len(dst), 4<<10), limit+1-len(dst)))
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if errors.Is(err, io.EOF) {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// encoding is a Content-Encoding that is understood.
type encoding uint8

const (
	identity encoding = iota
	gzipped
	deflated
	zstandard
)

func (e encoding) String() string { return [...]string{"identity", "gzip", "deflate", "zstd"}[e] }

func encodingOf(header []byte) (e encoding, known bool) {
	switch {
	case len(header) == 0, equalFold(header, "identity"):
		return identity, true
	case equalFold(header, "gzip"), equalFold(header, "x-gzip"):
		return gzipped, true
	case equalFold(header, "deflate"):
		return deflated, true
	case equalFold(header, "zstd"):
		return zstandard, true
	default:
		return identity, false
	}
}

func unknownEncoding(header []byte) *refusal {
	return refusef(unsupportedMediaType,
		"Content-Encoding: %s is not known; gzip, deflate, zstd and identity are", Brief(string(header)))
}
