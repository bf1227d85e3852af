package oip

import "testing"

func TestRowsAreNoMoreThanTheElements(t *testing.T) {
	for _, c := range []struct {
		shape []int64
		want  int
	}{{nil, 1}, {[]int64{}, 1}, {[]int64{7}, 7}, {[]int64{7, 3}, 7}, {[]int64{0, 3}, 1}, {[]int64{1 << 40, 0}, 1}, {[]int64{-5}, 1}} {
		m := &Message{Request: Request{Inputs: []Tensor{{Shape: c.shape}}}}
		if got := m.Rows(); got != c.want {
			t.Errorf("shape %v has %d rows; want %d", c.shape, got, c.want)
		}
	}
	perRequest := &Message{Request: Request{Inputs: []Tensor{{Shape: []int64{1, 8}}, {Shape: []int64{10, 4}}}}}
	if got := perRequest.Rows(); got != 10 {
		t.Errorf("a message with an input that is given once has %d rows; want 10", got)
	}
	if got := new(Message).Rows(); got != 1 {
		t.Errorf("a message without inputs has %d rows; want 1", got)
	}
}
