package rpc

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/rankgate/rankgate/rank"
)

func TestHealthFollowsReadiness(t *testing.T) {
	var loaded atomic.Bool
	s := startWhen(t, settings(), descending, loaded.Load)
	health := grpc_health_v1.NewHealthClient(s.dial(t))
	watch, err := health.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: rankingName})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []grpc_health_v1.HealthCheckResponse_ServingStatus{
		grpc_health_v1.HealthCheckResponse_NOT_SERVING, grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING,
	} {
		loaded.Store(want == grpc_health_v1.HealthCheckResponse_SERVING)
		if got, err := watch.Recv(); err != nil || got.GetStatus() != want {
			t.Errorf("the watch says %v, %v; want %v", got, err, want)
		}
		for _, service := range []string{"", rankingName, "grpc.health.v1.Health"} {
			got, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
			if err != nil || got.GetStatus() != want {
				t.Errorf("%q is %v, %v; want %v", service, got, err, want)
			}
		}
		list, err := health.List(t.Context(), &grpc_health_v1.HealthListRequest{})
		if err != nil || len(list.GetStatuses()) != 3 || list.GetStatuses()[""].GetStatus() != want {
			t.Errorf("the list is %v, %v; want three that are %v", list, err, want)
		}
	}
	_, err = health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "nobody"})
	refused(t, "an unknown service", err, codes.NotFound, "unknown service")
}

func TestADrainTurnsHealthOffAndLosesNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := settings()
		cfg.Drain.Wait = 100 * time.Millisecond
		begun, end := make(chan struct{}), make(chan struct{})
		s := startInMemory(t, cfg, func(req *rank.Request, res *rank.Result) error {
			if req.User == "slow" {
				close(begun)
				<-end
			}
			return descending(req, res)
		})
		conn := s.dial(t)
		watch, err := grpc_health_v1.NewHealthClient(conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := watch.Recv(); err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Fatalf("the watch says %v, %v; want SERVING", got, err)
		}
		slow, done := s.ranking(t), make(chan error, 1)
		go func() {
			r := request("1")
			r.User = "slow"
			_, err := slow.Rank(t.Context(), r)
			done <- err
		}()
		<-begun
		drained := make(chan error, 1)
		go func() { drained <- s.Drain(context.Background()) }()
		if got, err := watch.Recv(); err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
			t.Errorf("the watch says %v, %v; want NOT_SERVING", got, err)
		}
		if _, err := s.ranking(t).Rank(t.Context(), request("1")); err != nil {
			t.Errorf("a call in drain.wait: %v; want an answer", err)
		}
		if _, err := watch.Recv(); status.Code(err) != codes.Unavailable {
			t.Errorf("the watch ends with %v; want Unavailable", err)
		}
		close(end)
		if err := <-done; err != nil {
			t.Errorf("the call under way got %v; want its answer", err)
		}
		if err := <-drained; err != nil {
			t.Errorf("Drain() = %v; want nil", err)
		}
	})
}

func TestADrainAbandonsWhatDoesNotEnd(t *testing.T) {
	cfg := settings()
	cfg.Drain.Wait, cfg.Drain.Finish = 0, 20*time.Millisecond
	begun := make(chan struct{})
	s := start(t, cfg, func(req *rank.Request, res *rank.Result) error {
		close(begun)
		await(req.Gone)
		return descending(req, res)
	})
	done := make(chan error, 1)
	client := s.ranking(t)
	go func() {
		_, err := client.Rank(t.Context(), request("1"))
		done <- err
	}()
	<-begun
	if err := s.Drain(context.Background()); err == nil {
		t.Error("Drain() = nil; want an error that says what was abandoned")
	}
	if err := <-done; status.Code(err) != codes.Unavailable {
		t.Errorf("the call got %v; want Unavailable", err)
	}
}
