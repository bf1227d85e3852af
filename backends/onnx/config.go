package onnx

// Config says which ONNX Runtime to load and how its sessions run.
type Config struct {
	// Library is the path of the shared library. "" means the first of: the
	// environment's RANKGATE_ONNXRUNTIME_LIB, a library beside the program,
	// the one that `make setup` fetched.
	Library string

	// Providers are the execution providers to try, first match wins per node:
	// "tensorrt", "cuda", "cpu". "cpu" must be last; nil means it alone. Those that
	// this library or machine does not have are left out.
	Providers []string

	// IntraOpThreads is the threads of one pass; 0 means 1. More than one pays
	// only for models whose single pass outlasts the budget.
	IntraOpThreads int

	// ItemParts is how many bytes each version may take to keep what items contribute to
	// the first layer of its graph; see Apart. With 0 models are left whole.
	ItemParts int

	// Runners is how many passes run at a time; 0 means one per core.
	Runners int
}

// DefaultConfig is what an empty configuration means.
func DefaultConfig() Config {
	return Config{Providers: []string{"cpu"}, IntraOpThreads: 1, ItemParts: 64 << 20}
}
