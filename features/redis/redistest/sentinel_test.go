package redistest

import (
	"testing"

	"github.com/redis/rueidis"
)

func TestSentinelsNameTheReplicaOnceTheMasterIsKilled(t *testing.T) {
	s := StartSentinels(t)
	client := open(t, rueidis.ClientOption{InitAddress: s.Addrs(), Sentinel: rueidis.SentinelOption{MasterSet: MasterName}})
	if got := say(client, "SET", "a", "1"); got != "OK" {
		t.Fatal(got)
	}
	s.Failover()
	await(t, "the client follows", func() error { return says(client, "1", "GET", "a") })
}
