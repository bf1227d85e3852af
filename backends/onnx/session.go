//go:build cgo

package onnx

import (
	"errors"
	"fmt"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/model"
)

// Session is one loaded model version, ready to score. It is safe for
// concurrent use: each pass has its own memory, and ONNX Runtime allows
// concurrent runs of one session.
type Session struct {
	path       string
	sig        *model.Signature
	session    *ort.DynamicAdvancedSession
	outputs    []output // that a pass can give, in the graph's order
	details    bool     // some of them are not read by the score
	perRequest bool     // some input is filled once per request
	device     bool     // some input may be read from a device's memory, not from a pass's
}

// output is one graph output that has a value, or several, for each row.
type output struct {
	name   string
	typ    model.Type
	scored bool // the score reads it
	rank   int  // dimensions, 1 or 2
	width  int  // elements per row
}

// NewSession loads the model file at path, whose graph must be the one that
// sig was resolved against, and proves with three small passes that the outputs that
// the score reads follow the number of rows. Other outputs that do can be had too
// (Outputs); those that do not are left alone.
func (r *Runtime) NewSession(path string, graph model.Graph, sig *model.Signature) (*Session, error) {
	outputs := outputsOf(graph, sig)
	s, err := r.newSession(path, nil, outputs, sig)
	if scored := scoredOf(outputs); err != nil && len(scored) < len(outputs) {
		return r.newSession(path, nil, scored, sig) // it may be another output that failed
	}
	return s, err
}

// newSession loads the file at path, or graph in its stead if that is not nil.
func (r *Runtime) newSession(path string, graph []byte, outputs []output, sig *model.Signature) (*Session, error) {
	options, err := r.sessionOptions(ort.GraphOptimizationLevelEnableAll, r.Providers...)
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	s := &Session{path: path, sig: sig, outputs: slices.Clone(outputs), device: r.Providers[0] != CPU}
	inputNames := make([]string, len(sig.Inputs))
	for i, in := range sig.Inputs {
		s.perRequest = s.perRequest || in.PerRequest
		inputNames[i] = in.Name
	}
	outputNames := make([]string, len(s.outputs))
	for i, out := range s.outputs {
		outputNames[i] = out.name
	}
	if graph == nil {
		s.session, err = ort.NewDynamicAdvancedSession(path, inputNames, outputNames, options)
	} else {
		s.session, err = ort.NewDynamicAdvancedSessionWithONNXData(graph, inputNames, outputNames, options)
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	for rows := 1; rows <= 3; rows++ {
		if err := s.probe(rows); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: a pass of %d rows of zeros: %w", path, rows, err), s.Close())
		}
	}
	s.outputs = slices.DeleteFunc(s.outputs, func(o output) bool { return o.rank == unfit })
	s.details = len(scoredOf(s.outputs)) < len(s.outputs)
	if err := s.checkColumns(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), s.Close())
	}
	return s, nil
}

// outputsOf lists each output that a head reads, and the others that may follow the
// rows.
func outputsOf(graph model.Graph, sig *model.Signature) []output {
	var outputs []output
	for _, t := range graph.Outputs {
		scored := slices.ContainsFunc(sig.Heads, func(h model.Head) bool { return h.Output == t.Name })
		numeric := t.Type != model.Unknown && t.Type != model.String
		if scored || numeric && len(t.Dims) <= 2 && (len(t.Dims) == 0 || t.Dims[0] < 0) {
			outputs = append(outputs, output{name: t.Name, typ: t.Type, scored: scored})
		}
	}
	return outputs
}

func scoredOf(outputs []output) []output {
	return slices.DeleteFunc(slices.Clone(outputs), func(o output) bool { return !o.scored })
}

// Outputs lists what a pass can give: the graph's outputs of numbers that are
// [rows] or [rows, width], with every width known.
func (s *Session) Outputs() []model.Tensor {
	outputs := make([]model.Tensor, len(s.outputs))
	for i, o := range s.outputs {
		outputs[i] = model.Tensor{Name: o.name, Type: o.typ, Dims: []int64{-1, int64(o.width)}[:o.rank]}
	}
	return outputs
}

// Close unloads the model. No pass may be running or be used afterwards.
func (s *Session) Close() error { return s.session.Destroy() }

// probe runs rows of zeros, lets ONNX Runtime allocate the outputs, and learns
// or checks their shapes: a graph may leave its output's width open.
func (s *Session) probe(rows int) error {
	memory, err := newInputs(s.sig, rows)
	if err != nil {
		return err
	}
	defer memory.free()
	inputs, err := memory.values(rows, 1)
	if err != nil {
		return err
	}
	defer destroy(inputs)
	outputs := make([]ort.Value, len(s.outputs))
	if err := s.session.Run(inputs, outputs); err != nil {
		return err
	}
	defer destroy(outputs)
	for i := range s.outputs {
		o := &s.outputs[i]
		if o.rank == unfit {
			continue
		}
		if err := o.learn(outputs[i].GetShape(), rows); err != nil {
			if o.scored {
				return err
			}
			o.rank = unfit
		}
	}
	return nil
}

// unfit is the rank of an output that does not follow the rows.
const unfit = -1

// learn takes the output's shape from a pass of the given number of rows.
func (o *output) learn(shape ort.Shape, rows int) error {
	width := 1
	switch {
	case len(shape) == 1:
	case len(shape) == 2 && shape[1] > 0:
		width = int(shape[1])
	default:
		return fmt.Errorf("output %s has shape %v; a score must be [rows] or [rows, columns]", o.name, shape)
	}
	if shape[0] != int64(rows) {
		return fmt.Errorf("output %s has shape %v; its first dimension must follow the number of rows", o.name, shape)
	}
	if o.width != 0 && (o.width != width || o.rank != len(shape)) {
		return fmt.Errorf("output %s changes its width with the number of rows: %v", o.name, shape)
	}
	o.rank, o.width = len(shape), width
	return nil
}

func (s *Session) checkColumns() error {
	for _, h := range s.sig.Heads {
		o := s.outputs[s.outputOf(h)]
		switch {
		case h.Column < 0 && o.width > 1:
			return fmt.Errorf("score.%s: the output has %d columns; say which of them is the score", h.Output, o.width)
		case h.Column >= o.width:
			return fmt.Errorf("score.%s.column: %d is outside the output's %d columns", h.Output, h.Column, o.width)
		}
	}
	return nil
}

func (s *Session) outputOf(h model.Head) int {
	for i, o := range s.outputs {
		if o.name == h.Output {
			return i
		}
	}
	panic("BUG: a head without an output passed Resolve")
}

func destroy(values []ort.Value) {
	for _, v := range values {
		if v != nil {
			v.Destroy()
		}
	}
}
