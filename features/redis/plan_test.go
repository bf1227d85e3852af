package redis

import (
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// compile returns the plan of a model that reads the given float columns.
func compile(t testing.TB, reg *features.Registry, columns ...string) *features.Plan {
	t.Helper()
	in := model.Feed{Tensor: model.Tensor{Name: "dense", Type: model.Float32, Dims: []int64{-1, int64(len(columns))}}, Width: len(columns)}
	for _, name := range columns {
		c, ok := model.ParseColumn(name)
		if !ok {
			t.Fatalf("%s is no column", name)
		}
		in.Columns = append(in.Columns, c)
	}
	plan, err := features.Compile(reg, &model.Signature{Inputs: []model.Feed{in}})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func request(user string, items ...string) (*rank.Request, []int32) {
	req := &rank.Request{User: user}
	var all []int32
	for i, item := range items {
		req.Items = append(req.Items, rank.Item{ID: item})
		all = append(all, int32(i))
	}
	return req, all
}
