package router

import (
	"context"
	"errors"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/rank"
)

// Inference answers the inference protocol with the models of a Catalogue: it is the
// oip.Service behind the listeners. A message goes the way that a ranking goes, as far
// as it has one: to the version that the same headers would choose, and to the first
// of its places that answers in time.
type Inference struct {
	catalogue  *Catalogue
	server     oip.ServerMetadata
	repository Repository
}

// Repository is the models' files, loaded or not. Its methods are those of oip.Service.
type Repository interface {
	Index(ctx context.Context) ([]oip.IndexEntry, error)
	Load(ctx context.Context, model string) error
	Unload(ctx context.Context, model string) error
}

var _ oip.Service = (*Inference)(nil)

// NewInference returns the service of the models of catalogue, which repository changes.
func NewInference(catalogue *Catalogue, server oip.ServerMetadata, repository Repository) *Inference {
	return &Inference{catalogue: catalogue, server: server, repository: repository}
}

// Infer has m answered in the first place that can. A caller that names no user gets
// the stable version: one name, of all who give none, would take them all to one side
// of a canary's split.
func (s *Inference) Infer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	models := s.catalogue.enter()
	defer models.leave()
	w := wish{model: m.Model, pin: m.Version, user: m.User, canary: m.Canary}
	if w.user == "" && w.canary == rank.CanarySplit {
		w.canary = rank.CanaryNever
	}
	v, variant, err := models.pick(w)
	if err != nil {
		return nil, err
	}
	m.Share = m.Class.Share()
	if variant == canary && w.canary == rank.CanarySplit && v.Trial != nil {
		return v.tryInfer(ctx, m)
	}
	return v.infer(ctx, m)
}

// infer has m answered by the first of the version's places that can.
func (v *Version) infer(ctx context.Context, m *oip.Message) (*oip.Reply, error) {
	err := v.absent()
	for i := range v.Places {
		var reply *oip.Reply
		if reply, err = v.inferAt(ctx, i, m); err == nil {
			reply.Model, reply.Version = v.Spec.Name, v.Spec.Version
			return reply, nil
		}
		if !batcher.Elsewhere(err) || ctx.Err() != nil || left(m.Gone) {
			break
		}
	}
	return nil, coded(ctx, err)
}

// inferAt has m answered by place i, in time for the next one to answer it if that
// fails: a server that hangs is not all there is.
func (v *Version) inferAt(ctx context.Context, i int, m *oip.Message) (*oip.Reply, error) {
	end, limited := ctx.Deadline()
	if limited && i < len(v.Places)-1 {
		rest := time.Until(end)
		if spare := reserve(max(handOver, rest/20)+v.Places[i+1].Cost(m.Rows()), rest); spare > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, end.Add(-spare))
			defer cancel()
		}
	}
	return v.Places[i].Infer(ctx, m)
}

// handOver is for all that another place does but to score, and for this one to give
// up; where there is much time it is more.
const handOver = 2 * time.Millisecond

// absent is the error of a version that has no place.
func (v *Version) absent() error {
	return rank.Errorf(rank.UnknownModel, "version %q of model %q does not answer the inference protocol", v.Spec.Version, v.Spec.Name)
}

// coded returns err with a code.
func coded(ctx context.Context, err error) error {
	if known, ok := errors.AsType[*rank.Error](err); ok {
		return known
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return rank.Errorf(rank.DeadlineExceeded, "no answer within the budget: %v", err)
	case ctx.Err() != nil:
		return rank.Errorf(rank.Unavailable, "the caller has left: %v", err)
	default:
		return rank.Errorf(rank.Unavailable, "%v", err)
	}
}

// codeOf is the code of err, or NumCodes if it has none.
func codeOf(err error) rank.Code {
	if known, ok := errors.AsType[*rank.Error](err); ok {
		return known.Code
	}
	return rank.NumCodes
}

// Server says who answers.
func (s *Inference) Server() oip.ServerMetadata { return s.server }

// Index lists every model and version that there is.
func (s *Inference) Index(ctx context.Context) ([]oip.IndexEntry, error) {
	return s.repository.Index(ctx)
}

// Load reads a model's files anew.
func (s *Inference) Load(ctx context.Context, model string) error {
	return s.repository.Load(ctx, model)
}

// Unload takes a model out.
func (s *Inference) Unload(ctx context.Context, model string) error {
	return s.repository.Unload(ctx, model)
}
