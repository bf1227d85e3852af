//go:build cgo

package onnx

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/model"
)

// probeGraph is y = x + x, of one number.
//
//go:embed probe.onnx
var probeGraph []byte

// chooseProviders finds out which of the configured providers are there. It is done
// once, so that every session of the runtime has the same ones.
func (r *Runtime) chooseProviders() {
	replaced := 0 // of r.Missing
	use := func(name string) {
		r.Providers = append(r.Providers, name)
		for ; replaced < len(r.Missing); replaced++ {
			r.Missing[replaced].Instead = name
		}
	}
	for _, name := range r.cfg.Providers {
		if name == CPU {
			break
		}
		if err := r.probe(name); err != nil {
			r.Missing = append(r.Missing, MissingProvider{Name: name, Reason: err})
			continue
		}
		use(name)
	}
	use(CPU)
}

// probe runs a graph on a provider. A library can know a provider on a machine
// without its device, and only a session asks for that; only a pass shows that the
// library was built for it.
func (r *Runtime) probe(provider string) error {
	options, err := r.sessionOptions(ort.GraphOptimizationLevelDisableAll, provider)
	if err != nil {
		if why := r.tryLibrary(provider); why != nil {
			return fmt.Errorf("%w: %w", err, why)
		}
		return err
	}
	defer options.Destroy()
	memory, err := allocate(model.Float32.Size())
	if err != nil {
		return err
	}
	defer release(memory)
	x, err := newValue(ort.NewShape(1), model.Float32, memory)
	if err != nil {
		return err
	}
	defer x.Destroy()
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(probeGraph, []string{"x"}, []string{"y"}, options)
	if err != nil {
		return err
	}
	outputs := []ort.Value{nil}
	err = session.Run([]ort.Value{x}, outputs)
	destroy(outputs)
	return errors.Join(err, session.Destroy())
}

// tryLibrary returns why a provider's own library, beside ONNX Runtime's, can't be loaded:
// it names what is missing, where appending the provider says only that it failed.
func (r *Runtime) tryLibrary(provider string) error {
	path, err := filepath.Abs(filepath.Join(filepath.Dir(r.Library), "libonnxruntime_providers_"+provider+".so"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return nil //nolint:nilerr // this package of ONNX Runtime comes without the provider, as appending it says
	}
	if err := ort.RegisterExecutionProviderLibrary(provider, path); err != nil {
		return err
	}
	return ort.UnregisterExecutionProviderLibrary(provider)
}

func appendProvider(options *ort.SessionOptions, name string) error {
	switch name {
	case CPU:
		return nil // ONNX Runtime appends it to every list
	case CUDA:
		return appendCUDA(options)
	case TensorRT:
		return appendTensorRT(options)
	default:
		return fmt.Errorf("there is no provider %q", name)
	}
}

func appendCUDA(options *ort.SessionOptions) error {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer cuda.Destroy()
	return options.AppendExecutionProviderCUDA(cuda)
}

func appendTensorRT(options *ort.SessionOptions) error {
	trt, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	defer trt.Destroy()
	return options.AppendExecutionProviderTensorRT(trt)
}
