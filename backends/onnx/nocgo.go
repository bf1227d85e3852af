//go:build !cgo

package onnx

import (
	"errors"

	"github.com/rankgate/rankgate/model"
)

var errNoCgo = errors.New("this gateway was built without cgo and cannot load ONNX Runtime; build it with CGO_ENABLED=1 and a C compiler")

// Runtime stands in for the one that needs cgo; Open never returns one.
type Runtime struct {
	Library, Version string
	Providers        []string
	Missing          []MissingProvider
}

// Session stands in for the one that needs cgo.
type Session struct{}

// Pass stands in for the one that needs cgo.
type Pass struct{}

// Apart stands in for the one that needs cgo.
type Apart struct{}

// ApartPass stands in for the one that needs cgo.
type ApartPass struct{}

// Open always fails: ONNX Runtime is a C library.
func Open(Config) (*Runtime, error) { return nil, errNoCgo }

func (*Runtime) Runners() int { return 0 }

func (*Runtime) Inspect(string) (model.Graph, error) { return model.Graph{}, errNoCgo }

func (*Runtime) NewSession(string, model.Graph, *model.Signature) (*Session, error) {
	return nil, errNoCgo
}

func (*Runtime) TakeApart(*Session, KeepParts) (*Apart, error) { return nil, errNoCgo }

func (*Apart) Signature() *model.Signature { return nil }

func (*Apart) Renew(uint64) {}

func (*Apart) View() string { return "" }

func (*Apart) Stats() (known, computed uint64) { return 0, 0 }

func (*Apart) NewPass(int) (*ApartPass, error) { return nil, errNoCgo }

func (*Apart) Close() error { return nil }

func (*ApartPass) Tensors() *model.Tensors { return nil }

func (*ApartPass) Run(int, int) ([]float32, error) { return nil, errNoCgo }

func (*ApartPass) Close() error { return nil }

func (*Session) NewPass(int) (*Pass, error) { return nil, errNoCgo }

func (*Session) Outputs() []model.Tensor { return nil }

func (*Session) Close() error { return nil }

func (*Pass) Tensors() *model.Tensors { return nil }

func (*Pass) Run(int, int) ([]float32, error) { return nil, errNoCgo }

func (*Pass) Detail() {}

func (*Pass) Output(int) []byte { return nil }

func (*Pass) Close() error { return nil }
