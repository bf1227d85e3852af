// Package workload names what the bench asks for: a model, so many candidates, so
// many of them asked for again, and where features and model are. Everything is
// drawn from one seed: two runs ask for the same.
package workload

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Workload is a stream of rankings.
type Workload struct {
	Graph  *Graph
	Least  int     // candidates, drawn evenly up to Most
	Most   int     //
	Repeat float64 // share of a request's candidates that its user has been shown before, 0 to 1
	Redis  bool    // features are in Redis, else in the gateway
	Remote bool    // the model is on another server, else in the gateway
}

// Candidates is how many a request has in the mean.
func (w *Workload) Candidates() int { return (w.Least + w.Most) / 2 }

// Fresh is how many of n candidates their user has not been shown before.
func (w *Workload) Fresh(n int) int {
	if w.Repeat == 0 {
		return n
	}
	return n - max(1, int(w.Repeat*float64(n)+0.5))
}

// Grammar is how a workload is named.
const Grammar = "MODEL/CANDIDATES/REPEATED[/redis][/remote], as small/200/cold, mid/100-700/90%/redis or trees/500/hit"

// Words says what the parts of a name are.
const Words = `  MODEL       small, mid (two sizes of MLP) or trees (LightGBM)
  CANDIDATES  a number, or two: drawn evenly between them
  REPEATED    the share that the user has been shown before: cold, hit, or as 90%
  redis       features are in Redis, else in the gateway
  remote      the model is on another server, else in the gateway`

// mostCandidates is what a gateway takes unless limits.candidates says otherwise.
const mostCandidates = 2000

// Parse reads the name of a workload, see Grammar.
func Parse(name string) (*Workload, error) {
	words := strings.Split(name, "/")
	if len(words) < 3 {
		return nil, fmt.Errorf("workload %q: want %s", name, Grammar)
	}
	w := &Workload{}
	var errs [3]error
	w.Graph, errs[0] = graphOf(words[0])
	w.Least, w.Most, errs[1] = candidates(words[1])
	w.Repeat, errs[2] = repeated(words[2])
	err := errors.Join(errs[:]...)
	for _, place := range words[3:] {
		switch place {
		case "redis":
			w.Redis = true
		case "remote":
			w.Remote = true
		default:
			err = errors.Join(err, fmt.Errorf("%q: want redis or remote", place))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("workload %q: %w", name, err)
	}
	return w, nil
}

func candidates(word string) (least, most int, err error) {
	low, high, span := strings.Cut(word, "-")
	if !span {
		high = low
	}
	least, err = strconv.Atoi(low)
	if err == nil {
		most, err = strconv.Atoi(high)
	}
	if err != nil || least < 1 || most < least || most > mostCandidates {
		return 0, 0, fmt.Errorf("candidates %q: want a number from 1 to %d, or two as 100-700", word, mostCandidates)
	}
	return least, most, nil
}

func repeated(word string) (float64, error) {
	switch word {
	case "cold":
		return 0, nil
	case "hit":
		return 1, nil
	}
	percent, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64)
	if err != nil || !strings.HasSuffix(word, "%") || !(percent >= 0 && percent <= 100) { // NaN too
		return 0, fmt.Errorf("repeated %q: want cold, hit or a share as 90%%", word)
	}
	return percent / 100, nil
}

// String is the workload's name.
func (w *Workload) String() string {
	name := w.Graph.Name + "/" + strconv.Itoa(w.Least)
	if w.Most > w.Least {
		name += "-" + strconv.Itoa(w.Most)
	}
	switch w.Repeat {
	case 0:
		name += "/cold"
	case 1:
		name += "/hit"
	default:
		name += "/" + strconv.FormatFloat(math.Round(1e4*w.Repeat)/100, 'g', -1, 64) + "%"
	}
	if w.Redis {
		name += "/redis"
	}
	if w.Remote {
		name += "/remote"
	}
	return name
}
