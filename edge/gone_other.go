//go:build !linux && !darwin

package edge

const canPeek = false

func peekSocket(uintptr) uint32 { return readWaits }
