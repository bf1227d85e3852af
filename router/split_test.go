package router

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/rank"
)

func TestTheSplitTakesItsShareOfAMillionUsers(t *testing.T) {
	for _, percent := range []float64{0, 0.01, 1, 5, 12.34, 50, 100} {
		split, taken := NewSplit("ranker", percent), 0
		for i := range 1_000_000 {
			if split.Takes(fmt.Sprint("user-", i)) {
				taken++
			}
		}
		if got := float64(taken) / 10000; math.Abs(got-percent) > 0.1 {
			t.Errorf("a split of %v %% took %v %%", percent, got)
		}
	}
}

func TestTheSplitIsTheSameOnEveryReplica(t *testing.T) {
	// Fixed when the split was first released: changing them moves users.
	var taken []string
	split := NewSplit("ranker", 5)
	for i := range 100 {
		if user := fmt.Sprint(i); split.Takes(user) {
			taken = append(taken, user)
		}
	}
	if got, want := strings.Join(taken, " "), "3 8 19 34 70 77 86 98"; got != want {
		t.Errorf("of the first 100 users the canary has %q; want %q", got, want)
	}
}

func TestAShareThatGrowsKeepsItsUsers(t *testing.T) {
	small, large := NewSplit("ranker", 5), NewSplit("ranker", 20)
	for i := range 10000 {
		if user := fmt.Sprint(i); small.Takes(user) && !large.Takes(user) {
			t.Fatalf("user %s left the canary when it grew", user)
		}
	}
}

func TestModelsHaveCanariesOfDifferentUsers(t *testing.T) {
	a, b, both := NewSplit("a", 10), NewSplit("b", 10), 0
	for i := range 100000 {
		if user := fmt.Sprint(i); a.Takes(user) && b.Takes(user) {
			both++
		}
	}
	if both < 800 || both > 1200 {
		t.Errorf("%d of 100000 users are in both canaries; want about 1000", both)
	}
}

func TestHeadersOverrideTheSplit(t *testing.T) {
	f := func(percent float64, pin string, override rank.Canary, version, variant string) {
		t.Helper()
		req := request("u", "1")
		req.Pin, req.Canary = pin, override
		res := newBench(t, percent).rank(req)
		if res.Version != version || res.Variant != variant || res.Model != "ranker" {
			t.Errorf("split %v %%, pin %q, override %d: version %s, variant %s; want %s, %s",
				percent, pin, override, res.Version, res.Variant, version, variant)
		}
	}
	f(0, "", rank.CanarySplit, "3", "stable")
	f(100, "", rank.CanarySplit, "4", "canary")
	f(0, "", rank.CanaryAlways, "4", "canary")
	f(100, "", rank.CanaryNever, "3", "stable")
	f(100, "3", rank.CanaryAlways, "3", "pinned")
	f(0, "4", rank.CanarySplit, "4", "pinned")
}

func TestAModelOrVersionThatIsNotLoadedIsNamed(t *testing.T) {
	f := func(modelName, pin string, want ...string) {
		t.Helper()
		req := request("u", "1")
		req.Model, req.Pin = modelName, pin
		err := newBench(t, 0).router.Rank(req, &rank.Result{})
		var refused *rank.Error
		if !errors.As(err, &refused) || refused.Code != rank.UnknownModel {
			t.Fatalf("Rank = %v; want unknown_model", err)
		}
		for _, words := range want {
			if !strings.Contains(refused.Message, words) {
				t.Errorf("%q does not say %q", refused.Message, words)
			}
		}
	}
	f("rankr", "", `"rankr"`, "ranker")
	f("", "9", `"9"`, "X-Model-Version", "3, 4")
}
