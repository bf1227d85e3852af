package redis

import "sync"

// guess says whether rows are likely to be new to the server. A plain MSETNX
// stores new rows for less than half of what the script costs, and none if one of
// them is there: then the call is made again. So after each mistake in a row it
// waits for twice as many calls as before until it tries again.
type guess struct {
	mu   sync.Mutex
	wait int // calls to go by until the next try
	next int // calls to wait after the next mistake; 0 means 1
}

// longestWait bounds what mistakes cost to a thousandth, and how late it is seen
// that rows have become new.
const longestWait = 1024

// fresh is asked once per call.
func (g *guess) fresh() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wait == 0 {
		return true
	}
	g.wait--
	return false
}

// learn takes what became of a call that was said to be fresh. Of several in
// flight at once the first mistake counts.
func (g *guess) learn(right bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case right:
		g.wait, g.next = 0, 0
	case g.wait == 0:
		g.wait = max(g.next, 1)
		g.next = min(2*g.wait, longestWait)
	}
}
