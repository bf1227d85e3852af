package workload

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/rankgate/rankgate/bench/load"
)

func TestNamesAreReadAsTheyAreWritten(t *testing.T) {
	for _, name := range []string{
		"small/200/cold", "mid/100-700/90%/redis", "trees/1000/hit", "small/2000/12.5%/remote", "small/1/50%/redis/remote",
	} {
		w, err := Parse(name)
		if err != nil || w.String() != name {
			t.Errorf("%s: %v, %v", name, w, err)
		}
	}
	if w, err := Parse("small/200/100%"); err != nil || w.String() != "small/200/hit" {
		t.Errorf("100%%: %v, %v", w, err)
	}
}

func TestWrongNamesSayWhatIsWrong(t *testing.T) {
	for name, want := range map[string]string{
		"":                          "want MODEL/CANDIDATES/REPEATED",
		"small/200":                 "want MODEL/CANDIDATES/REPEATED",
		"large/200/cold":            `model "large"`,
		"small/0/cold":              `candidates "0"`,
		"small/9-3/cold":            `candidates "9-3"`,
		"small/2001/cold":           "from 1 to 2000",
		"small/x/cold":              `candidates "x"`,
		"small/200/warm":            `repeated "warm"`,
		"small/200/NaN%":            `repeated "NaN%"`,
		"small/200/101%":            `repeated "101%"`,
		"small/200/cold/disk":       `"disk": want redis or remote`,
		"large/x/warm":              `repeated "warm"`, // all mistakes at once
		"small/200/cold/redis/disk": `"disk"`,
	} {
		if _, err := Parse(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", name, err, want)
		}
	}
}

func TestWhatIsNotRepeatedIsFresh(t *testing.T) {
	for name, want := range map[string]int{"small/200/cold": 200, "small/200/90%": 20, "small/100-300/50%": 100, "small/200/hit": 0} {
		if w, err := Parse(name); err != nil || w.Fresh(w.Candidates()) != want {
			t.Errorf("%s: %v, %v; want %d", name, w, err, want)
		}
	}
}

// asked is a body, decoded.
type asked struct {
	User  string   `json:"user"`
	Items []string `json:"items"`
}

func stream(t *testing.T, name string) *Stream {
	t.Helper()
	w, err := Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return NewStream(w, "http://gateway")
}

func body(t *testing.T, s *Stream, n int) (a asked) {
	t.Helper()
	if err := json.Unmarshal(s.Body(n), &a); err != nil {
		t.Fatalf("%s: %v", s.Body(n), err)
	}
	return a
}

func TestNobodyAsksTwiceWhenNothingIsRepeated(t *testing.T) {
	s, seen := stream(t, "small/100-700/cold"), map[string]bool{}
	sizes := map[int]bool{}
	for n := range 5 * manyLists {
		a := body(t, s, n)
		if seen[a.User] {
			t.Fatalf("user %s asks again after %d requests", a.User, n)
		}
		seen[a.User], sizes[len(a.Items)] = true, true
	}
	if least, most := slices.Min(slices.Collect(maps.Keys(sizes))), slices.Max(slices.Collect(maps.Keys(sizes))); least < 100 || most > 700 {
		t.Errorf("requests have %d to %d candidates", least, most)
	}
}

func TestAsManyPairsAreRepeatedAsTheNameSays(t *testing.T) {
	for name, want := range map[string]float64{"small/200/50%": 0.5, "small/200/90%": 0.9, "small/200/hit": 1} {
		s := stream(t, name)
		seen := map[[2]string]bool{}
		repeated, all := 0, 0
		for n := range 2 * s.Warm() {
			a := body(t, s, n)
			for _, item := range a.Items {
				pair := [2]string{a.User, item}
				if n >= s.Warm() {
					all++
					if seen[pair] {
						repeated++
					}
				}
				seen[pair] = true
			}
		}
		if got := float64(repeated) / float64(all); got < want-0.001 || got > want+0.02 {
			t.Errorf("%s: %.3f of the pairs were asked for before", name, got)
		}
	}
}

func TestAStreamGoesOnWhereItIsAdvancedTo(t *testing.T) {
	s, same := stream(t, "small/200/90%"), stream(t, "small/200/90%")
	s.Advance(7)
	if string(s.Body(3)) != string(same.Body(10)) {
		t.Errorf("%.60s after 7 requests; want %.60s", s.Body(3), same.Body(10))
	}
}

func TestNobodyComesBackUnderAnotherWorkload(t *testing.T) {
	s := stream(t, "small/100/cold")
	other := s.Of(stream(t, "small/200/cold").workload)
	seen := map[string]bool{}
	for n := range 6 {
		of := []*Stream{s, other}[n%2]
		if a := body(t, of, 0); seen[a.User] || len(a.Items) != 100*(1+n%2) {
			t.Errorf("request %d: user %s with %d candidates; seen before: %v", n, a.User, len(a.Items), seen)
		} else {
			seen[a.User] = true
		}
		of.Advance(1)
	}
}

func TestOnlyCompleteAnswersAreGood(t *testing.T) {
	s := stream(t, "small/200/cold")
	for answer, want := range map[string]load.Outcome{
		`{"items":[],"degraded":false,"coverage":{"model":12,"cache":188,"stale":0,"fallback":0}}`: load.OK,
		`{"items":[],"degraded":true,"coverage":{"model":12,"cache":188,"stale":0,"fallback":0}}`:  load.Degraded,
	} {
		var got load.Sample
		s.Judge(&vegeta.Result{Code: 200, Body: []byte(answer)}, &got)
		if got.Outcome != want || got.Fresh != 12 || got.Cached != 188 {
			t.Errorf("%s: %+v", answer, got)
		}
	}
	for code, want := range map[uint16]load.Outcome{429: load.Refused, 503: load.Failed, 0: load.Failed} {
		var got load.Sample
		if s.Judge(&vegeta.Result{Code: code}, &got); got.Outcome != want {
			t.Errorf("%d: %+v", code, got)
		}
	}
}
