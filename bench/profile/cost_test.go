package profile

import (
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

func TestCostsAreByRequest(t *testing.T) {
	location := func(name string) *profile.Location {
		return &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}}
	}
	main, rank, sort := location("main.main"), location("github.com/rankgate/rankgate/router.Rank"), location("slices.Sort")
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples"}, {Type: "cpu"}},
		Sample: []*profile.Sample{ // the innermost first; sort calls itself
			{Location: []*profile.Location{sort, sort, rank, main}, Value: []int64{3, 30_000}},
			{Location: []*profile.Location{rank, main}, Value: []int64{1, 10_000}},
		},
	}
	costs, sum, err := Kinds[0].Costs(p, 10)
	if err != nil || sum != 4 {
		t.Fatalf("%v µs by request, %v; want 4", sum, err)
	}
	own := Top(costs, 2, func(c *Cost) float64 { return c.Own })
	if own[0] != (Cost{"slices.Sort", 3, 3}) || own[1] != (Cost{"router.Rank", 1, 4}) {
		t.Errorf("%+v", own)
	}
	if all := Top(costs, 9, func(c *Cost) float64 { return c.All }); len(all) != 3 || all[2].Function != "slices.Sort" {
		t.Errorf("%+v", all)
	}
	if _, _, err := Kinds[1].Costs(p, 10); err == nil || !strings.Contains(err.Error(), "alloc_space") {
		t.Errorf("of another profile: %v", err)
	}
}

func TestRoomsSayWhatARequestIsSpentOn(t *testing.T) {
	var costs []Cost
	for function, own := range map[string]float64{
		"runtime.cgocall": 70, "github.com/yalue/onnxruntime_go._Cfunc_Run": 6, "runtime.memmove": 19, "internal/runtime/syscall/linux.Syscall6": 15,
		"edge.appendItem": 5, "features/redis.(*keptRows).fresh": 4, "features.(*Plan).Fetch": 3, "github.com/maypok86/otter/v2.(*Map).Get": 2,
		"runtime.mallocgc": 1, "slices.Sort": 1, "jsonlex.(*Scanner[...]).Token": 0.5,
	} {
		costs = append(costs, Cost{Function: function, Own: own})
	}
	want := "of 126 µs: forward pass 76, copying 19, system calls 15, features 9"
	if got := Sentence(Rooms(costs), "µs"); got != want {
		t.Errorf("%q; want %q", got, want)
	}
}
