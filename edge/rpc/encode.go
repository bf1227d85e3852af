package rpc

import (
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
	"github.com/rankgate/rankgate/rank"
)

// The numbers of ranking.proto for a Source, which are also the fields of Coverage, and
// for a Status.
var (
	sources = [rank.NumSources]protowire.Number{
		rank.SourceModel: 1, rank.SourceCache: 2, rank.SourceStale: 3, rank.SourceFallback: 4,
	}
	featureStatuses = [rank.NumStatuses]uint64{
		rank.Present: 1, rank.NullValue: 2, rank.Missing: 3, rank.Stale: 4, rank.Errored: 5,
	}
)

// resultSize returns about how long the answer is.
func resultSize(req *rank.Request, res *rank.Result) int {
	size := 256
	for _, candidate := range res.Order {
		size += len(req.Items[candidate].ID) + 16
	}
	return size
}

// appendResult appends the answer to req, a RankResponse.
func appendResult(dst []byte, req *rank.Request, res *rank.Result, took time.Duration) []byte {
	dst = protofield.AppendText(dst, 1, req.ID)
	dst = protofield.AppendText(dst, 2, res.Model)
	dst = protofield.AppendText(dst, 3, res.Version)
	dst = protofield.AppendText(dst, 4, res.Variant)
	for _, candidate := range res.Order {
		dst = appendItem(dst, req, res, candidate)
	}
	if res.Degraded {
		dst = protofield.AppendNumber(dst, 6, 1)
	}
	dst = protofield.AppendNested(dst, 7, func(dst []byte) []byte {
		for source, n := range res.Coverage {
			dst = protofield.AppendNumber(dst, sources[source], uint64(n))
		}
		return dst
	})
	dst = appendMillis(dst, 8, took)
	return protofield.AppendNested(dst, 9, func(dst []byte) []byte {
		for stage, d := range res.Stages {
			dst = appendMillis(dst, protowire.Number(stage+1), d)
		}
		return dst
	})
}

// appendItem appends a RankedItem. Its length is known before, unless it is explained.
func appendItem(dst []byte, req *rank.Request, res *rank.Result, candidate int32) []byte {
	id := req.Items[candidate].ID
	if req.Explain && int(candidate) < len(res.Features) {
		return protofield.AppendNested(dst, 5, func(dst []byte) []byte {
			dst = appendScored(dst, id, res, candidate)
			for i := range res.Features[candidate] {
				dst = protofield.AppendNested(dst, 4, func(dst []byte) []byte { return appendFeature(dst, &res.Features[candidate][i]) })
			}
			return dst
		})
	}
	size := 1 + protowire.SizeBytes(len(id)) + 1 + 4 + 1 + 1
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 5, protowire.BytesType), uint64(size))
	return appendScored(dst, id, res, candidate)
}

func appendScored(dst []byte, id string, res *rank.Result, candidate int32) []byte {
	dst = protofield.AppendText(dst, 1, id)
	dst = protowire.AppendFixed32(protowire.AppendTag(dst, 2, protowire.Fixed32Type), math.Float32bits(res.Scores[candidate]))
	return protofield.AppendNumber(dst, 3, uint64(sources[res.Sources[candidate]]))
}

// appendFeature appends an ExplainedFeature. A message's strings must be UTF-8, and a
// feature's may have been cut.
func appendFeature(dst []byte, f *rank.Feature) []byte {
	dst = protofield.AppendText(dst, 1, f.Name)
	dst = protofield.AppendNested(dst, 2, func(dst []byte) []byte {
		switch v := f.Value.(type) {
		case bool:
			return protofield.AppendNumber(dst, 1, protowire.EncodeBool(v))
		case int64:
			return protofield.AppendNumber(dst, 2, uint64(v))
		case float32:
			return appendDouble(dst, 3, float64(v))
		case string:
			return protowire.AppendString(protowire.AppendTag(dst, 4, protowire.BytesType), strings.ToValidUTF8(v, "\uFFFD"))
		case []float32:
			return protofield.AppendNested(dst, 5, func(dst []byte) []byte { return appendFloats(dst, v) })
		default:
			return dst
		}
	})
	return protofield.AppendNumber(dst, 3, featureStatuses[f.Status])
}

// appendFloats appends the field of a Floats.
func appendFloats(dst []byte, floats []float32) []byte {
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.BytesType), uint64(4*len(floats)))
	for _, f := range floats {
		dst = protowire.AppendFixed32(dst, math.Float32bits(f))
	}
	return dst
}

func appendDouble(dst []byte, number protowire.Number, f float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(dst, number, protowire.Fixed64Type), math.Float64bits(f))
}

func appendMillis(dst []byte, number protowire.Number, d time.Duration) []byte {
	return appendDouble(dst, number, max(d, 0).Seconds()*1000)
}
