package ingest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// The times that both take, and what they mean in milliseconds.
var sameTimes = map[string]int64{
	"2026-11-24T10:00:00Z":           1795514400000,
	"2026-11-24T12:30:00.25+02:30":   1795514400250,
	"2026-11-24 10:00:00+00:00":      1795514400000,
	"2026-11-24T10:00:00":            1795514400000,
	"2026-11-24 10:00:00.001":        1795514400001,
	"2026-11-24":                     1795478400000,
	"1795514400":                     1795514400000,
	"1795514400.125":                 1795514400125,
	"1795514400000":                  1795514400000,
	"1795514400000000":               1795514400000,
	"1795514400000000000":            1795514400000,
	"99999999999":                    99999999999000,
	"100000000000":                   100000000000,
	"-86400":                         -86400000,
	"0":                              1,
	"1.7955144e9":                    1795514400000,
	"1969-12-31T23:59:59.999Z":       -1,
	"0001-01-01T00:00:00Z":           -62135596800000,
	"9999-12-31T23:59:59.999999999Z": 253402300799999,
}

func TestTimesMeanWhatTheyMeanInFiles(t *testing.T) {
	for text, want := range sameTimes {
		if got, ok := parseTime([]byte(strconv.Quote(text))); !ok || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, ok, want)
		}
		if got := inFile(t, text); want > 0 && got != want/1000 {
			t.Errorf("%q in a CSV file: %d s; want %d", text, got, want/1000)
		}
	}
	for _, number := range []string{"1795514400", "1795514400.125", "-86400", "0"} {
		if got, ok := parseTime([]byte(number)); !ok || got != sameTimes[number] {
			t.Errorf("%s without quotes: %d, %v; want %d", number, got, ok, sameTimes[number])
		}
	}
}

func TestWhatIsNoTimeIsNone(t *testing.T) {
	for _, text := range []string{`""`, `" "`, `"24.11.2026"`, `"2026-13-01"`, `1e12`, `1e400`, `true`, `null`, `{}`, `[1]`, `"NaN"`, `"1e300"`} {
		if got, ok := parseTime([]byte(text)); ok {
			t.Errorf("%s: %d", text, got)
		}
	}
}

// inFile returns the event time, in seconds, of a row that a CSV file dates so.
func inFile(t *testing.T, text string) int64 {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.csv"), []byte("item,at,price\n1,"+text+",1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := features.NewMemory(&features.Registry{
		Entities: []features.Entity{{Name: "item", Type: model.Int64}},
		Views: []features.View{{Name: "x", Entities: []string{"item"}, Source: "x.csv", EventTime: "at",
			Columns: []features.Column{{Name: "price", Type: model.Float32}}}},
	})
	if err := store.Load(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return store.Views()[0].Newest.Unix()
}
