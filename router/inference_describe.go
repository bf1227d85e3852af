package router

import (
	"context"
	"maps"
	"slices"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Ready returns nil if the model can be called, or any model at all if it is "".
func (s *Inference) Ready(_ context.Context, name, version string) error {
	models := s.catalogue.enter()
	defer models.leave()
	if name != "" || models == nil {
		v, err := models.of(name, version)
		switch {
		case err != nil:
			return err
		case len(v.Places) == 0:
			return v.absent()
		case !v.answers():
			return rank.Errorf(rank.Unavailable, "version %q of model %q: no place that it runs in can answer now", v.Spec.Version, name)
		}
		return nil
	}
	for _, m := range models.models {
		for _, v := range m.Versions {
			if v.answers() {
				return nil
			}
		}
	}
	return rank.Errorf(rank.Unavailable, "no model can answer now")
}

// of returns a version by name, the stable one for "".
func (s *Snapshot) of(model, version string) (*Version, error) {
	v, _, err := s.pick(wish{model: model, pin: version, canary: rank.CanaryNever})
	return v, err
}

// answers tells whether a place can answer messages.
func (v *Version) answers() bool { return slices.ContainsFunc(v.Places, Place.Ready) }

// Metadata returns a model's inputs and outputs.
func (s *Inference) Metadata(_ context.Context, name, version string) (*oip.Metadata, error) {
	models := s.catalogue.enter()
	defer models.leave()
	v, err := models.of(name, version)
	if err != nil {
		return nil, err
	}
	if len(v.Places) == 0 {
		return nil, v.absent()
	}
	return &oip.Metadata{
		Name: v.Spec.Name, Versions: models.models[v.Spec.Name].numbers(), Platform: platform(v.Spec),
		Inputs: described(v.Graph.Inputs), Outputs: described(v.Graph.Outputs),
	}, nil
}

// platform is the protocol's word for what a version is made of: "onnx_onnxv1" is
// the one that its document has for ONNX graphs. What a pool's servers run is not known.
func platform(spec *model.Spec) string {
	if spec.Path == "" {
		return "rankgate_pool"
	}
	return "onnx_onnxv1"
}

// numbers lists the model's versions, ascending.
func (m *Model) numbers() []string {
	return slices.SortedFunc(maps.Keys(m.Versions), model.CompareVersions)
}

// described is tensors in the protocol's words. Those of types that it can't name are
// left out.
func described(tensors []model.Tensor) []oip.Tensor {
	said := make([]oip.Tensor, 0, len(tensors))
	for _, t := range tensors {
		if typ := oip.TypeOf(t.Type); typ != oip.NoType {
			said = append(said, oip.Tensor{Name: t.Name, Type: typ, Shape: t.Dims})
		}
	}
	return said
}

// Statistics counts what the versions of a model have done.
func (s *Inference) Statistics(_ context.Context, name, version string) ([]oip.Statistics, error) {
	models := s.catalogue.enter()
	defer models.leave()
	if name != "" || models == nil {
		v, err := models.of(name, version)
		if err != nil {
			return nil, err
		}
		if version != "" {
			return []oip.Statistics{v.statistics()}, nil
		}
		return models.models[name].statistics(nil), nil
	}
	var all []oip.Statistics
	for _, m := range models.Models() {
		all = m.statistics(all)
	}
	return all, nil
}

// statistics appends those of the model's versions to all.
func (m *Model) statistics(all []oip.Statistics) []oip.Statistics {
	for _, number := range m.numbers() {
		all = append(all, m.Versions[number].statistics())
	}
	return all
}

// statistics adds up what the version's places have done. A message that a second
// place had to answer counts in both.
func (v *Version) statistics() oip.Statistics {
	sum := oip.Statistics{Model: v.Spec.Name, Version: v.Spec.Version}
	for _, place := range v.Places {
		s := place.Statistics()
		if s.LastInference.After(sum.LastInference) {
			sum.LastInference = s.LastInference
		}
		sum.Rows += s.Rows
		sum.Passes += s.Passes
		for to, from := range map[*oip.Tally]oip.Tally{
			&sum.Success: s.Success, &sum.Fail: s.Fail, &sum.Queue: s.Queue, &sum.Infer: s.Infer,
		} {
			to.Count += from.Count
			to.Total += from.Total
		}
	}
	return sum
}
