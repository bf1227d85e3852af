package packed

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// Schema is the columns of a row, in their order. It is immutable.
type Schema struct {
	text    string
	id      uint32
	columns []column
	size    int // bytes of a row without its text part
}

// column is one column of a row.
type column struct {
	word   string // its name as the schema's text has it
	typ    model.Type
	length int // elements of a vector, 0 for a scalar
	at     int // offset of its bytes in a row
}

// createdWord is the name of the column that is none of the view's. Only it
// holds an '@'.
const createdWord = "@created"

// maxRow is the longest string that Redis holds, in bytes.
const maxRow = 512 << 20

// ParseSchema reads a schema's text, in the one form in which String writes it.
func ParseSchema(text string) (Schema, error) {
	parts := strings.Split(text, ",")
	columns := make([]column, len(parts))
	seen := make(map[string]bool, len(parts))
	size := 0
	for i, part := range parts {
		c, err := parseColumn(part)
		size += c.width()
		switch {
		case err != nil:
		case seen[c.word]:
			err = errors.New("there are two columns of this name")
		case c.word == createdWord && (i > 0 || c.typ != model.Int64):
			err = errors.New("only the first column has this name, and it is int64")
		case size > maxRow:
			err = fmt.Errorf("with it a row is longer than %d bytes, the longest string of a Redis server", maxRow)
		}
		if err != nil {
			return Schema{}, fmt.Errorf("schema: column %d, %.64q: %w", i+1, part, err)
		}
		seen[c.word] = true
		columns[i] = c
	}
	return newSchema(columns), nil
}

func parseColumn(part string) (column, error) {
	word, name, ok := strings.Cut(part, " ")
	if !ok {
		return column{}, errors.New("a name, a space and a type are wanted")
	}
	if _, ok := unescape(word, &wordSpecials); word == "" || !ok && word != createdWord {
		return column{}, errors.New("the name is not in the form in which it is written")
	}
	c := column{word: word}
	name, length, vector := strings.Cut(name, "[")
	var err error
	if c.typ, err = model.ParseType(name); err != nil {
		return c, err
	}
	if c.typ == model.Float16 {
		return c, errors.New("float16 is the type of no column")
	}
	if !vector {
		return c, nil
	}
	c.length, _ = strconv.Atoi(strings.TrimSuffix(length, "]"))
	if c.typ != model.Float32 || c.length < 1 || c.length > features.MaxVector || length != strconv.Itoa(c.length)+"]" {
		return c, fmt.Errorf("a vector is float32[n], n from 1 to %d", features.MaxVector)
	}
	return c, nil
}

// schemaOf lists the columns of a layout, after the created time if there is one.
func schemaOf(created bool, layout *features.Layout) Schema {
	var columns []column
	if created {
		columns = append(columns, column{word: createdWord, typ: model.Int64})
	}
	for i := range layout.Cells {
		c := &layout.Cells[i]
		columns = append(columns, column{word: wordOf(c.Name), typ: c.Type, length: c.Length})
	}
	return newSchema(columns)
}

// newSchema gives each of the columns its place.
func newSchema(columns []column) Schema {
	size := header + (len(columns)+7)/8
	var text []byte
	for i := range columns {
		c := &columns[i]
		c.at = size
		size += c.width()
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, c.word...), ' ')
		text = append(text, typeName(c.typ, c.length)...)
	}
	return Schema{text: string(text), id: uint32(xxh3.Hash(text)), columns: columns, size: size}
}

// ID returns the number that names the schema in a row.
func (s Schema) ID() uint32 { return s.id }

// String returns the schema's text.
func (s Schema) String() string { return s.text }

// CreatedOffset returns where in a row of this schema its created time begins:
// 8 bytes, little-endian, signed, Unix milliseconds, 0 if it is not known. An
// offset of 0 means that rows hold none.
func (s Schema) CreatedOffset() int {
	if len(s.columns) > 0 && s.columns[0].word == createdWord {
		return s.columns[0].at
	}
	return 0
}

// SchemasKey returns the key of the hash that holds the schemas of all views.
func SchemasKey(prefix string) string { return prefix + "::schemas" }

// SchemaField returns the field of that hash for one schema of the view with the
// given name in the store.
func SchemaField(stored string, id uint32) string { return fmt.Sprintf("%s:%08x", stored, id) }

// ParseSchemaField undoes SchemaField. ok is false for what that never writes.
func ParseSchemaField(field string) (stored string, id uint32, ok bool) {
	colon := strings.LastIndexByte(field, ':')
	if colon < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(field[colon+1:], 16, 32)
	if err != nil || SchemaField(field[:colon], uint32(n)) != field {
		return "", 0, false
	}
	return field[:colon], uint32(n), true
}

// width is the number of bytes that the column takes in the fixed part.
func (c *column) width() int {
	switch {
	case c.typ == model.String:
		return 4
	case c.length > 0:
		return 4 * c.length
	default:
		return c.typ.Size()
	}
}

// wordOf is a column's name as a schema's text has it.
func wordOf(name string) string { return string(appendEscaped(nil, name, &wordSpecials)) }

// typeName is a type as a schema and features.yaml write it.
func typeName(t model.Type, length int) string {
	if length > 0 {
		return fmt.Sprintf("%s[%d]", t, length)
	}
	return t.String()
}
