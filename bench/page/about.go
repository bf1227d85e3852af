package page

import (
	"strings"
	"time"

	"github.com/rankgate/rankgate/bench/result"
)

// about is the head of the page.
type about struct {
	result.About
	When      string // the date, for people
	Length    string
	Workloads []string
}

func aboutOf(run *result.Run) about {
	a := about{About: run.About, When: run.About.Date, Length: "short run"}
	if date, err := time.Parse(time.RFC3339, run.About.Date); err == nil {
		a.When = date.UTC().Format("2 January 2006, 15:04 UTC")
	}
	if run.About.Full {
		a.Length = "full run"
	}
	var names []string
	for _, c := range run.Claims {
		names = append(names, c.Workload)
	}
	for _, c := range run.Contests {
		names = append(names, c.Workload)
	}
	for _, l := range run.Latencies {
		names = append(names, l.Workload)
	}
	for _, s := range run.Stages {
		names = append(names, s.Workload)
	}
	a.Workloads = distinct(names)
	return a
}

// VersionList is the versions on one line.
func (a about) VersionList() string {
	return strings.Join(a.Versions, ", ")
}
