//go:build cgo

package demo

import (
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// exampleRequest is Example as the edge would decode it.
func exampleRequest(t *testing.T) (req *rank.Request, all []int32) {
	t.Helper()
	var body struct {
		User    string
		Items   []json.RawMessage
		Context struct {
			Hour   float64
			Device string
		}
	}
	if err := json.Unmarshal(Example(), &body); err != nil {
		t.Fatal(err)
	}
	req = &rank.Request{User: body.User, Context: []rank.Field{
		{Name: "hour", Value: rank.Value{Kind: rank.Float, Float: body.Context.Hour}},
		{Name: "device", Value: rank.Value{Kind: rank.String, Str: body.Context.Device}},
	}}
	for i, data := range body.Items {
		var item struct {
			ID       string
			Features map[string]float64
		}
		if data[0] == '"' {
			item.ID = string(parseRequest().Items[i])
		} else if err := json.Unmarshal(data, &item); err != nil {
			t.Fatal(err)
		}
		from := int32(len(req.Fields))
		for name, value := range item.Features {
			req.Fields = append(req.Fields, rank.Field{Name: name, Value: rank.Value{Kind: rank.Float, Float: value}})
		}
		req.Items = append(req.Items, rank.Item{ID: item.ID, From: from, To: int32(len(req.Fields))})
		all = append(all, int32(i))
	}
	return req, all
}

func TestEveryVersionScoresTheExampleAsTrainingDid(t *testing.T) {
	dir, registry := unpack(t)
	b := features.NewBuilder(registry)
	if err := Fill(b); err != nil {
		t.Fatal(err)
	}
	store := features.NewMemory(registry)
	store.Swap(b)
	runtime, err := onnx.Open(onnx.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	models, err := config.ReadRepository(filepath.Join(dir, "models"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(models) != 2 {
		t.Fatalf("there are %d versions; want 2", len(models))
	}
	for _, m := range models {
		scores := scoreExample(t, runtime, registry, store, &m.Spec)
		for i, want := range noted().Scores[m.Spec.Version] {
			if math.Abs(float64(scores[i]-want)) > Tolerance/10 {
				t.Errorf("version %s, candidate %d: score %g; training had %g", m.Spec.Version, i, scores[i], want)
			}
		}
		if err := Check(m.Spec.Version, answer(scores)); err != nil {
			t.Error(err)
		}
	}
}

// scoreExample scores the example in a pass that starts with a row of another
// user's.
func scoreExample(t *testing.T, runtime *onnx.Runtime, registry *features.Registry, store features.Store, spec *model.Spec) []float32 {
	t.Helper()
	graph, err := runtime.Inspect(spec.Path)
	if err != nil {
		t.Fatal(err)
	}
	sig, mistakes := model.Resolve(spec, graph, features.Widths(registry))
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	plan, err := features.Compile(registry, sig)
	if err != nil {
		t.Fatal(err)
	}
	session, err := runtime.NewSession(spec.Path, graph, sig)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	pass, err := session.NewPass(256)
	if err != nil {
		t.Fatal(err)
	}
	defer pass.Close()

	var rows, other features.Rows
	now := time.Now()
	plan.Fetch(store, &rank.Request{User: "7", Items: []rank.Item{{ID: "1"}}}, []int32{0}, now, now, &other)
	other.Write(pass.Tensors(), 0, 1, 0, 0)
	req, all := exampleRequest(t)
	plan.Fetch(store, req, all, now, now, &rows)
	rows.Write(pass.Tensors(), 0, len(all), 1, 1)
	scores, err := pass.Run(1+len(all), 2)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(scores[1:])
}
