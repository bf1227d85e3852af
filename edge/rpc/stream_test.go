package rpc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/edge"
)

// stream opens a ModelStreamInfer.
func (s served) stream(ctx context.Context, t *testing.T) grpc.ClientStream {
	t.Helper()
	stream, err := s.dial(t).NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, modelStreamInfer, forceFrames)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// askOn sends a message on a stream and returns the answer.
func askOn(stream grpc.ClientStream) (answer []byte, err error) {
	request, err := oip.AppendRequestProto(nil, &message("x").Request)
	if err != nil {
		return nil, err
	}
	// io.EOF tells that the stream has ended, and not why: RecvMsg does.
	if err := stream.SendMsg(frame(request)); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	in := new(oip.Frame)
	err = stream.RecvMsg(in)
	return in.Data.Materialize(), err
}

func TestAStreamThatIsIdleDoesNotHoldTheDrainUp(t *testing.T) {
	service, cfg := newEcho(), settings()
	cfg.Inference = service
	cfg.Drain = edge.Drain{Linger: 10 * time.Millisecond, Finish: time.Minute}
	s := start(t, cfg, descending)
	inferring := s.stream(t.Context(), t)
	if _, err := askOn(inferring); err != nil {
		t.Fatal(err)
	}
	asking, err := grpc_reflection_v1.NewServerReflectionClient(s.dial(t)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = asking.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	})
	if _, err := asking.Recv(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		t.Errorf("Drain() = %v; want nil", err)
	}
	const words = "draining: this instance is about to stop"
	refused(t, "an idle stream", inferring.RecvMsg(new(oip.Frame)), codes.Unavailable, words)
	_, err = asking.Recv()
	refused(t, "an idle stream of questions", err, codes.Unavailable, words)
}

func TestEachMessageOfAStreamCountsAgainstItsKey(t *testing.T) {
	service, cfg := newEcho(), settings()
	cfg.Inference, cfg.Keys = service, new(edge.Keys)
	digest := sha256.Sum256([]byte("open sesame"))
	known := "shop " + hex.EncodeToString(digest[:])
	if err := cfg.Keys.Replace(known + " 0.001:2"); err != nil {
		t.Fatal(err)
	}
	s := start(t, cfg, descending)
	stream := s.stream(with(t, "x-api-key", "open sesame"), t)
	for i, refusal := range []bool{false, false, true, true} {
		answer, err := askOn(stream)
		if got := strings.Contains(string(answer), "0.001"); err != nil || got != refusal {
			t.Errorf("message %d: %q, %v; refused: %v, want %v", i, answer, err, got, refusal)
		}
	}
	if n := s.Stats().Limited.Load(); n != 2 {
		t.Errorf("%d messages met the limit; want 2", n)
	}
	if err := cfg.Keys.Replace("other " + strings.Repeat("0", 64)); err != nil {
		t.Fatal(err)
	}
	if _, err := askOn(stream); status.Code(err) != codes.Unauthenticated {
		t.Errorf("once the key is not known any more: %v; want Unauthenticated", err)
	}
}
