//go:build cgo

package onnx

import (
	"errors"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/model"
)

// Session is one loaded model version, ready to score. It is safe for
// concurrent use: each pass has its own memory, and ONNX Runtime allows
// concurrent runs of one session.
type Session struct {
	sig        *model.Signature
	session    *ort.DynamicAdvancedSession
	outputs    []output
	perRequest bool // some input is filled once per request
}

// output is one graph output that the score reads.
type output struct {
	name  string
	typ   model.Type
	rank  int // dimensions, 1 or 2
	width int // elements per row
}

// NewSession loads the model file at path, whose graph must be the one that
// sig was resolved against, and proves with three small passes that its outputs
// follow the number of rows.
func (r *Runtime) NewSession(path string, graph model.Graph, sig *model.Signature) (*Session, error) {
	options, err := r.sessionOptions(ort.GraphOptimizationLevelEnableAll)
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	s := &Session{sig: sig, outputs: outputsOf(graph, sig)}
	inputNames := make([]string, len(sig.Inputs))
	for i, in := range sig.Inputs {
		s.perRequest = s.perRequest || in.PerRequest
		inputNames[i] = in.Name
	}
	outputNames := make([]string, len(s.outputs))
	for i, out := range s.outputs {
		outputNames[i] = out.name
	}
	s.session, err = ort.NewDynamicAdvancedSession(path, inputNames, outputNames, options)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	for rows := 1; rows <= 3; rows++ {
		if err := s.probe(rows); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: a pass of %d rows of zeros: %w", path, rows, err), s.Close())
		}
	}
	return s, nil
}

// outputsOf lists each output that a head reads, once.
func outputsOf(graph model.Graph, sig *model.Signature) []output {
	var outputs []output
	for _, t := range graph.Outputs {
		for _, h := range sig.Heads {
			if h.Output == t.Name {
				outputs = append(outputs, output{name: t.Name, typ: t.Type})
				break
			}
		}
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
		if err := s.outputs[i].learn(outputs[i].GetShape(), rows); err != nil {
			return err
		}
	}
	return s.checkColumns()
}

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
