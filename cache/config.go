package cache

import "time"

// Config sizes the score cache and says how long a score is true.
type Config struct {
	Size     int           // bytes of memory, rounded up to whole MiB, beside a small index; 0 turns the cache off
	TTL      time.Duration // how long a score counts as fresh; must be positive
	MaxStale time.Duration // how long past its TTL a score may still answer when the budget is spent; 0 means not at all
}

// DefaultConfig is what an empty configuration means.
func DefaultConfig() Config {
	return Config{Size: 256 << 20, TTL: time.Minute, MaxStale: 10 * time.Minute}
}
