package load

import (
	"testing"
	"time"
)

func TestPercentilesAndWindowsOfSamples(t *testing.T) {
	var s Samples
	for i := range 1000 {
		s = append(s, Sample{Due: time.Duration(i), Took: time.Duration(1000 - i)})
	}
	if p50, p99 := s.Took(0.5), s.Took(0.99); p50 != 501 || p99 != 991 {
		t.Errorf("p50 %d, p99 %d; want 501 and 991", p50, p99)
	}
	if part := s.Between(10, 20); len(part) != 10 || part[0].Due != 10 {
		t.Errorf("%d samples from %d on; want 10 from 10 on", len(part), part[0].Due)
	}
	r := Run{Samples: s, Length: 10 * time.Second}
	if got := r.Recovered(0, time.Nanosecond, func(Samples) bool { return true }); got != 0 {
		t.Errorf("recovered after %v; want at once", got)
	}
}
