//go:build linux || darwin

package edge

import "syscall"

const canPeek = true

// peekSocket says what reading from the socket would do, without reading.
func peekSocket(fd uintptr) uint32 {
	var b [1]byte
	n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	switch err {
	case nil:
		if n > 0 {
			return readTakes
		}
		return readEnds
	case syscall.EAGAIN, syscall.EINTR:
		return readWaits
	default:
		return readEnds
	}
}
