// Package rank holds the words that every stage of a request's journey speaks:
// the Request that an app sends, the Result that it gets back, where each score
// came from (Source), what happened to each feature (Status), how long each
// Stage took, and the one list of error codes. It imports nothing of rankgate,
// starts no goroutine and does no I/O.
package rank
