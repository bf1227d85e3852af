package feast

import (
	"math"
	"testing"
	"unicode/utf8"

	"github.com/rankgate/rankgate/features"
)

// FuzzDecodeField reads any bytes into a column of every type. What is accepted
// must be what a pass may see, and must be written so that it reads the same;
// the cells beside it must stay as they were.
func FuzzDecodeField(f *testing.F) {
	for _, v := range vectors(f).Values {
		f.Add(unhex(f, v.Hex))
	}
	f.Add("\x82\x01\x0a\x0d\x00\x00\x80\x3f\x0d\x00\x00\x00\x40")
	f.Add("\x6a\x0d\x0a\x0b\x01\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	columns := []features.Column{float32Column, float64Column, int64Column, int32Column, boolColumn, stringColumn, pairColumn}
	for i := range columns {
		columns[i].Name = string(rune('a' + i))
	}
	v, layout := viewOf(f, columns...)
	f.Fuzz(func(t *testing.T, value string) {
		for column := range columns {
			row, again := layout.NewRow(), layout.NewRow()
			err := v.DecodeField(column, value, &row)
			if row.Null(column) {
				continue
			}
			if err != nil {
				t.Fatalf("column %d has a value and an error: %v", column, err)
			}
			for c := range columns {
				if c != column && !row.Null(c) {
					t.Fatalf("column %d was written into column %d too", column, c)
				}
			}
			checkRow(t, &row)
			encoded := string(v.EncodeField(nil, column, &row))
			if err := v.DecodeField(column, encoded, &again); err != nil || string(v.EncodeField(nil, column, &again)) != encoded {
				t.Fatalf("column %d: %x is read as %v, written as %x, and read as %v, %v", column, value, row, encoded, again, err)
			}
		}
	})
}

func checkRow(t *testing.T, row *features.Row) {
	t.Helper()
	for _, x := range row.Floats {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			t.Fatalf("a cell holds %v", x)
		}
	}
	for _, s := range row.Strings {
		if !utf8.ValidString(s) {
			t.Fatalf("a cell holds %q", s)
		}
	}
}

func FuzzDecodeTime(f *testing.F) {
	f.Add(unhex(f, vectors(f).Timestamps[0].Hex))
	f.Add("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Fuzz(func(t *testing.T, value string) {
		ms, err := DecodeTime(value)
		if err != nil {
			return
		}
		if again, err := DecodeTime(string(EncodeTime(nil, ms))); err != nil || again != ms {
			t.Fatalf("%x is %d, which is read back as %d, %v", value, ms, again, err)
		}
	})
}

// FuzzParseKey holds that whatever is taken for a key of ours is the key of the
// ids it was taken for, byte for byte.
func FuzzParseKey(f *testing.F) {
	var views []*View
	for version := oldestKey; version <= newestKey; version++ {
		for _, joined := range []features.JoinType{
			features.JoinBytes, features.JoinString, features.JoinInt32, features.JoinInt64, features.JoinUnixTimestamp,
		} {
			views = append(views, keyed(f, "shop", version, entity("user", "driver_id", joined)),
				keyed(f, "shop", version, entity("user", "u", joined), entity("item", "i", features.JoinString)))
		}
	}
	for _, v := range views {
		key, err := v.AppendKey(nil, "42", "i9")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(key))
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, v := range views {
			user, item, ok := v.ParseKey(key)
			if !ok {
				continue
			}
			if again, err := v.AppendKey(nil, user, item); err != nil || string(again) != key {
				t.Fatalf("%q is taken for %q, %q, whose key is %q, %v", key, user, item, again, err)
			}
		}
	})
}
