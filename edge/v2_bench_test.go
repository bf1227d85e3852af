package edge

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
)

// inferBench is one inference of rows of 16 after another through the handler's own
// code, without a connection and without the pool.
type inferBench struct {
	*bench
	service zeros32
	x       *inference
	header  string
	body    []byte
}

func newInferBench(t testing.TB, rows int) *inferBench {
	cfg := DefaultConfig()
	b := &inferBench{bench: newBench(t)}
	cfg.Inference = &b.service
	b.s = newServer(t, cfg, descending)
	b.c.first = time.Now().Add(time.Hour)
	b.x = b.s.newInference().(*inference)
	b.header = fmt.Sprintf(`{"inputs":[{"name":"x","shape":[%d,16],"datatype":"FP32","parameters":{"binary_data_size":%d}}],`+
		`"outputs":[{"name":"y","parameters":{"binary_data":true}}]}`, rows, 64*rows)
	b.body = []byte(b.header + strings.Repeat("\x00", 64*rows))
	b.ctx.Request.Header.Set(oip.HeaderLength, strconv.Itoa(len(b.header)))
	return b
}

func (b *inferBench) run(t testing.TB) {
	b.stream.Reset(b.body)
	b.ctx.Request.SetBodyStream(&b.stream, len(b.body))
	if r := b.s.inferInto(&b.ctx, b.c, b.x, targetOf([]byte(infer))); r != nil {
		t.Fatal(r.message)
	}
	b.s.release(&b.x.intake)
	b.x.reset()
	b.ctx.Response.Reset()
}

// zeros32 is a Service that scores every row 0.
type zeros32 struct {
	*sums
	raw  []byte // of the input, as it was seen
	none [4000]byte
}

func (z *zeros32) Infer(_ context.Context, m *oip.Message) (*oip.Reply, error) {
	r := oip.NewReply(nil)
	x := &m.Inputs[0]
	z.raw, r.Model = x.Raw, m.Model
	r.Outputs = append(r.Outputs, oip.Tensor{Name: "y", Type: oip.FP32, Shape: x.Shape[:1], Raw: z.none[:4*x.Shape[0]]})
	return r, nil
}

func TestAnInferenceAllocatesAsMuchForManyRowsAsForFew(t *testing.T) {
	allocs := func(rows int) float64 {
		b := newInferBench(t, rows)
		return testing.AllocsPerRun(50, func() { b.run(t) })
	}
	few, many := allocs(10), allocs(1000)
	if most := 20.0; many > few+1 || few > most { // the reply's pool is emptied at random by the race detector
		t.Errorf("10 rows take %v allocations, 1000 take %v; want as many, and at most %v", few, many, most)
	}
}

func TestATensorIsAViewOfTheMemoryThatItsBodyWasReadInto(t *testing.T) {
	b := newInferBench(t, 800)
	for range 2 {
		b.run(t)
	}
	body := b.x.body[:cap(b.x.body)]
	if raw := b.service.raw; len(raw) != 800*64 || len(body) < len(b.body) || &raw[0] != &body[len(b.header)] {
		t.Error("the tensor's bytes were copied")
	}
}

func TestAnUnusuallyLargeInferenceLeavesNoMemoryInThePool(t *testing.T) {
	b := newInferBench(t, 1)
	b.body = []byte(`{"inputs":[{"name":"x","shape":[1,250000],"datatype":"INT8","data":[0` + strings.Repeat(",1", 249_999) + `]}` +
		strings.Repeat(`,{"name":"y","shape":[0],"datatype":"INT8","data":[],"parameters":{"a":1}}`, 16_000) + `],` +
		`"outputs":[{"name":"y"}` + strings.Repeat(`,{"name":"y"}`, 10_000) + `]}`)
	b.ctx.Request.Header.Del(oip.HeaderLength)
	b.run(t)
	x := b.x
	for name, kept := range map[string]int{
		"body": cap(x.body), "spare": cap(x.spare), "words": cap(x.words), "out": cap(x.out),
		"Inputs": 128 * cap(x.message.Inputs), "Outputs": 64 * cap(x.message.Outputs), "Parameters": 32 * cap(x.message.Parameters),
	} {
		if kept > 1<<20 {
			t.Errorf("%s keeps %d bytes; want at most 1 MiB", name, kept)
		}
	}
}

// BenchmarkInference800x16 is everything that edge does for an inference but sockets
// and HTTP: 51 kB of floats come in, 3 kB go out.
func BenchmarkInference800x16(b *testing.B) {
	bench := newInferBench(b, 800)
	b.ReportAllocs()
	for b.Loop() {
		bench.run(b)
	}
}
