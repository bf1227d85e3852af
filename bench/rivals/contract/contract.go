// Package contract is what the rivals in Go agree on, so that each of their programs
// is only what it does differently: flags, bodies, keys, and the model.
package contract

// Request is the body of POST /rank. The budget is told and not kept to: no rival
// gives part of an answer.
type Request struct {
	User     string   `json:"user"`
	Items    []string `json:"items"`
	BudgetMS float64  `json:"budget_ms"`
}

// Answer is what comes back: every item, the highest score first. Equal scores keep
// the order of the request.
type Answer struct {
	Items []Scored `json:"items"`
}

// Scored is an item of an answer.
type Scored struct {
	ID    string  `json:"id"`
	Score float32 `json:"score"`
}

// Prefixes of the keys of rows in Redis. A row is a value of little-endian float32; one
// that is missing is of zeros.
const (
	UserPrefix = "u:"
	ItemPrefix = "i:"
)
