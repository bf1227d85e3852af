// Package router is a request's journey. Router.Rank reads from top to bottom:
// pick the model version, ask the cache what is known, fetch the features of
// the rest, have them scored, remember the scores, put the candidates in order.
// Each stage draws on one deadline, and what the budget leaves unscored goes
// down the ladder fresh → cached → stale → smaller model → fallback, counted in
// the answer's coverage. Running out of time is an answer here, not an error.
//
// Where a version runs is a Ladder of its own: of places, each of which leaves the
// next one time.
//
// The versions of every model stand in a Catalogue: an immutable snapshot that
// a request loads once, so a change of versions never shows half.
package router
