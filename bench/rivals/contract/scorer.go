package contract

import ort "github.com/yalue/onnxruntime_go"

// Scorer runs a model as the binding's documentation shows, with tensors that it makes
// for each pass. It is safe for concurrent use.
type Scorer struct {
	model   *Model
	session *ort.DynamicAdvancedSession
}

// NewScorer loads the model.
func (m *Model) NewScorer() (*Scorer, error) {
	session, err := m.NewSession()
	if err != nil {
		return nil, err
	}
	return &Scorer{model: m, session: session}, nil
}

// Score returns the scores of count rows, which lie one after the other.
func (s *Scorer) Score(rows []float32, count int) ([]float32, error) {
	input, err := ort.NewTensor(ort.NewShape(int64(count), int64(len(rows)/count)), rows)
	if err != nil {
		return nil, err
	}
	defer destroy(input)
	output, err := ort.NewEmptyTensor[float32](s.model.OutputShape(count))
	if err != nil {
		return nil, err
	}
	defer destroy(output)
	if err := s.session.Run([]ort.Value{input}, []ort.Value{output}); err != nil {
		return nil, err
	}
	return output.GetData(), nil // which outlives the tensor
}

// Close unloads the model.
func (s *Scorer) Close() error { return s.session.Destroy() }

func destroy(value ort.Value) { value.Destroy() }
