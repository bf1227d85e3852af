package oip

// AppendTexts appends the elements of a BYTES tensor, given its bytes, to dst. They are
// copies, made in one allocation for all.
func AppendTexts(dst []string, raw []byte) ([]string, error) {
	text := string(raw)
	for at := 0; at < len(raw); {
		element, rest, err := nextBytes(raw[at:])
		if err != nil {
			return dst, err
		}
		end := len(raw) - len(rest)
		dst = append(dst, text[end-len(element):end])
		at = end
	}
	return dst, nil
}
