package ingest

// allowance says how many events may be asked for, so that a batch keeps within its
// events and its bytes. Sources are asked for a number of events and give that many
// whatever they weigh: so no more are asked for than would fit if each were as large
// as an event may be, or as the largest that came last if that was larger still.
type allowance struct {
	events int // of a batch
	weight int // bytes to expect of an event
	least  int // of weight: what an event may weigh
}

// maxBatchBytes ends a batch that has so many bytes. It may exceed them by the event
// that reached them. A source that begins to send larger events than it may is found
// out one read later.
const maxBatchBytes = 32 << 20

// newAllowance starts with one event, since nothing is known of what waits.
func newAllowance(cfg *Config) allowance {
	return allowance{events: cfg.Batch, weight: maxBatchBytes, least: cfg.MaxEvent}
}

// next returns how many may join a batch that has so many events and bytes; 0 if it
// is full.
func (a *allowance) next(events, bytes int) int {
	if bytes >= maxBatchBytes {
		return 0
	}
	return min(a.events-events, max(1, (maxBatchBytes-bytes)/a.weight))
}

// weigh learns from what a read gave, and returns its bytes.
func (a *allowance) weigh(read []message) (bytes int) {
	if len(read) == 0 {
		return 0
	}
	a.weight = a.least
	for i := range read {
		bytes += read[i].bytes
		a.weight = max(a.weight, read[i].bytes)
	}
	return bytes
}
