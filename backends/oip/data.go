package oip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/rankgate/rankgate/jsonlex"
	"github.com/rankgate/rankgate/model"
)

// data takes the values of a tensor, flat or nested, checks their syntax and counts
// them. It returns the array as it stands.
func (s *scanner) data() (array []byte, values int) {
	if s.Token() != '[' {
		s.Unexpected("a list of values")
		return nil, 0
	}
	start, depth := s.Pos, 0
	for !s.Failed() {
		switch c := s.Token(); c {
		case '[':
			if depth++; depth > maxDepth {
				s.Fail("data: lists lie more than %d deep in each other", maxDepth)
				return nil, 0
			}
			s.Pos++
			if s.Token() == ']' {
				depth = s.close(depth)
			}
		case '{':
			s.Unexpected("a value")
		default:
			s.passScalar()
			values++
			depth = s.close(depth)
		}
		if depth == 0 && !s.Failed() {
			return s.Text[start:s.Pos], values
		}
	}
	return nil, 0
}

// close takes what follows a value: the ends of lists, then a comma unless the
// outermost has ended. It returns how many lists are open.
func (s *scanner) close(depth int) int {
	for s.Token() == ']' {
		s.Pos++
		if depth--; depth == 0 {
			return 0
		}
	}
	if s.Token() != ',' {
		s.Unexpected("',' or ']'")
		return depth
	}
	s.Pos++
	if s.Token() == ']' {
		s.Unexpected("a value after ','")
	}
	return depth
}

// AppendRaw appends the elements as little-endian bytes.
func (t *Tensor) AppendRaw(dst []byte) ([]byte, error) {
	if t.JSON == nil {
		return append(dst, t.Raw...), nil
	}
	s := &scanner{jsonlex.Scanner[struct{}]{Text: t.JSON}}
	for i := 0; !s.Failed(); {
		switch s.Token() {
		case 0:
			return dst, nil
		case '[', ']', ',':
			s.Pos++
			continue
		}
		var err error
		if dst, err = t.appendValue(dst, s); err != nil {
			return dst, fmt.Errorf("value %d: %w", i, err)
		}
		i++
	}
	return dst, s.err()
}

// appendValue takes one value of the JSON and appends its bytes.
func (t *Tensor) appendValue(dst []byte, s *scanner) ([]byte, error) {
	start := s.Pos
	s.passScalar()
	text := s.Text[start:s.Pos]
	switch t.Type {
	case Bool:
		switch text[0] {
		case 't':
			return append(dst, 1), nil
		case 'f':
			return append(dst, 0), nil
		}
		return dst, t.mismatch(text)
	case Bytes:
		if text[0] != '"' {
			return dst, t.mismatch(text)
		}
		at := len(dst)
		dst = unquote(append(dst, 0, 0, 0, 0), text[1:len(text)-1])
		binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
		return dst, nil
	case FP16, BF16, FP32, FP64:
		return t.appendFloat(dst, text)
	default:
		return t.appendInteger(dst, text)
	}
}

// appendFloat reads a number; null is what JSON has for one that is not finite.
func (t *Tensor) appendFloat(dst, text []byte) ([]byte, error) {
	f, bits := math.NaN(), 32
	if t.Type == FP64 {
		bits = 64
	}
	if text[0] != 'n' {
		if text[0] == '"' || text[0] >= 'a' {
			return dst, t.mismatch(text)
		}
		var err error
		if f, err = strconv.ParseFloat(view(text), bits); err != nil {
			return dst, t.mismatch(text)
		}
	}
	switch t.Type {
	case FP16:
		return binary.LittleEndian.AppendUint16(dst, model.FloatToHalf(float32(f))), nil
	case BF16:
		return binary.LittleEndian.AppendUint16(dst, floatToBrain(float32(f))), nil
	case FP32:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f))), nil
	default:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), nil
	}
}

