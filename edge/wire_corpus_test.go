package edge

import (
	"fmt"
	"strings"
)

// ambiguous are requests that two readers could take for different ones, or that
// are none. All are refused.
func ambiguous() []string {
	const post, get = "POST /rank HTTP/1.1\r\nHost: g\r\n", "GET /healthz HTTP/1.1\r\n"
	list := []string{
		// two lengths
		post + "Content-Length: 26\r\nContent-Length: 26\r\n\r\n" + good,
		post + "Content-Length: 26\r\nContent-Length: 0\r\n\r\n" + good,
		post + "Content-Length: 26, 26\r\n\r\n" + good,
		post + "Content-Length: 26,0\r\n\r\n" + good,
		post + "Content-Length: 26\r\ncontent-length: 3\r\n\r\n" + good,
		post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: identity\r\nContent-Length: 26\r\n\r\n" + good,

		// lengths that are none
		post + "Content-Length: +26\r\n\r\n" + good,
		post + "Content-Length: -1\r\n\r\n" + good,
		post + "Content-Length: 0x1a\r\n\r\n" + good,
		post + "Content-Length: 2 6\r\n\r\n" + good,
		post + "Content-Length: 26.0\r\n\r\n" + good,
		post + "Content-Length:\r\n\r\n" + good,
		post + "Content-Length: 9223372036854775834\r\n\r\n" + good,
		post + "Content-Length: 18446744073709551642\r\n\r\n" + good,
		post + "Content-Length : 26\r\n\r\n" + good,
		post + "Content-Length\t: 26\r\n\r\n" + good,
		post + "Content-Length\x00: 26\r\n\r\n" + good,
		post + "\x00Content-Length: 26\r\n\r\n" + good,
		post + "Content-Length: 26\x00\r\n\r\n" + good,

		// encodings that are none
		post + "Transfer-Encoding: xchunked\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: chunked;q=1\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: \x0bchunked\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding : chunked\r\n\r\n" + chunked(good),
		post + " Transfer-Encoding: chunked\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding:\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunked(good),
		"POST /rank HTTP/1.0\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(good),

		// lines
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
	return append(list, append(ambiguousTargets(), ambiguousChunks()...)...)
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
		list = append(list, head+size+"\r\n"+good+"\r\n0\r\n\r\n")
	}
	return append(list,
		head+"1a\n"+good+"\r\n0\r\n\r\n",
		head+"1a;a=b\n"+good+"\r\n0\r\n\r\n",
		head+"1a\r\n"+good+"\n0\r\n\r\n",
		head+"1a\r\n"+good+"0\r\n\r\n",
		head+"1a\r\n"+good+"x\r\n0\r\n\r\n",
		head+"1a\r\n"+good+"\r\n0\n\r\n",
		head+"1a\r\n"+good+"\r\n0\r\n\n",
		head+"1a\r\n"+good+"\r\n0\r\nX: y\r\n\r\n",
		head+"1a\r\n"+good+"\r\n0\r\nContent-Length: 5\r\n\r\n",
		head+"1a\r\n"+good+"\r\n0\r\n X: y\r\n\r\n",
		head+"1b\r\n"+good+"\r\n0\r\n\r\n",
	)
}

// unambiguous are unusual requests that are right all the same.
func unambiguous() []string {
	const post, get = "POST /rank HTTP/1.1\r\nHost: g\r\n", "GET /healthz HTTP/1.1\r\n"
	return []string{
		post + "Content-Length: 26\r\n\r\n" + good,
		post + "content-length:26\r\n\r\n" + good,
		post + "CONTENT-LENGTH: \t 0026 \t\r\n\r\n" + good,
		post + "Transfer-Encoding: chunked\r\n\r\n" + chunked(good),
		post + "transfer-encoding:CHUNKED\r\n\r\n" + chunked(good),
		post + "Transfer-Encoding: chunked\r\n\r\n00a;name=\"va lue\";b\r\n" + good[:10] + "\r\nF\r\n" + good[10:25] + "\r\n1\r\n" + good[25:] + "\r\n000;end\r\n\r\n",
		post + "Expect: 100-continue\r\nContent-Length: 26\r\n\r\n" + good,
		"\r\n\r\n" + post + "Content-Length: 26\r\n\r\n" + good,
		"POST http://g/rank HTTP/1.1\r\nHost: G\r\nContent-Length: 26\r\n\r\n" + good,
		"POST https://g:8443/rank?x=http://h/ HTTP/1.1\r\nHost: g:8443\r\nContent-Length: 26\r\n\r\n" + good,
		"POST /rank HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 26\r\n\r\n" + good,
		get + "Host: 127.0.0.1:8080\r\n\r\n", get + "Host: [::1]:8080\r\n\r\n", get + "Host: g_h.example.com.\r\n\r\n",
		get + "Host:g\r\nContent-Length: 0\r\n\r\n",
		get + fmt.Sprintf("Host: g\r\nContent-Length: %d\r\n\r\n", len(marker)) + marker, // a body, however much it looks like a request
		get + "Host: g\r\nX:\r\nX: \xfcber\r\nX: a\tb\r\n1!#$%&'*+-.^_`|~: y\r\n\r\n",
		get + "Host: g\r\nX: " + strings.Repeat("y", 4<<10) + "\r\n\r\n",
		get + "Host: g\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
		"GET /healthz?q=%00&r=%0d%0a HTTP/1.1\r\nHost: g\r\n\r\n",
	}
}

// chunked is body in one chunk.
func chunked(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }
