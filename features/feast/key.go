package feast

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/rankgate/rankgate/features"
)

// Numbers of feast.types.ValueType.Enum that a key may hold.
const (
	bytesType         = 1
	stringType        = 2
	int32Type         = 3
	int64Type         = 4
	unixTimestampType = 8
)

// AppendKey appends the key of the hash that holds the row of user, item or
// both; an id that the view is not about does not count. It is an error if an id
// does not fit the type of its join key, and dst is then as it was.
func (v *View) AppendKey(dst []byte, user, item string) ([]byte, error) {
	key := dst
	key = append(key, v.prefix[:v.names]...)
	for i := range v.keys {
		k := &v.keys[i]
		id := item
		if k.entity == features.UserEntity {
			id = user
		}
		var err error
		if key, err = k.append(key, id); err != nil {
			return dst, err
		}
	}
	return append(key, v.project...), nil
}

func (k *joinKey) append(key []byte, id string) ([]byte, error) {
	key = appendWord(key, typeNumber(k.typ))
	if k.typ == features.JoinString || k.typ == features.JoinBytes {
		return append(appendWord(key, len(id)), id...), nil
	}
	n, ok := decimal(id)
	if !ok {
		return key, fmt.Errorf("%s: the id %q is not an integer in decimal form, which join key %s is declared to be",
			k.entity, id, k.name)
	}
	if k.typ != features.JoinInt32 {
		return binary.LittleEndian.AppendUint64(appendWord(key, 8), uint64(n)), nil
	}
	if n != int64(int32(n)) {
		return key, fmt.Errorf("%s: the id %s is out of the range of an int32, which join key %s is declared to be",
			k.entity, id, k.name)
	}
	return binary.LittleEndian.AppendUint32(appendWord(key, 4), uint32(n)), nil
}

// decimal takes the one form in which ParseKey returns a number: the rows of
// "007" would not be found when the store tells of a change to 7.
func decimal(id string) (n int64, ok bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return 0, false
	}
	var form [20]byte
	return n, string(strconv.AppendInt(form[:0], n, 10)) == id
}

// ParseKey returns the ids of which AppendKey makes the given key, "" for one
// that the view is not about. Ids that are text share their memory with key. ok
// is false for keys of other entities, projects or types.
func (v *View) ParseKey(key string) (user, item string, ok bool) {
	if len(key) < v.names || key[:v.names] != v.prefix[:v.names] {
		return "", "", false
	}
	rest := key[v.names:]
	for i := range v.keys {
		k := &v.keys[i]
		var id string
		if id, rest, ok = k.cut(rest); !ok {
			return "", "", false
		}
		if k.entity == features.UserEntity {
			user = id
		} else {
			item = id
		}
	}
	if rest != v.project {
		return "", "", false
	}
	return user, item, true
}

// cut takes one id off the front of a key.
func (k *joinKey) cut(key string) (id, rest string, ok bool) {
	if len(key) < 8 || int(word(key)) != typeNumber(k.typ) {
		return "", "", false
	}
	length := word(key[4:])
	key = key[8:]
	if uint64(length) > uint64(len(key)) {
		return "", "", false
	}
	id, rest = key[:length], key[length:]
	switch k.typ {
	case features.JoinString, features.JoinBytes:
	case features.JoinInt32:
		if length != 4 {
			return "", "", false
		}
		id = strconv.FormatInt(int64(int32(word(id))), 10)
	default:
		if length != 8 {
			return "", "", false
		}
		id = strconv.FormatInt(int64(uint64(word(id))|uint64(word(id[4:]))<<32), 10)
	}
	return id, rest, true
}

func typeNumber(t features.JoinType) int {
	switch t {
	case features.JoinBytes:
		return bytesType
	case features.JoinInt32:
		return int32Type
	case features.JoinInt64:
		return int64Type
	case features.JoinUnixTimestamp:
		return unixTimestampType
	default:
		return stringType
	}
}

func appendWord(dst []byte, n int) []byte {
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

// word reads the first 4 bytes of s.
func word(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
