package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/offline"
)

func TestALineIsPrintedEveryFewSeconds(t *testing.T) {
	var out bytes.Buffer
	l := newLines(&out)
	now := l.began
	l.now = func() time.Time { return now }
	for i := range 12 {
		now = l.began.Add(time.Duration(i+1) * time.Second)
		l.Update(offline.Point{View: "item_stats", Rows: int64(1000 * (i + 1)), Bytes: int64(i + 1), Total: 20})
	}
	l.Close()
	if want := "item_stats: 25 %, 5000 rows, 1000 rows/s\nitem_stats: 50 %, 10000 rows, 1000 rows/s\n"; out.String() != want {
		t.Errorf("%q; want %q", out.String(), want)
	}
}

func TestABarShowsWhereTheRunHasCome(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out)
	for i := range 100 {
		b.Update(offline.Point{View: "item_stats", Rows: int64(10 * i), Bytes: int64(i), Total: 200})
	}
	b.Close()
	if text := out.String(); !strings.Contains(text, "item_stats") || !strings.Contains(text, "990 rows") || !strings.Contains(text, "49 %") {
		t.Errorf("%q", text)
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, ok := newProgress(f).(*lines); !ok {
		t.Error("a bar is drawn into a file")
	}
}
