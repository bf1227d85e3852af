// Package floor is what no ranking gateway can do without, each with nothing around
// it: a server that reads a request and gives a ready reply, a forward pass, a read
// of rows. They run in processes of their own, so that what they cost is told apart
// from what asks for it.
package floor
