package packed

import "strings"

// AppendKey appends the key of the row of user, item or both; an id that the view
// is not about does not count. It never fails; packages of layouts in which an id
// may have no key share its form.
func (v *View) AppendKey(dst []byte, user, item string) ([]byte, error) {
	dst = append(dst, v.prefix...)
	switch {
	case v.user && v.item:
		dst = append(appendEscaped(dst, user, &keySpecials), ':')
		return append(dst, item...), nil
	case v.user:
		return append(dst, user...), nil
	default:
		return append(dst, item...), nil
	}
}

// ParseKey returns the ids of which AppendKey makes the given key, "" for one
// that the view is not about. They share their memory with key, but for a user
// with an escape to undo. ok is false for keys that are not of this view.
func (v *View) ParseKey(key string) (user, item string, ok bool) {
	id, ok := strings.CutPrefix(key, v.prefix)
	switch {
	case !ok:
		return "", "", false
	case v.user && v.item:
		if user, item, ok = strings.Cut(id, ":"); !ok {
			return "", "", false
		}
		if user, ok = unescape(user, &keySpecials); !ok {
			return "", "", false
		}
		return user, item, true
	case v.user:
		return id, "", true
	default:
		return "", id, true
	}
}

// KeyPrefix returns what the keys of all rows of the view start with, and no key
// of another view of the store.
func (v *View) KeyPrefix() string { return v.prefix }

// specials are the bytes that are written as '%' and two hexadecimal digits.
type specials [256]bool

var (
	keySpecials  = specials{'%': true, ':': true}
	wordSpecials = specials{'%': true, ',': true, '@': true, ' ': true}
)

const digits = "0123456789ABCDEF"

func appendEscaped(dst []byte, s string, special *specials) []byte {
	from := 0
	for i := range len(s) {
		if c := s[i]; special[c] {
			dst = append(dst, s[from:i]...)
			dst = append(dst, '%', digits[c>>4], digits[c&15])
			from = i + 1
		}
	}
	return append(dst, s[from:]...)
}

// unescape undoes appendEscaped. ok is false for what that never writes.
func unescape(s string, special *specials) (plain string, ok bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, !hasSpecial(s, special)
	}
	var undone strings.Builder
	for {
		before, after, more := strings.Cut(s, "%")
		if hasSpecial(before, special) {
			return "", false
		}
		undone.WriteString(before)
		if !more {
			return undone.String(), true
		}
		if len(after) < 2 {
			return "", false
		}
		high, low := strings.IndexByte(digits, after[0]), strings.IndexByte(digits, after[1])
		if high < 0 || low < 0 || !special[high<<4|low] {
			return "", false
		}
		undone.WriteByte(byte(high<<4 | low))
		s = after[2:]
	}
}

func hasSpecial(s string, special *specials) bool {
	for i := range len(s) {
		if special[s[i]] {
			return true
		}
	}
	return false
}
