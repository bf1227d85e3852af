//go:build cgo

package onnx

import (
	"fmt"
	"os"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/model"
)

// Runtime is the loaded ONNX Runtime library. There is one per process.
type Runtime struct {
	Library   string            // path that was loaded
	Version   string            // of ONNX Runtime
	Providers []string          // that sessions run on: those of Config.Providers that are there; the last is "cpu"
	Missing   []MissingProvider // the others

	cfg Config
}

// loaded remembers the one library of this process; mu guards it.
var (
	mu     sync.Mutex
	loaded string
)

// Open loads ONNX Runtime. A second call may change sessions' options but not
// the library, which stays in the process until it ends. A provider that is
// missing is no error: Runtime.Missing has it.
func Open(cfg Config) (*Runtime, error) {
	mu.Lock()
	defer mu.Unlock()
	path, err := findLibrary(cfg.Library)
	if err != nil {
		return nil, err
	}
	if loaded == "" {
		// Official builds since 1.29 phone home unless the variable is set
		// before initialization; the call after it covers older ones.
		if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
			return nil, fmt.Errorf("switch off ONNX Runtime's telemetry: %w", err)
		}
		ort.SetSharedLibraryPath(path)
		if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
			return nil, fmt.Errorf("load ONNX Runtime from %q (1.24 or newer is needed): %w", path, err)
		}
		if err := ort.DisableTelemetry(); err != nil {
			return nil, err
		}
		loaded = path
	}
	r := &Runtime{Library: loaded, Version: ort.GetVersion(), cfg: cfg}
	r.chooseProviders()
	return r, nil
}

// Runners returns how many passes should run at a time.
func (r *Runtime) Runners() int {
	if r.cfg.Runners > 0 {
		return r.cfg.Runners
	}
	return runtime.GOMAXPROCS(0)
}

// Inspect reads what the model file at path declares about itself.
func (r *Runtime) Inspect(path string) (model.Graph, error) {
	if _, err := os.Stat(path); err != nil {
		return model.Graph{}, err
	}
	options, err := r.sessionOptions(ort.GraphOptimizationLevelDisableAll, r.Providers...)
	if err != nil {
		return model.Graph{}, err
	}
	defer options.Destroy()
	inputs, outputs, err := ort.GetInputOutputInfoWithOptions(path, options)
	if err != nil {
		return model.Graph{}, fmt.Errorf("read %s: %w", path, err)
	}
	return model.Graph{Inputs: tensors(inputs), Outputs: tensors(outputs)}, nil
}

func tensors(infos []ort.InputOutputInfo) []model.Tensor {
	out := make([]model.Tensor, len(infos))
	for i, info := range infos {
		out[i] = model.Tensor{Name: info.Name, Type: fromORT[info.DataType], Dims: info.Dimensions}
		if info.OrtValueType != ort.ONNXTypeTensor {
			out[i].Type = model.Unknown
		}
	}
	return out
}

var toORT = map[model.Type]ort.TensorElementDataType{
	model.Float32: ort.TensorElementDataTypeFloat,
	model.Float64: ort.TensorElementDataTypeDouble,
	model.Float16: ort.TensorElementDataTypeFloat16,
	model.Int64:   ort.TensorElementDataTypeInt64,
	model.Int32:   ort.TensorElementDataTypeInt32,
	model.Bool:    ort.TensorElementDataTypeBool,
	model.String:  ort.TensorElementDataTypeString,
}

var fromORT = func() map[ort.TensorElementDataType]model.Type {
	inverse := make(map[ort.TensorElementDataType]model.Type, len(toORT))
	for t, o := range toORT {
		inverse[o] = t
	}
	return inverse
}()

// sessionOptions are the settings of every session: explicit thread counts,
// no thread that spins while it waits, and the given providers.
func (r *Runtime) sessionOptions(level ort.GraphOptimizationLevel, providers ...string) (*ort.SessionOptions, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	settings := []error{
		options.SetIntraOpNumThreads(max(r.cfg.IntraOpThreads, 1)),
		options.SetInterOpNumThreads(1),
		options.SetLogSeverityLevel(ort.LoggingLevelFatal), // errors are returned; a caller must not fill the log
		options.SetGraphOptimizationLevel(level),
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	}
	for _, provider := range providers {
		settings = append(settings, appendProvider(options, provider))
	}
	for _, err := range settings {
		if err != nil {
			options.Destroy()
			return nil, err
		}
	}
	return options, nil
}
