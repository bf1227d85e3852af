package oip_test

import (
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

func TestRealServersScoreAsTheyShould(t *testing.T) {
	t.Run("Triton", func(t *testing.T) {
		servesLinear(t, oiptest.StartTriton(t, ""), "python", "y float32[?, 1]")
	})
	t.Run("MLServer", func(t *testing.T) {
		servesLinear(t, oiptest.StartMLServer(t), "", "y float32[?]")
	})
}

func servesLinear(t *testing.T, server *oiptest.Process, platform, output string) {
	cfg := oip.Config{Pool: "real"}
	overGRPC, err := oip.DialGRPC(server.GRPC, cfg)
	for name, c := range map[string]oip.Client{
		"HTTP": dialed(t, oip.DialHTTP(server.HTTP, cfg), nil), "gRPC": dialed(t, overGRPC, err),
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.Ready(t.Context(), "linear", ""); err != nil {
				t.Fatal(err)
			}
			m, err := c.Metadata(t.Context(), "linear", "")
			if err != nil {
				t.Fatal(err)
			}
			g, err := m.Graph()
			if err != nil || g.Inputs[0].String() != "x float32[?, 4]" || g.Outputs[0].String() != output || m.Platform != platform {
				t.Errorf("platform %q, graph %v, %v", m.Platform, g, err)
			}
			for _, rows := range []int{1, 300} {
				reply, err := c.Infer(t.Context(), message(rows))
				if err != nil {
					t.Fatal(err)
				}
				scores(t, reply, rows)
			}
			passScores(t, c, g)
			_, err = c.Infer(t.Context(), wrongModel())
			fails(t, err, rank.UnknownModel)
		})
	}
}

func wrongModel() *oip.Message {
	m := message(1)
	m.Model = "nope"
	return m
}

// passScores runs a pass over the client and checks its scores.
func passScores(t *testing.T, c oip.Client, g model.Graph) {
	t.Helper()
	p := pass(t, calling(c), g, 8)
	const rows = 5
	perUnit := fill(p, rows)
	got, err := p.Run(rows, 1, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if got[i] != float32(i)*perUnit {
			t.Errorf("row %d scores %v; want %v", i, got[i], float32(i)*perUnit)
		}
	}
}
