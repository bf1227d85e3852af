package edge

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/rankgate/rankgate/rank"
)

// keyLine is a line for a key whose text is known.
func keyLine(name, text, rate string) string {
	return fmt.Sprintf("%s %x %s\n", name, sha256.Sum256([]byte(text)), rate)
}

func newKeys(t testing.TB, lines ...string) *Keys {
	t.Helper()
	k := &Keys{}
	if err := k.Replace(strings.Join(lines, "")); err != nil {
		t.Fatal(err)
	}
	return k
}

// headerOf reads a request's headers as a server does.
func headerOf(t testing.TB, lines ...string) *fasthttp.RequestHeader {
	t.Helper()
	raw := "POST /rank HTTP/1.1\r\nHost: g\r\n" + strings.Join(append(lines, "", ""), "\r\n")
	h := &fasthttp.RequestHeader{}
	if err := h.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAKeyIsKnownByItsHash(t *testing.T) {
	now := time.Now()
	k := newKeys(t, "# who may ask\n\n", keyLine("shop", "open sesame", ""), keyLine("mobile", "k2", "# as often as it likes"), keyLine("batch", "k3", "2:1"))
	for _, c := range []struct {
		credential string
		code       rank.Code // NumCodes: granted
	}{
		{"open sesame", rank.NumCodes}, {"k2", rank.NumCodes},
		{"k3", rank.NumCodes}, {"k3", rank.Overloaded},
		{"", rank.Unauthorized}, {"k4", rank.Unauthorized}, {"open sesame ", rank.Unauthorized},
		{fmt.Sprintf("%x", sha256.Sum256([]byte("k2"))), rank.Unauthorized},
	} {
		code := rank.NumCodes
		v := k.Check([]byte(c.credential), now)
		if v.Refused != nil {
			code = v.Refused.Code
		}
		if code != c.code {
			t.Errorf("%q: %v; want %v", c.credential, v.Refused, c.code)
		}
		if code == rank.Overloaded && (v.After != 500*time.Millisecond ||
			v.Refused.Message != "key: more than 2 requests per second, 1 at once, of batch (auth.keys)") {
			t.Errorf("%q: %+v, %v", c.credential, v, v.Refused)
		}
	}
	if v := new(Keys).Check([]byte("x"), now); v.Refused == nil {
		t.Error("no keys at all: granted; want unauthorized")
	}
}

func TestReplacedKeysKeepWhatTheyHaveUsed(t *testing.T) {
	now := time.Now()
	k := newKeys(t, keyLine("a", "ka", "1:1"), keyLine("b", "kb", "1:1"), keyLine("c", "kc", ""))
	granted := func(text string) bool { return k.Check([]byte(text), now).Refused == nil }
	if !granted("ka") || !granted("kb") || !granted("kc") {
		t.Error("a full bucket refuses")
	}
	if err := k.Replace(keyLine("renamed", "ka", "1:1") + keyLine("b", "kb", "1:2")); err != nil {
		t.Fatal(err)
	}
	if granted("ka") || !granted("kb") || granted("kc") {
		t.Error("want ka empty as before, kb full with its new rate, kc unknown")
	}
	if err := k.Replace("nonsense"); err == nil || granted("ka") || !granted("kb") {
		t.Errorf("Replace() = %v; want an error that changes nothing", err)
	}
}

func TestMistakesInKeysAreNamedWithoutShowingThem(t *testing.T) {
	const secret = "opensesame"
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(secret)))
	for text, want := range map[string]string{
		"":                                   "holds no key; a line is NAME SHA256 [RATE]",
		"# only this":                        "holds no key; a line is NAME SHA256 [RATE]",
		secret:                               "line 1: must be NAME SHA256 [RATE]",
		"\na " + secret:                      "line 2: the hash must be the 64 hexadecimal digits that sha256sum prints",
		"a " + hash[1:] + "g":                "line 1: the hash must be the 64 hexadecimal digits that sha256sum prints",
		"a " + hash + " 1 2":                 "line 1: must be NAME SHA256 [RATE]",
		"(" + secret + " " + hash:            "line 1: the name must be 1 to 64 letters, digits or -._~",
		strings.Repeat("a", 65) + " " + hash: "line 1: the name must be 1 to 64 letters, digits or -._~",
		"a " + hash + " fast":                "line 1: the rate must be a number of requests per second from 0.001 to 1000000",
		"a " + hash + " 0":                   "line 1: the rate must be a number of requests per second from 0.001 to 1000000",
		"a " + hash + " 1e3":                 "line 1: the rate must be a number of requests per second from 0.001 to 1000000",
		"a " + hash + " 5:0":                 "line 1: the burst must be a number of requests from 1 to 1000000",
		"a " + hash + " 5:x":                 "line 1: the burst must be a number of requests from 1 to 1000000",
		"a " + hash + "\nb " + hash:          "line 2: the key is given twice; the first is on line 1",
		"a " + hash + "\n" + keyLine("a", "", ""):  "line 2: the hash is that of an empty key",
		"a " + hash + "\n" + keyLine("a", "x", ""): "line 2: the name is given twice; the first is on line 1",
		"a " + hash + " 0\nb\n":                    "line 1: the rate must be a number of requests per second from 0.001 to 1000000\nline 2: must be NAME SHA256 [RATE]",
	} {
		err := new(Keys).Replace(text)
		if err == nil || err.Error() != want || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), hash[1:]) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

func TestAskingForAKeyAllocatesNothing(t *testing.T) {
	k, now := newKeys(t, keyLine("a", "ka", "1000000")), time.Now()
	good, bad := []byte("ka"), []byte("kb")
	if n := testing.AllocsPerRun(100, func() { k.Check(good, now); k.Check(bad, now); k.Check(nil, now) }); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
	s := newServer(t, DefaultConfig(), descending)
	s.cfg.Keys = k
	for _, line := range []string{"Authorization: Bearer ka", "X-Api-Key: ka"} {
		h := headerOf(t, line)
		if n := testing.AllocsPerRun(100, func() { s.authorize(h) }); n != 0 || s.authorize(h) != nil {
			t.Errorf("%s: %v allocations, %v; want none", line, n, s.authorize(h))
		}
	}
}
