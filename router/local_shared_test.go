package router

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/batcher"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// holdUp runs a pass that does not end before release is called; what comes meanwhile
// waits for it.
func (k *kit) holdUp() (release func()) {
	k.t.Helper()
	h := &hold{entered: make(chan struct{}), proceed: make(chan struct{})}
	k.hold = h
	done := make(chan struct{})
	go func() {
		defer close(done)
		zeros := &denseRows{model: k, values: make([]float32, 1024), n: 1}
		if err := k.batcher.Score(zeros.work()); err != nil {
			k.t.Error(err)
		}
	}()
	<-h.entered
	k.hold = nil
	return func() { close(h.proceed); <-done }
}

// waitFor waits until so many rows are queued.
func (k *kit) waitFor(rows int) {
	for k.batcher.Stats().Queued < rows {
		runtime.Gosched()
	}
}

// denseRows are the rows of a ranking: float32 columns for the graph's inputs.
type denseRows struct {
	model  *kit
	values []float32
	n      int
	scores []float32
}

func (r *denseRows) Len() int { return r.n }

func (r *denseRows) Write(t *model.Tensors, from, to, at, _ int) {
	b := &t.Inputs[0]
	copy(b.Float32[at*b.Width:], r.values[from*b.Width:to*b.Width])
}

func (r *denseRows) work() *batcher.Work {
	r.scores = make([]float32, r.n)
	return &batcher.Work{Rows: r, Deadline: time.Now().Add(time.Minute), Scores: r.scores}
}

func TestRowsOfMessagesAndOfRankingsShareAPassAndGetTheSameBits(t *testing.T) {
	const width, n = 128, 20
	k := newKit(t, "mid.onnx", 64, denseSpec(width, "logits"))
	random := rand.New(rand.NewPCG(3, 4))
	values := make([]float32, n*width)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	ranking := &denseRows{values: values, n: n}
	reply, before := k.inOnePass(ranking, denseMessage(values, width))
	after := k.batcher.Stats()
	if after.Passes-before.Passes != 1 || after.Requests-before.Requests != 2 || after.Rows-before.Rows != 2*n {
		t.Errorf("%d passes of %d requests; want 1 of 2", after.Passes-before.Passes, after.Requests-before.Requests)
	}
	defer reply.Release()
	for i, got := range floats(reply.Outputs[0].Raw) {
		if math.Float32bits(got) != math.Float32bits(ranking.scores[i]) {
			t.Errorf("row %d: the message got %v; the ranking %v", i, got, ranking.scores[i])
		}
	}
}

func TestAPassWithDetailsIsSharedTooAndALargeMessageSplit(t *testing.T) {
	k := newKit(t, "details.onnx", 8, denseSpec(2, "sum"))
	values := make([]float32, 2*30)
	for i := range values {
		values[i] = float32(i) - 20
	}
	ranking := &denseRows{values: values, n: 3}
	reply, _ := k.inOnePass(ranking, denseMessage(values, 2))
	defer reply.Release()
	if !slices.Equal(ranking.scores, []float32{-39, -35, -31}) {
		t.Errorf("scores are %v", ranking.scores)
	}
	sums, scaled := floats(reply.Outputs[0].Raw), reply.Outputs[3].Raw
	for i := range 30 {
		last := math.Float64frombits(binary.LittleEndian.Uint64(scaled[16*i+8:]))
		if sums[i] != values[2*i]+values[2*i+1] || last != 2*float64(values[2*i+1]) {
			t.Errorf("row %d: sum %v, scaled … %v of %v", i, sums[i], last, values[2*i:2*i+2])
		}
	}
}

// inOnePass has a ranking and a message wait for the same pass, and then both answered.
// before is what was counted until then.
func (k *kit) inOnePass(ranking *denseRows, m *oip.Message) (reply *oip.Reply, before batcher.Stats) {
	release := k.holdUp()
	var both sync.WaitGroup
	both.Go(func() {
		if err := k.batcher.Score(ranking.work()); err != nil {
			k.t.Error(err)
		}
	})
	rows := ranking.n + m.Rows()
	both.Go(func() { reply = k.send(m) })
	k.waitFor(rows)
	before = k.batcher.Stats()
	release()
	both.Wait()
	return reply, before
}

// denseMessage is rows for the input "dense", as bytes.
func denseMessage(values []float32, width int) *oip.Message {
	m := oip.NewMessage(nil)
	raw, _ := binary.Append(nil, binary.LittleEndian, values)
	m.Inputs = []oip.Tensor{{Name: "dense", Type: oip.FP32, Shape: []int64{int64(len(values) / width), int64(width)}, Raw: raw}}
	return m
}

// send has m answered, which must succeed.
func (k *kit) send(m *oip.Message) *oip.Reply {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	reply, err := k.local.Infer(ctx, m)
	if err != nil {
		k.t.Error(err)
		return oip.NewReply(nil)
	}
	return reply
}

// tableSpec feeds the graph that refuses ids beyond its table.
func tableSpec() *model.Spec {
	return &model.Spec{
		Inputs: []model.Input{{Name: "id", Columns: columnsOf(1)}},
		Score:  []model.Head{{Output: "value", Weight: 1}},
	}
}

func TestOneRowThatTheModelRefusesFailsItsMessageAndNoOther(t *testing.T) {
	k := newKit(t, "table.onnx", 16, tableSpec())
	ids := func(list string, n string) string {
		return `{"inputs":[{"name":"id","datatype":"INT64","shape":[` + n + `,1],"data":[` + list + `]}]}`
	}
	var bad error
	var good *oip.Reply
	release := k.holdUp()
	var both sync.WaitGroup
	both.Go(func() { _, bad = k.ask(ids("0,99,2,98", "4")) })
	both.Go(func() { good, _ = k.ask(ids("3,1", "2")) })
	k.waitFor(6)
	release()
	both.Wait()
	if !isInvalid(bad) || !strings.Contains(bad.Error(), "the model refused 2 of 4 rows") || strings.Contains(bad.Error(), "\n") {
		t.Errorf("a message with two bad rows got %v", bad)
	}
	if good == nil {
		t.Fatal("its companion got no answer")
	}
	if got := answered(t, good); got != "value FP32[2,1]=[3.5,1.5]" {
		t.Errorf("its companion got %s", got)
	}
	if s := k.local.Statistics(); s.Fail.Count != 1 || s.Success.Count != 1 {
		t.Errorf("Statistics = %+v; want one of either", s)
	}
}

func TestAMessageIsTurnedAwayByItsBudgetOrItsClass(t *testing.T) {
	k := newKit(t, "table.onnx", 16, tableSpec())
	m := message(t, `{"inputs":[{"name":"id","datatype":"INT64","shape":[1,1],"data":[1]}]}`)
	spent, cancel := context.WithDeadline(context.Background(), time.Now())
	defer cancel()
	_, err := k.local.Infer(spent, m)
	if known, ok := errors.AsType[*rank.Error](err); !ok || known.Code != rank.DeadlineExceeded || !batcher.Elsewhere(err) {
		t.Errorf("with its budget spent, a message got %v", err)
	}

	release := k.holdUp()
	gone := make(chan error)
	go func() {
		m := message(t, `{"inputs":[{"name":"id","datatype":"INT64","shape":[1,1],"data":[1]}]}`)
		m.Gone = func() bool { return true }
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := k.local.Infer(ctx, m)
		gone <- err
	}()
	k.waitFor(1)
	release()
	if err := <-gone; err == nil || !strings.Contains(err.Error(), "the caller has left") {
		t.Errorf("a caller that left got %v", err)
	}
}
