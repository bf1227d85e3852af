package edge

// intake is what a request brings, in memory that the request owns.
type intake struct {
	held  int    // bytes of limits.bodies; see Server.hold
	body  []byte // as sent, or inflated
	spare []byte // the other of the two
	words []byte // of the path and the headers
}

// own copies a word out of memory that belongs to fasthttp. A word stays valid
// when words grows: it then lives on in the old array.
func (x *intake) own(word []byte) string {
	from := len(x.words)
	x.words = append(x.words, word...)
	return view(x.words[from:])
}

// reset makes x ready for the next request.
func (x *intake) reset() {
	x.body = keep(x.body, keepBytes)
	x.spare = keep(x.spare, keepBytes)
	x.words = keep(x.words, keepBytes)
}
