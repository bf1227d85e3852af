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

func TestACallWithAPoisonousRowIsRefusedWhole(t *testing.T) {
	s := Start(t, Config{Inputs: []oip.Tensor{{Name: "x", Type: oip.FP32, Shape: []int64{-1, 1}}}})
	s.Set(Faults{Poison: true})
	for raw, want := range map[string]bool{"\x00\x00\x80?\x00\x00@@": true, "\x00\x00\x80?\x00\x00@\xc0": false} {
		e := &exchange{}
		e.request.Inputs = []oip.Tensor{{Name: "x", Type: oip.FP32, Shape: []int64{2, 1}, Raw: []byte(raw)}}
		if r := s.score(e, time.Time{}, func() bool { return false }); (r == nil) != want {
			t.Errorf("%x: %v; want it scored: %v", raw, r, want)
		}
	}
	if got := s.Stats(); got.Served != 1 || got.Failed != 1 {
		t.Errorf("%+v; want one call served and one refused", got)
	}
}

func TestCallsThatArriveWithNoTimeLeftAreCounted(t *testing.T) {
	s, now := &Server{}, time.Now()
	for _, deadline := range []time.Time{{}, now.Add(time.Millisecond), now.Add(time.Microsecond), now.Add(-1)} {
		s.arrive(now, deadline)
	}
	if got := s.Stats(); got.Unbounded != 1 || got.Spent != 2 {
		t.Errorf("%+v; want one without a deadline, and two too late", got)
	}
}

func TestJitterMakesCallsTakeLonger(t *testing.T) {
	s := &Server{cfg: Config{PerCall: time.Second, PerRow: time.Millisecond, Jitter: 1}}
	s.Set(Faults{Slowdown: 2})
	const calls = 10_000
	var sum time.Duration
	for range calls {
		took := s.takes(10)
		if took < 2*1010*time.Millisecond {
			t.Fatalf("a call takes %v; want at least what it takes without jitter", took)
		}
		sum += took
	}
	if mean := sum / calls; mean < 3800*time.Millisecond || mean > 4300*time.Millisecond {
		t.Errorf("calls take %v in the mean; want about 4.04 s", mean)
	}
}
