package onnx

// The execution providers that Config.Providers may name.
const (
	TensorRT = "tensorrt"
	CUDA     = "cuda"
	CPU      = "cpu"
)

// MissingProvider is one of Config.Providers that this library or this machine
// can't run models on.
type MissingProvider struct {
	Name    string
	Reason  error  // as ONNX Runtime gives it
	Instead string // the next of Config.Providers that models can run on
}

// Needs says what has to be there for the provider.
func (m MissingProvider) Needs() string {
	const gpu = "ONNX Runtime's GPU package (onnxruntime-gpu in Python's index), whose libonnxruntime onnx.library names " +
		"and whose provider libraries lie beside it; CUDA and cuDNN of the versions that it was built for; NVIDIA's driver and a GPU"
	if m.Name == TensorRT {
		return gpu + "; TensorRT"
	}
	return gpu
}
