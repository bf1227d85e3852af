package process

import "net"

// FreeAddress returns an address of the loopback, host:port, on which nothing listens
// now.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
