package router

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// kit is one graph of backends/onnx/testdata, loaded.
type kit struct {
	t       testing.TB
	batcher *batcher.Batcher
	local   *Local
	sig     *model.Signature
	graph   model.Graph
	failed  []error // of passes; read when none runs
	hold    *hold   // before each pass
}

// hold stops passes, once it is set.
type hold struct{ entered, proceed chan struct{} }

// kitPass is a pass in this process.
type kitPass struct {
	*onnx.Pass
	kit *kit
}

func (p kitPass) Run(rows, requests int, _ time.Time) ([]float32, error) {
	if h := p.kit.hold; h != nil {
		h.entered <- struct{}{}
		<-h.proceed
	}
	return p.Pass.Run(rows, requests)
}

// newKit loads a graph whose every column is one element. Its passes run one at a time.
func newKit(t testing.TB, file string, maxRows int, spec *model.Spec) *kit {
	t.Helper()
	runtime, err := onnx.Open(onnx.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	path := "../backends/onnx/testdata/" + file
	k := &kit{t: t}
	if k.graph, err = runtime.Inspect(path); err != nil {
		t.Fatal(err)
	}
	sig, mistakes := model.Resolve(spec, k.graph, func(model.Column, model.Type) (int, error) { return 1, nil })
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	session, err := runtime.NewSession(path, k.graph, sig)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	k.sig = sig
	k.batcher, err = batcher.New(batcher.Config{MaxRows: maxRows}, batcher.NewRunners(1), batcher.ScorerFunc(func(rows int) (batcher.Pass, error) {
		p, err := session.NewPass(rows)
		return kitPass{p, k}, err
	}), func(err error) { k.failed = append(k.failed, err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.batcher.Close() })
	if k.local, err = NewLocal(k.batcher, k.batcher.Stats, sig, session.Outputs()); err != nil {
		t.Fatal(err)
	}
	return k
}

func columnsOf(n int) []model.Column {
	columns := make([]model.Column, n)
	for i := range columns {
		columns[i] = model.Column{View: "item", Name: string(rune('a' + i))}
	}
	return columns
}

// everyTypeSpec feeds the graph that has an input of each type.
func everyTypeSpec() *model.Spec {
	spec := &model.Spec{Score: []model.Head{{Output: "b", Weight: 1}}}
	for _, name := range []string{"f32", "f16", "f64", "i64", "i32", "flag", "word"} {
		spec.Inputs = append(spec.Inputs, model.Input{Name: name, Columns: columnsOf(1)})
	}
	return spec
}

// towersSpec feeds a graph with an input per request.
func towersSpec() *model.Spec {
	user := []model.Column{{View: "user", Name: "a"}, {View: "user", Name: "b"}, {View: "user", Name: "c"}}
	return &model.Spec{
		Inputs: []model.Input{
			{Name: "item", Columns: columnsOf(3)},
			{Name: "user", Columns: user, PerRequest: true, RowIndex: "row"},
		},
		Score: []model.Head{{Output: "dot", Weight: 1}},
	}
}

// denseSpec feeds the one input of a graph.
func denseSpec(width int, output string) *model.Spec {
	return &model.Spec{
		Inputs: []model.Input{{Name: "dense", Columns: columnsOf(width)}},
		Score:  []model.Head{{Output: output, Weight: 1}},
	}
}

// ask decodes a message as a listener does, and has it answered within seconds.
func (k *kit) ask(json string) (*oip.Reply, error) {
	m := message(k.t, json)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return k.local.Infer(ctx, m)
}

func message(t testing.TB, json string) *oip.Message {
	t.Helper()
	m := oip.NewMessage(nil)
	if err := oip.DecodeRequest([]byte(json), oip.NoHeaderLength, &m.Request); err != nil {
		t.Fatal(err)
	}
	return m
}

// answered returns a reply's outputs as JSON, "name[shape]=data" each.
func answered(t testing.TB, r *oip.Reply) string {
	t.Helper()
	defer r.Release()
	var out []string
	for i := range r.Outputs {
		o := &r.Outputs[i]
		data, err := o.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		shape := strings.ReplaceAll(strings.Trim(fmt.Sprint(o.Shape), "[]"), " ", ",")
		out = append(out, o.Name+" "+o.Type.String()+"["+shape+"]="+string(data))
	}
	return strings.Join(out, " ")
}

func TestAMessageIsAnsweredWithEveryOutputOrThoseThatItNames(t *testing.T) {
	k := newKit(t, "details.onnx", 8, denseSpec(2, "sum"))
	const rows = `"inputs":[{"name":"dense","datatype":"FP32","shape":[3,2],"data":[[1,2],[-3,null],[5,4]]}]`
	for outputs, want := range map[string]string{
		``: `sum FP32[3]=[3,null,9] top INT64[3,1]=[1,0,0] positive BOOL[3,2]=[true,true,false,false,true,true] ` +
			`scaled FP64[3,2]=[2,4,-6,null,10,8]`,
		`,"outputs":[{"name":"scaled"},{"name":"sum"}]`: `scaled FP64[3,2]=[2,4,-6,null,10,8] sum FP32[3]=[3,null,9]`,
		`,"outputs":[{"name":"sum"}]`:                   `sum FP32[3]=[3,null,9]`,
	} {
		reply, err := k.ask(`{` + rows + outputs + `}`)
		if err != nil {
			t.Errorf("%s: %v", outputs, err)
		} else if got := answered(t, reply); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", outputs, got, want)
		}
	}
}

func TestRowsOfEveryTypeReachTheGraph(t *testing.T) {
	k := newKit(t, "types.onnx", 2, everyTypeSpec()) // three rows take two passes
	reply, err := k.ask(`{"inputs":[
		{"name":"word","datatype":"BYTES","shape":[3,1],"data":["x","\u00e4 longer one","x"]},
		{"name":"f32","datatype":"FP32","shape":[3,1],"data":[1,2,3]},
		{"name":"f16","datatype":"FP16","shape":[3,1],"data":[0.5,0.25,0]},
		{"name":"f64","datatype":"FP64","shape":[3,1],"data":[10,20,30]},
		{"name":"i64","datatype":"INT64","shape":[3,1],"data":[100,200,300]},
		{"name":"i32","datatype":"INT32","shape":[3,1],"data":[1000,-2000,3000]},
		{"name":"flag","datatype":"BOOL","shape":[3,1],"data":[true,false,true]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := answered(t, reply), "a FP32[3,2]=[1.5,1111,2.25,-1780,3,3331] b FP32[3]=[1,0,1]"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestAMessageWithInputsPerRequestGetsASlotOfItsOwn(t *testing.T) {
	k := newKit(t, "towers.onnx", 8, towersSpec())
	body := func(user, row, item string) string {
		return `{"inputs":[{"name":"user","datatype":"FP32",` + user + `},{"name":"row","datatype":"INT64",` + row +
			`},{"name":"item","datatype":"FP32",` + item + `}]}`
	}
	first := body(`"shape":[1,3],"data":[1,0,2]`, `"shape":[2],"data":[0,0]`, `"shape":[2,3],"data":[1,2,3,4,5,6]`)
	second := body(`"shape":[1,3],"data":[0,1,0]`, `"shape":[1],"data":[0]`, `"shape":[1,3],"data":[7,8,9]`)
	got := k.together(3, first, second)
	if got[0] != "dot FP32[2]=[7,16]" || got[1] != "dot FP32[1]=[8]" {
		t.Errorf("answers are %q", got)
	}
	for bad, words := range map[string]string{
		body(`"shape":[2,3],"data":[1,0,2,1,0,2]`, `"shape":[1],"data":[1]`, `"shape":[1,3],"data":[7,8,9]`):    "input user: shape [2 3]: a message has one row of it",
		body(`"shape":[1,3],"data":[1,0,2]`, `"shape":[1],"data":[1]`, `"shape":[1,3],"data":[7,8,9]`):          "input row: element 0: 1",
		body(`"shape":[1,3],"data":[1,0,2]`, `"shape":[2],"data":[0,-1]`, `"shape":[2,3],"data":[7,8,9,7,8,9]`): "input row: element 1: -1",
	} {
		if _, err := k.ask(bad); !isInvalid(err) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v; want %q", bad, err, words)
		}
	}
}

// together has messages of so many rows answered in one pass, behind one that is held up.
func (k *kit) together(rows int, bodies ...string) []string {
	k.t.Helper()
	answers := make([]string, len(bodies))
	release := k.holdUp()
	done := make(chan struct{})
	for i, body := range bodies {
		go func() {
			reply, err := k.ask(body)
			if err != nil {
				k.t.Error(err)
			} else {
				answers[i] = answered(k.t, reply)
			}
			done <- struct{}{}
		}()
	}
	k.waitFor(rows)
	before := k.batcher.Stats()
	release()
	for range bodies {
		<-done
	}
	if after := k.batcher.Stats(); after.Passes-before.Passes != 1 || int(after.Requests-before.Requests) != len(bodies) {
		k.t.Errorf("%d passes of %d requests; want 1 of %d", after.Passes-before.Passes, after.Requests-before.Requests, len(bodies))
	}
	return answers
}

func isInvalid(err error) bool { return codeOf(err) == rank.InvalidRequest }

func floats(raw []byte) []float32 {
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

func TestAReplyThatIsReleasedGivesItsMemoryToTheNext(t *testing.T) {
	k := newKit(t, "sum.onnx", 8, denseSpec(4, "sum"))
	for i := range 50 {
		reply, err := k.ask(`{"inputs":[{"name":"dense","datatype":"FP32","shape":[1,4],"data":[` + strings.Repeat("1,", 3) + fmt.Sprint(i) + `]}]}`)
		if err != nil {
			t.Fatal(err)
		}
		if got := floats(reply.Outputs[0].Raw); !slices.Equal(got, []float32{float32(3 + i)}) {
			t.Errorf("round %d: %v", i, got)
		}
		reply.Release()
	}
	if s := k.local.Statistics(); s.Success.Count != 50 || s.Rows != 50 || s.Passes != 50 || s.Infer.Count != 50 || s.LastInference.IsZero() {
		t.Errorf("Statistics = %+v; want 50 of everything", s)
	}
}
