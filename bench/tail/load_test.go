package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/rankgate/rankgate/bench/load"
)

// honest is a load of three rows, and the right answer to its request 101.
func honest() (*ranking, string) {
	l := &ranking{right: arithmetic{user: 1000, item: 1}, rows: 3}
	const n = 101
	var list []string
	for row := 2; row >= 0; row-- {
		item := itemOf(n, row)
		list = append(list, fmt.Sprintf(`{"id":"%d","score":%d}`, item, 1000*(n%users)+item))
	}
	return l, `{"id":"101","items":[` + strings.Join(list, ",") + `],"degraded":false,"coverage":{"model":3,"fallback":0},"took_ms":1.5}`
}

func judged(l *ranking, body string) (s load.Sample) {
	l.Judge(&vegeta.Result{Code: 200, Body: []byte(body)}, &s)
	return s
}

func TestARightAnswerIsComplete(t *testing.T) {
	l, body := honest()
	if s := judged(l, body); s.Outcome != load.OK || s.Corrupt || s.Number != 101 || s.Fresh != 3 || s.Reported != 1500*time.Microsecond {
		t.Errorf("%+v of %s", s, body)
	}
}

func TestAWrongAnswerIsCorrupt(t *testing.T) {
	l, body := honest()
	for name, change := range map[string]string{
		"a wrong score":              `"score":2739|"score":2740`,
		"another's scores":           `"id":"101"|"id":"102"`,
		"an item twice":              `"id":"1739"|"id":"1738"`,
		"an item not asked for":      `"id":"1739"|"id":"1740"`,
		"a missing item":             `{"id":"1738","score":2738},|`,
		"an order that is not one":   `{"id":"1739","score":2739},{"id":"1738","score":2738}|{"id":"1738","score":2738},{"id":"1739","score":2739}`,
		"a fallback that none tells": `"score":2737|"score":-1`,
		"half an answer":             `"coverage":{"model":3,"fallback":0},"took_ms":1.5}|`,
	} {
		before, after, _ := strings.Cut(change, "|")
		wrong := strings.Replace(body, before, after, 1)
		if s := judged(l, wrong); wrong == body || !s.Corrupt {
			t.Errorf("%s: %s is judged right", name, wrong)
		}
	}
}

func TestAPoisonousRowMustHaveNoScore(t *testing.T) {
	l, body := honest()
	l.poison = func(n int) bool { return n == 101 }
	if s := judged(l, body); !s.Corrupt {
		t.Error("a poisonous row with a score is judged right")
	}
	lost := strings.NewReplacer(`"score":2737`, `"score":-1`, `"model":3,"fallback":0`, `"model":2,"fallback":1`, `false`, `true`).Replace(body)
	if s := judged(l, lost); s.Corrupt || s.Outcome != load.Degraded || s.Fallback != 1 {
		t.Errorf("%+v of %s", s, lost)
	}
}

func TestTheBodyAsksForWhatIsChecked(t *testing.T) {
	l, _ := honest()
	l.budget, l.repeat = func(int) time.Duration { return 2500 * time.Microsecond }, 10
	var target vegeta.Target
	l.Request(23, &target)
	var asked struct {
		ID     string
		User   int
		Items  []int
		Budget float64 `json:"budget_ms"`
	}
	if err := json.Unmarshal(target.Body, &asked); err != nil {
		t.Fatalf("%s: %v", target.Body, err)
	}
	if asked.ID != "3" || asked.User != 3 || fmt.Sprint(asked.Items) != "[111 112 113]" || asked.Budget != 2.5 {
		t.Errorf("%s", target.Body)
	}
}
