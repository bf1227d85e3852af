package features

import (
	"encoding/binary"
	"hash/maphash"
	"math"

	"github.com/rankgate/rankgate/rank"
)

// digestSeed makes digests differ from process to process, so that no caller
// can choose two requests that collide.
var digestSeed = maphash.MakeSeed()

// ContextDigest returns a digest of the request's context as far as the model
// reads it: 0 if it reads none. Fields that the model does not read and the
// order of fields make no difference; a field that is null is as good as
// absent. A digest holds for this process only.
func (p *Plan) ContextDigest(req *rank.Request) uint64 {
	if p.context < 0 {
		return 0
	}
	return p.views[p.context].names.digest(req.Context, req.Floats)
}

// ItemDigest is ContextDigest for the features that came with one candidate.
func (p *Plan) ItemDigest(req *rank.Request, item int32) uint64 {
	if p.request < 0 {
		return 0
	}
	return p.views[p.request].names.digest(req.Features(item), req.Floats)
}

// window is how many columns are matched at a time, on the stack.
const window = 16

func (f *fieldNames) digest(fields []rank.Field, floats []float32) uint64 {
	var d digester
	var buffer [window]int32
	for from := 0; from < len(f.names); from += window {
		found := buffer[:min(window, len(f.names)-from)]
		f.match(fields, from, found)
		for _, at := range found {
			if at < 0 {
				d.add(byte(rank.Null), 0)
			} else {
				d.value(&fields[at].Value, floats)
			}
		}
	}
	return d.sum()
}

// digester hashes a sequence of tagged words in blocks; each block starts with
// the hash of those before it.
type digester struct {
	buffer [window * 9]byte
	n      int
}

func (d *digester) value(v *rank.Value, floats []float32) {
	switch v.Kind {
	case rank.Null:
		d.add(byte(rank.Null), 0)
	case rank.Float:
		d.add(byte(v.Kind), math.Float64bits(v.Float))
	case rank.String:
		d.add(byte(v.Kind), maphash.String(digestSeed, v.Str))
	case rank.Vector:
		vector := floats[v.From:v.To]
		d.add(byte(v.Kind), uint64(len(vector)))
		for _, f := range vector {
			d.add(byte(rank.Float), uint64(math.Float32bits(f)))
		}
	default:
		d.add(byte(v.Kind), uint64(v.Int))
	}
}

func (d *digester) add(tag byte, word uint64) {
	if d.n+9 > len(d.buffer) {
		binary.LittleEndian.PutUint64(d.buffer[:], d.sum())
		d.n = 8
	}
	d.buffer[d.n] = tag
	binary.LittleEndian.PutUint64(d.buffer[d.n+1:], word)
	d.n += 9
}

func (d *digester) sum() uint64 { return maphash.Bytes(digestSeed, d.buffer[:d.n]) }
