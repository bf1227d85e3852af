package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// MasterName is what sentinels call the master.
const MasterName = "features"

// sentinels is how many watch: a majority of them must agree.
const sentinels = 3

// Sentinels is a master, its replica, and who watches them.
type Sentinels struct {
	Master, Replica *Server

	tb       testing.TB
	watchers []*Server
}

// StartSentinels starts all of them and waits until every sentinel knows the
// others and the replica.
func StartSentinels(tb testing.TB) *Sentinels {
	tb.Helper()
	s := &Sentinels{Master: Start(tb), Replica: Start(tb), tb: tb}
	s.Replica.Follow(s.Master)
	for range sentinels {
		s.watchers = append(s.watchers, s.watcher())
	}
	for _, w := range s.watchers {
		await(tb, w.Addr+" knows the others", func() error {
			reply, err := w.Do("SENTINEL", "MASTER", MasterName)
			if err != nil {
				return err
			}
			words := strings.Split(reply, "\n")
			known := map[string]string{}
			for i := 0; i+1 < len(words); i += 2 {
				known[words[i]] = words[i+1]
			}
			if known["flags"] != "master" || known["num-slaves"] != "1" || known["num-other-sentinels"] != fmt.Sprint(sentinels-1) {
				return fmt.Errorf("flags %s, %s replicas, %s others", known["flags"], known["num-slaves"], known["num-other-sentinels"])
			}
			return nil
		})
	}
	return s
}

func (s *Sentinels) watcher() *Server {
	s.tb.Helper()
	host, port, _ := net.SplitHostPort(s.Master.Addr)
	return start(s.tb, func(w *Server, own string) []string {
		file := filepath.Join(w.Dir, "sentinel.conf") // a sentinel rewrites it
		text := fmt.Sprintf(`port %[1]s
bind 127.0.0.1
dir %[2]s
sentinel monitor %[3]s %[4]s %[5]s %[6]d
sentinel down-after-milliseconds %[3]s %[7]d
sentinel failover-timeout %[3]s 2000
`, own, w.Dir, MasterName, host, port, sentinels/2+1, calm)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			s.tb.Fatal(err)
		}
		return []string{file, "--sentinel"}
	})
}

// Addrs are those of the sentinels.
func (s *Sentinels) Addrs() []string {
	var all []string
	for _, w := range s.watchers {
		all = append(all, w.Addr)
	}
	return all
}

// Failover kills the master once the replica holds the same, and waits until
// the replica has its place and every sentinel names it.
func (s *Sentinels) Failover() {
	s.tb.Helper()
	await(s.tb, "the replica has caught up", func() error { return s.Replica.follows(s.Master) })
	s.suspect(alert)
	s.Master.Kill()
	for _, w := range s.watchers {
		await(s.tb, w.Addr+" names the replica", func() error {
			named, err := w.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName)
			if err == nil && strings.ReplaceAll(named, "\n", ":") != s.Replica.Addr {
				err = fmt.Errorf("it names %q", named)
			}
			return err
		})
	}
	await(s.tb, "the replica is a master", s.Replica.isMaster)
	s.suspect(calm)
}

// suspect sets how long the master may be silent before a sentinel holds it for
// dead, in milliseconds.
func (s *Sentinels) suspect(after int) {
	s.tb.Helper()
	for _, w := range s.watchers {
		w.Must("SENTINEL", "SET", MasterName, "down-after-milliseconds", strconv.Itoa(after))
	}
}
