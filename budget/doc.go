// Package budget is the arithmetic of a request's deadline: how much time a
// caller gets (Limits), how much of it is left for work, and what a pass of n
// rows is expected to cost (Cost). One deadline runs from the request's first
// byte to its answer and every stage draws on it.
//
// The package starts no goroutine, does no I/O and never reads the clock: the
// current time is always an argument.
package budget
