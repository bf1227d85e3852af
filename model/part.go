package model

import "unsafe"

// Part is the memory of an input that is computed before the pass: what some columns of
// a row contribute to the first layer of the graph. The columns are all of one row of
// the feature store, which contributes the same each time; what its Parts
// keep is not computed again.
//
// It belongs to whoever holds the pass. Whoever fills the pass calls Fill for the rows of
// each request, and then writes the Columns of those that it Lacks; rows may be filled
// again, by another request, before the pass runs. The pass, when it runs, calls Gather,
// computes what the rows of Columns contribute, and calls Scatter and then Forget; if it
// fails, Forget alone.
//
// A row of the feature store is known by its address. It is a features.Row, which this
// package does not know, and is never looked into.
type Part struct {
	Columns Buffer // [rows, columns], float32: of the rows that Lacks

	kept    *Parts
	values  []float32 // [rows, width of kept]: the input
	sources []source  // by row
	missing []int32   // rows that Gather found
}

// source is where a row's part comes from.
type source struct {
	known   bool // it is there; else it is to be computed, and then kept for:
	row     unsafe.Pointer
	edition uint64 // 0: it is not to be kept
}

// NewPart returns a Part over memory for the given number of rows, all of which it lacks.
func NewPart(kept *Parts, values []float32, columns Buffer, rows int) *Part {
	return &Part{Columns: columns, kept: kept, values: values, sources: make([]source, rows)}
}

// Fill fills in rows of the pass, from at on, as far as what the given rows of the store
// contribute is kept. Those are of the given edition of the store's rows: a number that
// grows when all of them are replaced. With 0 they may be written again, and are kept
// nowhere.
func (p *Part) Fill(at int, rows []unsafe.Pointer, edition uint64) {
	k, sources, known := p.kept, p.sources[at:at+len(rows)], 0
	k.mu.RLock()
	defer k.mu.RUnlock()
	keeps := edition == k.edition && edition != 0
	values := p.values[at*k.width:]
	for i, row := range rows {
		place := -1
		if keeps {
			place = k.find(row)
		}
		if place < 0 {
			sources[i] = source{row: row, edition: edition}
			continue
		}
		copy(values[i*k.width:(i+1)*k.width], k.values[place*k.width:])
		sources[i] = source{known: true}
		known++
	}
	if edition != 0 {
		k.known.Add(uint64(known))
		k.computed.Add(uint64(len(rows) - known))
	}
}

// Lacks reports whether the columns of a row must be written, because Fill did not find
// what it contributes.
func (p *Part) Lacks(at int) bool { return !p.sources[at].known }

// Gather moves the columns of those of the first rows rows that are lacking together, to
// the front of Columns, and returns how many rows those are.
func (p *Part) Gather(rows int) int {
	p.missing = p.missing[:0]
	width := p.Columns.Width
	for at := range rows {
		if !p.Lacks(at) {
			continue
		}
		if to := len(p.missing); to < at {
			copy(p.Columns.Float32[to*width:(to+1)*width], p.Columns.Float32[at*width:])
		}
		p.missing = append(p.missing, int32(at))
	}
	return len(p.missing)
}

// Scatter takes what was computed of the rows that Gather found, in their order, fills
// it in, and keeps it.
func (p *Part) Scatter(computed []float32) {
	k, keeps := p.kept, false
	for i, at := range p.missing {
		copy(p.values[int(at)*k.width:(int(at)+1)*k.width], computed[i*k.width:])
		keeps = keeps || p.sources[at].edition != 0
	}
	if !keeps {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, at := range p.missing {
		k.keepLocked(p.sources[at], computed[i*k.width:(i+1)*k.width])
	}
}

// Forget lets go of the store's rows. All rows of the pass are lacking then.
func (p *Part) Forget() { clear(p.sources) }
