package page

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/bench/result"
)

func TestThePageIsTheSameForTheSameRun(t *testing.T) {
	var first, second bytes.Buffer
	for _, page := range []*bytes.Buffer{&first, &second} {
		if err := Write(page, sampleRun(), sampleRegressions(sampleRun())); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two pages of one run differ")
	}
	if strings.Contains(first.String(), "<img") {
		t.Error("a text of the run became an element")
	}
	if !strings.Contains(first.String(), "Permission is hereby granted, free of charge") {
		t.Error("the copy of uPlot is without its licence")
	}
}

func TestFiguresThatAreNotFiniteAreLeftOut(t *testing.T) {
	run := sampleRun()
	run.Claims[0].Value = math.NaN()
	run.Contests[0].Stacks[0].CPU = math.Inf(1)
	run.Contests[1].Stacks[1].Others = math.NaN()
	run.Latencies[0].Points[2].P99 = math.NaN()
	run.Series[0].Curves[0].XY[1] = [2]float64{math.NaN(), math.Inf(-1)}
	run.Stages[0].Stages[0].Mean = math.NaN()
	var page bytes.Buffer
	if err := Write(&page, run, nil); err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(page.String(), "<footer>") // the library follows, which knows of NaN
	for _, odd := range []string{"NaN", "Inf"} {
		if i := strings.Index(text, odd); i >= 0 {
			t.Errorf("the page says %s", text[max(0, i-100):i+10])
		}
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestAPageThatCanNotBeWrittenIsAnError(t *testing.T) {
	if err := Write(broken{}, sampleRun(), nil); !errors.Is(err, errBroken) {
		t.Errorf("Write = %v", err)
	}
	if err := Markdown(broken{}, sampleRun(), nil); !errors.Is(err, errBroken) {
		t.Errorf("Markdown = %v", err)
	}
}

func TestClaimsAreATableOfMarkdown(t *testing.T) {
	run := &result.Run{Claims: []result.Claim{
		{Name: "fast", Workload: "a|b", Floor: "echo", Unit: "×", Bound: 2, Value: 1.5, Low: 1.4, High: 1.6, Measured: true},
		{Name: "small", Unit: "B", Bound: 10, Note: "it did\nnot start"},
	}}
	kept := *run
	kept.Claims = []result.Claim{run.Claims[0]}
	kept.Claims[0].Low, kept.Claims[0].Value, kept.Claims[0].High = 1, 1, 1
	var text strings.Builder
	if err := Markdown(&text, run, result.Compare(&kept, run)); err != nil {
		t.Fatal(err)
	}
	const want = `| claim | workload | floor | limit  | measured               | of limit | verdict        |
| ----- | -------- | ----- | ------ | ---------------------- | -------- | -------------- |
| fast  | a\|b     | echo  | ≤ 2×   | 1.50× (1.40× to 1.60×) | 0.75×    | reached, worse |
| small |          |       | ≤ 10 B | –                      | –        | not measured   |

- fast: was 1.00×, now 1.50×, 50 % worse
- small: it did not start
`
	if text.String() != want {
		t.Errorf("Markdown =\n%s\nwant\n%s", text.String(), want)
	}
}

func TestNumbersHaveThreeDigits(t *testing.T) {
	for _, test := range []struct {
		value float64
		want  string
	}{
		{0, "0"}, {2, "2.00"}, {1.5, "1.50"}, {9.994, "9.99"}, {9.996, "10.0"}, {12.34, "12.3"}, {99.96, "100"}, {1234.5, "1234"},
		{0.5, "0.50"}, {0.0123, "0.0123"}, {-3.21, "−3.21"}, {math.NaN(), none}, {math.Inf(1), none},
	} {
		if got := number(test.value); got != test.want {
			t.Errorf("number(%v) = %s; want %s", test.value, got, test.want)
		}
	}
}

func TestTicksAreRoundAndReachTheEnd(t *testing.T) {
	for _, most := range []float64{1e-9, 0.3, 1, 1.01, 7, 10, 49.9, 50, 123, 4096, 1e12} {
		all := ticks(most)
		if n := len(all); n < 3 || n > 7 || all[0] != 0 || all[n-1] < most*(1-1e-9) || all[n-1] > 2*most {
			t.Errorf("ticks(%v) = %v", most, all)
		}
	}
	for _, most := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if got := ticks(most); len(got) != 2 {
			t.Errorf("ticks(%v) = %v", most, got)
		}
	}
}
