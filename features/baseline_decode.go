package features

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// decodeBaseline returns errors that start with the place in the file.
func decodeBaseline(data []byte) (*Baseline, error) {
	r := baselineReader{data: data, tokens: json.NewDecoder(bytes.NewReader(data))}
	r.tokens.UseNumber()
	b := &Baseline{Views: map[string]ViewBaseline{}}
	version := int64(0)
	err := r.object("", func(name, path string) (err error) {
		switch name {
		case "version":
			version, err = r.count(path)
		case "views":
			err = r.object(path, func(name, path string) error {
				v, err := r.view(path)
				b.Views[name] = v
				return err
			})
		default:
			err = r.place(path, errUnknownField)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case version != baselineVersion:
		return nil, r.place("version", fmt.Errorf("%d is not %d, the version of the format that is read here", version, baselineVersion))
	case len(bytes.TrimSpace(data[r.tokens.InputOffset():])) > 0:
		return nil, r.place("", errors.New("there is more after the baseline"))
	}
	return b, nil
}

// baselineReader walks the tokens of a baseline file.
type baselineReader struct {
	data   []byte
	tokens *json.Decoder
}

func (r *baselineReader) view(path string) (ViewBaseline, error) {
	v := ViewBaseline{Columns: map[string]ColumnBaseline{}}
	err := r.object(path, func(name, path string) (err error) {
		switch name {
		case "rows":
			v.Rows, err = r.count(path)
		case "columns":
			err = r.object(path, func(name, path string) error {
				c, err := r.column(path)
				v.Columns[name] = c
				return err
			})
		default:
			err = r.place(path, errUnknownField)
		}
		return err
	})
	return v, err
}

func (r *baselineReader) column(path string) (ColumnBaseline, error) {
	c := ColumnBaseline{}
	err := r.object(path, func(name, path string) (err error) {
		switch name {
		case "nulls":
			c.Nulls, err = r.count(path)
		case "mean":
			c.Mean, err = r.mean(path)
		case "most_frequent":
			c.MostFrequent, err = r.scalar(path)
		default:
			err = r.place(path, errUnknownField)
		}
		return err
	})
	return c, err
}

// object hands each field of an object to read, which takes its value.
func (r *baselineReader) object(path string, read func(name, path string) error) error {
	if err := r.delimiter(path, '{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.tokens.More() {
		token, err := r.token(path)
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return r.place(path, errors.New("the name of a field is missing"))
		}
		below := clip(name)
		if path != "" {
			below = path + "." + below
		}
		if seen[name] {
			return r.place(below, errors.New("is there twice"))
		}
		seen[name] = true
		if err := read(name, below); err != nil {
			return err
		}
	}
	_, err := r.token(path)
	return err
}

func (r *baselineReader) mean(path string) ([]float64, error) {
	token, err := r.token(path)
	if err != nil {
		return nil, err
	}
	if token != json.Delim('[') {
		m, err := r.number(path, token)
		return []float64{m}, err
	}
	means := []float64{}
	for r.tokens.More() {
		if len(means) == MaxVector {
			return nil, r.place(path, fmt.Errorf("more than %d numbers", MaxVector))
		}
		below := path + "[" + strconv.Itoa(len(means)) + "]"
		token, err := r.token(below)
		if err != nil {
			return nil, err
		}
		m, err := r.number(below, token)
		if err != nil {
			return nil, err
		}
		means = append(means, m)
	}
	_, err = r.token(path)
	return means, err
}

func (r *baselineReader) number(path string, token json.Token) (float64, error) {
	n, ok := token.(json.Number)
	if !ok {
		return 0, r.place(path, fmt.Errorf("must be a number, not %s", describe(token)))
	}
	v, err := n.Float64()
	if err != nil || math.IsInf(v, 0) {
		return 0, r.place(path, fmt.Errorf("%s is out of range", clip(n.String())))
	}
	return v, nil
}

func (r *baselineReader) scalar(path string) (any, error) {
	token, err := r.token(path)
	if err != nil {
		return nil, err
	}
	switch token.(type) {
	case string, bool, json.Number:
		return token, nil
	default:
		return nil, r.place(path, fmt.Errorf("must be a string, a number, true or false, not %s", describe(token)))
	}
}

// count takes a whole number that is not negative.
func (r *baselineReader) count(path string) (int64, error) {
	token, err := r.token(path)
	if err != nil {
		return 0, err
	}
	n, ok := token.(json.Number)
	if v, err := n.Int64(); ok && err == nil && v >= 0 {
		return v, nil
	}
	return 0, r.place(path, fmt.Errorf("must be a whole number from 0 on, not %s", describe(token)))
}

func (r *baselineReader) delimiter(path string, wanted json.Delim, words string) error {
	token, err := r.token(path)
	if err == nil && token != wanted {
		err = r.place(path, fmt.Errorf("must be %s, not %s", words, describe(token)))
	}
	return err
}

func (r *baselineReader) token(path string) (json.Token, error) {
	token, err := r.tokens.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		err = r.place(path, err)
	}
	return token, err
}

// place puts the line and the path before what is wrong there.
func (r *baselineReader) place(path string, err error) error {
	line := 1 + bytes.Count(r.data[:r.tokens.InputOffset()], []byte{'\n'})
	if path != "" {
		path += ": "
	}
	return fmt.Errorf(":%d: %s%w", line, path, err)
}

var errUnknownField = errors.New("unknown field")

// describe is a token for an error message.
func describe(token json.Token) string {
	switch v := token.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(clip(v))
	case json.Delim:
		if v == '[' || v == ']' {
			return "a list"
		}
		return "an object"
	default:
		return clip(fmt.Sprint(v))
	}
}
