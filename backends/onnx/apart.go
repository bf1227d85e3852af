//go:build cgo

package onnx

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/rankgate/rankgate/backends/onnx/cut"
	"github.com/rankgate/rankgate/model"
)

// Apart is a loaded model version whose first layer was taken apart. That layer adds up
// what each column of a row contributes; what the columns of an item contribute is the
// same for every user, so it is kept from pass to pass, and what those of a user or of the
// context do is computed once for all rows of a request:
//
//	whole   h = x·W + b                                for each row of a pass
//	apart   part = x_item·W_item + b                   once for a row of the feature store
//	        u = x_request·W_request                    once for each request
//	        h = x_row·W_row + u[its request] + part    for each row of a pass
//
// Sums of floats depend on their order, so a score may differ from the whole graph's in
// its last digits, as it does with the number of rows in a pass. It is safe for
// concurrent use like a Session.
type Apart struct {
	sig    *model.Signature // how passes are fed
	layout *layout
	halves *cut.Halves // without the models
	rest   *Session
	part   *Session
	kept   *model.Parts
	memory []byte // of kept, outside the Go heap
}

// maxApart bounds the bytes of a file that is taken apart. The model stays in memory
// twice, since messages of the inference protocol are scored by the whole graph; and for
// the time of loading the file is there a few times more.
const maxApart = 64 << 20

// TakeApart takes the first layer of s apart. Of the views of items it chooses the one of
// which most can be kept. An ErrWhole says why the graph has no such layer, or why it
// would not pay; any other error that it should have worked. s is left as it is.
func (r *Runtime) TakeApart(s *Session, keep KeepParts) (*Apart, error) {
	if s.device {
		return nil, fmt.Errorf("%w: the pass runs on a device", ErrWhole)
	}
	if n := mostOfItems(s.sig, keep.Owner); n < minKept {
		return nil, fmt.Errorf("%w: %w", ErrWhole, tooFew(n))
	}
	layers, err := readLayers(s.path)
	if err != nil {
		return nil, err
	}
	layer, columns, err := chooseLayer(s.sig, layers, keep.Owner)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWhole, err)
	}
	halves, err := layer.Split(columns.groups())
	if err != nil {
		return nil, err
	}
	a := &Apart{layout: columns, halves: halves, sig: columns.signature(s.sig, halves)}
	err = a.load(r, s, keep)
	if err == nil {
		err = a.check(s)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func readLayers(path string) ([]*cut.Layer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxApart {
		return nil, fmt.Errorf("%w: the file has %d bytes, more than %d", ErrWhole, info.Size(), maxApart)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	layers, err := cut.Find(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWhole, err)
	}
	return layers, nil
}

func (a *Apart) load(r *Runtime, s *Session, keep KeepParts) (err error) {
	if a.rest, err = r.newSession(s.path, a.halves.Rest, scoredOf(s.outputs), a.sig); err != nil {
		return err
	}
	width, columns := a.layout.width, a.layout.elements[cut.Kept]
	of := &model.Signature{Inputs: []model.Feed{{Tensor: matrix(cut.PartColumns, columns), Width: columns}}}
	outputs := []output{{name: cut.PartOutput, typ: model.Float32, scored: true}}
	if a.part, err = r.newSession(s.path, a.halves.Part, outputs, of); err != nil {
		return err
	}
	each := 4*width + int(unsafe.Sizeof(uintptr(0))) + keep.Held(a.layout.view) // with the address of the row
	if a.memory, err = allocate(4 * width * (keep.Size / each)); err != nil {
		return err
	}
	wantHugePages(a.memory)
	a.kept = model.NewParts(width, floatsOf(a.memory))
	a.halves.Rest, a.halves.Part = nil, nil
	return nil
}

// Signature is how the passes are fed; nil if a is.
func (a *Apart) Signature() *model.Signature {
	if a == nil {
		return nil
	}
	return a.sig
}

// View is the view whose rows' parts are kept.
func (a *Apart) View() string { return a.layout.view }

// Stats returns how many rows' parts were known, and how many had to be computed.
func (a *Apart) Stats() (known, computed uint64) { return a.kept.Stats() }

// Renew lets go of all that is kept of rows of an edition before the given one.
func (a *Apart) Renew(edition uint64) { a.kept.Renew(edition) }

// Close unloads the model. No pass may be running or be used afterwards.
func (a *Apart) Close() error {
	var errs []error
	for _, s := range []*Session{a.rest, a.part} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	release(a.memory)
	return errors.Join(errs...)
}

// ApartPass is the memory of one forward pass of an Apart; see Pass.
type ApartPass struct {
	rest, part *Pass
	input      *model.Part // of rest
}

// NewPass allocates a pass of up to rows rows.
func (a *Apart) NewPass(rows int) (*ApartPass, error) {
	rest, err := a.rest.NewPass(rows)
	if err != nil {
		return nil, err
	}
	part, err := a.part.NewPass(rows)
	if err != nil {
		return nil, errors.Join(err, rest.Close())
	}
	tensors := rest.Tensors()
	tensors.Apart = true
	buffer := &tensors.Inputs[len(tensors.Inputs)-1]
	buffer.Part = model.NewPart(a.kept, buffer.Float32, part.Tensors().Inputs[0], rows)
	return &ApartPass{rest: rest, part: part, input: buffer.Part}, nil
}

// Tensors returns the input memory to fill before Run.
func (p *ApartPass) Tensors() *model.Tensors { return p.rest.Tensors() }

// Run scores the first rows rows; see Pass.Run.
func (p *ApartPass) Run(rows, requests int) ([]float32, error) {
	defer p.input.Forget()
	if n := p.input.Gather(rows); n > 0 {
		if _, err := p.part.Run(n, 1); err != nil {
			return nil, fmt.Errorf("the first layer: %w", err)
		}
		p.input.Scatter(floatsOf(p.part.Output(0)))
	}
	return p.rest.Run(rows, requests)
}

// Close frees the pass.
func (p *ApartPass) Close() error { return errors.Join(p.rest.Close(), p.part.Close()) }

// floatsOf is memory, aligned as ONNX Runtime's is, as float32.
func floatsOf(memory []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory)/4)
}
