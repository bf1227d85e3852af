// Package cut takes the first layer of an ONNX model apart, before any request sets out:
// in h = x·W + b the columns of x that come from the item alone give the same summand for
// each user, and those that come from the request alone the same one for each of its rows.
// Halves are two models: one that computes the item's summand, to be kept for each item,
// and one that adds it to what the other columns give and goes on through the layers
// behind. So a pass multiplies by fewer rows of W, and by those of the request's columns
// once per request.
//
// It works on the bytes of the model file (https://github.com/onnx/onnx, onnx.proto) and
// leaves alone all that does not belong to the layer.
package cut
