// Package batcher is the stage where requests meet: it packs the rows of
// several requests into one forward pass of the model that they share.
//
// There is no batching delay. A request that finds an idle runner runs its own
// pass at once, on its own goroutine. While all runners are busy requests wait
// in deadline order; a runner that falls free goes to the most urgent of them and to
// as many waiting rows of its model as its deadline allows, by what passes are known
// to cost (budget.Cost). One of these requests leads: its goroutine runs the pass,
// hands out the scores and passes the runner on. So batches grow with the load and
// vanish without it.
//
// Rows that are too late, or whose caller has left while they waited, are
// dropped before the pass. A pass never mixes models. If the model refuses a shared
// pass, each request repeats it alone; the rows that it still refuses are found by
// halving, and only they fail. An error that says nothing about the rows (Elsewhere)
// is every request's own: it may still try another place.
package batcher
