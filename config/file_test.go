package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAliasesStandForTheirAnchors(t *testing.T) {
	f, err := parse("features.yaml", []byte(`
context: &c
  hour: &hour {type: float32, default: 12}
  minute: *hour
request: *c
`))
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := readRegistry(f)
	if err != nil || len(got.Request) != 2 || got.Request[1].Default.Number != 12 || got.Context[1].Type != got.Context[0].Type {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAliasesThatMultiplyAreRefused(t *testing.T) {
	var metadata, words strings.Builder
	metadata.WriteString("inputs: {x: {columns: [a.b]}}\nscore: y\nmetadata:\n  a0: &a0 [x]\n")
	for i := range 12 {
		fmt.Fprintf(&metadata, "  a%d: &a%d [*a%d%s]\n", i+1, i+1, i, strings.Repeat(fmt.Sprintf(", *a%d", i), 9))
	}
	words.WriteString("context:\n  a: {type: string, vocabulary: &v [")
	for i := range 5000 {
		fmt.Fprintf(&words, "w%d, ", i)
	}
	words.WriteString("]}\n")
	for i := range 100 {
		fmt.Fprintf(&words, "  b%d: {type: string, vocabulary: *v}\n", i)
	}

	f, err := parse("model.yaml", []byte(metadata.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = readModel(f); err == nil || !strings.Contains(err.Error(), "metadata holds more than 1000 values") {
		t.Errorf("metadata: %v", err)
	}
	if f, err = parse("features.yaml", []byte(words.String())); err != nil {
		t.Fatal(err)
	}
	want := "features.yaml:55:35: context.b52.vocabulary: the aliases (*) of this file stand for more than 262144 values; use fewer"
	if _, _, err = readRegistry(f); err == nil || err.Error() != want {
		t.Errorf("words: %v; want %s", err, want)
	}
}

func TestNestingIsBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 5000), strings.Repeat("- ", 5000), strings.Repeat("{a: ", 5000), strings.Repeat("? ", 5000)} {
		if _, err := parse("gateway.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "exceeded max depth of 32") {
			t.Errorf("%.10s…: %v", text, err)
		}
	}
}

func TestMistakesBeyondTheLimitAreCountedAndNotShown(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "key%d: 1\n", i)
	}
	f, _ := parse("gateway.yaml", []byte(b.String()))
	_, err := readConfig(f)
	var list Errors
	if !errors.As(err, &list) || len(list) != maxErrors+1 || list[0].Error() != "gateway.yaml: 5000 mistakes; the first 100 are shown" {
		t.Errorf("%d mistakes, the first: %v", len(list), list[0])
	}
}

func TestLongValuesAreCutInMessages(t *testing.T) {
	long := strings.Repeat("ü", 10_000)
	f, _ := parse("gateway.yaml", []byte("log: {level: "+long+"}\nbudget: {max: "+long+"}\nlisten: {http: "+long+"}\ncache: {size: 1"+long+"}\n"+strings.Repeat("k", 300)+": 1\n"))
	_, err := readConfig(f)
	if err == nil || len(err.Error()) > 2000 {
		t.Errorf("%d bytes", len(err.Error()))
	}
	if _, err = parse("gateway.yaml", []byte("a: *"+strings.Repeat("x", 10_000))); err == nil || len(err.Error()) > 300 {
		t.Errorf("%d bytes", len(err.Error()))
	}
}

func TestErrorsOfSeveralFilesJoinInOrder(t *testing.T) {
	one := Errors{{File: "b", Line: 2, Col: 1, Message: "x"}, {File: "b", Line: 10, Col: 1, Message: "y"}}
	two := Errors{{File: "a", Line: 3, Col: 1, Path: "p", Message: "z"}, {File: "b", Line: 2, Col: 1, Message: "x"}}
	got := Join(one, nil, two, Error{Message: "w"}, errors.New("v"))
	want := "v\nw\na:3:1: p: z\nb:2:1: x\nb:10:1: y"
	if got == nil || got.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", got, want)
	}
	if err := Join(nil, nil); err != nil {
		t.Errorf("nothing is %v", err)
	}
}
