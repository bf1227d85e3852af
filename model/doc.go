// Package model describes the models that rank: which graph inputs are fed
// from which feature columns (Spec, what model.yaml says), what the graph
// itself declares (Graph), the agreement of both (Signature), and the memory
// that carries rows into a pass (Tensors), with what is kept of rows from pass to pass
// (Parts). A Spec that does not match its graph
// is refused by Resolve, which names both sides.
//
// The package does no I/O: package config reads model.yaml, package
// backends/onnx reads the graph.
package model
