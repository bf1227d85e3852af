package oip_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/rank"
)

// eachProtocol runs a test over HTTP and over gRPC.
func eachProtocol(t *testing.T, server oiptest.Config, client oip.Config, f func(t *testing.T, s *oiptest.Server, c oip.Client)) {
	t.Helper()
	client.Pool = "gpu"
	t.Run("HTTP", func(t *testing.T) {
		s := oiptest.Start(t, server)
		f(t, s, dialed(t, oip.DialHTTP(s.HTTP, client), nil))
	})
	t.Run("gRPC", func(t *testing.T) {
		s := oiptest.Start(t, server)
		c, err := oip.DialGRPC(s.GRPC, client)
		f(t, s, dialed(t, c, err))
	})
}

func dialed(t *testing.T, c oip.Client, err error) oip.Client {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// message returns a call of rows rows of 4 columns: the row's number in each.
func message(rows int) *oip.Message {
	m := oip.NewMessage(nil)
	m.Model, m.ID = "linear", "r1"
	var raw []byte
	for i := range 4 * rows {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(i/4)))
	}
	m.Inputs = []oip.Tensor{{Name: "x", Type: oip.FP32, Shape: []int64{int64(rows), 4}, Raw: raw}}
	return m
}

// scores checks that an answer has the scores of message, and gives it back.
func scores(t *testing.T, reply *oip.Reply, rows int) {
	t.Helper()
	defer reply.Release()
	perUnit := oiptest.Weight(0) + oiptest.Weight(1) + oiptest.Weight(2) + oiptest.Weight(3)
	raw, err := reply.Outputs[0].AppendRaw(nil)
	if err != nil || len(raw) != 4*rows {
		t.Fatalf("%d bytes of scores for %d rows (%v)", len(raw), rows, err)
	}
	for i := range rows {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])); got != float32(i)*perUnit {
			t.Errorf("row %d scores %v; want %v", i, got, float32(i)*perUnit)
		}
	}
}

func TestAServerScoresWhatItIsSent(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, _ *oiptest.Server, c oip.Client) {
		for _, rows := range []int{1, 5, 5000} {
			reply, err := c.Infer(t.Context(), message(rows))
			if err != nil {
				t.Fatal(err)
			}
			if reply.ID != "r1" || reply.Model != "linear" || reply.Version != "1" {
				t.Errorf("the answer is of %s/%s, id %q", reply.Model, reply.Version, reply.ID)
			}
			scores(t, reply, rows)
		}
	})
}

func TestValuesInJSONReachEveryServer(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, _ *oiptest.Server, c oip.Client) {
		m := message(2)
		m.Inputs[0].Raw, m.Inputs[0].JSON = nil, []byte("[[0,0,0,0],[1,1,1,1.0]]")
		reply, err := c.Infer(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		scores(t, reply, 2)
	})
}

func TestMetadataAndReadinessAreAsked(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, s *oiptest.Server, c oip.Client) {
		m, err := c.Metadata(t.Context(), "linear", "1")
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.Graph()
		if err != nil || len(g.Inputs) != 1 || len(g.Outputs) != 1 ||
			g.Inputs[0].String() != "x float32[?, 4]" || g.Outputs[0].String() != "y float32[?]" {
			t.Errorf("graph %v, %v", g, err)
		}
		for _, model := range []string{"", "linear"} {
			if err := c.Ready(t.Context(), model, ""); err != nil {
				t.Errorf("model %q: %v", model, err)
			}
		}
		s.Set(oiptest.Faults{NotReady: true})
		fails(t, c.Ready(t.Context(), "linear", ""), rank.Unavailable)
		_, err = c.Metadata(t.Context(), "other", "")
		fails(t, err, rank.UnknownModel)
	})
}

func TestAServersRefusalKeepsItsKind(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, s *oiptest.Server, c oip.Client) {
		for status, want := range map[int]rank.Code{
			http.StatusBadRequest: rank.InvalidRequest, http.StatusNotFound: rank.UnknownModel,
			http.StatusTooManyRequests: rank.Overloaded, http.StatusInternalServerError: rank.Unavailable,
			http.StatusServiceUnavailable: rank.Unavailable, http.StatusGatewayTimeout: rank.DeadlineExceeded,
		} {
			s.Set(oiptest.Faults{Status: status})
			_, err := c.Infer(t.Context(), message(1))
			fails(t, err, want, "pool gpu: 127.0.0.1:", "told to say so")
		}
		s.Set(oiptest.Faults{})
		m := message(1)
		m.Inputs[0].Name = "z"
		_, err := c.Infer(t.Context(), m)
		fails(t, err, rank.InvalidRequest, "input z")
	})
}

