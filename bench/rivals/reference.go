package rivals

import (
	"errors"
	"strconv"

	"github.com/rankgate/rankgate/bench/rivals/contract"
	"github.com/rankgate/rankgate/bench/workload"
)

// Ask makes a question about rows that Fill has stored.
func Ask(cfg *Config, user int, items ...int32) (*Question, error) {
	q := &Question{User: strconv.Itoa(user)}
	rows := make([]float32, len(items)*cfg.Width)
	for i, item := range items {
		q.Items = append(q.Items, strconv.Itoa(int(item)))
		row := rows[i*cfg.Width:][:cfg.Width]
		workload.Vector(workload.User, user, row[:cfg.UserWidth])
		workload.Vector(workload.Item, int(item), row[cfg.UserWidth:])
	}
	var err error
	q.Scores, err = Reference(cfg, rows)
	return q, err
}

// Reference returns the scores that ONNX Runtime itself gives to rows, which are
// cfg.Width floats each. It loads the library into this process, from where
// contract.LibraryVariable says.
func Reference(cfg *Config, rows []float32) ([]float32, error) {
	model, err := contract.OpenModel(cfg.Model, cfg.Input, cfg.Output)
	if err != nil {
		return nil, err
	}
	scorer, err := model.NewScorer()
	if err != nil {
		return nil, err
	}
	scores, err := scorer.Score(rows, len(rows)/cfg.Width)
	return scores, errors.Join(err, scorer.Close())
}
