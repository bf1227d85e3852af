package onnx

import "errors"

// Owner says whom the rows of a view are about, as far as that tells when a pass needs
// them anew.
type Owner uint8

const (
	OfPairs   Owner = iota // each row of a pass has its own, or they are kept nowhere
	OfRequest              // all rows of a request have the same
	OfItems                // a row of the feature store, which is kept in this process
)

// KeepParts says how TakeApart keeps what items contribute.
type KeepParts struct {
	Size  int                     // bytes, at most
	Owner func(view string) Owner // of the views that the model reads

	// Held is the bytes of a row of a view that its part holds beyond the store's own
	// memory, since the store may drop it: they count. 0 where the store does not.
	Held func(view string) int
}

// ErrWhole says that a model is as well left whole.
var ErrWhole = errors.New("the first layer is computed whole")
