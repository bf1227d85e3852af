// Package wiretest has requests as bytes, for tests of whoever reads them: ambiguous
// ones, which two readers could take for different requests, and odd ones that are
// right all the same. For those who have read one it has a ranking whose answer is known.
package wiretest

import (
	"fmt"
	"slices"
	"strings"
)

// Good is the body of a right request for /rank; it has 26 bytes.
const Good = `{"user":"1","items":["2"]}`

// Marker is a request that may be answered only if the one before it had one end.
const Marker = "GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n"

// Ambiguous are requests that two readers could take for different ones, or that
// are none. All must be refused.
func Ambiguous() []string {
	const post = "POST /rank HTTP/1.1\r\nHost: g\r\n"
	list := []string{
		// two lengths
		post + "Content-Length: 26\r\nContent-Length: 26\r\n\r\n" + Good,
		post + "Content-Length: 26\r\nContent-Length: 0\r\n\r\n" + Good,
		post + "Content-Length: 26, 26\r\n\r\n" + Good,
		post + "Content-Length: 26,0\r\n\r\n" + Good,
		post + "Content-Length: 26\r\ncontent-length: 3\r\n\r\n" + Good,
		post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunked,
		post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + chunked,
		post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked,
		post + "Transfer-Encoding: identity\r\nContent-Length: 26\r\n\r\n" + Good,

		// lengths that are none
		post + "Content-Length: +26\r\n\r\n" + Good,
		post + "Content-Length: -1\r\n\r\n" + Good,
		post + "Content-Length: 0x1a\r\n\r\n" + Good,
		post + "Content-Length: 2 6\r\n\r\n" + Good,
		post + "Content-Length: 26.0\r\n\r\n" + Good,
		post + "Content-Length:\r\n\r\n" + Good,
		post + "Content-Length: 9223372036854775834\r\n\r\n" + Good,
		post + "Content-Length: 18446744073709551642\r\n\r\n" + Good,
		post + "Content-Length : 26\r\n\r\n" + Good,
		post + "Content-Length\t: 26\r\n\r\n" + Good,
		post + "Content-Length\x00: 26\r\n\r\n" + Good,
		post + "\x00Content-Length: 26\r\n\r\n" + Good,
		post + "Content-Length: 26\x00\r\n\r\n" + Good,

		// encodings that are none
		post + "Transfer-Encoding: xchunked\r\n\r\n" + chunked,
		post + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked,
		post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked,
		post + "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunked,
		post + "Transfer-Encoding: chunked;q=1\r\n\r\n" + chunked,
		post + "Transfer-Encoding: \x0bchunked\r\n\r\n" + chunked,
		post + "Transfer-Encoding : chunked\r\n\r\n" + chunked,
		post + " Transfer-Encoding: chunked\r\n\r\n" + chunked,
		post + "Transfer-Encoding:\r\n\r\n" + chunked,
		post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunked,
		"POST /rank HTTP/1.0\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
	}
	return slices.Concat(list, ambiguousLines(), ambiguousTargets(), ambiguousChunks())
}

// ambiguousLines are headers whose lines are in doubt.
func ambiguousLines() []string {
	const get = "GET /healthz HTTP/1.1\r\n"
	return []string{
		get + "Host: g\r\nX: a\r\n b\r\n\r\n",
		get + "Host: g\r\nX: a\r\n\tTransfer-Encoding: chunked\r\n\r\n",
		get + " Host: g\r\n\r\n",
		"GET /healthz HTTP/1.1\nHost: g\n\n",
		"GET /healthz HTTP/1.1\nHost: g\r\n\r\n",
		get + "Host: g\nX: y\r\n\r\n",
		get + "Host: g\r\nX: y\n\r\n",
		get + "Host: g\r\n\n",
		get + "Host: g\r\nX: y\rContent-Length: 5\r\n\r\n",
		get + "Host: g\r\nX: y\r\r\n\r\n",
		get + "Host: g\r\n\r\r\n",
		get + "Host: g\r\nX: y\x00\r\n\r\n",
		get + "Host: g\r\nX: \x7f\r\n\r\n",
		get + "Host: g\r\nX y: z\r\n\r\n",
		get + "Host: g\r\nX\r\n\r\n",
		get + "Host: g\r\n: y\r\n\r\n",
		get + "Host: g\r\nX(: y\r\n\r\n",
		get + "Host: g\r\nX\xff: y\r\n\r\n",
		"\nGET /healthz HTTP/1.1\r\nHost: g\r\n\r\n",
		" GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n",
		get + "Host: g\r\nX: " + strings.Repeat("y", 4<<10) + "\r\n\r\n",
		get + "Host: g\r\n" + strings.Repeat("X: y\r\n", 1<<10) + "\r\n",
		strings.Repeat("\r\n", 4<<10) + get + "Host: g\r\n\r\n",
	}
}

