package oip_test

import (
	"context"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
)

// TestAPassAllocatesAsMuchForManyRowsAsForFew counts the allocations of the server in
// this process too, which has the same rule.
func TestAPassAllocatesAsMuchForManyRowsAsForFew(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, _ *oiptest.Server, c oip.Client) {
		p := pass(t, calling(c), linear, 2000)
		count := func(rows int) float64 {
			fill(p, rows)
			return testing.AllocsPerRun(200, func() {
				if _, err := p.Run(rows, 1, time.Now().Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
			})
		}
		few, many := count(10), count(2000)
		if many > few+20 { // the frames that HTTP/2 cuts a message into, not rows
			t.Errorf("10 rows take %v allocations, 2000 take %v", few, many)
		}
	})
}

func BenchmarkPass200Rows(b *testing.B) {
	s := oiptest.Start(b, oiptest.Config{})
	overGRPC, err := oip.DialGRPC(s.GRPC, oip.Config{})
	if err != nil {
		b.Fatal(err)
	}
	for name, c := range map[string]oip.Client{"HTTP": oip.DialHTTP(s.HTTP, oip.Config{}), "gRPC": overGRPC} {
		b.Run(name, func(b *testing.B) {
			p := pass(b, calling(c), linear, 200)
			fill(p, 200)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Run(200, 1, time.Now().Add(time.Minute)); err != nil {
					b.Fatal(err)
				}
			}
		})
		c.Close()
	}
}

// BenchmarkPassAlone is a pass without a wire: what packing and adding up cost.
func BenchmarkPassAlone(b *testing.B) {
	answer := oip.Tensor{Name: "y", Type: oip.FP32, Shape: []int64{200}, Raw: make([]byte, 800)}
	p := pass(b, oip.CallerFunc(func(context.Context, int, *oip.Message) (*oip.Reply, error) {
		return &oip.Reply{Response: oip.Response{Outputs: []oip.Tensor{answer}}}, nil
	}), linear, 200)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Run(200, 1, time.Now().Add(time.Minute)); err != nil {
			b.Fatal(err)
		}
	}
}
