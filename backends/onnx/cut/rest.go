package cut

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// rest makes the model of the columns that are not kept and of all that is behind the
// layer. In the layer's place it has, as far as there are such columns,
//
//	u = request · W_request          [requests, Width]
//	s = Gather(u, index) + part      [rows, Width]
//	h = row · W_row + s              [rows, Width]
//
// A product by a matrix that says which request each row is of would spread u in a
// little less time where there are few requests. But it takes the more the more there are,
// and zero times what is not finite is no number: one request could cost the others of its
// pass their scores.
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
	l, op := r.layer, opMatMul
	if l.transB {
		op = opGemm
	}
	r.requestInput, r.indexInput = r.name("request_columns"), r.name("row_request")
	matrix, u, gathered := r.name("request_matrix"), r.name("request_part"), r.name("row_request_part")
	body = appendBytes(body, graphInput, newValue(r.requestInput, typeFloat, nil, known(request.count)))
	body = appendBytes(body, graphInput, newValue(r.indexInput, typeInt64, r.rows))
	body = l.appendMatrix(body, matrix, request)
	body = appendNode(body, "", op, []string{r.requestInput, matrix}, u, transposed(l.transB)...)
	body = appendNode(body, "", "Gather", []string{u, r.indexInput}, gathered)
	return appendNode(body, name, "Add", []string{gathered, part}, output)
}
