// Package cache is the stage that remembers scores. Before any feature is
// fetched it tells which candidates of a request are already scored and still
// true; afterwards it takes in the scores that were new. Where 480 of 500
// candidates are known, the rest of the journey is made by 20.
//
// A score belongs to a model version, a user, a candidate and every field of
// the request that the model reads: Key and the candidates' hashes hold a
// digest of them all. It is fresh for Config.TTL after its features were looked
// up, then stale for Config.MaxStale: good enough for a request whose budget is
// spent, and said so. When the feature store tells that an entity's features
// changed (Changed), every score built on them is stale at once: the cache keeps
// when each entity last changed (see changes), and a look-up compares.
//
// The memory is one bigcache entry per (version, user, context), a small hash
// table of candidates (see block), and a second one for the latest few where there
// are many (see View), not one entry per pair.
// BenchmarkBlockAgainstPair measures both: for 200 known candidates blocks take
// two look-ups in place of 200, and about a third of the memory.
package cache
