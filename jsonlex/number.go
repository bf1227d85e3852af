package jsonlex

// Number reads the number that begins at text[pos]. It ends before end; integer says that
// it has neither a fraction nor an exponent. If ok is false, end is where a digit is
// missing. What may follow a number is for the caller to say: 01 is 0, and then a 1.
func Number(text []byte, pos int) (end int, integer, ok bool) {
	end = pos
	if at(text, end) == '-' {
		end++
	}
	if at(text, end) == '0' {
		end++
	} else if end, ok = digits(text, end); !ok {
		return end, false, false
	}
	integer = true
	if at(text, end) == '.' {
		integer = false
		if end, ok = digits(text, end+1); !ok {
			return end, false, false
		}
	}
	if at(text, end)|0x20 == 'e' {
		integer = false
		end++
		if c := at(text, end); c == '+' || c == '-' {
			end++
		}
		if end, ok = digits(text, end); !ok {
			return end, false, false
		}
	}
	return end, integer, true
}

// digits passes over at least one digit.
func digits(text []byte, pos int) (end int, ok bool) {
	for end = pos; end < len(text) && text[end]-'0' <= 9; end++ {
	}
	return end, end > pos
}

// at returns a byte, or 0 behind the end.
func at(text []byte, pos int) byte {
	if pos < len(text) {
		return text[pos]
	}
	return 0
}
