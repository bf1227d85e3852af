package edge

import (
	"context"

	"github.com/rankgate/rankgate/backends/oip"
)

// statisticsAnswer answers /v2/models/stats.
type statisticsAnswer struct {
	ModelStats []modelStatistics `json:"model_stats"`
}

type modelStatistics struct {
	Name           string              `json:"name"`
	Version        string              `json:"version"`
	LastInference  int64               `json:"last_inference"` // Unix milliseconds; 0 means never
	InferenceCount uint64              `json:"inference_count"`
	ExecutionCount uint64              `json:"execution_count"`
	InferenceStats inferenceStatistics `json:"inference_stats"`
	BatchStats     []struct{}          `json:"batch_stats"` // not kept by size
}

// inferenceStatistics holds what is not told apart from the rest of an inference as 0.
type inferenceStatistics struct {
	Success       tally `json:"success"`
	Fail          tally `json:"fail"`
	Queue         tally `json:"queue"`
	ComputeInput  tally `json:"compute_input"`
	ComputeInfer  tally `json:"compute_infer"`
	ComputeOutput tally `json:"compute_output"`
	CacheHit      tally `json:"cache_hit"`
	CacheMiss     tally `json:"cache_miss"`
}

type tally struct {
	Count uint64 `json:"count"`
	NS    int64  `json:"ns"`
}

func (s *Server) statistics(within context.Context, t target, _ []byte) (any, error) {
	all, err := s.cfg.Inference.Statistics(within, string(t.model), string(t.version))
	if err != nil {
		return nil, err
	}
	answer := statisticsAnswer{ModelStats: make([]modelStatistics, len(all))}
	for i := range all {
		one := &all[i]
		m := modelStatistics{
			Name: one.Model, Version: one.Version, InferenceCount: one.Rows, ExecutionCount: one.Passes,
			InferenceStats: inferenceStatistics{
				Success: tallyOf(one.Success), Fail: tallyOf(one.Fail),
				Queue: tallyOf(one.Queue), ComputeInfer: tallyOf(one.Infer),
			},
			BatchStats: []struct{}{},
		}
		if !one.LastInference.IsZero() {
			m.LastInference = one.LastInference.UnixMilli()
		}
		answer.ModelStats[i] = m
	}
	return answer, nil
}

func tallyOf(t oip.Tally) tally { return tally{Count: t.Count, NS: t.Total.Nanoseconds()} }
