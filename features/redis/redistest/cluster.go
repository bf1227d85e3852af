package redistest

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/childtest"
)

// slots is how many there are.
const slots = 16384

// Cluster is servers that share the slots. Shard i is master i and its replicas,
// whichever of them is the master now.
type Cluster struct {
	tb     testing.TB
	nodes  []*node // the first masters, then their replicas
	shards [][]*node
}

type node struct {
	*Server
	id  string
	bus string // port of the cluster's own talk
}

// StartCluster starts masters, each with so many replicas, and waits until all
// of them agree that every slot is served. A shard that is lost costs its own
// slots only.
func StartCluster(tb testing.TB, masters, replicas int) *Cluster {
	tb.Helper()
	c := &Cluster{tb: tb, shards: make([][]*node, masters)}
	for i := range masters * (1 + replicas) {
		n := startNode(tb)
		n.Must("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		c.nodes = append(c.nodes, n)
		c.shards[i%masters] = append(c.shards[i%masters], n)
	}
	for i, n := range c.nodes[:masters] {
		n.Must("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(slots*i/masters), strconv.Itoa(slots*(i+1)/masters-1))
	}
	for _, n := range c.nodes[1:] {
		host, port, _ := net.SplitHostPort(n.Addr)
		c.nodes[0].Must("CLUSTER", "MEET", host, port, n.bus)
	}
	for i, n := range c.nodes[masters:] {
		await(tb, n.Addr+" knows its master", func() error {
			_, err := n.Do("CLUSTER", "REPLICATE", c.nodes[i%masters].id)
			return err
		})
	}
	c.awaitSlots()
	c.awaitReplicas()
	return c
}

func startNode(tb testing.TB) *node {
	tb.Helper()
	n := &node{}
	n.Server = start(tb, func(s *Server, port string) []string {
		_, n.bus, _ = net.SplitHostPort(childtest.FreeAddress(tb))
		return []string{
			"--port", port, "--cluster-port", n.bus, "--bind", "127.0.0.1", "--dir", s.Dir,
			"--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0",
			"--cluster-enabled", "yes", "--cluster-node-timeout", strconv.Itoa(calm), "--cluster-replica-validity-factor", "0",
			"--cluster-require-full-coverage", "no", "--cluster-allow-replica-migration", "no",
		}
	})
	n.id = n.Must("CLUSTER", "MYID")
	return n
}

// Addrs are those of all nodes, dead ones too.
func (c *Cluster) Addrs() []string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, n.Addr)
	}
	return all
}

// Master returns who is the master of a shard now.
func (c *Cluster) Master(shard int) *Server {
	c.tb.Helper()
	return c.master(shard).Server
}

func (c *Cluster) master(shard int) (found *node) {
	c.tb.Helper()
	await(c.tb, fmt.Sprintf("shard %d has a master", shard), func() error {
		var err error
		for _, found = range c.shards[shard] {
			if err = found.isMaster(); err == nil {
				return nil
			}
		}
		return err
	})
	return found
}

// KillMaster kills the master of a shard once its replicas hold the same, and
// waits until one of them has taken over and all nodes have heard of it.
func (c *Cluster) KillMaster(shard int) {
	c.tb.Helper()
	old := c.master(shard)
	c.awaitReplicas()
	c.suspect(alert)
	old.Kill()
	c.master(shard)
	c.awaitSlots()
	c.suspect(calm)
}

// How long a node may be silent before the others hold it for dead, in
// milliseconds: calm, so that a busy machine costs nobody its place, and alert
// while a node is dead.
const calm, alert = 20_000, 1_000

// suspect sets that time.
func (c *Cluster) suspect(after int) {
	c.tb.Helper()
	for _, n := range c.nodes {
		if n.Running() {
			n.Must("CONFIG", "SET", "cluster-node-timeout", strconv.Itoa(after))
		}
	}
}

// awaitSlots waits until every node that lives sees every slot served.
func (c *Cluster) awaitSlots() {
	c.tb.Helper()
	await(c.tb, "every slot is served", func() error {
		for _, n := range c.nodes {
			if !n.Running() {
				continue
			}
			info, err := n.Do("CLUSTER", "INFO")
			if err != nil {
				return err
			}
			if field(info, "cluster_state") != "ok" || field(info, "cluster_slots_ok") != strconv.Itoa(slots) ||
				field(info, "cluster_known_nodes") != strconv.Itoa(len(c.nodes)) {
				return fmt.Errorf("%s says %s", n.Addr, info)
			}
		}
		return nil
	})
}

// awaitReplicas waits until every replica that lives holds what its master does.
func (c *Cluster) awaitReplicas() {
	c.tb.Helper()
	for shard, members := range c.shards {
		master := c.master(shard)
		for _, n := range members {
			if n == master || !n.Running() {
				continue
			}
			await(c.tb, n.Addr+" has caught up", func() error { return n.follows(master.Server) })
		}
	}
}

// MoveSlot moves a slot from one shard to another as a resharding does. during is
// called when half of its keys have moved, so that both masters redirect who asks
// for the others; it may be nil.
func (c *Cluster) MoveSlot(slot, from, to int, during func()) {
	c.tb.Helper()
	source, target, number := c.master(from), c.master(to), strconv.Itoa(slot)
	target.Must("CLUSTER", "SETSLOT", number, "IMPORTING", source.id)
	source.Must("CLUSTER", "SETSLOT", number, "MIGRATING", target.id)
	keys, err := source.list("CLUSTER", "GETKEYSINSLOT", number, "100000")
	if err != nil {
		c.tb.Fatal(err)
	}
	c.migrate(source, target, keys[:len(keys)/2])
	if during != nil {
		during()
	}
	c.migrate(source, target, keys[len(keys)/2:])
	target.Must("CLUSTER", "SETSLOT", number, "NODE", target.id)
	source.Must("CLUSTER", "SETSLOT", number, "NODE", target.id)
	await(c.tb, "every node knows where the slot is", func() error {
		for _, n := range c.nodes {
			if !n.Running() {
				continue
			}
			all, err := n.Do("CLUSTER", "NODES")
			if err != nil {
				return err
			}
			if !owns(all, target.id, slot) {
				return errors.New(n.Addr + " does not")
			}
		}
		return nil
	})
}

func (c *Cluster) migrate(source, target *node, keys []string) {
	c.tb.Helper()
	if len(keys) == 0 {
		return
	}
	host, port, _ := net.SplitHostPort(target.Addr)
	source.Must(append([]string{"MIGRATE", host, port, "", "0", "10000", "KEYS"}, keys...)...)
}

// owns reports whether what CLUSTER NODES says gives a slot to a node.
func owns(nodes, id string, slot int) bool {
	for line := range strings.Lines(nodes) {
		words := strings.Fields(line)
		if len(words) < 8 || words[0] != id {
			continue
		}
		for _, span := range words[8:] {
			first, last, isRange := strings.Cut(span, "-")
			if !isRange {
				last = first
			}
			low, err := strconv.Atoi(first)
			high, otherErr := strconv.Atoi(last)
			if err == nil && otherErr == nil && low <= slot && slot <= high {
				return true
			}
		}
	}
	return false
}
