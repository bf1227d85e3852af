package redis

import (
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis/redistest"
)

func TestRowsOfASlotAreWrittenWhileItMoves(t *testing.T) {
	const slot, rows = 300, 20
	c := redistest.StartCluster(t, clusterMasters, 0)
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			l := onCluster(t, c, layout)
			at := slot
			if name == "feast" {
				at++
			}
			var old, newer []features.Record
			ids := l.inSlot(uint16(at), 2*rows)
			for i, id := range ids {
				if i < rows { // the others are new while the slot moves
					old = append(old, l.record("", id, -2, today, 0))
				}
				newer = append(newer, l.record("", id, float32(i), today+1, 0))
			}
			l.write(itemView, old...)
			c.MoveSlot(at, shardOf(uint16(at)), 1, func() {
				if w := l.write(itemView, newer...); w != (Written{Stored: 2 * rows}) {
					t.Errorf("%+v; want %d stored", w, 2*rows)
				}
				if w := l.write(itemView, old...); w != (Written{Older: rows}) {
					t.Errorf("%+v; want %d older", w, rows)
				}
			})
			for i, n := range l.read(itemView, "", ids...) {
				if n != float32(i) {
					t.Errorf("row %d is %v", i, n)
				}
			}
		})
	}
}
