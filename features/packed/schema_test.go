package packed

import (
	"strings"
	"testing"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

func TestASchemaIsReadInTheOneFormInWhichItIsWritten(t *testing.T) {
	for _, text := range []string{
		"a float32", "a float64,b int64,c int32,d bool,e string,f float32[1],g float32[65536]", "@created int64",
		"@created int64,%40created int64", "%2C%25 bool", "ünï.code float32", "a\nb float32",
	} {
		if s, err := ParseSchema(text); err != nil || s.String() != text {
			t.Errorf("%q, %v; want %q", s, err, text)
		}
	}
}

func TestATextThatIsNoSchemaIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                `column 1, "": a name, a space and a type are wanted`,
		"a":                               "a name, a space and a type are wanted",
		"a float32,":                      `column 2, ""`,
		"a float32, b float32":            "column 2",
		" float32":                        "the name is not in the form",
		"a  float32":                      `unknown type " float32"`,
		"a float":                         `unknown type "float"; known are`,
		"a unknown":                       `unknown type "unknown"`,
		"a float16":                       "float16 is the type of no column",
		"a float32 ":                      "unknown type",
		"a float32[]":                     "a vector is float32[n], n from 1 to 65536",
		"a float32[0]":                    "a vector is float32[n]",
		"a float32[01]":                   "a vector is float32[n]",
		"a float32[+1]":                   "a vector is float32[n]",
		"a float32[1":                     "a vector is float32[n]",
		"a float32[1]]":                   "a vector is float32[n]",
		"a float32[65537]":                "a vector is float32[n]",
		"a float32[99999999999999999999]": "a vector is float32[n]",
		"a int64[2]":                      "a vector is float32[n]",
		"a string[2]":                     "a vector is float32[n]",
		"a bool,b bool,a int64":           `column 3, "a int64": there are two columns of this name`,
		"a@b int64":                       "the name is not in the form",
		"%61 int64":                       "the name is not in the form",
		"%2c int64":                       "the name is not in the form",
		"a%2Cb@ int64":                    "the name is not in the form",
		"%2 int64":                        "the name is not in the form",
		"@created int32":                  "only the first column has this name, and it is int64",
		"a bool,@created int64":           "only the first column has this name, and it is int64",
		"@created int64[3]":               "a vector is float32[n]",
	} {
		if s, err := ParseSchema(text); err == nil || !strings.HasPrefix(err.Error(), "schema: column ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", text, s, err, want)
		}
	}
}

func TestASchemaOfRowsThatNoServerHoldsIsRefused(t *testing.T) {
	var parts []string
	for _, c := range columnsOf("v", model.Float32, 2049) {
		parts = append(parts, c.Name+" float32[65536]")
	}
	if _, err := ParseSchema(strings.Join(parts[:2048], ",")); err != nil {
		t.Error(err)
	}
	_, err := ParseSchema(strings.Join(parts, ","))
	if err == nil || !strings.Contains(err.Error(), "column 2049") || !strings.Contains(err.Error(), "longer than 536870912 bytes") {
		t.Error(err)
	}
}

func TestTheSchemasOfAStoreAreFoundByViewAndID(t *testing.T) {
	if got := SchemasKey("rankgate"); got != "rankgate::schemas" {
		t.Error(got)
	}
	for want, id := range map[string]uint32{"item_stats:0000beef": 0xbeef, "a:b%:ffffffff": 0xffffffff, ":00000000": 0} {
		stored, got, ok := ParseSchemaField(want)
		if field := SchemaField(stored, id); field != want || got != id || !ok {
			t.Errorf("%q, %08x, %v; want %q", field, got, ok, want)
		}
	}
	for _, field := range []string{"", "v", "v:", "v:beef", "v:0000BEEF", "v:0000beef ", "v:+000beef", "v:00000beef", "v:0x00beef", "v:0000beeg"} {
		if stored, id, ok := ParseSchemaField(field); ok {
			t.Errorf("%q is read as %q, %08x", field, stored, id)
		}
	}
}

func TestTheFieldOfASchemaIsFoundByTheNameInTheStore(t *testing.T) {
	view := &features.View{Name: "v", StoredAs: "w:2", Entities: []string{"item"}, Columns: columnsOf("f", model.Float32, 1)}
	v := New("p", view, features.LayoutOf(view.Columns))
	stored, id, ok := ParseSchemaField(SchemaField(view.Stored(), v.Schema().ID()))
	if stored != "w:2" || id != v.Schema().ID() || !ok {
		t.Errorf("%q, %08x, %v", stored, id, ok)
	}
}
