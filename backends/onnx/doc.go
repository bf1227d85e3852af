// Package onnx scores rows in this process with ONNX Runtime. It is the end of
// a request's journey inward: the batcher has filled the memory of a Pass with
// the rows of several requests, Pass.Run turns them into one score per row. Where the
// first layer of a graph can be taken apart (Apart), a pass computes of it only what is
// not the same for all users, or for all rows of a request.
//
// ONNX Runtime is a C library, loaded once per process by Open. Its memory is
// outside the Go heap, its threads never spin, and its telemetry is switched
// off before it starts. Built without cgo, the package still compiles and Open
// returns an error that says so.
package onnx
