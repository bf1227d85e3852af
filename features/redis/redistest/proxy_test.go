package redistest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// disturbed is a client of a value behind a proxy.
type disturbed struct {
	*Proxy

	t      *testing.T
	client rueidis.Client
	value  string
}

func newDisturbed(t *testing.T) *disturbed {
	t.Helper()
	d := &disturbed{Proxy: StartProxy(t, Start(t).Addr), t: t, value: strings.Repeat("x", 200_000)}
	option := alone(d.Addr)
	option.DisableRetry, option.AlwaysPipelining = true, true
	d.client = open(t, option)
	if err := says(d.client, "OK", "SET", "a", d.value); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *disturbed) get(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	got, err := d.client.Do(ctx, d.client.B().Get().Key("a").Build()).ToString()
	if err == nil && got != d.value {
		d.t.Errorf("%d bytes in place of %d", len(got), len(d.value))
	}
	return err
}

func (d *disturbed) restore() {
	d.t.Helper()
	d.Restore()
	await(d.t, "it answers again", func() error { return d.get(patience) })
}

func TestAProxyBreaksConnectionsUntilItIsRestored(t *testing.T) {
	d := newDisturbed(t)
	for what, c := range map[string]struct {
		disturb func()
		says    string
	}{
		"refused": {d.Refuse, "connection refused"},
		"cut":     {func() { d.ResetMidReply(50_000) }, "connection reset by peer"},
	} {
		c.disturb()
		await(t, what, func() error {
			err := d.get(patience)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				return errors.New(c.says + " is not what it says: " + errorText(err))
			}
			return nil
		})
		d.restore()
	}
}

func TestAProxyHoldsRepliesBackUntilItIsRestored(t *testing.T) {
	d := newDisturbed(t)
	for what, disturb := range map[string]func(){
		"swallowed": d.BlackHole,
		"late":      func() { d.Latency(time.Minute) },
		"slow":      func() { d.Slow(1) },
	} {
		disturb()
		if err := d.get(20 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
		d.restore()
	}
}

func TestAProxyThatCutsManyRepliesLeavesNothingBehind(t *testing.T) {
	d := newDisturbed(t)
	d.ResetMidReply(50_000)
	for range 50 {
		if err := d.get(patience); err == nil {
			t.Fatal("a whole reply")
		}
	}
	d.restore() // and TestMain looks for goroutines
}

func errorText(err error) string {
	if err == nil {
		return "nothing"
	}
	return err.Error()
}
