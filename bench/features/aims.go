package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rankgate/rankgate/bench/report"
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

	feastFloorName  = "rueidis, HMGETs of Feast's hashes"
	feastKeptPrefix = feastName + " kept in "
)

const (
	aimedItems    = 500
	mostKeptTime  = 25 * time.Microsecond
	mostPacked    = 1.3
	leastFeast    = 20
	leastOfPipe   = 0.6
	noAllocations = 0.01 // by request; what else the process does in a slice is less
)

// sameAims are about one request whose rows are all kept.
func sameAims(s shape, all []figures) []aim {
	if s.items != aimedItems {
		return nil
	}
	f := named(all, keptName)
	allocations := f.per(float64(f.mallocs))
	return []aim{{
		what: fmt.Sprintf("%s, all kept", s),
		want: fmt.Sprintf("p50 ≤ %v, 0 allocations", mostKeptTime),
		got:  fmt.Sprintf("%s, %.2f allocations", report.Duration(f.p50()), allocations),
		met:  f.p50() <= mostKeptTime && allocations < noAllocations,
	}}
}

// loadAims are about requests of a load.
func loadAims(s shape, l *load, all []figures) []aim {
	packed := named(all, packedName).ratio(named(all, floorName))
	aims := []aim{{
		what: fmt.Sprintf("%s, %s: packed rows, none kept", s, l.name),
		want: fmt.Sprintf("p50 ≤ %v× the floor", mostPacked), got: times(packed), met: packed <= mostPacked,
	}}
	if s.items != aimedItems {
		return aims
	}
	python := prefixed(all, feastPrefix)
	bare := python.ratio(named(all, feastFloorName))
	for i := range all {
		f := &all[i]
		if f.name != feastName && !strings.HasPrefix(f.name, feastKeptPrefix) {
			continue
		}
		faster := python.ratio(f)
		aims = append(aims, aim{
			what: fmt.Sprintf("%s, %s: %s", s, l.name, f.name),
			want: fmt.Sprintf("≥ %d× faster than Feast's Python", leastFeast),
			got:  fmt.Sprintf("%s (bare HMGETs: %s)", times(faster), times(bare)), met: faster >= leastFeast,
		})
	}
	return aims
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

func prefixed(all []figures, prefix string) *figures {
	return &all[slices.IndexFunc(all, func(f figures) bool { return strings.HasPrefix(f.name, prefix) })]
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
