package oiptest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/rankgate/rankgate/backends/oip"
)

// Weight is what Linear multiplies column j with, counted over all of its FP32 inputs
// in their order. It is a small binary fraction, so that sums of small integers are
// exact in whatever order they are made.
func Weight(j int) float32 { return float32(j%7+1) / 8 }

// Linear returns the score of each row: the sum over the columns of all FP32 inputs,
// each times its Weight. Inputs of other types are ignored.
func Linear(scores []float32, inputs []oip.Tensor) ([]float32, error) {
	scores, at, rows := scores[:0], 0, -1
	for i := range inputs {
		t := &inputs[i]
		if t.Type != oip.FP32 || len(t.Shape) != 2 {
			continue
		}
		switch {
		case rows < 0:
			rows = int(t.Shape[0])
			for range rows {
				scores = append(scores, 0)
			}
		case rows != int(t.Shape[0]):
			return nil, fmt.Errorf("input %s has %d rows, not %d", t.Name, t.Shape[0], rows)
		}
		width := int(t.Shape[1])
		addLinear(scores, t.Raw, width, at)
		at += width
	}
	if rows < 0 {
		return nil, errors.New("no input is FP32[rows, columns]")
	}
	return scores, nil
}

func addLinear(scores []float32, raw []byte, width, at int) {
	for i := range scores {
		row := raw[4*width*i : 4*width*(i+1)]
		sum := scores[i]
		for j := range width {
			sum += Weight(at+j) * math.Float32frombits(binary.LittleEndian.Uint32(row[4*j:]))
		}
		scores[i] = sum
	}
}
