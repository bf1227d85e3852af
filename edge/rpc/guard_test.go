package rpc

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/rankgate/rankgate/certtest"
	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/edge/rpc/rankgatev1"
	"github.com/rankgate/rankgate/rank"
)

func TestKeysAreAskedForBeforeAnythingButHealth(t *testing.T) {
	cfg := settings()
	cfg.Inference = newEcho()
	cfg.Keys = new(edge.Keys)
	digest := sha256.Sum256([]byte("open sesame"))
	if err := cfg.Keys.Replace("shop " + hex.EncodeToString(digest[:]) + " 0.001:2"); err != nil {
		t.Fatal(err)
	}
	s := start(t, cfg, descending)
	client := s.ranking(t)
	const missing = "key: missing; send Authorization: Bearer KEY, or X-Api-Key: KEY"
	_, err := client.Rank(t.Context(), request("1"))
	refused(t, "no key", err, codes.Unauthenticated, missing)
	_, err = client.Rank(with(t, "x-api-key", "guess"), request("1"))
	refused(t, "a wrong key", err, codes.Unauthenticated, "key: not among those that are known (auth.keys)")
	for _, key := range [][]string{{"authorization", "Bearer open sesame"}, {"x-api-key", "open sesame"}} {
		if _, err = client.Rank(with(t, key...), request("1")); err != nil {
			t.Errorf("with %q: %v; want an answer", key, err)
		}
	}
	var trailer metadata.MD
	_, err = client.Rank(with(t, "x-api-key", "open sesame"), request("1"), grpc.Trailer(&trailer))
	if status.Code(err) != codes.ResourceExhausted || len(trailer.Get(pushback)) != 1 || s.Stats().Limited.Load() != 1 {
		t.Errorf("above the rate: %v, trailer %v; want ResourceExhausted and when to come back", err, trailer)
	}
	conn := s.dial(t)
	if _, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Errorf("health: %v; want an answer", err)
	}
	err = conn.Invoke(t.Context(), "/nobody.Service/Call", request(), new(rankgatev1.RankResponse))
	refused(t, "an unknown service", err, codes.Unauthenticated, missing)
	for service, info := range s.grpc.GetServiceInfo() {
		for _, method := range info.Methods {
			name := "/" + service + "/" + method.Name
			if isHealth(name) {
				continue
			}
			stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, name)
			if err != nil {
				t.Fatal(err)
			}
			_ = stream.SendMsg(new(rankgatev1.RankRequest))
			refused(t, name, stream.RecvMsg(new(rankgatev1.RankResponse)), codes.Unauthenticated, missing)
		}
	}
}

func TestWhatIsNotServedIsSaid(t *testing.T) {
	s := start(t, settings(), descending)
	conn := s.dial(t)
	for method, want := range map[string]string{
		"/rankgate.v1.Ranking/Sort": "/rankgate.v1.Ranking/Sort is not served: there are rankgate.v1.Ranking, inference.GRPCInferenceService, " +
			"grpc.health.v1.Health and grpc.reflection",
		inferencePrefix + "ModelConfig": "/inference.GRPCInferenceService/ModelConfig is not served: a model here has no config.pbtxt; " +
			"ModelMetadata says what it takes and gives",
	} {
		err := conn.Invoke(t.Context(), method, request(), new(rankgatev1.RankResponse))
		refused(t, method, err, codes.Unimplemented, want)
	}
}

func TestAPanicIsAnsweredAndTheServerGoesOn(t *testing.T) {
	panics := true
	s := start(t, settings(), func(req *rank.Request, res *rank.Result) error {
		if panics {
			panic("a secret")
		}
		return descending(req, res)
	})
	client := s.ranking(t)
	_, err := client.Rank(t.Context(), request("1"))
	refused(t, "a panic", err, codes.Internal, "the call failed inside the gateway; its log says why")
	panics = false
	if _, err := client.Rank(t.Context(), request("1")); err != nil || s.Stats().Panics.Load() != 1 {
		t.Errorf("after a panic: %v, %d panics; want an answer and 1", err, s.Stats().Panics.Load())
	}
}

