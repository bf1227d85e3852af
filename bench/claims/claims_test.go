package claims

import (
	"math"
	"os"
	"testing"

	"github.com/rankgate/rankgate/bench/floor"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// TestMain lets this program be the floors, as the bench is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == stack.FloorCommand {
		c := floor.Command(stack.FloorCommand)
		c.SetArgs(os.Args[2:])
		if c.Execute() != nil {
			os.Exit(1)
		}
		return
	}
	m.Run()
}

// TestEverySectionCanBeMeasured takes a brief look at all of them.
func TestEverySectionCanBeMeasured(t *testing.T) {
	site, err := stack.NewSite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	var run result.Run
	if err := Run(t.Context(), site, Sections, Brief, &run, t.Output()); err != nil {
		t.Fatal(err)
	}
	for _, c := range run.Claims {
		if c.Name == "" || c.Workload == "" || c.Bound == 0 || math.IsNaN(c.Value) || math.IsInf(c.Value, 0) {
			t.Errorf("%+v", c)
		}
		if !c.Measured && c.Note == "" {
			t.Errorf("%s: not measured, and nothing says why", c.Name)
		}
	}
	for _, c := range run.Contests {
		for _, s := range c.Stacks {
			if !(s.TimesFloors > 0) {
				t.Errorf("%s, %s: %v times the floors", c.Workload, s.Stack, s.TimesFloors)
			}
		}
	}
	if len(run.Claims) < 19 || len(run.Contests) < 12 || len(run.Latencies) != 2 || len(run.Series) != 3 || len(run.Stages) != 4 {
		t.Errorf("%d claims, %d contests, %d latencies, %d series, %d stages",
			len(run.Claims), len(run.Contests), len(run.Latencies), len(run.Series), len(run.Stages))
	}
}
