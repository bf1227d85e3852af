// Package childtest has what tests need for servers that are processes of their own:
// addresses to give them, and what they print.
package childtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddress returns an address of the loopback on which nothing listens now. Its
// port is below those that outgoing connections get, so that none of them takes
// it while a server is killed and not yet started again.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	const first, ports, tries = 12_000, 18_000, 100
	var listener net.Listener
	var err error
	for range tries {
		port := first + rand.IntN(ports) //nolint:gosec // nobody gains from guessing it
		if listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			defer listener.Close()
			return listener.Addr().String()
		}
	}
	tb.Fatalf("no free port after %d tries: %v", tries, err)
	return ""
}
