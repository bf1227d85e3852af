package features

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/rankgate/rankgate/model"
)

// benchRows is how many rows a benchmark reads per round.
const benchRows = 200_000

func BenchmarkStream(b *testing.B) {
	type event struct {
		Item    int64   `parquet:"item"`
		At      int64   `parquet:"at"`
		F0      float32 `parquet:"f0"`
		F1      float32 `parquet:"f1"`
		F2      float64 `parquet:"f2"`
		Country string  `parquet:"country,dict"`
	}
	events := make([]event, benchRows)
	for i := range events {
		events[i] = event{int64(i), 1_700_000_000 + int64(i), float32(i), 1, 2, []string{"de", "fr", "nl"}[i%3]}
	}
	reg := oneView("s.parquet", Column{Name: "f0", Type: model.Float32}, Column{Name: "f1", Type: model.Float32},
		Column{Name: "f2", Type: model.Float64}, Column{Name: "country", Type: model.String})
	b.Run("mixed", func(b *testing.B) { benchmarkStream(b, reg, parquetBytes(b, events)) })

	var columns []Column
	for i := range 32 {
		columns = append(columns, Column{Name: fmt.Sprint("f", i), Type: model.Float32})
	}
	reg = oneView("s.parquet", columns...)
	plain := parquet.Leaf(parquet.FloatType)
	b.Run("32 float32", func(b *testing.B) { benchmarkStream(b, reg, wideParquet(b, columns, plain)) })
	b.Run("32 float32 or null", func(b *testing.B) { benchmarkStream(b, reg, wideParquet(b, columns, parquet.Optional(plain))) })
	coded := parquet.Encoded(parquet.Optional(plain), &parquet.RLEDictionary) // as pyarrow does it
	b.Run("32 float32 of a dictionary", func(b *testing.B) { benchmarkStream(b, reg, wideParquet(b, columns, coded)) })
}

func benchmarkStream(b *testing.B, reg *Registry, file []byte) {
	b.Helper()
	reg.Views[0].EventTime = "at"
	reg.Entities[0].Type = model.Int64
	path := filepath.Join(b.TempDir(), "s.parquet")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := Stream(context.Background(), reg, &reg.Views[0], path, StreamOptions{}, func(Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchRows), "ns/row")
}

// wideParquet has an item and its time beside columns that are all of one kind.
func wideParquet(tb testing.TB, columns []Column, kind parquet.Node) []byte {
	tb.Helper()
	group := parquet.Group{"item": parquet.Int(64), "at": parquet.Int(64)}
	for i := range columns {
		group[columns[i].Name] = kind
	}
	schema := parquet.NewSchema("wide", group)
	var out bytes.Buffer
	w := parquet.NewWriter(&out, schema)
	row := make(parquet.Row, 0, len(group))
	for i := range benchRows {
		row = row[:0]
		for c, path := range schema.Columns() {
			if leaf, _ := schema.Lookup(path...); leaf.Node.Type().Kind() == parquet.Int64 {
				row = append(row, parquet.Int64Value(int64(i+1)).Level(0, 0, c))
			} else {
				row = append(row, parquet.FloatValue(float32(i%1000)).Level(0, leaf.MaxDefinitionLevel, c))
			}
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
