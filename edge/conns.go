package edge

import "sync"

// conns is the open connections.
type conns struct {
	mu   sync.Mutex
	open map[*conn]struct{} // guarded by mu
}

func (cs *conns) add(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.open == nil {
		cs.open = make(map[*conn]struct{})
	}
	cs.open[c] = struct{}{}
}

func (cs *conns) remove(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, c)
}

// observe looks once at every connection; see conn.observe. Drain alone calls it.
func (cs *conns) observe() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.open {
		c.observe()
	}
}

// closeIdle closes the connections that were idle at least that many looks in a
// row and returns how many others there are.
func (cs *conns) closeIdle(looks int) int {
	cs.mu.Lock()
	var idle []*conn
	for c := range cs.open {
		if c.idle >= looks {
			idle = append(idle, c)
		}
	}
	others := len(cs.open) - len(idle)
	cs.mu.Unlock()
	for _, c := range idle { // each removes itself
		_ = c.Close()
	}
	return others
}

// busy is the number of connections with a request that is not answered yet.
func (cs *conns) busy() (n int) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.open {
		if !c.waiting.Load() {
			n++
		}
	}
	return n
}
