//go:build cgo && !linux

package onnx

func wantHugePages([]byte) {}