// ambiguousTargets are first lines and hosts.
func ambiguousTargets() []string {
	line := func(first string) string { return first + "\r\nHost: g\r\n\r\n" }
	host := func(hosts string) string { return "GET /healthz HTTP/1.1\r\n" + hosts + "\r\n" }
	return []string{
		line("GET /healthz"), line("GET"), line("GET  /healthz HTTP/1.1"), line("GET /healthz  HTTP/1.1"),
		line("GET /healthz HTTP/1.1 "), line("GET /heal thz HTTP/1.1"), line("GET\t/healthz\tHTTP/1.1"),
		line("GET /healthz HTTP/0.9"), line("GET /healthz HTTP/1.2"), line("GET /healthz HTTP/2.0"),
		line("GET /healthz http/1.1"), line("GET /healthz HTTP/1.1\r"), line("GET /healthz HTTP/01.1"),
		line("G(T /healthz HTTP/1.1"), line("GET healthz HTTP/1.1"), line("GET * HTTP/1.1"),
		line("GET /healthz#x HTTP/1.1"), line("GET /health\x00z HTTP/1.1"), line("GET /healthz\xff HTTP/1.1"),
		line("GET \\healthz HTTP/1.1"), line("GET /..\\healthz HTTP/1.1"), line("CONNECT g:80 HTTP/1.1"),
		line("GET http://h/healthz HTTP/1.1"), line("GET http://me@g/healthz HTTP/1.1"), line("GET http:///healthz HTTP/1.1"),
		line("GET http://g:x/healthz HTTP/1.1"), line("GET ftp://g/healthz HTTP/1.1"), line("GET http:/healthz HTTP/1.1"),
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		host(""), host("Host:\r\n"), host("Host: g\r\nHost: g\r\n"), host("Host: g\r\nHost: h\r\n"), host("Host: g, h\r\n"),
		host("Host: g h\r\n"), host("Host: g/h\r\n"), host("Host: me@g\r\n"), host("Host: g:80:80\r\n"), host("Host: g:x\r\n"),
		host("Host: [::1\r\n"), host("Host: [g]\r\n"), host("Host: [::1]x\r\n"), host("Host: g\\h\r\n"), host("Host : g\r\n"),
	}
}

// ambiguousChunks are bodies in chunks with a size or an end that is in doubt.
func ambiguousChunks() (list []string) {
	const head = "POST /rank HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, size := range []string{
		"0x1a", "+1a", "-1a", " 1a", "1a ", "1a\t", "1a ;a=b", "1g", "", ";a=b", "g", "1a\x00", "1a;a\x00", "1a;a\rb", "1a\r", "1a,1a",
		"000000000000001a", "fffffffffffffffff", "1a;" + strings.Repeat("x", 2<<10),
	} {
		list = append(list, head+size+"\r\n"+Good+"\r\n0\r\n\r\n")
	}
	return append(list,
		head+"1a\n"+Good+"\r\n0\r\n\r\n",
		head+"1a;a=b\n"+Good+"\r\n0\r\n\r\n",
		head+"1a\r\n"+Good+"\n0\r\n\r\n",
		head+"1a\r\n"+Good+"0\r\n\r\n",
		head+"1a\r\n"+Good+"x\r\n0\r\n\r\n",
		head+"1a\r\n"+Good+"\r\n0\n\r\n",
		head+"1a\r\n"+Good+"\r\n0\r\n\n",
		head+"1a\r\n"+Good+"\r\n0\r\nX: y\r\n\r\n",
		head+"1a\r\n"+Good+"\r\n0\r\nContent-Length: 5\r\n\r\n",
		head+"1a\r\n"+Good+"\r\n0\r\n X: y\r\n\r\n",
		head+"1b\r\n"+Good+"\r\n0\r\n\r\n",
	)
}

// Unambiguous are unusual requests that are right all the same.
func Unambiguous() []string {
	const post, get = "POST /rank HTTP/1.1\r\nHost: g\r\n", "GET /healthz HTTP/1.1\r\n"
	return []string{
		post + "Content-Length: 26\r\n\r\n" + Good,
		post + "content-length:26\r\n\r\n" + Good,
		post + "CONTENT-LENGTH: \t 0026 \t\r\n\r\n" + Good,
		post + "Transfer-Encoding: chunked\r\n\r\n" + chunked,
		post + "transfer-encoding:CHUNKED\r\n\r\n" + chunked,
		post + "Transfer-Encoding: chunked\r\n\r\n00a;name=\"va lue\";b\r\n" + Good[:10] +
			"\r\nF\r\n" + Good[10:25] + "\r\n1\r\n" + Good[25:] + "\r\n000;end\r\n\r\n",
		post + "Expect: 100-continue\r\nContent-Length: 26\r\n\r\n" + Good,
		"\r\n\r\n" + post + "Content-Length: 26\r\n\r\n" + Good,
		"POST http://g/rank HTTP/1.1\r\nHost: G\r\nContent-Length: 26\r\n\r\n" + Good,
		"POST https://g:8443/rank?x=http://h/ HTTP/1.1\r\nHost: g:8443\r\nContent-Length: 26\r\n\r\n" + Good,
		"POST /rank HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 26\r\n\r\n" + Good,
		get + "Host: 127.0.0.1:8080\r\n\r\n", get + "Host: [::1]:8080\r\n\r\n", get + "Host: g_h.example.com.\r\n\r\n",
		get + "Host:g\r\nContent-Length: 0\r\n\r\n",
		get + fmt.Sprintf("Host: g\r\nContent-Length: %d\r\n\r\n", len(Marker)) + Marker, // a body, however much it looks like a request
		get + "Host: g\r\nX:\r\nX: \xfcber\r\nX: a\tb\r\n1!#$%&'*+-.^_`|~: y\r\n\r\n",
		get + "Host: g\r\nX: " + strings.Repeat("y", 4<<10) + "\r\n\r\n",
		get + "Host: g\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
		"GET /healthz?q=%00&r=%0d%0a HTTP/1.1\r\nHost: g\r\n\r\n",
	}
}

// chunked is Good in one chunk.
const chunked = "1a\r\n" + Good + "\r\n0\r\n\r\n"
