package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/rankgate/rankgate/rank"
)

// Bounds of a list of keys.
const (
	maxKeyName = 64
	maxRate    = 1e6
	minRate    = 0.001
	maxBurst   = 1e6
)

// parseKeys reads one key per line: a name, the SHA-256 of the key in hexadecimal
// digits, and, if it may not ask as often as it likes, how many requests per
// second it may send and, after a colon, how many at once. # begins a comment.
//
//	shop    9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	mobile  60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752  100:300
//
// What is wrong is said without quoting the line, which may hold a key.
func parseKeys(text string) ([]*key, error) {
	var list []*key
	var wrong []error
	names, hashes := map[string]int{}, map[[sha256.Size]byte]int{}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		one, err := parseKey(words)
		if err == nil {
			switch first, again := names[one.name], hashes[one.hash]; {
			case first > 0:
				err = fmt.Errorf("the name is given twice; the first is on line %d", first)
			case again > 0:
				err = fmt.Errorf("the key is given twice; the first is on line %d", again)
			}
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("line %d: %w", i+1, err))
			continue
		}
		names[one.name], hashes[one.hash] = i+1, i+1
		list = append(list, one)
	}
	if len(list) == 0 && len(wrong) == 0 {
		return nil, errors.New("holds no key; a line is NAME SHA256 [RATE]")
	}
	return list, errors.Join(wrong...)
}

func parseKey(words []string) (*key, error) {
	one := &key{name: words[0]}
	switch {
	case len(words) < 2 || len(words) > 3:
		return nil, errors.New("must be NAME SHA256 [RATE]")
	case len(one.name) > maxKeyName || !isToken([]byte(one.name)):
		return nil, fmt.Errorf("the name must be 1 to %d letters, digits or -._~", maxKeyName)
	case len(words[1]) != hex.EncodedLen(sha256.Size):
		return nil, errors.New("the hash must be the 64 hexadecimal digits that sha256sum prints")
	}
	if _, err := hex.Decode(one.hash[:], []byte(words[1])); err != nil {
		return nil, errors.New("the hash must be the 64 hexadecimal digits that sha256sum prints")
	}
	if one.hash == sha256.Sum256(nil) {
		return nil, errors.New("the hash is that of an empty key")
	}
	if len(words) < 3 {
		return one, nil
	}
	perSecond, burst, err := parseRate(words[2])
	if err != nil {
		return nil, err
	}
	one.rate = newRate(perSecond, burst)
	one.often = rank.Errorf(rank.Overloaded,
		"key: more than %v requests per second, %d at once, of %s (auth.keys)", perSecond, burst, one.name)
	return one, nil
}

// parseRate reads "100" or "100:300". Without a burst, what a second brings may
// come at once.
func parseRate(word string) (perSecond float64, burst int, err error) {
	number, at, both := strings.Cut(word, ":")
	perSecond, err = strconv.ParseFloat(number, 64)
	if err != nil || strings.Trim(number, "0123456789.") != "" || perSecond < minRate || perSecond > maxRate {
		return 0, 0, fmt.Errorf("the rate must be a number of requests per second from %v to %v", minRate, int(maxRate))
	}
	burst = int(math.Ceil(perSecond))
	if both {
		if burst, err = strconv.Atoi(at); err != nil || burst < 1 || burst > maxBurst {
			return 0, 0, fmt.Errorf("the burst must be a number of requests from 1 to %d", int(maxBurst))
		}
	}
	return perSecond, burst, nil
}
