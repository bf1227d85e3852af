package wiretest

import (
	"time"

	"github.com/rankgate/rankgate/rank"
)

// Descending ranks candidates so that they come back in the caller's order, with the
// scores 1, 1/2, 1/3 and so on. Model "" is "ranker", in version 3.
func Descending(req *rank.Request, res *rank.Result) error {
	res.Resize(len(req.Items))
	res.Model, res.Version, res.Variant = req.Model, "3", "stable"
	if res.Model == "" {
		res.Model = "ranker"
	}
	for i := range req.Items {
		res.Scores[i] = 1 / float32(i+1)
		res.Sources[i] = rank.SourceModel
		res.Order = append(res.Order, int32(i))
	}
	if req.TopK > 0 {
		res.Order = res.Order[:min(req.TopK, len(res.Order))]
	}
	res.Coverage[rank.SourceModel] = len(req.Items)
	res.Stages = rank.Stages{12 * time.Microsecond, 340 * time.Microsecond, 0, 1500 * time.Microsecond, 5 * time.Microsecond}
	return nil
}
