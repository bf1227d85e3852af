package stack

import (
	"github.com/rankgate/rankgate/bench/measure"
	"github.com/rankgate/rankgate/bench/result"
)

// Costs is what stacks cost in a contest, in the form in which it is kept.
func Costs(records []measure.Record) []result.Cost {
	costs := make([]result.Cost, len(records))
	floors := Needed(records)
	for i := range records {
		r := &records[i]
		costs[i] = result.Cost{
			Stack: r.Name, Floor: IsFloor(r.Name), Requests: r.Requests(), CPU: r.CPU().Median,
			Generator: r.Generator().Median, Others: r.Others().Median, Rate: r.Rate().Median, Hits: r.Hits().Median,
		}
		if len(floors) > 0 {
			costs[i].TimesFloors = measure.Ratio(r, floors...).Median
		}
	}
	return costs
}

// Needed are the records of those floors that every stack of a contest needs. A read
// of the rows is not among them: a gateway may have them from a request before. Other
// floors are the same once more, by other threads or in one process.
func Needed(records []measure.Record) (floors []*measure.Record) {
	for i := range records {
		if name := records[i].Name; name == ReplyName || name == PassName {
			floors = append(floors, &records[i])
		}
	}
	return floors
}
