// Package features is the stage that turns ids into numbers. For the
// candidates whose scores are not cached it looks up the rows of the user, of
// each item and of each user×item pair (Store), joins what came with the
// request, and writes the result straight into the memory of a forward pass
// (Rows.Write) along a Plan compiled once per model version. Whatever is
// missing, null, too old or broken is replaced by its column's default and
// counted (Stats); one missing feature never fails a request. Only a candidate
// that lacks a required feature, or whose own fields are broken, is left out
// and gets the model's fallback score.
//
// The embedded store (Memory) holds every view whole, loaded from Parquet or
// CSV. A NaN or an infinity in a file is a null; what else does not fit its
// column refuses the file, with its place.
package features
