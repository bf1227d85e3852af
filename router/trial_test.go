package router

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rankgate/rankgate/rank"
)

// onTrial is a bench whose canary takes all users, scores a thousand more than the
// stable version, and is watched.
func onTrial(t testing.TB) (b *bench, canary *adder) {
	t.Helper()
	b = newBench(t, 100)
	b.router.catalogue.Load().models["ranker"].Canary.Trial = NewTrial(b.version)
	canary = b.scorers["4"]
	canary.turn = well
	return b, canary
}

func well(s float32) float32 { return s + 1000 }
func silly(float32) float32  { return float32(math.NaN()) }

func (b *bench) trial() *Trial { return b.router.catalogue.Load().models["ranker"].Canary.Trial }

// answers ranks an item that nobody has asked for, and checks who answers.
func (b *bench) answers(req *rank.Request, variant string, score float32) {
	b.t.Helper()
	res := b.rank(req)
	if res.Variant != variant || res.Scores[0] != score || res.Degraded {
		b.t.Errorf("%s scores %v, degraded %v; want %s and %v", res.Variant, res.Scores[0], res.Degraded, variant, score)
	}
}

func TestNoUserSeesACanaryThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := onTrial(t)
		b.answers(request("u", "1"), canary, 1001)
		c.turn = silly
		for i := range 20 {
			b.answers(request("u", numbers(10+i, 11+i)...), stable, float32(10+i))
		}
		if len(c.seen) != 1+trialFailures || !b.trial().Withdrawn() || !b.trial().With(b.version).Withdrawn() {
			t.Errorf("the canary was asked %d times, withdrawn %v", len(c.seen), b.trial().Withdrawn())
		}
		c.turn = well
		time.Sleep(withdrawnFor + time.Second)
		b.answers(request("u", "50"), canary, 1050)
		b.answers(request("u", "51"), canary, 1051)
	})
}

func TestACanaryThatIsAskedForAnswersItself(t *testing.T) {
	b, c := onTrial(t)
	c.turn = silly
	for range 2 * trialFailures {
		req := request("u", "1")
		req.Canary = rank.CanaryAlways
		if res := b.rank(req); res.Variant != canary || res.Coverage[rank.SourceFallback] != 1 {
			t.Errorf("%s answers %v", res.Variant, res.Coverage)
		}
	}
	if b.trial().Withdrawn() {
		t.Error("whoever asks for it decides for those who do not")
	}
}

func TestOnlyWhatTheCanaryIsToBlameForCountsAgainstIt(t *testing.T) {
	b, c := onTrial(t)
	b.rank(request("u", "1"))
	for range 2 * trialFailures { // known scores, no time, and a request that no version takes
		b.rank(request("u", "1"))
		late := request("u", "2")
		late.Deadline = late.Start
		b.rank(late)
		bad := request("u", "3")
		bad.Context = []rank.Field{{Name: "hour", Value: rank.Value{Kind: rank.String, Str: "noon"}}}
		if err := b.router.Rank(bad, &rank.Result{}); err == nil {
			t.Error("a bad request was taken")
		}
	}
	c.late = true
	b.rank(request("u", "4"))
	c.late = false
	if b.trial().Withdrawn() {
		t.Error("the canary was withdrawn")
	}
	b.answers(request("u", "5"), canary, 1005)
}

func TestAnAnswerOfTheStableVersionHasNothingOfTheCanary(t *testing.T) {
	b, c := onTrial(t)
	c.turn = silly
	req := request("u", "3", "1", "2")
	res := b.rank(req)
	if got := order(req, res); got != "3 2 1" || res.Version != "3" || res.Coverage[rank.SourceModel] != 3 {
		t.Errorf("version %s: %s, %v", res.Version, got, res.Coverage)
	}
}
