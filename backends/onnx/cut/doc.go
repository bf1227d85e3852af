// Package cut takes the first layer of an ONNX model apart, before any request sets out:
// in h = x·W + b the columns of x that come from the item alone give the same summand for
// each user. Halves are two models: one that computes this summand, to be kept for each
// item, and one that adds it to what the other columns give and goes on through the
// layers behind, so that a pass multiplies by fewer rows of W.
//
// It works on the bytes of the model file (https://github.com/onnx/onnx, onnx.proto) and
// leaves alone all that does not belong to the layer.
package cut
