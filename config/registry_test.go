package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

const everyFeature = `
entities: {user: {type: string}, item: {type: int64}}
views:
  user_stats:
    entities: [user]
    ttl: 24h
    max_stale: 7d
    source: user_stats.parquet
    event_time: ts
    owner: growth
    description: What a user did
    version: 2
    columns:
      age: {type: float32, default: mean}
      plan: {type: string, default: {constant: mean}, description: What is paid}
      active: {type: bool, default: true}
      embedding: {type: "float32[3]", default: [0.5, -1, 2e3]}
      country: {type: string, vocabulary: countries.txt, default: most_frequent}
      language: {type: string, vocabulary: [de, "no", 3], default: de}
      visits: {type: int64, required: true}
      clicks: int32
  item_stats:
    entities: [item]
    source: sub/item_stats.csv
    columns: {price: {type: float64, default: 9.99}}
context: {hour: {type: float32, default: 12}, device: {type: string, vocabulary: [ios, android, web]}}
request: {distance_km: {type: float32}}
`

func TestEveryFieldReachesTheRegistry(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "countries.txt", "\ufeffAT\r\nDE\nCôte d'Ivoire")
	got, file, err := ReadRegistry(write(t, dir, "features.yaml", everyFeature))
	if err != nil {
		t.Fatal(err)
	}
	want := &features.Registry{
		Entities: []features.Entity{{Name: "item", Type: model.Int64}, {Name: "user", Type: model.String}},
		Views: []features.View{
			{Name: "item_stats", Entities: []string{"item"}, Source: "sub/item_stats.csv", Version: 1,
				Columns: []features.Column{{Name: "price", Type: model.Float64, Default: features.Default{Number: 9.99}}}},
			{Name: "user_stats", Entities: []string{"user"}, TTL: 24 * time.Hour, MaxStale: 7 * 24 * time.Hour,
				Source: "user_stats.parquet", EventTime: "ts", Owner: "growth", Description: "What a user did", Version: 2,
				Columns: []features.Column{
					{Name: "age", Type: model.Float32, Default: features.Default{Kind: features.Mean}},
					{Name: "plan", Type: model.String, Description: "What is paid", Default: features.Default{String: "mean"}},
					{Name: "active", Type: model.Bool, Default: features.Default{Number: 1}},
					{Name: "embedding", Type: model.Float32, Length: 3, Default: features.Default{Vector: []float32{0.5, -1, 2000}}},
					{Name: "country", Type: model.String, Vocabulary: []string{"AT", "DE", "Côte d'Ivoire"}, Default: features.Default{Kind: features.MostFrequent}},
					{Name: "language", Type: model.String, Vocabulary: []string{"de", "no", "3"}, Default: features.Default{String: "de"}},
					{Name: "visits", Type: model.Int64, Required: true},
					{Name: "clicks", Type: model.Int32},
				}},
		},
		Context: []features.Column{
			{Name: "hour", Type: model.Float32, Default: features.Default{Number: 12}},
			{Name: "device", Type: model.String, Vocabulary: []string{"ios", "android", "web"}},
		},
		Request: []features.Column{{Name: "distance_km", Type: model.Float32}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if line, col := file.Locate("views.user_stats.source"); line != 8 || col != 13 {
		t.Errorf("the source is at %d:%d", line, col)
	}
}

func TestAVocabularyFileIsReadOnceAndItsMistakesHaveTheirLines(t *testing.T) {
	dir := t.TempDir()
	vocabulary := write(t, dir, "words.txt", "a\n\nb\na\n\xff\n")
	empty := write(t, dir, "empty.txt", "\n")
	file := write(t, dir, "features.yaml", `
context:
  a: {type: string, vocabulary: words.txt}
  b: {type: string, vocabulary: ./words.txt}
  c: {type: string, vocabulary: empty.txt}
  d: {type: string, vocabulary: .}
`)
	_, _, err := ReadRegistry(file)
	want := []string{
		empty + ":1:1: the line is empty; it must hold a value",
		file + `:5:33: context.c.vocabulary: "` + empty + `" holds no value`,
		file + `:6:33: context.d.vocabulary: "` + dir + `" can't be read: it is a directory, not a file`,
		vocabulary + ":2:1: the line is empty; it must hold a value",
		vocabulary + `:4:1: "a" is given twice; the first is on line 1`,
		vocabulary + ":5:1: the line is not UTF-8",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got:\n%v\nwant:\n%s", err, strings.Join(want, "\n"))
	}
}

func TestAnEmptyRegistryHasNoViews(t *testing.T) {
	got, _, err := ReadRegistry(write(t, t.TempDir(), "features.yaml", ""))
	if err != nil || !reflect.DeepEqual(got, &features.Registry{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}
