package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/monitor"
	"github.com/rankgate/rankgate/router"
)

// openLocal loads and warms a version in this process. Where its first layer can be taken
// apart, rankings are scored by the graph apart, and messages of the inference protocol,
// of whose rows nothing is kept, by the whole one.
func (g *gateway) openLocal(v *loaded) (router.Scorer, error) {
	graph, err := g.runtime.Inspect(v.Spec.Path)
	if err != nil {
		return nil, err
	}
	sig, err := v.shape.fit(graph)
	if err != nil {
		return nil, err
	}
	session, err := g.runtime.NewSession(v.Spec.Path, graph, sig)
	if err != nil {
		return nil, err
	}
	v.closers = append(v.closers, session.Close)
	whole, err := g.openBatcher(v, wholePasses(session))
	if err != nil {
		return nil, err
	}
	rankings, stats := whole, whole.Stats
	if apart := g.takeApart(v, session); apart != nil {
		v.closers = append(v.closers, apart.Close)
		v.apart = apart
		if rankings, err = g.openBatcher(v, apartPasses(apart)); err != nil {
			return nil, err
		}
		stats = func() batcher.Stats { return rankings.Stats().Plus(whole.Stats()) }
	}
	v.batchers = append(v.batchers, monitor.BatcherSource{Backend: config.Local, Stats: stats})
	local, err := router.NewLocal(whole, stats, sig, session.Outputs())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Spec.Path, err)
	}
	v.Places = append(v.Places, local)
	v.Graph = model.Graph{Inputs: graph.Inputs, Outputs: session.Outputs()}
	return rankings, nil
}

// openBatcher makes and warms a batcher in front of passes in this process.
func (g *gateway) openBatcher(v *loaded, passes batcher.Scorer) (*batcher.Batcher, error) {
	b, err := batcher.New(g.cfg.Batch, g.runners, passes, g.complain(v.Spec, config.Local))
	if err == nil {
		v.closers = append(v.closers, b.Close)
		err = b.Warm()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Spec.Path, err)
	}
	return b, nil
}

// takeApart takes a version's first layer apart; nil if that can't be or would not pay.
func (g *gateway) takeApart(v *loaded, session *onnx.Session) *onnx.Apart {
	if g.cfg.ONNX.ItemParts == 0 {
		return nil
	}
	log := g.log.With("model", v.Spec.Name, "version", v.Spec.Version)
	keep := onnx.KeepParts{Size: g.cfg.ONNX.ItemParts, Owner: g.ownerOf, Held: g.redis != nil}
	apart, err := g.runtime.TakeApart(session, keep)
	switch {
	case errors.Is(err, onnx.ErrWhole):
		log.Debug("all of the first layer is computed in each pass", "reason", err)
		return nil
	case err != nil:
		log.Warn("the first layer can't be taken apart, so all of it is computed in each pass", "reason", err)
		return nil
	}
	log.Debug("what items contribute to the first layer is kept", "view", apart.View())
	return apart
}

// ownerOf tells whom a view is about.
func (g *gateway) ownerOf(view string) onnx.Owner {
	switch {
	case g.registry.OfRequest(view):
		return onnx.OfRequest
	case g.registry.OfItems(view) && (g.redis == nil || g.redis.Keeps(view)):
		return onnx.OfItems
	default:
		return onnx.OfPairs
	}
}

func wholePasses(session *onnx.Session) batcher.Scorer {
	return batcher.ScorerFunc(func(rows int) (batcher.Pass, error) {
		p, err := session.NewPass(rows)
		if err != nil {
			return nil, err
		}
		return wholePass{p}, nil
	})
}

func apartPasses(apart *onnx.Apart) batcher.Scorer {
	return batcher.ScorerFunc(func(rows int) (batcher.Pass, error) {
		p, err := apart.NewPass(rows)
		if err != nil {
			return nil, err
		}
		return apartPass{p}, nil
	})
}

// Passes in this process always run to their end.
type (
	wholePass struct{ *onnx.Pass }
	apartPass struct{ *onnx.ApartPass }
)

func (p wholePass) Run(rows, requests int, _ time.Time) ([]float32, error) {
	return p.Pass.Run(rows, requests)
}

func (p apartPass) Run(rows, requests int, _ time.Time) ([]float32, error) {
	return p.ApartPass.Run(rows, requests)
}
