package packed

import (
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// FuzzDecode reads any bytes as a row with a column of every type, as they are and
// with the head of a row in front: by the view that writes such rows, and by one
// that has some of the columns as other types. What is accepted must be what a pass
// may see, must hold no more text than there are bytes, and must be written so that
// it reads the same.
func FuzzDecode(f *testing.F) {
	v := datedViewOf(every...)
	other := viewOf(
		features.Column{Name: "color", Type: model.String},
		features.Column{Name: "clicks", Type: model.Int32},
		features.Column{Name: "vector", Type: model.Float32, Length: 2},
		features.Column{Name: "price", Type: model.Int64},
		features.Column{Name: "ratio", Type: model.Float32},
		features.Column{Name: "new", Type: model.Bool},
	)
	if err := other.Learn(v.Schema()); err != nil {
		f.Fatal(err)
	}
	data := goldenRow(f)
	f.Add(data)
	f.Add(data[TimeOffset:])
	f.Add(data[:len(data)-1])
	f.Fuzz(func(t *testing.T, data string) {
		for _, data := range []string{data, goldenRow(t)[:TimeOffset] + data} {
			for _, v := range []*View{v, other} {
				row := v.layout.NewRow()
				if v.Decode(data, &row) != nil {
					continue
				}
				text := 0
				for _, s := range row.Strings {
					text += len(s)
				}
				if text > len(data) {
					t.Fatalf("%d bytes of strings come of %d", text, len(data))
				}
				checkRow(t, v.layout, &row)
				readAgain(t, v, &row)
			}
		}
	})
}

// FuzzParseSchema holds that a text which is accepted is the schema's own, and that
// rows of that schema can be learnt and read.
func FuzzParseSchema(f *testing.F) {
	f.Add(datedViewOf(every...).Schema().String())
	f.Add("a%2Cb%25 float32[3],%40created string,rank string,clicks float64")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchema(text)
		if err != nil {
			return
		}
		if s.String() != text || s.CreatedOffset() > s.size-8 && s.CreatedOffset() > 0 {
			t.Fatalf("%q, its created time at %d of %d; want %q", s, s.CreatedOffset(), s.size, text)
		}
		if s.size > 1<<20 {
			return
		}
		v := datedViewOf(every...)
		learnErr := v.Learn(s)
		data := make([]byte, s.size)
		data[0] = Version
		for i := range 4 {
			data[SchemaOffset+i] = byte(s.ID() >> (8 * i))
		}
		row := v.layout.NewRow()
		if err := v.Decode(string(data), &row); (err == nil) != (learnErr == nil) {
			t.Fatalf("%q is learnt with %v and read with %v", text, learnErr, err)
		}
	})
}

// FuzzParseKey holds that whatever is taken for a key of ours is the key of the
// ids it was taken for, byte for byte.
func FuzzParseKey(f *testing.F) {
	views := []*View{viewAbout("user"), viewAbout("item"), viewAbout("user", "item")}
	for _, v := range views {
		key, _ := v.AppendKey(nil, "u:1%", "i:2%")
		f.Add(string(key))
		f.Add(v.KeyPrefix() + "%:%")
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, v := range views {
			user, item, ok := v.ParseKey(key)
			if !ok {
				continue
			}
			if again, _ := v.AppendKey(nil, user, item); string(again) != key {
				t.Fatalf("%q is taken for %q, %q, whose key is %q", key, user, item, again)
			}
		}
	})
}
