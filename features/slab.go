package features

// Slab is memory for rows that only one request reads: what a store takes of it
// while it fetches is used again after Reset. The zero value is ready.
type Slab struct {
	parts []ownRows // the first ones are taken
	taken int
}

// Rows returns n rows as Layout.NewRows does, but that their values are not zero:
// they are what was left there.
func (s *Slab) Rows(l *Layout, n int) []Row {
	if s.taken == len(s.parts) {
		s.parts = append(s.parts, ownRows{})
	}
	part := &s.parts[s.taken]
	s.taken++
	part.start(n, l)
	for i := range part.rows {
		l.setNulls(part.place(i, l))
	}
	return part.rows
}

// Reset takes back all rows. Nobody may look at them any more.
func (s *Slab) Reset() {
	for i := range s.parts[:s.taken] {
		s.parts[i].reset()
	}
	s.taken = 0
}
