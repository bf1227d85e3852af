package redis

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/rankgate/rankgate/features"
)

// calls is how often the server was asked for a command.
func (l *ledger) calls(command string) int {
	l.t.Helper()
	found := regexp.MustCompile("cmdstat_" + command + ":calls=([0-9]+)").FindStringSubmatch(l.do("INFO", "commandstats"))
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

func TestRowsOfAnEmptyServerNeedNoScript(t *testing.T) {
	l := newLedger(t, nil)
	records, ids := l.items(10*maxCallRows, today)
	if w := l.write(itemView, records...); w.Stored != len(records) || w.Older != 0 {
		t.Errorf("%+v; want all stored", w)
	}
	if plain, scripts := l.calls("msetnx"), l.calls("evalsha"); plain != 10 || scripts != 0 {
		t.Errorf("%d MSETNX and %d scripts; want 10 and 0", plain, scripts)
	}
	if got := l.read(itemView, "", ids...); got[len(ids)-1] != float32(len(ids)-1) {
		t.Errorf("the last row is %v", got[len(ids)-1])
	}
}

func TestALoadOverRowsSoonGoesStraightToTheScript(t *testing.T) {
	l := newLedger(t, nil)
	records, _ := l.items(maxCallRows, today)
	l.write(itemView, records...)
	l.do("CONFIG", "RESETSTAT")
	for range 100 {
		if w := l.write(itemView, records...); w.Stored != maxCallRows {
			t.Fatalf("%+v; want all stored", w)
		}
	}
	// Tries come after 0, 1, 2, 4, … 32 calls that were not.
	if plain := l.calls("msetnx"); plain != 7 {
		t.Errorf("%d of 100 calls were tried as MSETNX; want 7", plain)
	}
}

func TestOneRowThatIsThereSendsItsCallToTheScript(t *testing.T) {
	for name, layout := range map[string]func(*Config, *features.Registry){"alone": nil, "created": func(_ *Config, reg *features.Registry) { dated(reg) }} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, layout)
			l.write(itemView, l.record("", "i7", -7, today+1, 0))
			l.renew()
			records, ids := l.items(100, today)
			if w := l.write(itemView, records...); w.Stored != 99 || w.Older != 1 {
				t.Errorf("%+v; want 99 stored and one older", w)
			}
			if got := l.read(itemView, "", ids...); got[7] != -7 || got[6] != 6 || got[99] != 99 {
				t.Errorf("rows 6, 7 and 99 are %v, %v and %v", got[6], got[7], got[99])
			}
		})
	}
}

// As after a connection that broke between a call and its answer.
func TestRowsThatAreSentTwiceCountAsStored(t *testing.T) {
	l := newLedger(t, nil)
	records, _ := l.items(1000, today)
	for range 2 {
		l.renew()
		if w := l.write(itemView, records...); w.Stored != 1000 || w.Older != 0 {
			t.Errorf("%+v; want 1000 stored", w)
		}
	}
}

func TestRowsThatExpireAreLeftToTheScript(t *testing.T) {
	l := newLedger(t, func(cfg *Config, _ *features.Registry) { cfg.KeyTTL = long })
	records, _ := l.items(10, today)
	l.write(itemView, records...)
	if plain := l.calls("msetnx"); plain != 0 {
		t.Errorf("%d MSETNX, which can't let a row expire", plain)
	}
}

func TestAGuessWaitsTwiceAsLongAfterEachMistake(t *testing.T) {
	g := &guess{}
	for _, want := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024} {
		g.learn(false)
		g.learn(false) // was in flight beside it
		for i := range want {
			if g.fresh() {
				t.Fatalf("a try after %d calls; want %d", i, want)
			}
		}
		if !g.fresh() {
			t.Fatalf("no try after %d calls", want)
		}
	}
	g.learn(true)
	g.learn(false)
	if g.fresh() || !g.fresh() {
		t.Error("success did not bring back the shortest wait")
	}
}
