package config

import (
	"strings"

	"github.com/rankgate/rankgate/rank"
)

// hint helps someone who wrote a word that is not among known: it names the
// one that was probably meant, else all of them.
func hint(word string, known []string) string {
	if best, ok := rank.Nearest(word, known); ok {
		return "did you mean " + best + "?"
	}
	const most = 20
	if len(known) > most {
		return "known are " + strings.Join(known[:most], ", ") + ", …"
	}
	if len(known) == 1 {
		return "the only one is " + known[0]
	}
	return "known are " + strings.Join(known, ", ")
}
