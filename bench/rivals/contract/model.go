package contract

import (
	"fmt"
	"os"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/rankgate/rankgate/bench/onnx"
)

// LibraryVariable is the environment variable that names the ONNX Runtime library.
const LibraryVariable = "RANKGATE_ONNXRUNTIME_LIB"

// Model is an ONNX file whose graph takes rows and gives a score for each.
type Model struct {
	Input  string
	Output string
	Flat   bool // the output is [rows] and not [rows, 1]

	path string
}

// OpenModel loads ONNX Runtime, if this process has not yet, and reads which inputs
// and outputs the graph in the file at path has. "" for either means its first.
func OpenModel(path, input, output string) (*Model, error) {
	if err := openRuntime(); err != nil {
		return nil, err
	}
	inputs, outputs, err := ort.GetInputOutputInfo(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	in, err := find(inputs, input)
	if err != nil {
		return nil, fmt.Errorf("%s: input: %w", path, err)
	}
	out, err := find(outputs, output)
	if err != nil {
		return nil, fmt.Errorf("%s: output: %w", path, err)
	}
	return &Model{Input: in.Name, Output: out.Name, Flat: len(out.Dimensions) == 1, path: path}, nil
}

// find returns the tensor of float32 that has the name, or is the first.
func find(all []ort.InputOutputInfo, name string) (ort.InputOutputInfo, error) {
	for _, t := range all {
		if name != "" && t.Name != name {
			continue
		}
		if t.DataType != ort.TensorElementDataTypeFloat {
			return t, fmt.Errorf("%s is not of float32", t.Name)
		}
		return t, nil
	}
	return ort.InputOutputInfo{}, fmt.Errorf("there is no %q", name)
}

func openRuntime() error {
	library := os.Getenv(LibraryVariable)
	if library == "" {
		return fmt.Errorf("%s is not set: it is the path of libonnxruntime, which scripts/onnxruntime.sh prints", LibraryVariable)
	}
	return onnx.Open(library)
}

// NewSession loads the model for passes of one thread each, with ONNX Runtime's
// defaults in all else. Its default there is a thread for every core in every pass, and
// they spin while they wait: since requests already run beside each other, that cost the
// plain rival twice the processor time on two cores.
func (m *Model) NewSession() (*ort.DynamicAdvancedSession, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := options.SetIntraOpNumThreads(1); err != nil {
		return nil, err
	}
	return ort.NewDynamicAdvancedSession(m.path, []string{m.Input}, []string{m.Output}, options)
}

// OutputShape is that of the scores of a number of rows.
func (m *Model) OutputShape(rows int) ort.Shape {
	if m.Flat {
		return ort.NewShape(int64(rows))
	}
	return ort.NewShape(int64(rows), 1)
}
