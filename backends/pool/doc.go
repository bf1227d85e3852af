// Package pool is where a pass leaves this process: it decides which of several
// servers that hold the same models gets a call, and whether a second one gets a
// copy of it. It knows nothing of how a call is written; package oip does.
//
// A call (Do) first takes a place under the pool's learned limit, then one at a
// server: the better of two by latency and calls in flight, among those whose
// probes succeed and whose breaker is closed. It runs on the caller's goroutine.
// If it takes longer than its like, a timer sends a copy to another server; if it
// fails before the server can have seen it, or may be repeated, the copy is sent at
// once. Both draw on one budget of extra sends, so that a pool in trouble is never
// sent much more than its users ask for. The first answer wins, and cancels the
// other attempt:
//
//	caller                        timer
//	sends to A
//	                              the quantile is over: sends a copy to B
//	                              B answers, wins, cancels A's attempt
//	A's attempt returns,
//	finds that it has lost
//	returns B's answer
//
// What is learned from an attempt depends on why it ended (verdict): an attempt
// that lost, whose caller left, or that had less time than the server usually
// needs, says nothing about the server.
//
// A server is new until a probe has succeeded, then well; a breaker that opens
// ejects it, and after a while that grows from trial to trial single calls try it
// again. What picking needs to know of all that is one view, which is replaced as a
// whole when any of it changes.
package pool
