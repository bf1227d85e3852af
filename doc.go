// Package rankgate is a ranking gateway: an app posts a user and some candidate
// items to /rank, and gets the items scored and ordered inside its latency budget,
// whatever breaks behind the gateway. This package holds no code; it is the map.
//
// The rooms stand on floors. Imports point down only, and the rooms of one floor do
// not import each other (layout_test.go holds the tree to that):
//
//	4 wiring    cmd/gateway      subcommands; the only place that knows everyone
//	3 around    config, monitor  the configuration file; metrics
//	2 journeys  edge, router     HTTP and gRPC in and out; the path of a request
//	            offline          files and streams into the feature store
//	1 stages    cache, features, batcher, backends
//	                             (features/redis, packed, feast: the remote store)
//	0 words     rank, budget, model, secret, jsonlex (and for tests certtest, childtest)
//
// There are two shapes, so a reader never hunts for a third:
//
//   - Sequence. A request's journey is one function, router.Rank: pick a version,
//     look up the scores that are cached and still true, fetch features for the
//     rest, score them in a shared pass, fill the cache, order.
//   - Resilience is wrapping: a pool around servers, a batcher around a pool or a
//     session, a ladder around the places where a version runs; composed once in
//     cmd/gateway and never per request.
//
// To read the code in ten minutes: package rank (the words), router.Rank (the
// journey), package batcher (the one hard stage), cmd/gateway (the same order, as
// constructors).
package rankgate
