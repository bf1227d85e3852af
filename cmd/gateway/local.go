package main

import (
	"errors"
	"fmt"
	"math"
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
	apart := g.openApart(v, session)
	warm := math.MaxInt
	if apart != nil {
		warm = 1 // not all who rank speak the inference protocol too
	}
	whole, err := g.openBatcher(v, wholePasses(session), warm)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Spec.Path, err)
	}
	rankings, stats := whole, whole.Stats
	if apart != nil {
		rankings, stats = apart, func() batcher.Stats { return apart.Stats().Plus(whole.Stats()) }
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

// openBatcher makes a batcher in front of passes in this process and warms so many.
func (g *gateway) openBatcher(v *loaded, passes batcher.Scorer, warm int) (*batcher.Batcher, error) {
	b, err := batcher.New(g.cfg.Batch, g.runners, passes, g.complain(v.Spec, config.Local))
	if err != nil {
		return nil, err
	}
	v.closers = append(v.closers, b.Close)
	return b, b.Warm(warm)
}

// openApart takes a version's first layer apart and returns a batcher in front of that, nil
// if it can't be, or would not pay.
func (g *gateway) openApart(v *loaded, session *onnx.Session) *batcher.Batcher {
	if g.cfg.ONNX.ItemParts == 0 {
		return nil
	}
	log := g.log.With("model", v.Spec.Name, "version", v.Spec.Version)
	keep := onnx.KeepParts{Size: g.cfg.ONNX.ItemParts, Owner: g.ownerOf, Held: g.heldOf}
	apart, err := g.runtime.TakeApart(session, keep)
	if err == nil {
		v.closers = append(v.closers, apart.Close)
		var b *batcher.Batcher
		if b, err = g.openBatcher(v, apartPasses(apart), math.MaxInt); err == nil {
			log.Debug("what items contribute to the first layer is kept", "view", apart.View())
			v.apart = apart
			return b
		}
	}
	if errors.Is(err, onnx.ErrWhole) {
		log.Debug("all of the first layer is computed in each pass", "reason", err)
	} else {
		log.Warn("the first layer can't be taken apart, so all of it is computed in each pass", "reason", err)
	}
	return nil
}

// ownerOf tells whom a view is about.
func (g *gateway) ownerOf(view string) onnx.Owner {
	switch {
	case g.registry.OfRequest(view):
		return onnx.OfRequest
	case g.registry.OfItems(view) && (g.redis == nil || g.redis.KeptSize(view) > 0):
		return onnx.OfItems
	default:
		return onnx.OfPairs
	}
}

// heldOf is the memory of a row of a view that the store may let go of.
func (g *gateway) heldOf(view string) int {
	if g.redis == nil {
		return 0
	}
	return g.redis.KeptSize(view)
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
