package feast

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Seconds of the first and the last moment of google.protobuf.Timestamp:
// 0001-01-01 and 9999-12-31T23:59:59Z.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

var errBrokenTime = errors.New("the time is not a google.protobuf.Timestamp")

// DecodeTime reads a google.protobuf.Timestamp as Unix milliseconds, rounded
// down. An empty value is 1970.
func DecodeTime(value string) (ms int64, err error) {
	m := message{rest: value}
	var seconds, nanos int64
	for f := (wireField{}); m.next(&f); {
		switch {
		case f.number == 1 && f.kind == varint:
			seconds = int64(f.bits)
		case f.number == 2 && f.kind == varint:
			nanos = int64(int32(f.bits))
		}
	}
	switch {
	case m.broken:
		return 0, errBrokenTime
	case seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos > 999_999_999:
		return 0, fmt.Errorf("the time %d s and %d ns since 1970 is out of range: it must be in the years 1 to 9999", seconds, nanos)
	}
	return seconds*1000 + nanos/1_000_000, nil
}

// EncodeTime appends Unix milliseconds as a google.protobuf.Timestamp.
func EncodeTime(dst []byte, ms int64) []byte {
	seconds, rest := ms/1000, ms%1000
	if rest < 0 {
		seconds, rest = seconds-1, rest+1000
	}
	if seconds != 0 {
		dst = binary.AppendUvarint(appendTag(dst, 1, varint), uint64(seconds))
	}
	if rest != 0 {
		dst = binary.AppendUvarint(appendTag(dst, 2, varint), uint64(rest)*1_000_000)
	}
	return dst
}
