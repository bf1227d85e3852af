package router

// Route says which versions of a model answer, and for which share of users.
type Route struct {
	// RunOn lists the places where all versions run, the preferred one first; see
	// Ladder. None means this process.
	RunOn []string

	Fallback string // model that scores what no place could; "" if there is none

	Stable string // version that answers by default; "" means the highest in the repository
	Canary Canary
}

// Canary sends a share of the users to another version. The zero value sends
// none.
type Canary struct {
	Version string
	Percent float64 // 0 to 100, in steps of 0.01; the same users on every replica
}
