package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/protofield"
	"github.com/rankgate/rankgate/edge"
)

func (s *Server) repositoryIndex(c *call) (*[]byte, error) {
	w, onlyReady := wire{rest: c.message}, false
	for w.next() {
		onlyReady = onlyReady || w.is(2, protowire.VarintType) && w.Bits != 0
	}
	if w.broken {
		return nil, errMalformed
	}
	entries, err := s.cfg.Inference.Index(c.ctx)
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, e := range entries {
		if onlyReady && e.State != oip.StateReady {
			continue
		}
		b = protofield.AppendNested(b, 1, func(b []byte) []byte {
			b = protofield.AppendText(protofield.AppendText(b, 1, e.Name), 2, e.Version)
			return protofield.AppendText(protofield.AppendText(b, 3, e.State), 4, e.Reason)
		})
	}
	return &b, nil
}

func (s *Server) repositoryLoad(c *call) (*[]byte, error) { return s.control(c, s.cfg.Inference.Load) }

func (s *Server) repositoryUnload(c *call) (*[]byte, error) {
	return s.control(c, s.cfg.Inference.Unload)
}

// control does something to the model that is a message's second field, if callers may.
func (s *Server) control(c *call, do func(ctx context.Context, model string) error) (*[]byte, error) {
	if !s.cfg.Repository {
		return nil, status.Error(codes.PermissionDenied, "models are not loaded or unloaded by callers here (listen.repository_control)")
	}
	w, model := wire{rest: c.message}, ""
	for w.next() {
		switch {
		case w.is(2, protowire.BytesType):
			model = string(w.Bytes)
		case w.is(3, protowire.BytesType):
			if bad := edge.LoadParameter(firstText(w.Bytes)); bad != nil {
				return nil, bad
			}
		}
	}
	if w.broken {
		return nil, errMalformed
	}
	return new([]byte), do(c.ctx, model)
}

// firstText is the key of an entry of a map.
func firstText(entry []byte) (key string) {
	w := wire{rest: entry}
	for w.next() {
		if w.is(1, protowire.BytesType) {
			key = string(w.Bytes)
		}
	}
	return key
}

func (s *Server) modelStatistics(c *call) (*[]byte, error) {
	n, err := c.named()
	if err != nil {
		return nil, err
	}
	statistics, err := s.cfg.Inference.Statistics(c.ctx, n.first, n.second)
	if err != nil {
		return nil, err
	}
	var b []byte
	for i := range statistics {
		b = protofield.AppendNested(b, 1, func(b []byte) []byte { return appendStatistics(b, &statistics[i]) })
	}
	return &b, nil
}

// appendStatistics appends a ModelStatistics.
func appendStatistics(b []byte, s *oip.Statistics) []byte {
	b = protofield.AppendText(protofield.AppendText(b, 1, s.Model), 2, s.Version)
	if !s.LastInference.IsZero() {
		b = protofield.AppendNumber(b, 3, uint64(s.LastInference.UnixMilli()))
	}
	b = protofield.AppendNumber(protofield.AppendNumber(b, 4, s.Rows), 5, s.Passes)
	return protofield.AppendNested(b, 6, func(b []byte) []byte {
		for _, part := range []struct {
			number protowire.Number
			tally  oip.Tally
		}{{1, s.Success}, {2, s.Fail}, {3, s.Queue}, {5, s.Infer}} {
			b = protofield.AppendNested(b, part.number, func(b []byte) []byte {
				return protofield.AppendNumber(protofield.AppendNumber(b, 1, part.tally.Count), 2, uint64(part.tally.Total/time.Nanosecond))
			})
		}
		return b
	})
}
