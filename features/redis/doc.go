// Package redis is the online feature store of production: rows that other
// processes write to a Redis (or Valkey) server, read in one pipelined round
// trip per request, and kept decoded in this process for as long as they are
// true.
//
// A row lies in the server in one of two layouts: packed (one string per row,
// package packed) or Feast's (one hash per entity, package feast). Store is the
// features.Store over both. A request first asks the decoded-row cache; what is
// missing there is fetched once however many requests miss it together, and the
// server tells of every write to what was read, so that neither a row nor a
// score built on it outlives the write by more than a round trip.
//
// Writer is the other direction: rows from files and streams, never letting an
// older one replace a newer one.
package redis
