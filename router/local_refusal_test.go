package router

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/model"
)

func TestAMessageThatDoesNotFitTheModelIsRefusedInItsWords(t *testing.T) {
	dense := newKit(t, "details.onnx", 8, denseSpec(2, "sum"))
	input := func(fields string) string { return `{"inputs":[{` + fields + `}]}` }
	good := `"name":"dense","datatype":"FP32","shape":[1,2],"data":[1,2]`
	for body, words := range map[string]string{
		`{"inputs":[]}`: "input dense: missing",
		input(`"name":"dens","datatype":"FP32","shape":[1,2],"data":[1,2]`):                        `inputs[0]: "dens": the model has no such input; it has dense`,
		`{"inputs":[{` + good + `},{` + good + `}]}`:                                               "inputs[1]: dense is given twice",
		input(`"name":"dense","datatype":"FP64","shape":[1,2],"data":[1,2]`):                       "input dense: the datatype is FP64; the model's is FP32",
		input(`"name":"dense","datatype":"FP32","shape":[2],"data":[1,2]`):                         "input dense: shape [2]: must be [rows, 2], with one row at least",
		input(`"name":"dense","datatype":"FP32","shape":[2,1],"data":[1,2]`):                       "input dense: shape [2 1]: must be [rows, 2]",
		input(`"name":"dense","datatype":"FP32","shape":[1,2,1],"data":[1,2]`):                     "input dense: shape [1 2 1]: must be [rows, 2]",
		input(`"name":"dense","datatype":"FP32","shape":[0,2],"data":[]`):                          "input dense: shape [0 2]: must be [rows, 2]",
		input(`"name":"dense","datatype":"FP32","shape":[1,2],"data":[1,"x"]`):                     `input dense: value 1: "x" is no FP32`,
		`{"inputs":[{` + good + `}],"outputs":[{"name":"mean"}]}`:                                  `outputs[0]: "mean": the model has no such output that can be answered; it has sum, top, positive, scaled`,
		`{"inputs":[{` + good + `}],"outputs":[{"name":"sum"},{"name":"sum"}]}`:                    "outputs[1]: sum is asked for twice",
		`{"inputs":[{` + good + `}],"outputs":[{"name":"sum","parameters":{"classification":3}}]}`: "outputs[0].parameters.classification: 3: classes are not known",
	} {
		if reply, err := dense.ask(body); reply != nil || !isInvalid(err) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s:\n%v; want\n%s", body, err, words)
		}
	}
	if s := dense.local.Statistics(); s.Fail.Count != 12 || s.Passes != 0 || s.Success.Count != 0 {
		t.Errorf("Statistics = %+v; want 12 failures without a pass", s)
	}
}

func TestInputsOfOneMessageMustAgreeOnTheirRows(t *testing.T) {
	k := newKit(t, "towers.onnx", 8, towersSpec())
	_, err := k.ask(`{"inputs":[{"name":"user","datatype":"FP32","shape":[1,3],"data":[1,0,2]},
		{"name":"row","datatype":"INT64","shape":[2],"data":[0,0]},{"name":"item","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}`)
	if !isInvalid(err) || !strings.Contains(err.Error(), "input item: shape [1 3]: another input has 2 rows") {
		t.Error(err)
	}
}

func TestAStringWithANulByteIsRefused(t *testing.T) {
	in, own := &model.Feed{Tensor: model.Tensor{Name: "word", Type: model.String, Dims: []int64{-1}}, Width: 1}, fill{}
	err := own.read(in, &oip.Tensor{Name: "word", Type: oip.Bytes, Shape: []int64{1}, JSON: []byte(`["a\u0000b"]`)})
	if err == nil || !strings.Contains(err.Error(), "element 0: holds a NUL byte") {
		t.Error(err)
	}
}

func TestAnAnswerThatWouldBeTooLargeIsRefused(t *testing.T) {
	wide := model.Tensor{Name: "wide", Type: model.Float64, Dims: []int64{-1, 1 << 20}}
	k := newKit(t, "sum.onnx", 8, denseSpec(4, "sum"))
	l, err := NewLocal(k.batcher, k.batcher.Stats, k.sig, []model.Tensor{wide})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Infer(context.Background(), denseMessage(make([]float32, 4*9), 4)); err == nil ||
		!strings.Contains(err.Error(), "the outputs of 9 rows take 75497472 bytes; an answer has 67108864 at most") {
		t.Error(err)
	}
}

func TestAnOutputOfStringsIsNoneThatCanBeAnswered(t *testing.T) {
	k := newKit(t, "sum.onnx", 8, denseSpec(4, "sum"))
	if _, err := NewLocal(k.batcher, k.batcher.Stats, k.sig, []model.Tensor{{Name: "word", Type: model.String, Dims: []int64{-1}}}); err == nil {
		t.Error("NewLocal took an output of strings")
	}
}

// FuzzLocal has whatever decodes answered by a graph with all types of inputs, and a
// few rows in bytes of any length beside it.
func FuzzLocal(f *testing.F) {
	f.Add([]byte(`{"inputs":[{"name":"f32","datatype":"FP32","shape":[1,1],"data":[1]}]}`), []byte{1, 0, 0, 0, 'x'}, int64(1))
	f.Add([]byte(`{"inputs":[{"name":"word","datatype":"BYTES","shape":[2,1],"data":["x",""]}],"outputs":[{"name":"a"}]}`), []byte{0, 0, 0, 0, 255}, int64(2))
	f.Add([]byte(`{"inputs":[]}`), []byte{1, 0, 0, 0, 0}, int64(math.MaxInt64))
	k := newKit(f, "types.onnx", 4, everyTypeSpec())
	f.Fuzz(func(t *testing.T, body, raw []byte, rows int64) {
		for _, own := range []bool{false, true} {
			m := oip.NewMessage(nil)
			if err := oip.DecodeRequest(body, oip.NoHeaderLength, &m.Request); err != nil {
				return
			}
			if own { // tensors that no decoder has checked
				m.Inputs = m.Inputs[:0]
				for _, in := range k.sig.Inputs {
					m.Inputs = append(m.Inputs, oip.Tensor{Name: in.Name, Type: oip.TypeOf(in.Type), Shape: []int64{rows, 1}, Raw: raw})
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			reply, err := k.local.Infer(ctx, m)
			cancel()
			if err != nil {
				continue
			}
			for i := range reply.Outputs {
				o := &reply.Outputs[i]
				if n, err := o.Elements(); err != nil || len(o.Raw) != n*o.Type.Size() {
					t.Errorf("output %s%v has %d bytes", o.Name, o.Shape, len(o.Raw))
				}
			}
			reply.Release()
		}
	})
}
