package packed

import (
	"fmt"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// columnsOf returns n columns of a type, named a prefix and a number.
func columnsOf(prefix string, t model.Type, n int) []features.Column {
	columns := make([]features.Column, n)
	for i := range columns {
		columns[i] = features.Column{Name: fmt.Sprint(prefix, i), Type: t}
	}
	return columns
}

// rowsOf returns n rows of the view whose columns all have a value, and the rows
// to read them into.
func rowsOf(v *View, n int) (encoded []string, rows []features.Row) {
	for i := range n {
		rec := features.Record{Row: v.layout.NewRow()}
		rec.Row.Time = int64(1_700_000_000_000 + i)
		for c := range v.layout.Cells {
			fill(&v.layout.Cells[c], &rec.Row, i+c)
		}
		encoded = append(encoded, string(v.Encode(nil, &rec)))
	}
	return encoded, v.layout.NewRows(n)
}

func fill(c *features.Cell, row *features.Row, seed int) {
	switch {
	case c.Length > 0:
		vector := make([]float32, c.Length)
		for i := range vector {
			vector[i] = float32(seed + i)
		}
		c.SetVector(row, vector)
	case c.Type == model.Bool:
		c.SetBool(row, seed%2 == 1)
	case c.Type == model.String:
		c.SetString(row, fmt.Sprint("word", seed%50))
	default:
		c.SetInt(row, int64(seed))
	}
}

// A fetch of 200 items with 32 floats each is a model's usual request.
func BenchmarkDecode200Rows(b *testing.B) {
	vocabulary := make([]string, 50)
	for i := range vocabulary {
		vocabulary[i] = fmt.Sprint("word", i)
	}
	word := features.Column{Name: "word", Type: model.String, Vocabulary: vocabulary}
	for _, c := range []struct {
		name    string
		columns []features.Column
	}{
		{"10xFloat32", columnsOf("f", model.Float32, 10)},
		{"32xFloat32", columnsOf("f", model.Float32, 32)},
		{"100xFloat32", columnsOf("f", model.Float32, 100)},
		{"32xFloat64", columnsOf("f", model.Float64, 32)},
		{"32xInt64", columnsOf("f", model.Int64, 32)},
		{"Vector32", []features.Column{{Name: "v", Type: model.Float32, Length: 32}}},
		{"String", columnsOf("s", model.String, 1)},
		{"Vocabulary", []features.Column{word}},
	} {
		b.Run(c.name, func(b *testing.B) {
			v := viewOf(c.columns...)
			encoded, rows := rowsOf(v, 200)
			b.ReportAllocs()
			for b.Loop() {
				for i := range encoded {
					if err := v.Decode(encoded[i], &rows[i]); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// The rows have a column that the view dropped, and lack one that it added.
func BenchmarkDecode200RowsOfAnotherSchema(b *testing.B) {
	old := viewOf(append(columnsOf("gone", model.String, 1), columnsOf("f", model.Float32, 32)...)...)
	v := viewOf(append(columnsOf("f", model.Float32, 32), columnsOf("new", model.Float32, 1)...)...)
	if err := v.Learn(old.Schema()); err != nil {
		b.Fatal(err)
	}
	encoded, _ := rowsOf(old, 200)
	rows := v.layout.NewRows(200)
	b.ReportAllocs()
	for b.Loop() {
		for i := range encoded {
			if err := v.Decode(encoded[i], &rows[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncode32Floats(b *testing.B) {
	v := viewOf(columnsOf("f", model.Float32, 32)...)
	rec := features.Record{Row: v.layout.NewRow()}
	for c := range v.layout.Cells {
		fill(&v.layout.Cells[c], &rec.Row, c)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = v.Encode(dst[:0], &rec)
	}
}

func BenchmarkAppendKeyOfAPair(b *testing.B) {
	v := viewAbout("user", "item")
	var key []byte
	b.ReportAllocs()
	for b.Loop() {
		key, _ = v.AppendKey(key[:0], "12345678", "87654321")
	}
}

func BenchmarkParseKeyOfAPair(b *testing.B) {
	v := viewAbout("user", "item")
	key, _ := v.AppendKey(nil, "12345678", "87654321")
	text := string(key)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := v.ParseKey(text); !ok {
			b.Fatal(text)
		}
	}
}
