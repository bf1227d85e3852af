// Package offline does with whole data sets what the gateway does with requests,
// by the same code, so that what was prepared and what is served agree.
//
// Materialize moves feature rows from files into the online store. It reads each
// view's source in batches, hands each batch to a Writer, which never lets an
// older row take the place of a newer one, and notes in a checkpoint how far it
// has come, so that a run that was cut short goes on where it stopped. Memory
// does not grow with the sources.
package offline
