//go:build cgo

package onnx

import "syscall"

// wantHugePages asks for pages of megabytes for memory that is read all over: to find one
// page of four kilobytes among thousands takes a processor as long as to read it. It is a
// wish, and nothing is lost where it is not granted.
func wantHugePages(slab []byte) {
	if len(slab) > 0 {
		_ = syscall.Madvise(slab, syscall.MADV_HUGEPAGE)
	}
}
