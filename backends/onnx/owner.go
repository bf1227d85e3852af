package onnx

// Owner says whom the rows of a view are about, as far as that tells when a pass needs
// them anew.
type Owner uint8

const (
	OfPairs   Owner = iota // each row of a pass has its own, or they are kept nowhere
	OfRequest              // all rows of a request have the same
	OfItems                // a row of the feature store, which is kept in this process
)
