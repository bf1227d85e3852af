package pool

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/rankgate/rankgate/rank"
)

func TestEachServerThatTakesCallsIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(3)
		p := w.start(t, w.config())
		var asked []string
		visit := func(ctx context.Context, address string, s *fakeServer) error {
			if _, bounded := ctx.Deadline(); !bounded || s.address != address {
				t.Errorf("asked %s as %s, with a deadline: %v", s.address, address, bounded)
			}
			asked = append(asked, address)
			return nil
		}
		if err := p.Each(t.Context(), visit); err != nil {
			t.Error(err)
		}
		slices.Sort(asked)
		if want := p.addresses(); !slices.Equal(asked, want) {
			t.Errorf("asked %v; want %v", asked, want)
		}
		no := errors.New("no")
		asked = nil
		err := p.Each(t.Context(), func(context.Context, string, *fakeServer) error { asked = append(asked, ""); return no })
		if !errors.Is(err, no) || len(asked) != 1 {
			t.Errorf("Each() = %v after %d servers; want no after 1", err, len(asked))
		}
		stop(t, p)
		if err := p.Each(t.Context(), visit); codeOf(err) != rank.Unavailable {
			t.Errorf("without servers: %v; want unavailable", err)
		}
	})
}