func TestABrokenAnswerIsNoAnswer(t *testing.T) {
	faults := map[string]oiptest.Faults{"truncated": {Truncate: true}, "reset": {Reset: true}}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, s *oiptest.Server, c oip.Client) {
				for range 20 {
					s.Set(f)
					_, err := c.Infer(t.Context(), message(100))
					fails(t, err, rank.Unavailable)
				}
				s.Set(oiptest.Faults{})
				await(t, "it answers again", func() bool {
					reply, err := c.Infer(t.Context(), message(100))
					if err == nil {
						scores(t, reply, 100)
					}
					return err == nil
				})
			})
		})
	}
}

func TestAnAnswerThatIsTooLargeNamesTheLimit(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{MaxResponse: 4000}, func(t *testing.T, s *oiptest.Server, c oip.Client) {
		s.Set(oiptest.Faults{Oversize: 5000})
		_, err := c.Infer(t.Context(), message(1))
		fails(t, err, rank.Unavailable, "more than 4000 bytes (pools.gpu.max_response)")
	})
}

func TestACallThatNobodyAnswersEndsAtItsDeadline(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, s *oiptest.Server, c oip.Client) {
		s.Set(oiptest.Faults{BlackHole: true})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := c.Infer(ctx, message(1))
		fails(t, err, rank.DeadlineExceeded)
	})
}

func TestACancelledCallIsDroppedFromTheServersQueue(t *testing.T) {
	eachProtocol(t, oiptest.Config{}, oip.Config{}, func(t *testing.T, s *oiptest.Server, c oip.Client) {
		release := make(chan struct{})
		s.Set(oiptest.Faults{Hold: release})
		first := make(chan error, 1)
		go func() {
			reply, err := c.Infer(context.Background(), message(1))
			if err == nil {
				reply.Release()
			}
			first <- err
		}()
		await(t, "the first call is served", func() bool { return s.Stats().BusyNow == 1 })
		ctx, cancel := context.WithCancel(t.Context())
		second := make(chan error, 1)
		go func() {
			_, err := c.Infer(ctx, message(1))
			second <- err
		}()
		await(t, "the second call waits", func() bool { return s.Stats().QueuedNow == 1 })
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("the second call says %v; want that it was cancelled", err)
		}
		if err := c.Ready(t.Context(), "", ""); err != nil { // its answer comes after the server has heard of the cancelling
			t.Error(err)
		}
		close(release)
		if err := <-first; err != nil {
			t.Error(err)
		}
		await(t, "the second call is dropped", func() bool { return s.Stats().Dropped == 1 })
		if got := s.Stats().Served; got != 1 {
			t.Errorf("%d calls were served; want 1", got)
		}
	})
}

func TestACallBeyondItsBudgetIsNotServed(t *testing.T) {
	eachProtocol(t, oiptest.Config{PerCall: 20 * time.Millisecond}, oip.Config{}, func(t *testing.T, s *oiptest.Server, c oip.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		done := make(chan error, 10)
		for range 10 {
			go func() {
				reply, err := c.Infer(ctx, message(1))
				if err == nil {
					reply.Release()
				}
				done <- err
			}()
		}
		for range 10 {
			if err := <-done; err != nil {
				fails(t, err, rank.DeadlineExceeded)
			}
		}
		await(t, "no call waits any more", func() bool {
			st := s.Stats()
			return st.Calls == st.Served+st.Dropped+st.Expired
		})
		if st := s.Stats(); st.Served > 4 {
			t.Errorf("%d calls of 20 ms were served for a budget of 50 ms", st.Served)
		}
	})
}

func TestARestartedServerIsCalledAgainAtOnce(t *testing.T) {
	s, err := oiptest.New(oiptest.Config{HTTP: childtest.FreeAddress(t)})
	if err != nil {
		t.Fatal(err)
	}
	c := oip.DialHTTP(s.HTTP, oip.Config{Pool: "gpu"})
	defer c.Close()
	reply, err := c.Infer(t.Context(), message(3))
	if err != nil {
		t.Fatal(err)
	}
	scores(t, reply, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = c.Infer(t.Context(), message(3))
	fails(t, err, rank.Unavailable, "refused")
	oiptest.Start(t, oiptest.Config{HTTP: s.HTTP})
	if reply, err = c.Infer(t.Context(), message(3)); err != nil {
		t.Fatal(err)
	}
	scores(t, reply, 3)
}

// fails checks an error's code and words.
func fails(t *testing.T, err error, code rank.Code, words ...string) {
	t.Helper()
	var e *rank.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("error %v; want %s", err, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(e.Message, w) {
			t.Errorf("error %q does not say %q", e.Message, w)
		}
	}
}

// await waits until ok.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-end:
			t.Fatalf("waited a minute in vain until %s", what)
		case <-tick.C:
		}
	}
}