func TestLimitsThatCallsShareAreKept(t *testing.T) {
	others := new(edge.Stats) // of another listener
	cfg := settings()
	cfg.Inference, cfg.Shared, cfg.Limits.InFlight, cfg.Limits.Body = newEcho(), others, 2, 1<<10
	cfg.Limits.Bodies = 2 << 10
	s := start(t, cfg, descending)
	client := s.ranking(t)
	check := func(what string, want codes.Code, message string) {
		t.Helper()
		_, err := client.Rank(t.Context(), request("1"))
		refused(t, what, err, want, message)
	}
	check("an idle server", codes.OK, "")
	others.InFlight.Add(2)
	check("as many in flight as may be", codes.ResourceExhausted, "more than 2 requests in flight (limits.in_flight)")
	if _, err := s.invoke(t, "ServerReady", func(protoreflect.Message) {}); err != nil {
		t.Errorf("health of a busy server: %v; want an answer", err)
	}
	others.InFlight.Add(-2)
	others.BodiesHeld.Add(2 << 10)
	check("as many bytes as may be", codes.ResourceExhausted, "messages: more than 2048 bytes of all requests together (limits.bodies)")
	others.BodiesHeld.Add(-2 << 10)
	check("an idle server", codes.OK, "")
	_, err := client.Rank(t.Context(), request(strings.Repeat("x", 1<<10)))
	if status.Code(err) != codes.ResourceExhausted || !strings.Contains(status.Convert(err).Message(), "larger than max") {
		t.Errorf("a message above limits.body: %v; want gRPC's own words", err)
	}
	if _, err := client.Rank(with(t, "x-long", strings.Repeat("x", 9<<10)), request("1")); err == nil {
		t.Error("metadata above limits.header was taken")
	}
}

func TestConnectionsAboveTheLimitAreClosed(t *testing.T) {
	cfg := settings()
	cfg.Limits.Connections = 1
	s := start(t, cfg, descending)
	first := s.dial(t)
	if _, err := rankgatev1.NewRankingClient(first).Rank(t.Context(), request("1")); err != nil {
		t.Fatal(err)
	}
	second, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if n, err := second.Read(make([]byte, 1)); err == nil {
		t.Errorf("one too many read %d bytes; want the end", n)
	}
	_ = first.Close()
	await(func() bool { return s.Stats().Connections.Load() == 0 })
	if _, err := s.ranking(t).Rank(t.Context(), request("1")); err != nil || s.Stats().TurnedAway.Load() != 1 {
		t.Errorf("when there is room again: %v, %d turned away; want an answer and 1", err, s.Stats().TurnedAway.Load())
	}
}

func TestAMessageThatDoesNotComeIsNotWaitedForLong(t *testing.T) {
	cfg := settings()
	cfg.Timeouts.Read, cfg.Budget.Max, cfg.Timeouts.Write = 20*time.Millisecond, 60*time.Millisecond, 20*time.Millisecond
	s := start(t, cfg, descending)
	stream, err := s.dial(t).NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, "/rankgate.v1.Ranking/Rank")
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "silence", stream.RecvMsg(new(rankgatev1.RankResponse)), codes.DeadlineExceeded, "context deadline exceeded")
}

func TestASecondMessageIsRefused(t *testing.T) {
	s := start(t, settings(), descending)
	stream, err := s.dial(t).NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, "/rankgate.v1.Ranking/Rank")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_ = stream.SendMsg(request("1"))
	}
	if err := stream.RecvMsg(new(rankgatev1.RankResponse)); status.Code(err) != codes.Internal {
		t.Errorf("two messages: %v; want Internal", err)
	}
}

func TestCallsAreAnsweredUnderTLS(t *testing.T) {
	authority := certtest.NewAuthority(t)
	cfg := settings()
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Certificate("gateway")}, MinVersion: tls.VersionTLS12}
	if _, err := New(cfg, descending, warm, silent()); err == nil || !strings.Contains(err.Error(), "h2") {
		t.Errorf("without h2: %v; want an error that names it", err)
	}
	cfg.TLS.NextProtos = []string{"h2"}
	s := start(t, cfg, descending)
	client := credentials.NewTLS(&tls.Config{RootCAs: authority.Pool, MinVersion: tls.VersionTLS12, ServerName: "127.0.0.1"})
	if _, err := rankgatev1.NewRankingClient(s.dial(t, grpc.WithTransportCredentials(client))).Rank(t.Context(), request("1")); err != nil {
		t.Error(err)
	}
	if _, err := s.ranking(t).Rank(t.Context(), request("1")); status.Code(err) != codes.Unavailable {
		t.Errorf("without TLS: %v; want Unavailable", err)
	}
}

func TestSettingsOutOfTheirRangeAreNamed(t *testing.T) {
	cfg := settings()
	cfg.Limits.Body = 0
	if _, err := New(cfg, descending, warm, silent()); err == nil || !strings.Contains(err.Error(), "limits.body: 0: must be from") {
		t.Errorf("New = %v; want an error that names limits.body", err)
	}
}

func TestCompressedMessagesAreRead(t *testing.T) {
	s := start(t, settings(), descending)
	got, err := s.ranking(t).Rank(t.Context(), request(strings.Repeat("1", 1<<10)), grpc.UseCompressor("gzip"))
	if err != nil || len(got.GetItems()) != 1 {
		t.Errorf("got %v, %v; want an answer", got, err)
	}
	_, err = s.ranking(t).Rank(t.Context(), request(strings.Repeat("1", 5<<20)), grpc.UseCompressor("gzip"))
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a message that inflates beyond limits.body: %v; want ResourceExhausted", err)
	}
}
