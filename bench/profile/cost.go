package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// Cost is what a function costs by request, in the unit of the profile's kind.
type Cost struct {
	Function string
	Own      float64 // in itself
	All      float64 // in what it calls too
}

// Costs returns the functions of a profile with what each comes to by request, and
// the sum of all.
func (k *Kind) Costs(p *profile.Profile, requests int) (costs []Cost, sum float64, err error) {
	at := slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == k.value })
	if at < 0 || requests == 0 {
		return nil, 0, fmt.Errorf("a %s profile of %d requests has no %q", k.Name, requests, k.value)
	}
	byName := map[string]*Cost{}
	of := func(name string) *Cost {
		if byName[name] == nil {
			byName[name] = &Cost{Function: name}
		}
		return byName[name]
	}
	for _, sample := range p.Sample {
		value := float64(sample.Value[at]) * k.scale / float64(requests)
		sum += value
		stack := functions(sample)
		for i, name := range stack {
			if i == 0 {
				of(name).Own += value
			}
			if slices.Index(stack, name) == i { // recursion counts once
				of(name).All += value
			}
		}
	}
	for _, c := range byName {
		costs = append(costs, *c)
	}
	return costs, sum, nil
}

// functions are those of a sample's stack, the innermost first.
func functions(s *profile.Sample) (names []string) {
	for _, location := range s.Location {
		for _, line := range location.Line {
			if line.Function != nil {
				names = append(names, strings.TrimPrefix(line.Function.Name, "github.com/rankgate/rankgate/"))
			}
		}
	}
	return names
}

// Top returns the n costs that are highest by a measure.
func Top(costs []Cost, n int, by func(*Cost) float64) []Cost {
	sorted := slices.SortedFunc(slices.Values(costs), func(a, b Cost) int {
		return cmp.Or(cmp.Compare(by(&b), by(&a)), strings.Compare(a.Function, b.Function))
	})
	return sorted[:min(n, len(sorted))]
}
