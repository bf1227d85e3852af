package edge

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// place is where in a request the decoder is, for the path in an error.
type place struct {
	field   string // of the request
	item    int    // index, -1 outside of an item
	member  string // of the item
	feature string // name, "" outside of a feature
	element int    // index in a feature's list of numbers, -1 outside of one
}

// nowhere is outside of every field.
var nowhere = place{item: -1, element: -1}

func (p place) String() string {
	if p.field == "" {
		return "body"
	}
	path := Brief(p.field)
	if p.item >= 0 {
		path += "[" + strconv.Itoa(p.item) + "]"
	}
	if p.member != "" {
		path += "." + Brief(p.member)
	}
	if p.feature != "" {
		path += "." + Brief(p.feature)
	}
	if p.element >= 0 {
		path += "[" + strconv.Itoa(p.element) + "]"
	}
	return path
}

// Brief returns a caller's word fit for a message: short, and quoted if it is
// not plain.
func Brief(word string) string {
	const most = 64
	cut := word
	if len(cut) > most {
		cut = strings.ToValidUTF8(cut[:most], "") + "…"
	}
	for _, r := range cut {
		if r <= ' ' || r == '"' || r == '\\' || r == 0x7f || r == utf8.RuneError || !strconv.IsPrint(r) {
			return strconv.Quote(cut)
		}
	}
	return strings.Clone(cut)
}
