package feast

import "encoding/binary"

// message reads the protobuf wire format field by field and in place. What it
// yields shares its memory.
type message struct {
	rest   string // not yet read
	broken bool   // the bytes are no message
}

// wireField is one field of a message.
type wireField struct {
	number int
	kind   wireKind
	bits   uint64 // of a varint, fixed32 or fixed64
	bytes  string // of a length-delimited field
}

// wireKind is how a field is written, as protobuf numbers it. Groups, which no
// message of Feast has, count as broken.
type wireKind uint8

const (
	varint    wireKind = 0
	fixed64   wireKind = 1
	delimited wireKind = 2
	fixed32   wireKind = 5
)

// maxField is the largest number that a field may have.
const maxField = 1<<29 - 1

// next reads one field into f; false at the end of the message and where it
// turns out to be broken.
func (m *message) next(f *wireField) bool {
	if m.rest == "" || m.broken {
		return false
	}
	tag := m.varint()
	f.number, f.kind, f.bits, f.bytes = int(tag>>3), wireKind(tag&7), 0, ""
	if tag>>3 < 1 || tag>>3 > maxField {
		m.broken = true
	}
	switch f.kind {
	case varint, fixed32, fixed64:
		f.bits = m.bits(f.kind)
	case delimited:
		f.bytes = m.take(m.varint())
	default:
		m.broken = true
	}
	return !m.broken
}

// bits reads one number that is written in the given way.
func (m *message) bits(kind wireKind) (bits uint64) {
	switch kind {
	case fixed32:
		if s := m.take(4); s != "" {
			bits = uint64(word(s))
		}
	case fixed64:
		if s := m.take(8); s != "" {
			bits = uint64(word(s)) | uint64(word(s[4:]))<<32
		}
	default:
		bits = m.varint()
	}
	return bits
}

// varint reads at most 10 bytes; what a 64-bit number can't hold is broken.
func (m *message) varint() uint64 {
	var n uint64
	for i := range min(len(m.rest), binary.MaxVarintLen64) {
		b := m.rest[i]
		if i == binary.MaxVarintLen64-1 && b > 1 {
			break
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			m.rest = m.rest[i+1:]
			return n
		}
	}
	m.broken = true
	return 0
}

// take reads n bytes, none if there are fewer.
func (m *message) take(n uint64) string {
	if n > uint64(len(m.rest)) {
		m.broken = true
		return ""
	}
	s := m.rest[:n]
	m.rest = m.rest[n:]
	return s
}

// appendTag appends the number and kind of a field.
func appendTag(dst []byte, number int, kind wireKind) []byte {
	return binary.AppendUvarint(dst, uint64(number)<<3|uint64(kind))
}
