package config

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxVocabulary is the largest vocabulary file, in bytes.
const maxVocabulary = 64 << 20

// vocabularies reads the lists of values that string columns know. A file that
// several columns share is read once.
type vocabularies struct {
	files map[string][]string
	wrong Errors // in the files themselves
}

// decode takes an inline list or the path of a file.
func (d *vocabularies) decode(v *value) []string {
	if v.node.Kind == yaml.SequenceNode {
		return inline(v)
	}
	var path string
	if v.node.Value == "" {
		v.fail("must be a list of values or a file with one per line, not %s", describe(v.node))
		return nil
	}
	if filePath(&path)(v); path == "" {
		return nil
	}
	if words, known := d.files[path]; known {
		return words
	}
	data, err := readFile(path, maxVocabulary)
	if err != nil {
		v.fail("%s can't be read: %v", strconv.Quote(path), err)
		return nil
	}
	words := d.lines(path, data)
	if len(words) == 0 {
		v.fail("%s holds no value", strconv.Quote(path))
	}
	if d.files == nil {
		d.files = map[string][]string{}
	}
	d.files[path] = words
	return words
}

func inline(v *value) []string {
	words := make([]string, 0, len(v.node.Content))
	at := make(map[string]int, len(v.node.Content))
	v.items(func(i int, item *value) {
		var s string
		text(&s)(item)
		if first, twice := at[s]; twice && s != "" {
			item.fail("%s is given twice; the first is element %d", quote(s), first)
		}
		at[s] = i
		words = append(words, s)
	})
	if len(words) == 0 {
		v.fail("is empty; remove it, or list the values that the column knows")
	}
	return words
}

// lines splits a vocabulary file into its values, which are views into it.
func (d *vocabularies) lines(path string, data []byte) []string {
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	var words []string
	at := map[string]int{}
	shown := 0
	for n := 1; text != ""; n++ {
		var word, problem string
		word, text, _ = strings.Cut(text, "\n")
		word = strings.TrimSuffix(word, "\r")
		switch first, twice := at[word]; {
		case word == "":
			problem = "the line is empty; it must hold a value"
		case !utf8.ValidString(word):
			problem = "the line is not UTF-8"
		case twice:
			problem = fmt.Sprintf("%s is given twice; the first is on line %d", quote(word), first)
		default:
			at[word] = n
			words = append(words, word)
			continue
		}
		if shown++; shown <= maxErrors {
			d.wrong = append(d.wrong, Error{File: path, Line: n, Col: 1, Message: problem})
		}
	}
	return words
}
