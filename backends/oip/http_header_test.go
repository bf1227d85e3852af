package oip_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/rank"
)

func TestHeadersThatCanNotBeReadAreNotShown(t *testing.T) {
	for what, broken := range map[string]string{
		"a length": "Content-Length: -5", "two lengths": "Content-Length: 5\r\nContent-Length: 6", "no colon": "oops",
	} {
		address := rawServer(t, func(int, int) string {
			return "HTTP/1.1 200 OK\r\nSet-Cookie: session=a-secret\r\n" + broken + "\r\n\r\n"
		})
		client := oip.DialHTTP(address, oip.Config{Pool: "p"})
		_, err := client.Metadata(t.Context(), "m", "")
		known, ok := errors.AsType[*rank.Error](err)
		if !ok || known.Code != rank.Unavailable || strings.Contains(err.Error(), "secret") || len(err.Error()) > 400 {
			t.Errorf("%s: %v; want unavailable, without the headers", what, err)
		}
		_ = client.Close()
	}
}
