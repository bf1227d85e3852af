// Package config settles everything before the first request arrives. It alone
// reads YAML: gateway.yaml into the Config of each stage (Read), features.yaml
// into the feature registry (ReadRegistry), and the model repository with its
// model.yaml files into model specs (ReadRepository). No other package knows
// what a key is called.
//
// Reading is strict, and it reports every mistake at once, as Errors: unknown
// and repeated keys, wrong types, values out of range, names that lead nowhere,
// each with file, line and column. A File keeps the positions, so that what is
// found later, when the graph of a model is known, points at its line as well.
//
// A file is untrusted input: its size, its depth, the number of values that its
// aliases stand for, and the number of mistakes reported are bounded.
package config
