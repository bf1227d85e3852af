package edge

import (
	"bytes"
	"errors"
)

// wire follows where the requests on a connection begin and end, byte by byte
// and before fasthttp sees them. It refuses what two readers could take for
// different requests, and what fasthttp is lenient with: a proxy in front of the
// gateway and a server behind it must count the same requests as the gateway.
// After a refusal nothing more is read from the peer.
//
// It allows what RFC 9112 calls a request of HTTP/1.0 or 1.1, less all that a
// recipient may but need not accept, and less trailers, which fasthttp would mix
// with the headers that were checked before.
type wire struct {
	stage stage
	line  []byte // the beginning of a line whose end has not come yet
	left  uint64 // bytes still to come of the body, or of the chunk
	wrong string // why the peer is refused, "" if it is not
	ended uint64 // requests whose end has been seen
	empty int    // empty lines before the current request

	head head
}

// stage is what comes next on a wire.
type stage uint8

const (
	atRequest   stage = iota // a request line, or empty lines before it
	atField                  // a header, or the empty line after them
	atBody                   // bytes of a body of known length
	atChunkSize              // the line before a chunk
	atChunk                  // bytes of a chunk
	atChunkEnd               // the empty line after a chunk
	atTrailer                // the empty line after the last chunk
)

// head is what a wire remembers of one request's headers.
type head struct {
	authority []byte // of a target in absolute form, empty for any other
	old       bool   // HTTP/1.0
	host      bool   // Host was there
	sized     bool   // Content-Length was there
	chunked   bool   // Transfer-Encoding was there
	size      uint64 // of Content-Length
}

// errRefused is what reading ends with after a refusal; wire.wrong says more.
var errRefused = errors.New("edge: not a request that has one meaning")

// maxEmpty is how many empty lines may stand before a request: some clients send
// one after a body, which its length does not count.
const maxEmpty = 4

// maxChunkLine bounds the line before a chunk, in bytes, so that extensions have
// an end.
const maxChunkLine = 1 << 10

// feed takes what was read from the peer and returns how many of its bytes may be
// passed on. They end before a line that is refused, but for one byte of a
// request line: fasthttp answers only those who have sent something.
func (w *wire) feed(p []byte) int {
	for at := 0; at < len(p); {
		if w.stage == atBody || w.stage == atChunk {
			at += w.skip(len(p) - at)
			continue
		}
		end := bytes.IndexByte(p[at:], '\n') + 1
		if end == 0 {
			w.line = append(w.line, p[at:]...)
			if w.stage == atChunkSize && len(w.line) > maxChunkLine {
				w.wrong = "a chunk's size and its extensions are too long"
				return at
			}
			return len(p)
		}
		line := p[at : at+end]
		whole := len(w.line) == 0
		if !whole {
			w.line = append(w.line, line...)
			line = w.line
		}
		if w.wrong = w.take(line); w.wrong != "" {
			if whole && w.stage == atRequest {
				p[at] = '!' // never a line by itself
				at++
			}
			return at
		}
		w.line = w.line[:0]
		at += end
	}
	return len(p)
}

// skip takes up to so many bytes of the body, or of the chunk.
func (w *wire) skip(most int) int {
	n := min(w.left, uint64(most))
	w.left -= n
	switch {
	case w.left > 0:
	case w.stage == atChunk:
		w.stage = atChunkEnd
	default:
		w.next()
	}
	return int(n)
}

// next turns to the next request.
func (w *wire) next() {
	w.ended++
	w.stage, w.empty, w.head = atRequest, 0, head{authority: w.head.authority[:0]}
}

// take reads one line, with what ends it. It returns what is wrong with it.
func (w *wire) take(line []byte) (wrong string) {
	text, ok := bytes.CutSuffix(line, crlf)
	if !ok {
		return "a line ends in LF without CR"
	}
	switch empty := len(text) == 0; {
	case w.stage == atRequest && empty:
		if w.empty++; w.empty > maxEmpty {
			return "empty lines stand where a request is expected"
		}
		return ""
	case w.stage == atRequest:
		w.stage = atField
		if wrong = w.head.readLine(text); wrong != "" {
			w.stage = atRequest
		}
		return wrong
	case w.stage == atField && empty:
		return w.body()
	case w.stage == atField:
		return w.head.readField(text)
	case w.stage == atChunkSize:
		return w.chunk(text)
	case !empty && w.stage == atTrailer:
		return "trailers are not read; send headers"
	case !empty:
		return "a chunk is longer than its size"
	case w.stage == atTrailer:
		w.next()
	default:
		w.stage = atChunkSize
	}
	return ""
}

// body settles, once the headers are complete, what follows them.
func (w *wire) body() (wrong string) {
	h := &w.head
	switch {
	case !h.host && !h.old:
		return "Host: missing"
	case h.chunked && h.old:
		return "Transfer-Encoding: HTTP/1.0 has none"
	case h.chunked && h.sized:
		return "Content-Length and Transfer-Encoding are both given"
	case h.chunked:
		w.stage = atChunkSize
	case h.size > 0:
		w.stage, w.left = atBody, h.size
	default:
		w.next()
	}
	return ""
}

// chunk reads the size of a chunk, with its extensions.
func (w *wire) chunk(text []byte) (wrong string) {
	if len(text) > maxChunkLine {
		return "a chunk's size and its extensions are too long"
	}
	size, extensions, _ := bytes.Cut(text, []byte(";"))
	if len(size) == 0 || len(size) > 15 {
		return "a chunk's size must be 1 to 15 hexadecimal digits"
	}
	w.left = 0
	for _, c := range size {
		digit := unhex(c)
		if digit > 15 {
			return "a chunk's size must be 1 to 15 hexadecimal digits"
		}
		w.left = w.left<<4 | uint64(digit)
	}
	if hasControl(extensions) {
		return "a chunk's extensions hold a control character"
	}
	w.stage = atChunk
	if w.left == 0 {
		w.stage = atTrailer
	}
	return ""
}

var crlf = []byte("\r\n")

// unhex returns the value of a hexadecimal digit, or more than 15.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	default:
		return 0xff
	}
}
