package packed

import (
	"strings"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

func TestReadingNumbersAndWordsAllocatesNothing(t *testing.T) {
	columns := append(columnsOf("f", model.Float32, 32), columnsOf("d", model.Float64, 3)...)
	columns = append(columns, features.Column{Name: "v", Type: model.Float32, Length: 32})
	columns = append(columns, columnsOf("i", model.Int64, 2)...)
	columns = append(columns, features.Column{Name: "w", Type: model.String, Vocabulary: []string{"word38", "word39", "word40"}})
	v := viewOf(columns...)
	encoded, rows := rowsOf(v, 3)
	if got := testing.AllocsPerRun(100, func() {
		for i := range encoded {
			if err := v.Decode(encoded[i], &rows[i]); err != nil {
				t.Error(err)
			}
		}
	}); got != 0 {
		t.Errorf("%v allocations; want none", got)
	}
}

func TestReadingStringsAllocatesOncePerString(t *testing.T) {
	v := viewOf(columnsOf("s", model.String, 3)...)
	encoded, rows := rowsOf(v, 1)
	if got := testing.AllocsPerRun(100, func() { v.Decode(encoded[0], &rows[0]) }); got != 3 {
		t.Errorf("%v allocations; want 3", got)
	}
}

// A length that the row does not have must not cost memory before it is refused.
func TestABrokenRowAllocatesItsErrorOnly(t *testing.T) {
	v := viewOf(columnsOf("s", model.String, 3)...)
	encoded, _ := rowsOf(v, 1)
	data := encoded[0][:header+1] + strings.Repeat("\xff", 12) + encoded[0][header+13:]
	row := v.layout.NewRow()
	if got := testing.AllocsPerRun(100, func() {
		if err := v.Decode(data, &row); err == nil {
			t.Error("a row with strings of 4 GiB is accepted")
		}
	}); got != 1 {
		t.Errorf("%v allocations; want the error only", got)
	}
}

func TestWritingAllocatesNothing(t *testing.T) {
	v := datedViewOf(every...)
	pair := viewAbout("user", "item")
	rec := everyRow(v.layout)
	var row, key []byte
	if got := testing.AllocsPerRun(100, func() {
		row = v.Encode(row[:0], &rec)
		key, _ = pair.AppendKey(key[:0], "u:1%", "i9")
	}); got != 0 {
		t.Errorf("%v allocations; want none", got)
	}
}

func TestReadingAKeyAllocatesOnlyToUndoAnEscape(t *testing.T) {
	pair, user := viewAbout("user", "item"), viewAbout("user")
	if got := testing.AllocsPerRun(100, func() {
		_, _, plain := pair.ParseKey("rankgate:v:12345678:8765:4321%")
		_, _, alone := user.ParseKey("rankgate:v:1234%3A5678")
		_, _, other := pair.ParseKey("rankgate:w:1:2")
		if !plain || !alone || other {
			t.Error(plain, alone, other)
		}
	}); got != 0 {
		t.Errorf("%v allocations; want none", got)
	}
}
