package rpc

import (
	"context"
	"errors"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/rank"
)

// statuses is the one table from codes to gRPC's.
var statuses = [rank.NumCodes]codes.Code{
	rank.InvalidRequest:   codes.InvalidArgument,
	rank.Unauthorized:     codes.Unauthenticated,
	rank.UnknownModel:     codes.NotFound,
	rank.TooLarge:         codes.InvalidArgument, // RESOURCE_EXHAUSTED may be tried again; this never fits
	rank.Overloaded:       codes.ResourceExhausted,
	rank.Unavailable:      codes.Unavailable,
	rank.DeadlineExceeded: codes.DeadlineExceeded,
}

var (
	errPanicked   = status.Error(codes.Internal, "the call failed inside the gateway; its log says why")
	errUnexpected = status.Error(codes.Internal, "the gateway could not answer; its log says why")
)

// refuse counts a call that was not answered, and says why in gRPC's words.
func (s *Server) refuse(err error) error {
	if known, ok := errors.AsType[*rank.Error](err); ok {
		s.stats.Refused[known.Code].Add(1)
		return status.Error(statuses[known.Code], known.Message)
	}
	if said, ok := status.FromError(err); ok {
		return said.Err()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the caller has left")
	case errors.Is(err, context.DeadlineExceeded):
		s.stats.Refused[rank.DeadlineExceeded].Add(1)
		return status.Error(codes.DeadlineExceeded, "no answer within the budget")
	}
	s.stats.Refused[rank.Unavailable].Add(1)
	s.log.Error("a call failed", "error", err) // it may hold what callers must not see
	return errUnexpected
}

// pushback is the trailer by which gRPC's clients are told when to try again, in
// milliseconds (gRFC A6).
const pushback = "grpc-retry-pushback-ms"

func millisUp(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Millisecond-1)/time.Millisecond), 10)
}

// unknown answers methods that are not served.
func (s *Server) unknown(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	words := "there are rankgate.v1.Ranking, inference.GRPCInferenceService, grpc.health.v1.Health and grpc.reflection"
	if reason := unserved[method]; reason != "" {
		words = reason
	}
	s.stats.Refused[rank.InvalidRequest].Add(1)
	return status.Errorf(codes.Unimplemented, "%s is not served: %s", edge.Brief(method), words)
}