func (t *Tensor) appendInteger(dst, text []byte) ([]byte, error) {
	var bits uint64
	var err error
	switch t.Type {
	case Uint8, Uint16, Uint32, Uint64:
		bits, err = strconv.ParseUint(view(text), 10, 8*t.Type.Size())
	default:
		var n int64
		n, err = strconv.ParseInt(view(text), 10, 8*t.Type.Size())
		bits = uint64(n)
	}
	if err != nil {
		return dst, t.mismatch(text)
	}
	for range t.Type.Size() {
		dst = append(dst, byte(bits))
		bits >>= 8
	}
	return dst, nil
}

func (t *Tensor) mismatch(text []byte) error {
	return fmt.Errorf("%s is no %s", clip(string(text)), t.Type)
}

// unquote appends what stands between the quotes of a string that was found well
// formed.
func unquote(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			dst = append(dst, text[i])
			i++
			continue
		}
		r, n := jsonlex.Unescape(text[i:])
		dst = append(dst, string(r)...)
		i += n
	}
	return dst
}

// errText says that a BYTES element can't stand in JSON.
var errText = errors.New("holds bytes that are no UTF-8 text: ask for it as binary_data")

// AppendJSON appends the array of the tensor's values, flat. What is not finite
// becomes null, for which JSON has no number.
func (t *Tensor) AppendJSON(dst []byte) ([]byte, error) {
	if t.JSON != nil {
		return append(dst, t.JSON...), nil
	}
	dst = append(dst, '[')
	if t.Type == Bytes {
		return t.appendTexts(dst)
	}
	size := t.Type.Size()
	for raw := t.Raw; len(raw) >= size; raw = raw[size:] {
		if len(raw) < len(t.Raw) {
			dst = append(dst, ',')
		}
		dst = t.Type.appendNumber(dst, raw)
	}
	return append(dst, ']'), nil
}

func (t *Tensor) appendTexts(dst []byte) ([]byte, error) {
	for rest := t.Raw; len(rest) > 0; {
		element, after, err := nextBytes(rest)
		if err != nil {
			return dst, err
		}
		if len(rest) < len(t.Raw) {
			dst = append(dst, ',')
		}
		if !utf8.Valid(element) {
			return dst, errText
		}
		dst, rest = appendQuoted(dst, view(element)), after
	}
	return append(dst, ']'), nil
}

// appendNumber appends the element that raw begins with.
func (t DataType) appendNumber(dst, raw []byte) []byte {
	le := binary.LittleEndian
	switch t {
	case Bool:
		return strconv.AppendBool(dst, raw[0] != 0)
	case Uint8:
		return strconv.AppendUint(dst, uint64(raw[0]), 10)
	case Uint16:
		return strconv.AppendUint(dst, uint64(le.Uint16(raw)), 10)
	case Uint32:
		return strconv.AppendUint(dst, uint64(le.Uint32(raw)), 10)
	case Uint64:
		return strconv.AppendUint(dst, le.Uint64(raw), 10)
	case Int8:
		return strconv.AppendInt(dst, int64(int8(raw[0])), 10)
	case Int16:
		return strconv.AppendInt(dst, int64(int16(le.Uint16(raw))), 10)
	case Int32:
		return strconv.AppendInt(dst, int64(int32(le.Uint32(raw))), 10)
	case Int64:
		return strconv.AppendInt(dst, int64(le.Uint64(raw)), 10)
	case FP16:
		return appendFloat(dst, float64(model.HalfToFloat(le.Uint16(raw))), 32)
	case BF16:
		return appendFloat(dst, float64(math.Float32frombits(uint32(le.Uint16(raw))<<16)), 32)
	case FP32:
		return appendFloat(dst, float64(math.Float32frombits(le.Uint32(raw))), 32)
	default:
		return appendFloat(dst, math.Float64frombits(le.Uint64(raw)), 64)
	}
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

// floatToBrain rounds f to the nearest bfloat16, ties to even.
func floatToBrain(f float32) uint16 {
	bits := math.Float32bits(f)
	if f != f {
		return uint16(bits>>16) | 0x40 // NaN, kept quiet
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}
