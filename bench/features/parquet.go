package main

import (
	"os"
	"path/filepath"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// Columns of the source of the view that are not features.
const (
	idColumn   = "item"
	timeColumn = "at"
	sourceFile = viewName + ".parquet"
)

// writeSource writes every row to a Parquet file in dir, which is then the source
// of the view.
func (c *catalog) writeSource(dir string) error {
	view := &c.reg.Views[0]
	view.Source = sourceFile
	columns := parquet.Group{
		idColumn:   parquet.Int(64),
		timeColumn: parquet.Timestamp(parquet.Millisecond),
	}
	for i := range view.Columns {
		columns[view.Columns[i].Name] = parquet.Leaf(parquet.FloatType)
	}
	file, err := os.Create(filepath.Join(dir, sourceFile))
	if err != nil {
		return err
	}
	defer file.Close()
	schema := parquet.NewSchema(viewName, columns)
	out := parquet.NewWriter(file, schema)
	row := make(parquet.Row, len(schema.Columns()))
	for i := range c.records {
		if err := c.sourceRow(schema, i, row); err != nil {
			return err
		}
		if _, err := out.WriteRows([]parquet.Row{row}); err != nil {
			return err
		}
	}
	return out.Close()
}

// sourceRow fills row with a record, in the order of the schema.
func (c *catalog) sourceRow(schema *parquet.Schema, record int, row parquet.Row) error {
	rec := &c.records[record]
	id, err := strconv.ParseInt(rec.Item, 10, 64)
	if err != nil {
		return err
	}
	put := func(name string, v parquet.Value) {
		leaf, _ := schema.Lookup(name)
		row[leaf.ColumnIndex] = v.Level(0, 0, leaf.ColumnIndex)
	}
	put(idColumn, parquet.Int64Value(id))
	put(timeColumn, parquet.Int64Value(rec.Row.Time))
	for i := range c.reg.Views[0].Columns {
		put(c.reg.Views[0].Columns[i].Name, parquet.FloatValue(rec.Row.Floats[i]))
	}
	return nil
}
