package features

import (
	"sync"
	"sync/atomic"
	"time"
)

// Memory is the embedded Store: every view whole in memory. A load builds a
// new snapshot beside the old one and swaps them at once; each request reads
// one snapshot from start to end.
type Memory struct {
	registry *Registry
	current  atomic.Pointer[snapshot] // replaced by Swap
	listener Listener                 // nil if nobody listens; set before the first request
	swapping sync.Mutex               // held by Swap, so that editions come in their order
}

// NewMemory returns a store without rows.
func NewMemory(reg *Registry) *Memory {
	m := &Memory{registry: reg}
	m.current.Store(NewBuilder(reg).snapshot())
	return m
}

// Inform has l told of every swap. It is to be called before the store is used.
func (m *Memory) Inform(l Listener) { m.listener = l }

// Swap makes what b gathered the store's whole content. b is of the same
// Registry and must not be used again.
func (m *Memory) Swap(b *Builder) {
	m.publish(b.snapshot())
	if m.listener != nil {
		m.listener.ChangedAll()
	}
}

func (m *Memory) publish(s *snapshot) {
	m.swapping.Lock()
	defer m.swapping.Unlock()
	s.edition = m.current.Load().edition + 1
	m.current.Store(s)
}

// Edition is the Lookup.Edition of look-ups that begin now.
func (m *Memory) Edition() uint64 { return m.current.Load().edition }

// Views describes what the store holds, in the order of the registry.
func (m *Memory) Views() []ViewInfo {
	s := m.current.Load()
	infos := make([]ViewInfo, len(s.tables))
	for i := range s.tables {
		infos[i] = s.tables[i].info
	}
	return infos
}

// Fetch implements Store. It takes microseconds and waits for nothing, so it
// does not look at the deadline.
func (m *Memory) Fetch(q *Query, _ time.Time) {
	s := m.current.Load()
	user := s.users.find(q.Request.User)
	for i := range q.Lookups {
		if s.tables[q.Lookups[i].View].key != userKey {
			s.number(q)
			break
		}
	}
	for i := range q.Lookups {
		l := &q.Lookups[i]
		t := &s.tables[l.View]
		l.Default, l.Edition = &t.missing, s.edition
		switch t.key {
		case userKey:
			l.Rows[0] = t.byOwner[user]
		case itemKey:
			for j, item := range q.ordinals {
				l.Rows[j] = t.byOwner[item]
			}
		default:
			t.pairRows(l.Rows, user, q.ordinals)
		}
	}
}

// number looks the candidates up in the dictionary of items.
func (s *snapshot) number(q *Query) {
	if cap(q.ordinals) < len(q.Items) {
		q.ordinals = make([]uint32, len(q.Items))
	}
	q.ordinals = q.ordinals[:len(q.Items)]
	s.items.findAll(q.Request, q.Items, q.ordinals)
}

func (t *table) pairRows(rows []*Row, user uint32, items []uint32) {
	own := t.pairs.of(user)
	if len(own) == 0 {
		return
	}
	mask := len(own) - 1
	for i, item := range items {
		if item == 0 {
			continue
		}
		for at := spread(item, len(own)); own[at].item != 0; at = (at + 1) & mask {
			if own[at].item == item {
				rows[i] = &t.byRow[own[at].row]
				break
			}
		}
	}
}
