package rpc

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/rankgate/rankgate/backends/oip"
)

// health is grpc.health.v1.Health. The server, "", and every service of it are SERVING
// while a model is loaded and warm and the server is not on its way out.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	server *Server
}

// service is the service as streams of answers: of any other method gRPC reads the
// message before guard sees the call.
func (h health) service() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: grpc_health_v1.Health_ServiceDesc.ServiceName, HandlerType: (*any)(nil),
		Metadata: grpc_health_v1.Health_ServiceDesc.Metadata,
		Streams: []grpc.StreamDesc{
			{StreamName: "Check", ServerStreams: true, Handler: answering(h.Check)},
			{StreamName: "List", ServerStreams: true, Handler: answering(h.List)},
			{StreamName: "Watch", ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
				var in grpc_health_v1.HealthCheckRequest
				if err := stream.RecvMsg(&in); err != nil {
					return err
				}
				return h.Watch(&in, &grpc.GenericServerStream[grpc_health_v1.HealthCheckRequest, grpc_health_v1.HealthCheckResponse]{
					ServerStream: stream,
				})
			}},
		},
	}
}

// answering makes a handler of what answers one message with one.
func answering[In, Out any](answer func(context.Context, *In) (*Out, error)) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		in := new(In)
		if err := stream.RecvMsg(in); err != nil {
			return err
		}
		out, err := answer(stream.Context(), in)
		if err != nil {
			return err
		}
		return stream.SendMsg(out)
	}
}

// Check says how a service is now.
func (h health) Check(_ context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if !h.knows(r.GetService()) {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	return &grpc_health_v1.HealthCheckResponse{Status: h.status()}, nil
}

// List says how every service is now.
func (h health) List(context.Context, *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	list := &grpc_health_v1.HealthListResponse{Statuses: make(map[string]*grpc_health_v1.HealthCheckResponse)}
	for _, service := range h.services() {
		list.Statuses[service] = &grpc_health_v1.HealthCheckResponse{Status: h.status()}
	}
	return list, nil
}

// watchEvery is how soon who watches a service learns that it has changed.
const watchEvery = 200 * time.Millisecond

// Watch says how a service is, again whenever that changes, until the caller leaves or
// the server does.
func (h health) Watch(
	r *grpc_health_v1.HealthCheckRequest, stream grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse],
) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	said := grpc_health_v1.HealthCheckResponse_UNKNOWN
	draining := h.server.draining
	for {
		now := grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN
		if h.knows(r.GetService()) {
			now = h.status()
		}
		if now != said {
			said = now
			if err := stream.Send(&grpc_health_v1.HealthCheckResponse{Status: now}); err != nil {
				return err
			}
		}
		select {
		case <-ticker.C:
		case <-draining:
			draining = nil
		case <-h.server.leaving:
			return errLeaving
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
	}
}

func (h health) status() grpc_health_v1.HealthCheckResponse_ServingStatus {
	if h.server.serving() {
		return grpc_health_v1.HealthCheckResponse_SERVING
	}
	return grpc_health_v1.HealthCheckResponse_NOT_SERVING
}

func (h health) knows(service string) bool { return slices.Contains(h.services(), service) }

// services are the names that health knows, "" among them.
func (h health) services() []string {
	services := []string{"", rankingName, grpc_health_v1.Health_ServiceDesc.ServiceName}
	if h.server.cfg.Inference != nil {
		services = append(services, oip.ServiceName)
	}
	return services
}

// serving reports whether load balancers should send calls.
func (s *Server) serving() bool {
	select {
	case <-s.draining:
		return false
	default:
		return s.ready()
	}
}
