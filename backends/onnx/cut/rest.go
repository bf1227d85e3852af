package cut

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// rest makes the model of the columns that are not kept and of all that is behind the
// layer. In the layer's place it has, as far as there are such columns,
//
//	u     = request · W_request          [requests, Width]
//	slots = OneHot(index)                [rows, requests]
//	s     = slots · u + part             [rows, Width]
//	h     = row · W_row + s              [rows, Width]
//
// To multiply by slots takes a processor less time than to gather rows of u and add them:
// it goes over the rows once, and by the instructions that are made for it.
type rest struct {
	layer *Layer
	taken map[string]bool // names that the model has got here
	rows  []byte          // the dimension of the layer's input

	rowInput, requestInput, indexInput, partInput string
}

func (r *rest) name(wanted string) string { return r.layer.graph.unused(r.taken, wanted) }

func (r *rest) model(row, request columns) []byte {
	l := r.layer
	gone := l.gone()
	r.partInput = r.name("kept_part")
	var body []byte
	for at, e := range l.graph.elements {
		switch {
		case at == l.at:
			body = r.appendLayer(body, e.node.name, row, request)
		case !l.drops(gone, at):
			body = append(body, e.whole...)
		}
	}
	body = appendBytes(body, graphInput, newValue(r.partInput, typeFloat, r.rows, known(l.Width)))
	var model []byte
	for _, f := range l.graph.model {
		if f.is(modelGraph, protowire.BytesType) {
			model = appendBytes(model, modelGraph, body)
		} else {
			model = append(model, f.whole...)
		}
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
		return appendBytes(body, graphNode, newNode(name, "Identity", []string{sum}, l.output))
	}
	r.rowInput = r.name("row_columns")
	matrix := r.name("row_matrix")
	body = appendBytes(body, graphInput, newValue(r.rowInput, typeFloat, r.rows, known(row.count)))
	body = l.appendMatrix(body, matrix, row)
	return appendBytes(body, graphNode, newNode(name, "Gemm", []string{r.rowInput, matrix, sum}, l.output, transposed(l.transB)...))
}

// appendPerRequest appends nodes that add what is computed once per request to the part.
func (r *rest) appendPerRequest(body []byte, name, part, output string, request columns) []byte {
	l := r.layer
	r.requestInput, r.indexInput = r.name("request_columns"), r.name("row_request")
	body = appendBytes(body, graphInput, newValue(r.requestInput, typeFloat, nil, known(request.count)))
	body = appendBytes(body, graphInput, newValue(r.indexInput, typeInt64, r.rows))
	matrix, first, ends := r.name("request_matrix"), r.name("request_first"), r.name("request_off_on")
	body = l.appendMatrix(body, matrix, request)
	body = appendBytes(body, graphInitializer, newTensor(first, typeInt64, []int64{1}, make([]byte, 8)))
	offOn := binary.LittleEndian.AppendUint32(make([]byte, 4), math.Float32bits(1))
	body = appendBytes(body, graphInitializer, newTensor(ends, typeFloat, []int64{2}, offOn))

	u, shape, count, slots := r.name("request_part"), r.name("request_shape"), r.name("request_count"), r.name("request_slots")
	body = appendBytes(body, graphNode, newNode("", "Gemm", []string{r.requestInput, matrix}, u, transposed(l.transB)...))
	body = appendBytes(body, graphNode, newNode("", "Shape", []string{u}, shape))
	body = appendBytes(body, graphNode, newNode("", "Gather", []string{shape, first}, count))
	body = appendBytes(body, graphNode, newNode("", "OneHot", []string{r.indexInput, count, ends}, slots))
	return appendBytes(body, graphNode, newNode(name, "Gemm", []string{slots, u, part}, output))
}
