package oip

import (
	"unsafe"

	"github.com/rankgate/rankgate/model"
)

// packet is a message with the memory of its tensors: one slab per input, typed for
// the batcher to fill and read as bytes by what sends it, with nothing copied between.
// The protocol is little-endian, as is every machine that this is built for; NewModel
// refuses others.
type packet struct {
	Message

	buffers []model.Buffer
	slabs   [][]byte // by input; for strings, what pack makes of them
	shapes  []int64
}

func newPacket(p *Pass) *packet {
	sig := p.model.sig
	k := &packet{
		buffers: make([]model.Buffer, len(sig.Inputs)),
		slabs:   make([][]byte, len(sig.Inputs)),
		shapes:  make([]int64, 0, 2*len(sig.Inputs)),
	}
	k.Message.free = func(*Message) { p.packets.Put(k) }
	for i, in := range sig.Inputs {
		k.buffers[i].Width = in.Width
		n := p.rows * in.Width
		if in.Type == model.String {
			k.buffers[i].String = make([]string, n)
			continue
		}
		k.slabs[i] = allocate(n * in.Type.Size())
		k.buffers[i].View(in.Type, k.slabs[i], n)
	}
	k.Model, k.Version = p.model.name, p.model.version
	k.Inputs = make([]Tensor, len(sig.Inputs))
	for i, in := range sig.Inputs {
		k.Inputs[i] = Tensor{Name: in.Name, Type: TypeOf(in.Type)}
	}
	for _, o := range p.model.outputs {
		k.Outputs = append(k.Outputs, Output{Name: o.name, Binary: true})
	}
	return k
}

// allocate returns n zeroed bytes that are aligned for elements of any type.
func allocate(n int) []byte {
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// pack makes the message that of the first rows rows and requests requests.
func (k *packet) pack(m *Model, rows, requests int) {
	k.shapes = k.shapes[:0]
	for i := range m.sig.Inputs {
		in, t := &m.sig.Inputs[i], &k.Inputs[i]
		n := rows
		if in.PerRequest {
			n = requests
		}
		from := len(k.shapes)
		k.shapes = append(k.shapes, int64(n))
		if len(in.Dims) != 1 {
			k.shapes = append(k.shapes, int64(in.Width))
		}
		t.Shape = k.shapes[from:len(k.shapes):len(k.shapes)]
		if in.Type == model.String {
			k.slabs[i] = packStrings(k.slabs[i][:0], k.buffers[i].String[:n*in.Width])
			t.Raw = k.slabs[i]
		} else {
			t.Raw = k.slabs[i][:n*in.Width*in.Type.Size()]
		}
	}
}

// packStrings writes words as the elements of a BYTES tensor, and forgets them: they
// may be views of a request's body.
func packStrings(dst []byte, words []string) []byte {
	for _, w := range words {
		dst = appendBytes(dst, w)
	}
	clear(words)
	return dst
}
