package stack

import (
	"math"
	"testing"
	"time"

	"github.com/rankgate/rankgate/bench/measure"
)

// record is that of a stack whose requests take so many microseconds, in one round.
func record(name string, micros int) measure.Record {
	cpu := time.Duration(micros) * time.Microsecond
	return measure.Record{Name: name, Slices: []measure.Slice{{Requests: 1, CPU: cpu, Length: time.Second}}}
}

func TestCostsStandBesideTheFloorsThatEveryStackNeeds(t *testing.T) {
	costs := Costs([]measure.Record{
		record(GatewayName, 150), record(ReplyName, 20), record(PassName, 80), record(PassName+", 2 threads", 90),
		record(ServePassName, 100), record(ReadName, 50),
	})
	for i, want := range []float64{1.5, 0.2, 0.8, 0.9, 1, 0.5} {
		if got := costs[i].TimesFloors; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v times the floors; want %v", costs[i].Stack, got, want)
		}
	}
	if got := Costs([]measure.Record{record(GatewayName, 150), record(ReadName, 50)})[0].TimesFloors; got != 0 {
		t.Errorf("%v times the floors, of which there are none", got)
	}
}
