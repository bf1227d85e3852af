package oip

import (
	"context"
	"time"
)

// Service answers the protocol: it is what the listeners for it, over HTTP and gRPC,
// hand their callers' messages to. It is safe for concurrent use. Errors are
// *rank.Error.
type Service interface {
	// Infer answers m, which the caller may release once Infer has returned. The reply
	// is the caller's to release. It is given up when ctx ends.
	Infer(ctx context.Context, m *Message) (*Reply, error)

	// Server says who answers.
	Server() ServerMetadata

	// Ready returns nil if the model can be called, or any model at all if it is "".
	Ready(ctx context.Context, model, version string) error

	// Metadata returns a model's inputs and outputs, for the caller to read only.
	// Version "" means the one that Infer would choose.
	Metadata(ctx context.Context, model, version string) (*Metadata, error)

	// Index lists every model and version that there is, sorted.
	Index(ctx context.Context) ([]IndexEntry, error)

	// Load reads a model's files anew and swaps its versions in. Unload takes all of
	// them out; requests under way end undisturbed.
	Load(ctx context.Context, model string) error
	Unload(ctx context.Context, model string) error

	// Statistics counts what the versions of a model have done since they were loaded;
	// "" means all models, or all versions.
	Statistics(ctx context.Context, model, version string) ([]Statistics, error)
}

// ServerMetadata says who answers, and which extensions of the protocol it knows.
type ServerMetadata struct {
	Name       string
	Version    string
	Extensions []string
}

// IndexEntry is one version of a model in the repository.
type IndexEntry struct {
	Name    string
	Version string
	State   string // StateReady or StateUnavailable
	Reason  string // why it is not ready
}

// The states of a version, in the words of Triton's repository extension.
const (
	StateReady       = "READY"
	StateUnavailable = "UNAVAILABLE"
)

// Statistics is what one version has done, as Triton's statistics extension has it.
type Statistics struct {
	Model, Version string

	LastInference time.Time // zero: never
	Rows          uint64    // that were scored: Triton's inference_count
	Passes        uint64    // that scored them: Triton's execution_count

	Success, Fail Tally // requests
	Queue, Infer  Tally // what they spent where
}

// Tally counts requests and the time that they took, all together.
type Tally struct {
	Count uint64
	Total time.Duration
}
