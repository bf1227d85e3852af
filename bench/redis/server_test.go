package redis

import (
	"net"
	"os"
	"testing"

	"github.com/redis/rueidis"
)

func TestAServerIsReadyWhenStartedAndGoneWhenClosed(t *testing.T) {
	s, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.Address}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.CPU()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Do(t.Context(), client.B().Ping().Build()).Error(); err != nil {
		t.Error(err)
	}
	client.Close()
	if after, err := s.CPU(); after <= before || err != nil {
		t.Errorf("it has used %v before a command and %v after, %v", before, after, err)
	}
	s.Close()
	if c, err := net.Dial("tcp", s.Address); err == nil {
		c.Close()
		t.Error("it listens still")
	}
	if _, err := os.Stat(s.Dir); err == nil {
		t.Error("its directory is still there")
	}
}
