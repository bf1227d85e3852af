package offline

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
)

// Counts say what became of the rows of one view's source. Read is the sum of
// Stored, Older and Expired.
type Counts struct {
	Name      string `json:"name"` // of the view
	Read      int64  `json:"read"`
	Stored    int64  `json:"stored"`
	Older     int64  `json:"older"`      // a later row of the same entity came with it, or was there already
	Expired   int64  `json:"expired"`    // older than ttl and max_stale
	Nulls     int64  `json:"nulls"`      // cells of the rows that were not Older than others beside them
	NonFinite int64  `json:"non_finite"` // cells that were NaN or infinite, and so count as null
	Newest    int64  `json:"newest"`     // latest event time, Unix milliseconds; 0 if rows carry none
}

// add counts a batch made of so many rows of the source.
func (c *Counts) add(b features.Batch, rows int64, w redis.Written) {
	c.Read += rows
	c.Stored += int64(w.Stored)
	c.Expired += int64(w.Expired)
	c.Older += rows - int64(w.Stored) - int64(w.Expired)
	c.NonFinite += int64(b.NonFinite)
	for i := range b.Records {
		row := &b.Records[i].Row
		if row.Time != 0 && (c.Newest == 0 || row.Time > c.Newest) {
			c.Newest = row.Time
		}
		for _, word := range row.Nulls {
			c.Nulls += int64(bits.OnesCount64(word))
		}
	}
}

func (c *Counts) String() string {
	newest := "none"
	if c.Newest != 0 {
		newest = time.UnixMilli(c.Newest).UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s: read %d, stored %d, older %d, expired %d; nulls %d, not finite %d; newest event %s",
		c.Name, c.Read, c.Stored, c.Older, c.Expired, c.Nulls, c.NonFinite, newest)
}
