package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/oip"
)

func (s *Server) repositoryIndex(c *call) (*[]byte, error) {
	w, onlyReady := wire{rest: c.message}, false
	for w.next() {
		onlyReady = onlyReady || w.is(2, protowire.VarintType) && w.bits != 0
	}
	entries, err := s.inference.Index(c.ctx)
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, e := range entries {
		if onlyReady && e.State != "READY" {
			continue
		}
		b = appendNested(b, 1, func(b []byte) []byte {
			return appendText(appendText(appendText(appendText(b, 1, e.Name), 2, e.Version), 3, e.State), 4, e.Reason)
		})
	}
	return &b, nil
}

func (s *Server) repositoryLoad(c *call) (*[]byte, error) { return s.control(c, s.inference.Load) }

func (s *Server) repositoryUnload(c *call) (*[]byte, error) { return s.control(c, s.inference.Unload) }

// control does something to the model that is a message's second field, if callers may.
func (s *Server) control(c *call, do func(ctx context.Context, model string) error) (*[]byte, error) {
	if !s.cfg.Repository {
		return nil, status.Error(codes.PermissionDenied, "models are not loaded or unloaded by callers here (listen.repository_control)")
	}
	n, err := c.named()
	if err != nil {
		return nil, err
	}
	return new([]byte), do(c.ctx, n.second)
}

func (s *Server) modelStatistics(c *call) (*[]byte, error) {
	n, err := c.named()
	if err != nil {
		return nil, err
	}
	statistics, err := s.inference.Statistics(c.ctx, n.first, n.second)
	if err != nil {
		return nil, err
	}
	var b []byte
	for i := range statistics {
		b = appendNested(b, 1, func(b []byte) []byte { return appendStatistics(b, &statistics[i]) })
	}
	return &b, nil
}

// appendStatistics appends a ModelStatistics.
func appendStatistics(b []byte, s *oip.Statistics) []byte {
	b = appendText(appendText(b, 1, s.Model), 2, s.Version)
	if !s.LastInference.IsZero() {
		b = appendNumber(b, 3, uint64(s.LastInference.UnixMilli()))
	}
	b = appendNumber(appendNumber(b, 4, s.Rows), 5, s.Passes)
	return appendNested(b, 6, func(b []byte) []byte {
		for _, part := range []struct {
			number protowire.Number
			tally  oip.Tally
		}{{1, s.Success}, {2, s.Fail}, {3, s.Queue}, {5, s.Infer}} {
			b = appendNested(b, part.number, func(b []byte) []byte {
				return appendNumber(appendNumber(b, 1, part.tally.Count), 2, uint64(part.tally.Total/time.Nanosecond))
			})
		}
		return b
	})
}
