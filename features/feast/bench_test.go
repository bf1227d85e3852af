package feast

import (
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// One row of ten float32 columns, the row of the benchmarks of stores.
func BenchmarkDecodeRow(b *testing.B) {
	columns := make([]features.Column, 10)
	for i := range columns {
		columns[i] = features.Column{Name: string(rune('a' + i)), Type: model.Float32}
	}
	v, layout := viewOf(b, columns...)
	at, row := string(EncodeTime(nil, 1_700_000_000_123)), layout.NewRow()
	b.ReportAllocs()
	for b.Loop() {
		for c := range columns {
			if err := v.DecodeField(c, "\x35\x00\x00\x00\x3f", &row); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := DecodeTime(at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeVector(b *testing.B) {
	v, layout := viewOf(b, features.Column{Type: model.Float32, Length: 32})
	row := layout.NewRow()
	layout.Cells[0].SetVector(&row, make([]float32, 32))
	value := string(v.EncodeField(nil, 0, &row))
	b.ReportAllocs()
	for b.Loop() {
		if err := v.DecodeField(0, value, &row); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendKey(b *testing.B) {
	v := keyed(b, "shop", 3, entity("item", "item_id", features.JoinInt64))
	var key []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if key, err = v.AppendKey(key[:0], "", "12345678"); err != nil {
			b.Fatal(err)
		}
	}
}
