package rank

import "strings"

// Nearest returns the known word that someone most likely meant who wrote
// another: the one that takes the fewest edits, one for three letters at most. A word that begins with the other is as
// near as one edit.
func Nearest(word string, known []string) (best string, ok bool) {
	least := 1 + max(1, min(len(word)/3, 3))
	for _, k := range known {
		a, b := strings.ToLower(word), strings.ToLower(k)
		d := edits(a, b, least)
		if min(len(a), len(b)) >= 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
			d = min(d, 1)
		}
		if d < least {
			best, least, ok = k, d, true
		}
	}
	return best, ok
}

// edits counts the letters to insert, delete, replace or swap with their
// neighbour to make b of a. It stops counting at limit.
func edits(a, b string, limit int) int {
	if len(a) > len(b)+limit || len(b) > len(a)+limit {
		return limit
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above[j]+cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}
