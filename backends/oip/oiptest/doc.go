// Package oiptest has servers of the Open Inference Protocol for tests and load runs:
// Server, which does what a broken server does on command, and starters of real ones,
// Triton and MLServer. All of them hold the same model, Linear.
package oiptest
