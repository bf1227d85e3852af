package main

import (
	"encoding/json"
	"net/http"
	"sort"

	"github.com/rankgate/rankgate/bench/rivals/contract"
)

// service answers requests for rankings.
type service struct {
	features *features
	scorer   *contract.Scorer // which all requests share
}

func (s *service) rank(w http.ResponseWriter, r *http.Request) {
	var request contract.Request
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if len(request.Items) == 0 {
		http.Error(w, "items: there are none", http.StatusBadRequest)
		return
	}
	rows, err := s.features.fetch(r.Context(), request.User, request.Items)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	scores, err := s.scorer.Score(rows, len(request.Items))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	body, err := json.Marshal(contract.Answer{Items: ranked(request.Items, scores)})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the caller may have gone
}

// ranked pairs items with their scores, the highest first.
func ranked(items []string, scores []float32) []contract.Scored {
	out := make([]contract.Scored, len(items))
	for i, id := range items {
		out[i] = contract.Scored{ID: id, Score: scores[i]}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Score > out[j].Score })
	return out
}
