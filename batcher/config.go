package batcher

// Config bounds the forward passes that requests share. Sizes count
// candidates, not requests.
type Config struct {
	MaxRows int // rows of one pass at most; a larger request is split; must be positive

	// Remote says that passes run elsewhere, so that they can be given up, and may
	// hang. The zero value is for passes that always run to their end.
	Remote bool
}

// DefaultConfig is what an empty configuration means.
func DefaultConfig() Config { return Config{MaxRows: 512} }
