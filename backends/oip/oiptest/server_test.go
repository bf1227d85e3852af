package oiptest

import (
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
)

func TestDelaysFallEvenly(t *testing.T) {
	f := Faults{Delay: time.Second, DelayFraction: 0.05}
	var delayed []int64
	for n := int64(1); n <= 100; n++ {
		if f.delay(n) > 0 {
			delayed = append(delayed, n)
		}
	}
	if len(delayed) != 5 {
		t.Errorf("of 100 calls %v are delayed; want 5 of them", delayed)
	}
	for i := 1; i < len(delayed); i++ {
		if d := delayed[i] - delayed[i-1]; d < 19 || d > 21 {
			t.Errorf("%v are delayed; want about each 20th", delayed)
		}
	}
}

func TestLinearCountsColumnsOverAllInputs(t *testing.T) {
	one, three := "\x00\x00\x80?", "\x00\x00@@"
	scores, err := Linear(nil, []oip.Tensor{
		{Name: "a", Type: oip.FP32, Shape: []int64{2, 1}, Raw: []byte(one + three)},
		{Name: "ignored", Type: oip.Int64, Shape: []int64{1, 1}, Raw: make([]byte, 8)},
		{Name: "b", Type: oip.FP32, Shape: []int64{2, 1}, Raw: []byte(one + one)},
	})
	if err != nil || len(scores) != 2 || scores[0] != Weight(0)+Weight(1) || scores[1] != 3*Weight(0)+Weight(1) {
		t.Errorf("scores %v, %v", scores, err)
	}
}
