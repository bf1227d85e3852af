//go:build linux || darwin

package oip

import "syscall"

// quiet reports whether reading from a socket would wait, without reading. An idle
// connection of which that is not true was closed, or the server said something unasked
// that must not be taken for the next answer.
func quiet(fd uintptr) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err == syscall.EAGAIN
}
