package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// aim is a figure that rankgate is to reach.
type aim struct {
	what, want, got string
	met             bool
}

// Names of the stacks that aims are about.
const (
	floorName  = "rueidis, MGET of packed rows: the floor"
	packedName = "rankgate, packed rows"
	feastName  = "rankgate, Feast's hashes"
	keptName   = "rankgate, all rows kept"
)

const (
	mostKeptTime  = 25 * time.Microsecond
	mostPacked    = 1.3
	leastFeast    = 20
	leastOfPipe   = 0.6
	noAllocations = 0.01 // by request; what else the process does in a slice is less
)

// keptAim is about requests whose rows are all kept.
func keptAim(s shape, all []figures) aim {
	f := named(all, keptName)
	allocations := f.per(float64(f.mallocs))
	return aim{
		what: fmt.Sprintf("%s, all rows kept", s),
		want: fmt.Sprintf("p50 ≤ %v and 0 allocations", mostKeptTime),
		got:  fmt.Sprintf("%s and %.3f", duration(f.p50()), allocations),
		met:  f.p50() <= mostKeptTime && allocations < noAllocations,
	}
}

// uncachedAims are about requests whose rows all come from the server.
func uncachedAims(s shape, l string, all []figures) []aim {
	packed := named(all, packedName).ratio(named(all, floorName))
	own := named(all, feastName)
	python := &all[slices.IndexFunc(all, func(f figures) bool { return strings.HasPrefix(f.name, feastPrefix) })]
	faster := python.ratio(own)
	return []aim{
		{
			what: fmt.Sprintf("%s, %s: packed rows, none kept, against the floor", s, l),
			want: fmt.Sprintf("p50 ≤ %v×", mostPacked), got: times(packed), met: packed <= mostPacked,
		},
		{
			what: fmt.Sprintf("%s, %s: Feast's hashes, against Feast's own Python", s, l),
			want: fmt.Sprintf("≥ %d× faster", leastFeast), got: times(faster), met: faster >= leastFeast,
		},
	}
}

func writeAim(about string, all []figures) aim {
	share := 1 / named(all, materializeName).ratio(&all[0])
	return aim{
		what: "materialize " + about,
		want: fmt.Sprintf("≥ %.0f %% of redis-cli --pipe", 100*leastOfPipe),
		got:  fmt.Sprintf("%.0f %%", 100*share),
		met:  share >= leastOfPipe,
	}
}

func named(all []figures, name string) *figures {
	return &all[slices.IndexFunc(all, func(f figures) bool { return f.name == name })]
}

func aimRows(aims []aim) [][]string {
	var rows [][]string
	for _, a := range aims {
		verdict := "missed"
		if a.met {
			verdict = "met"
		}
		rows = append(rows, []string{a.what, a.want, a.got, verdict})
	}
	return rows
}
