package packed

import (
	"math"
	"strings"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// Decode reads a row of bytes into row, which NewRow or NewRows of the view's
// layout made: it sets Time and the cells that have a value, and clears their
// null bits. A null cell may hold anything until features.Layout.Finish. Strings
// are copied out of data, words of a vocabulary are the vocabulary's own. Nothing
// else is allocated.
//
// It is an *UnknownSchemaError if the row's schema has to be learnt first. After
// an error row must not be used.
func (v *View) Decode(data string, row *features.Row) error {
	if len(data) > 0 && data[0] != Version {
		return &versionError{v.name, data[0]}
	}
	if len(data) < header {
		return &sizeError{view: v.name, size: len(data), want: header}
	}
	p := v.plan(word(data[SchemaOffset:]))
	switch {
	case p == nil:
		return &UnknownSchemaError{View: v.name, ID: word(data[SchemaOffset:])}
	case p.refused != nil:
		return p.refused
	case len(data) < p.schema.size:
		return &sizeError{v.name, p.schema.id, len(data), uint64(p.schema.size)}
	}
	if err := v.decodeTexts(p, data, row); err != nil {
		return err
	}
	for i := range p.runs {
		p.runs[i].decode(data, row)
	}
	for i := range p.scalars {
		s := &p.scalars[i]
		if null(data, s.bit) {
			continue
		}
		bits := s.bits(data)
		if why := s.set(row, bits); why != "" {
			return &valueError{view: v.name, cell: s.cell, typ: s.typ, bits: bits, why: why}
		}
	}
	row.Time = int64(long(data[TimeOffset:]))
	return nil
}

// decodeTexts reads the string columns if their lengths are those of the text
// part.
func (v *View) decodeTexts(p *plan, data string, row *features.Row) error {
	want := uint64(p.schema.size)
	for i := range p.texts {
		want += uint64(word(data[p.texts[i].at:]))
	}
	if want != uint64(len(data)) {
		return &sizeError{v.name, p.schema.id, len(data), want}
	}
	rest := data[p.schema.size:]
	for i := range p.texts {
		t := &p.texts[i]
		n := word(data[t.at:])
		s := rest[:n]
		rest = rest[n:]
		if t.cell == nil || null(data, t.bit) {
			continue
		}
		t.cell.SetString(row, s)
		if t.code >= 0 && row.Ints[t.code] > 0 {
			row.Strings[t.cell.At] = t.cell.Vocabulary[row.Ints[t.code]-1]
		} else {
			row.Strings[t.cell.At] = strings.Clone(s) // a part of data would keep all of it
		}
	}
	return nil
}

// decode copies the whole run, nulls included, and then clears the null bits of
// the columns that have a value.
func (r *run) decode(data string, row *features.Row) {
	into := row.Floats[r.to : r.to+r.n]
	var finite bool
	if r.wide {
		finite = copyDoubles(into, data[r.at:r.end()])
	} else {
		finite = copyFloats(into, data[r.at:r.end()])
	}
	nulls := r.nulls(data)
	if !finite {
		nulls |= r.notFinite(row)
	}
	bit := r.cells[0].Bit
	present := ^nulls & (1<<len(r.cells) - 1)
	row.Nulls[bit>>6] &^= present << (bit & 63)
}

// nulls returns the part of the null bitmap that is about the run, its first
// column in the lowest bit, and other columns above its last.
func (r *run) nulls(data string) uint64 {
	first, last := header+r.bit>>3, header+(r.bit+len(r.cells)-1)>>3
	var bits uint64
	for i := last; i >= first; i-- {
		bits = bits<<8 | uint64(data[i])
	}
	return bits >> (r.bit & 7)
}

// notFinite returns a bit for each column of the run that holds a number that is
// not finite.
func (r *run) notFinite(row *features.Row) uint64 {
	var bits uint64
	for i := range r.cells {
		c := &r.cells[i]
		var exponents uint32
		for _, f := range row.Floats[c.At : c.At+c.N] {
			exponents |= overflow(math.Float32bits(f))
		}
		bits |= uint64(exponents>>31) << i
	}
	return bits
}

// copyFloats reads float32 numbers and reports whether all are finite. Four at a
// time it takes 18 ns for 32 of them, one by one 33 (BenchmarkDecode200Rows).
func copyFloats(into []float32, from string) bool {
	var exponents uint32
	for len(into) >= 4 && len(from) >= 16 {
		a, b, c, d := word(from), word(from[4:]), word(from[8:]), word(from[12:])
		into[0], into[1] = math.Float32frombits(a), math.Float32frombits(b)
		into[2], into[3] = math.Float32frombits(c), math.Float32frombits(d)
		exponents |= overflow(a) | overflow(b) | overflow(c) | overflow(d)
		into, from = into[4:], from[16:]
	}
	for i := range into {
		bits := word(from[4*i:])
		into[i] = math.Float32frombits(bits)
		exponents |= overflow(bits)
	}
	return exponents>>31 == 0
}

// copyDoubles reads float64 numbers and reports whether all are finite as float32.
func copyDoubles(into []float32, from string) bool {
	var exponents uint32
	for i := range into {
		into[i] = float32(math.Float64frombits(long(from[8*i:])))
		exponents |= overflow(math.Float32bits(into[i]))
	}
	return exponents>>31 == 0
}

// overflow sets bit 31 if the bits are of a float32 that is not finite, which has
// every bit of its exponent set.
func overflow(bits uint32) uint32 { return bits&0x7f800000 + 0x00800000 }

// bits are the column's bytes.
func (s *scalar) bits(data string) uint64 {
	switch s.typ.Size() {
	case 1:
		return uint64(data[s.at])
	case 4:
		return uint64(word(data[s.at:]))
	default:
		return long(data[s.at:])
	}
}

// set stores a value that is not null, and says why it does not fit, "" if it does.
func (s *scalar) set(row *features.Row, bits uint64) (why string) {
	var problem features.Problem
	switch s.typ {
	case model.Bool:
		if bits > 1 {
			return "is neither 0 nor 1"
		}
		problem = s.cell.SetBool(row, bits == 1)
	case model.Float32:
		problem = s.cell.SetFloat(row, float64(math.Float32frombits(uint32(bits))))
	case model.Float64:
		problem = s.cell.SetFloat(row, math.Float64frombits(bits))
	case model.Int32:
		problem = s.cell.SetInt(row, int64(int32(bits)))
	default:
		problem = s.cell.SetInt(row, int64(bits))
	}
	if problem == features.Fits || problem == features.NotFinite {
		return ""
	}
	return problem.String()
}

// null reports whether a column of the row is null.
func null(data string, bit int) bool { return data[header+bit>>3]&(1<<(bit&7)) != 0 }

// word reads the first 4 bytes of s.
func word(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// long reads the first 8 bytes of s.
func long(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
