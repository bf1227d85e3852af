package batcher

// Sink is shown what a pass gave beside the scores. Only passes that are Detailers
// have anything to show.
type Sink interface {
	// Take looks at a pass that has run: its n rows from row at on are the work's
	// from row from on. What it keeps it copies. The parts of a large request come
	// from several goroutines at a time, each row once, and none after Score has
	// returned; a row that never comes was not scored.
	Take(p Pass, at, n, from int)
}

// Detailer is a Pass that can give more than scores.
type Detailer interface {
	// Detail asks for all of it, of the next Run only.
	Detail()
}

// ask has p give all that it can if a member wants it. The others see no difference
// but in time.
func ask(p Pass, members []*ticket) {
	for _, m := range members {
		if !m.detail {
			continue
		}
		if d, ok := p.(Detailer); ok {
			d.Detail()
		}
		return
	}
}
