package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/rankgate/rankgate/bench/load"
)

// World that is ranked. Scores are small integers, or small binary fractions, so that
// they are equal in whatever order they are summed up.
const (
	users = 50
	items = 2000
)

// arithmetic says what the right score is: user·u + item·i.
type arithmetic struct{ user, item int }

// ranking is a load of rankings. Request n is for a user and for rows items, both of
// which follow from n, so that an answer can be checked by its id alone.
type ranking struct {
	url     string
	right   arithmetic
	rows    int
	first   int                       // number of the first request
	repeat  int                       // requests after which the same come again; 0: they never do
	budget  func(n int) time.Duration // nil: the gateway's default
	poison  func(n int) bool          // whether the first item has a value that the model can not take; nil: none has
	header  http.Header               // of every request
	lenient bool                      // scores of degraded answers may rest on defaults
}

func (r *ranking) Request(n int, target *vegeta.Target) {
	n += r.first
	if r.repeat > 0 {
		n = r.first + (n-r.first)%r.repeat
	}
	target.URL, target.Header = r.url, jsonHeader
	if r.header != nil {
		target.Header = r.header
	}
	target.Body = r.body(n)
}

var jsonHeader = http.Header{"Content-Type": {"application/json"}}

func (r *ranking) body(n int) []byte {
	b := make([]byte, 0, 64+8*r.rows)
	b = fmt.Appendf(b, `{"id":"%d","user":%d,"items":[`, n, n%users)
	for row := range r.rows {
		if row > 0 {
			b = append(b, ',')
		}
		if row == 0 && r.poisonous(n) {
			b = fmt.Appendf(b, `{"id":%d,"features":{"boost":-1}}`, itemOf(n, row))
			continue
		}
		b = strconv.AppendInt(b, int64(itemOf(n, row)), 10)
	}
	b = append(b, ']')
	if r.budget != nil {
		b = fmt.Appendf(b, `,"budget_ms":%g`, r.budget(n).Seconds()*1e3)
	}
	return append(b, '}')
}

func (r *ranking) poisonous(n int) bool { return r.poison != nil && r.poison(n) }

// itemOf is the item in a row of a request.
func itemOf(n, row int) int { return (37*n + row) % items }

// answer is what /rank answers.
type answer struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Items   []struct {
		ID    string  `json:"id"`
		Score float64 `json:"score"`
	} `json:"items"`
	Degraded bool `json:"degraded"`
	Coverage struct {
		Model    int `json:"model"`
		Cache    int `json:"cache"`
		Stale    int `json:"stale"`
		Fallback int `json:"fallback"`
	} `json:"coverage"`
	TookMS float64 `json:"took_ms"`
}

func (r *ranking) Judge(res *vegeta.Result, s *load.Sample) {
	if !s.Answered(res.Code) {
		return
	}
	var a answer
	if err := json.Unmarshal(res.Body, &a); err != nil {
		s.Corrupt = true
		return
	}
	n, err := strconv.Atoi(a.ID)
	s.Outcome, s.Number, s.Version = load.OK, n, a.Version
	if a.Degraded {
		s.Outcome = load.Degraded
	}
	s.Reported = time.Duration(a.TookMS * float64(time.Millisecond))
	s.Fresh, s.Cached, s.Fallback = a.Coverage.Model, a.Coverage.Cache+a.Coverage.Stale, a.Coverage.Fallback
	s.Corrupt = err != nil || !(r.lenient && a.Degraded) && !r.isRight(n, &a)
	if r.budget != nil {
		s.Budget = r.budget(n)
	}
}

// fallbackScore is what model.yaml names as the score of rows that have none.
const fallbackScore = -1

// isRight works every score out again.
func (r *ranking) isRight(n int, a *answer) bool {
	if len(a.Items) != r.rows {
		return false
	}
	seen, lost := make(map[int]bool, r.rows), 0
	for i := range a.Items {
		item, err := strconv.Atoi(a.Items[i].ID)
		row := (item - itemOf(n, 0) + items) % items
		if err != nil || row >= r.rows || seen[row] {
			return false
		}
		seen[row] = true
		switch a.Items[i].Score {
		case fallbackScore:
			lost++
		case float64(r.right.user*(n%users) + r.right.item*item):
			if row == 0 && r.poisonous(n) {
				return false
			}
		default:
			return false
		}
		if i > 0 && a.Items[i].Score > a.Items[i-1].Score {
			return false
		}
	}
	return lost == a.Coverage.Fallback
}
