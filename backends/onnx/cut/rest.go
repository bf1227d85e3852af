package cut

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// rest makes the model of the columns that are not kept and of all that is behind the
// layer. In the layer's place it has, as far as there are such columns,
//
//	r     = Clip(request, -limit, limit) [requests, columns per request]
//	u     = r · W_request                [requests, Width]
//	slots = OneHot(index)                [rows, requests]
//	s     = slots · u + part             [rows, Width]
//	h     = row · W_row + s              [rows, Width]
//
// To multiply by slots takes a processor less time than to gather rows of u and add them:
// it goes over the rows once, and by the instructions that are made for it. But each row
// then takes zero times the elements of u of all other requests, and zero times an infinite
// one is NaN: one request with a finite but huge column would cost all others of the pass
// their scores. So columns are first brought within a limit that keeps u finite.
type rest struct {
	layer *Layer
	taken map[string]bool // names that the model has got here
	limit float32         // of columns per request (Layer.columnLimit)
	rows  []byte          // the dimension of the layer's input

	rowInput, requestInput, indexInput, partInput string
}

func (r *rest) name(wanted string) string { return r.layer.graph.unused(r.taken, wanted) }

func (r *rest) model(row, request columns) []byte {
	l := r.layer
	gone := l.gone()
	r.partInput = r.name("kept_part")
	size := l.graph.size + overhead
	if !gone[l.matrix] {
		size += len(l.elements(l.matrix))
	}
	model := make([]byte, 0, size)
	for _, f := range l.graph.model {
		if !f.is(modelGraph, protowire.BytesType) {
			model = append(model, f.whole...)
			continue
		}
		model = protofield.AppendNested(model, modelGraph, func(body []byte) []byte {
			for at, e := range l.graph.elements {
				switch {
				case at == l.at:
					body = r.appendLayer(body, e.node.name, row, request)
				case !l.drops(gone, at):
					body = append(body, e.whole...)
				}
			}
			return appendBytes(body, graphInput, newValue(r.partInput, typeFloat, r.rows, known(l.Width)))
		})
	}
	return model
}

// appendLayer appends what is in the place of the layer. The last node has its name.
func (r *rest) appendLayer(body []byte, name string, row, request columns) []byte {
	l, sum := r.layer, r.partInput
	switch {
	case request.count > 0 && row.count > 0:
		between := r.name("request_sum")
		body = r.appendPerRequest(body, "", sum, between, request)
		sum = between
	case request.count > 0:
		return r.appendPerRequest(body, name, sum, l.output, request)
	case row.count == 0:
		return appendNode(body, name, "Identity", []string{sum}, l.output)
	}
	r.rowInput = r.name("row_columns")
	matrix := r.name("row_matrix")
	body = appendBytes(body, graphInput, newValue(r.rowInput, typeFloat, r.rows, known(row.count)))
	body = l.appendMatrix(body, matrix, row)
	return appendNode(body, name, opGemm, []string{r.rowInput, matrix, sum}, l.output, transposed(l.transB)...)
}

// appendPerRequest appends nodes that add what is computed once per request to the part.
func (r *rest) appendPerRequest(body []byte, name, part, output string, request columns) []byte {
	l := r.layer
	r.requestInput, r.indexInput = r.name("request_columns"), r.name("row_request")
	body = appendBytes(body, graphInput, newValue(r.requestInput, typeFloat, nil, known(request.count)))
	body = appendBytes(body, graphInput, newValue(r.indexInput, typeInt64, r.rows))
	matrix, low, high := r.name("request_matrix"), r.name("request_low"), r.name("request_high")
	first, ends := r.name("request_first"), r.name("request_off_on")
	body = l.appendMatrix(body, matrix, request)
	body = appendInitializer(body, low, typeFloat, nil, float32s(-r.limit))
	body = appendInitializer(body, high, typeFloat, nil, float32s(r.limit))
	body = appendInitializer(body, first, typeInt64, []int64{1}, make([]byte, 8))
	body = appendInitializer(body, ends, typeFloat, []int64{2}, float32s(0, 1))

	limited, u := r.name("request_limited"), r.name("request_part")
	shape, count, slots := r.name("request_shape"), r.name("request_count"), r.name("request_slots")
	body = appendNode(body, "", "Clip", []string{r.requestInput, low, high}, limited)
	body = appendNode(body, "", opGemm, []string{limited, matrix}, u, transposed(l.transB)...)
	body = appendNode(body, "", "Shape", []string{u}, shape)
	body = appendNode(body, "", "Gather", []string{shape, first}, count)
	body = appendNode(body, "", "OneHot", []string{r.indexInput, count, ends}, slots)
	return appendNode(body, name, opGemm, []string{slots, u, part}, output)
}

// float32s returns elements of a tensor.
func float32s(elements ...float32) []byte {
	var bytes []byte
	for _, e := range elements {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(e))
	}
	return bytes
}
