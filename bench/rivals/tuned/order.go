package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// The order of an answer is a sorted list of integers: above, a score as bits that grow
// as it falls; below, the index of its item in the request. Of equal scores the one that
// came first is first. It is had in half the time that slices.SortFunc takes for pairs
// (BenchmarkOrder, BenchmarkOrderOfPairs).

const (
	indexBits = 32
	sign      = 1 << 31
)

// appendOrder appends the order of scores to order.
func appendOrder(order []uint64, scores []float32) ([]uint64, error) {
	for i, score := range scores {
		if score != score || math.IsInf(float64(score), 0) {
			return order, fmt.Errorf("the score of item %d is %v", i, score)
		}
		order = append(order, uint64(descending(score))<<indexBits|uint64(i))
	}
	slices.Sort(order)
	return order, nil
}

// descending maps a higher score to a smaller integer.
func descending(score float32) uint32 {
	bits := math.Float32bits(score + 0) // makes -0 equal to 0
	if bits&sign == 0 {
		return ^bits &^ sign
	}
	return bits
}

// scoreOf is the inverse of descending.
func scoreOf(bits uint32) float32 {
	if bits&sign == 0 {
		bits = ^bits &^ sign
	}
	return math.Float32frombits(bits)
}

// appendAnswer appends the body of the answer.
func appendAnswer(body []byte, items []string, order []uint64) []byte {
	body = append(body, `{"items":[`...)
	for n, entry := range order {
		if n > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"id":`...)
		body = appendString(body, items[uint32(entry)])
		body = append(body, `,"score":`...)
		body = strconv.AppendFloat(body, float64(scoreOf(uint32(entry>>indexBits))), 'g', -1, 32)
		body = append(body, '}')
	}
	return append(body, "]}"...)
}

// appendString quotes text. Ids hardly ever have a character that must be escaped.
func appendString(body []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			return appendEscaped(body, text)
		}
	}
	body = append(body, '"')
	body = append(body, text...)
	return append(body, '"')
}

func appendEscaped(body []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("BUG: a string that is not to be had in JSON: " + err.Error())
	}
	return append(body, quoted...)
}
