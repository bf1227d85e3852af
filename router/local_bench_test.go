package router

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rankgate/rankgate/backends/oip"
)

// BenchmarkLocal answers messages of 200 rows, whose passes BenchmarkPass of
// backends/onnx measures alone.
func BenchmarkLocal(b *testing.B) {
	for file, width := range map[string]int{"small": 64, "mid": 128} {
		k := newKit(b, file+".onnx", 512, denseSpec(width, "logits"))
		raw := denseMessage(make([]float32, 200*width), width)
		text, err := raw.Inputs[0].AppendJSON(nil)
		if err != nil {
			b.Fatal(err)
		}
		inJSON := oip.NewMessage(nil)
		inJSON.Inputs = []oip.Tensor{{Name: "dense", Type: oip.FP32, Shape: raw.Inputs[0].Shape, JSON: text}}
		for kind, m := range map[string]*oip.Message{"bytes": raw, "json": inJSON} {
			b.Run(fmt.Sprintf("%s/%s/200", file, kind), func(b *testing.B) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
				defer cancel()
				b.ReportAllocs()
				for b.Loop() {
					reply, err := k.local.Infer(ctx, m)
					if err != nil {
						b.Fatal(err)
					}
					reply.Release()
				}
			})
		}
	}
}
