package redistest

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/redis/rueidis"
)

func TestAClusterMovesSlotsAndOutlivesAMaster(t *testing.T) {
	const masters, keys = 3, 20
	c := StartCluster(t, masters, 1)
	client := open(t, rueidis.ClientOption{InitAddress: c.Addrs()})
	if client.Mode() != rueidis.ClientModeCluster {
		t.Fatalf("the client's mode is %s", client.Mode())
	}
	key := func(i int) string { return fmt.Sprintf("{one slot}%d", i) }
	check := func(when string) {
		t.Helper()
		for i := range keys {
			await(t, when, func() error { return says(client, strconv.Itoa(i), "GET", key(i)) })
		}
	}
	for i := range keys {
		if err := says(client, "OK", "SET", key(i), strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	slot, err := strconv.Atoi(c.Master(0).Must("CLUSTER", "KEYSLOT", key(0)))
	if err != nil {
		t.Fatal(err)
	}
	from := slot * masters / slots
	to := (from + 1) % masters
	c.MoveSlot(slot, from, to, func() {
		for shard := range masters {
			if got := c.Master(shard).Must("DBSIZE"); (shard == from || shard == to) != (got == strconv.Itoa(keys/2)) {
				t.Errorf("half-way the master of shard %d has %s keys", shard, got)
			}
		}
		check("half of the keys have moved")
	})
	check("the slot has moved")

	old := c.Master(to)
	c.KillMaster(to)
	if c.Master(to) == old {
		t.Error("nobody took over")
	}
	check("another master serves the slot")
}
