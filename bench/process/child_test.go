package process

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// run starts a script of sh, which ends with the test.
func run(t *testing.T, script string) *Child {
	t.Helper()
	c, err := StartPiped(t.Context(), "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// hear waits for the next byte that a child prints.
func hear(t *testing.T, c *Child) {
	t.Helper()
	if _, err := c.Out.Read(make([]byte, 1)); err != nil {
		t.Fatalf("%v: %s", err, c.Log())
	}
}

func TestAPipedChildTalks(t *testing.T) {
	c := run(t, "read word; echo you said $word; echo aside >&2")
	if _, err := c.In.Write([]byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(c.Out)
	if string(said) != "you said hello\n" || err != nil {
		t.Errorf("it says %q, %v", said, err)
	}
	<-c.ended
	if c.Log() != "aside" {
		t.Errorf("the log is %q", c.Log())
	}
}

func TestStopEndsAChildInOrder(t *testing.T) {
	c := run(t, "trap 'echo bye >&2; exit' TERM; echo; while read word; do :; done")
	hear(t, c)
	c.Stop()
	if c.Log() != "bye" {
		t.Errorf("it says %q; want bye", c.Log())
	}
}

func TestAwaitTellsWhyAChildHasEnded(t *testing.T) {
	c, err := Start(t.Context(), "sh", "-c", "echo no such thing; exit 1")
	if err != nil {
		t.Fatal(err)
	}
	err = c.Await(t.Context(), "ready", func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "ended before ready: no such thing") {
		t.Errorf("%v", err)
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	c := run(t, "read forever")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Await(ctx, "ready", func() bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestTheLogKeepsTheEnd(t *testing.T) {
	var log tail
	for range 3 {
		_, _ = log.Write([]byte(strings.Repeat("a", mostTail)))
	}
	_, _ = log.Write([]byte("end"))
	if got := log.String(); len(got) != mostTail || !strings.HasSuffix(got, "aend") {
		t.Errorf("%d bytes, …%s", len(got), got[len(got)-4:])
	}
}
