package features

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// checkTable fails if a row that was accepted holds what no pass may see.
func checkTable(t *testing.T, b *Builder) {
	for _, row := range rowsOf(b) {
		for _, f := range row.Floats {
			if !finite(f) {
				t.Fatalf("a cell holds %v", f)
			}
		}
		if len(row.Floats) != 4 || len(row.Ints) != 4 || len(row.Strings) != 1 {
			t.Fatalf("a row is %d, %d and %d wide", len(row.Floats), len(row.Ints), len(row.Strings))
		}
	}
}

func rowsOf(b *Builder) []*Row {
	var rows []*Row
	for _, row := range b.snapshot().tables[0].byOwner {
		if row != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

func FuzzCSV(f *testing.F) {
	f.Add("vector,item,price,ratio,clicks,rank,new,color,at\n\"[1, 2]\",a,1.5,0.25,3.0,-4,true,red,2024-01-01\n")
	f.Add("item,at,price,ratio,clicks,rank,new,color,vector\na,1e9,NaN,-1e999,9e18,2e9,T,\"\n\",1 2\nb,,,,,,,,\n")
	f.Fuzz(func(t *testing.T, text string) {
		reg := oneView("s.csv", every...)
		reg.Views[0].EventTime = "at"
		b := NewBuilder(reg)
		if err := b.tables[0].loadCSV(context.Background(), strings.NewReader(text)); err != nil {
			if !strings.HasPrefix(err.Error(), ":") {
				t.Fatalf("an error does not start with its place: %v", err)
			}
			return
		}
		checkTable(t, b)
	})
}

// FuzzVector holds the reader of vectors against encoding/json on JSON lists.
func FuzzVector(f *testing.F) {
	f.Add("[1, 2.5]")
	f.Add("[-1e3,0]")
	f.Add("[1e-400, 3]")
	f.Fuzz(func(t *testing.T, text string) {
		var want []float64
		if json.Unmarshal([]byte(text), &want) != nil || want == nil {
			return
		}
		s := csvSource{}
		if p := s.parseVector(text, len(want)); p != Fits || len(s.vector) != len(want) {
			t.Fatalf("%q: %v, %v; want %v", text, p, s.vector, want)
		}
		for i, w := range want {
			if s.vector[i] != float32(w) && !math.IsNaN(w) {
				t.Fatalf("%q: %v; want %v", text, s.vector, want)
			}
		}
	})
}

func FuzzParquet(f *testing.F) {
	rows := make([]everyRow, 3)
	for i := range rows {
		rows[i] = everyRow{Item: decimal(i), Vector: []float64{1, 2}, Color: new("red"), Price: new(0.5)}
	}
	f.Add(parquetBytes(f, rows))
	f.Add(parquetBytes(f, rows, parquet.DataPageVersion(1), parquet.MaxRowsPerRowGroup(2)))
	f.Fuzz(func(t *testing.T, file []byte) {
		reg := oneView("s.parquet", every...)
		reg.Views[0].EventTime = "at"
		b := NewBuilder(reg)
		if err := b.tables[0].loadParquet(context.Background(), bytes.NewReader(file), int64(len(file))); err != nil {
			if !strings.HasPrefix(err.Error(), ":") {
				t.Fatalf("an error does not start with its place: %v", err)
			}
			return
		}
		checkTable(t, b)
	})
}
