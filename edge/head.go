package edge

import "bytes"

// readLine reads a request line, without what ends it. It returns what is wrong
// with it.
func (h *head) readLine(text []byte) (wrong string) {
	method, rest, _ := bytes.Cut(text, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	switch {
	case !isToken(method):
		return "the first line must be METHOD, one space, the target, one space, HTTP/1.1"
	case string(version) == "HTTP/1.0":
		h.old = true
	case string(version) != "HTTP/1.1":
		return "the first line must end in HTTP/1.1 or HTTP/1.0"
	}
	for _, c := range target {
		if c <= ' ' || c >= 0x7f || c == '#' || c == '\\' {
			return "the target holds a character that must be percent-encoded"
		}
	}
	return h.readTarget(method, target)
}

// readTarget knows the forms that a target has in a request to a server.
func (h *head) readTarget(method, target []byte) (wrong string) {
	switch {
	case len(target) == 0:
		return "the target is empty"
	case target[0] == '/':
		return ""
	case string(target) == "*" && string(method) == "OPTIONS":
		return ""
	}
	scheme, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return "the target must be a path, or a URL of http or https"
	}
	if end := bytes.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	if !isAuthority(rest) {
		return "the target names no host that can be read"
	}
	h.authority = append(h.authority[:0], rest...)
	return ""
}

// readField reads a header, without what ends its line. It returns what is wrong
// with it.
func (h *head) readField(text []byte) (wrong string) {
	if text[0] == ' ' || text[0] == '\t' {
		return "a header goes on in the next line (obs-fold)"
	}
	name, value, ok := bytes.Cut(text, []byte(":"))
	if !ok || !isToken(name) {
		return "a header must be a name, directly followed by a colon"
	}
	if hasControl(value) {
		return "a header holds a control character"
	}
	switch len(name) {
	case len("host"):
		if equalFold(name, "host") {
			return h.readHost(trimBlanks(value))
		}
	case len("content-length"):
		if equalFold(name, "content-length") {
			return h.readSize(trimBlanks(value))
		}
	case len("transfer-encoding"):
		if equalFold(name, "transfer-encoding") {
			return h.readEncoding(trimBlanks(value))
		}
	}
	return ""
}

func (h *head) readHost(value []byte) (wrong string) {
	switch {
	case h.host:
		return "Host: given twice"
	case !isAuthority(value):
		return "Host: must be a name or an address, with or without a port"
	case len(h.authority) > 0 && !bytes.EqualFold(h.authority, value):
		return "Host: differs from the host of the target"
	}
	h.host = true
	return ""
}

func (h *head) readSize(value []byte) (wrong string) {
	const want = "Content-Length: must be 1 to 18 digits"
	switch {
	case h.sized:
		return "Content-Length: given twice"
	case len(value) == 0 || len(value) > 18:
		return want
	}
	h.sized = true
	for _, c := range value {
		if c < '0' || c > '9' {
			return want
		}
		h.size = h.size*10 + uint64(c-'0')
	}
	return ""
}

func (h *head) readEncoding(value []byte) (wrong string) {
	switch {
	case h.chunked:
		return "Transfer-Encoding: given twice"
	case !equalFold(value, "chunked"):
		return "Transfer-Encoding: must be chunked"
	}
	h.chunked = true
	return ""
}

// isToken reports whether s is a token of RFC 9110: the name of a header or of a
// method.
func isToken(s []byte) bool {
	for _, c := range s {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(s) > 0
}

// isAuthority reports whether s is a host, with or without a port. Nobody's name
// stands before it.
func isAuthority(s []byte) bool {
	host, port := s, []byte(nil)
	if end := bytes.IndexByte(s, ']'); len(s) > 0 && s[0] == '[' && end > 0 {
		host, port = s[1:end], s[end+1:]
		if len(bytes.Trim(host, "0123456789abcdefABCDEF:.")) > 0 {
			return false
		}
	} else if colon := bytes.IndexByte(s, ':'); colon >= 0 {
		host, port = s[:colon], s[colon:]
	}
	if len(port) > 0 && (port[0] != ':' || len(port) > len(":65535") || len(bytes.Trim(port[1:], "0123456789")) > 0) {
		return false
	}
	for _, c := range host {
		if !hostBytes[c] {
			return false
		}
	}
	return len(host) > 0
}

// hasControl reports whether s holds a control character other than a tab.
func hasControl(s []byte) bool {
	for _, c := range s {
		if c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

func trimBlanks(s []byte) []byte { return bytes.Trim(s, " \t") }

var (
	tokenBytes = bytesOf("!#$%&'*+-.^_`|~" + alphanumeric)
	hostBytes  = bytesOf("-._~%!$&'()*+;=:" + alphanumeric)
)

const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func bytesOf(set string) (t [256]bool) {
	for i := range len(set) {
		t[set[i]] = true
	}
	return t
}
