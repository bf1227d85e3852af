package stack

import (
	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
)

// Costs is what stacks cost in a contest, in the form in which it is kept.
func Costs(records []measure.Record) []result.Cost {
	costs := make([]result.Cost, len(records))
	for i := range records {
		r := &records[i]
		costs[i] = result.Cost{
			Stack: r.Name, Floor: IsFloor(r.Name), Requests: r.Requests(), CPU: r.CPU().Median,
			Generator: r.Generator().Median, Others: r.Others().Median, Rate: r.Rate().Median, Hits: r.Hits().Median,
		}
	}
	return costs
}
