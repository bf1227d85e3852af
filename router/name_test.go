package router

import (
	"context"
	"strings"
	"testing"
)

func TestANameThatIsNotThereIsNotSaidWhole(t *testing.T) {
	s := newInference([]Place{&stand{}}, nil)
	long := strings.Repeat("x", 1<<20)
	for _, m := range [][2]string{{long, ""}, {"ranker", long}} {
		if _, err := s.Infer(context.Background(), call(m[0], m[1], "")); err == nil || len(err.Error()) > 1<<10 {
			t.Errorf("%d bytes of error; want a few", len(err.Error()))
		}
	}
}
