package config

var modelMistakes = []mistake{
	{`
# nothing
`, `
1:1: inputs: missing: which columns feed the inputs of the graph?
1:1: score: missing: which output of the graph is the score?`},
	{`
inputs: {}
score: logits
`, `
1:1: inputs: is empty; name the inputs of the graph and the columns that feed them`},
	{`
inputs: {dense: [user_stats.age]}
score: logits
`, `
1:10: inputs.dense: must be a mapping, not a list`},
	{`
inputs: {dense: {columns: user_stats.age}}
score: logits
`, `
1:27: inputs.dense.columns: must be a list, not "user_stats.age"`},
	{`
inputs: {dense: {columns: [age, "a b.c", missing(x.y, x.y.z, user.age, 3, [x.y]]}}
score: logits
`, `
1:28: inputs.dense.columns[0]: "age" is not a column; write view.column, request.name, context.name or missing(view.column)
1:33: inputs.dense.columns[1]: "a b.c" is not a column; write view.column, request.name, context.name or missing(view.column)
1:42: inputs.dense.columns[2]: "missing(x.y" is not a column; write view.column, request.name, context.name or missing(view.column)
1:55: inputs.dense.columns[3]: "x.y.z" is not a column; write view.column, request.name, context.name or missing(view.column)
1:72: inputs.dense.columns[5]: "3" is not a column; write view.column, request.name, context.name or missing(view.column)
1:75: inputs.dense.columns[6]: must be a column such as user_stats.age, not a list`},
	{`
inputs: {dense: {columns: []}}
score: logits
`, `
1:18: inputs.dense.columns: is empty; list the columns that feed this input`},
	{`
inputs: {dense: {colums: [a.b]}}
score: logits
`, `
1:18: inputs.dense.colums: unknown field; did you mean columns?`},
	{`
inputs: {u: {columns: [a.b], per: request}}
score: logits
`, `
1:10: inputs.u.row_index: missing: an input per: request needs the name of the graph's int64 [rows] input that says which request a row belongs to`},
	{`
inputs: {u: {columns: [a.b], row_index: r}}
score: logits
`, `
1:41: inputs.u.row_index: only an input per: request has a row index; add per: request or remove it`},
	{`
inputs: {u: {columns: [a.b], per: user, row_index: r}}
score: logits
`, `
1:35: inputs.u.per: "user" is unknown; known are candidate, request`},
	{`
inputs: {u: {columns: [a.b]}}
score: {}
`, `
2:1: score: is empty; name the outputs of the graph that make the score`},
	{`
inputs: {u: {columns: [a.b]}}
score: ""
`, `
2:8: score: must be the name of an output, or a mapping from outputs to their weights, not empty`},
	{`
inputs: {u: {columns: [a.b]}}
score:
`, `
2:1: score: must be the name of an output, or a mapping from outputs to their weights, not empty`},
	{`
inputs: {u: {columns: [a.b]}}
score: [a]
`, `
2:1: score: must be the name of an output, or a mapping from outputs to their weights, not a list`},
	{`
inputs: [u]
score: {p: {}}
metadata: &m {x: {y: *m}}
`, `
1:1: inputs: must be a mapping, not a list
3:15: metadata.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x.y.x: aliases (*) lead more than 32 levels deep; does one stand inside its own anchor (&)?`},
	{`
inputs: {u: {columns: [a.b], per: request, row_indx: r}}
scor: x
`, `
1:44: inputs.u.row_indx: unknown field; did you mean row_index?
2:1: scor: unknown field; did you mean score?`},
	{`
inputs: {u: {columns: [a.b], per: request, row_index: ""}}
score: x
`, `
1:55: inputs.u.row_index: must be the name of an input, not empty`},
	{`
inputs: {u: {columns: [a.b]}}
score: {p: {colum: 1, weight: heavy}, q: 0.3, r: {column: -1, weight: 1e60}}
fallback: .nan
`, `
2:13: score.p.colum: unknown field; did you mean column?
2:31: score.p.weight: must be a number, not "heavy"
2:42: score.q: must be a mapping, not 0.3
2:59: score.r.column: -1 is out of range; it must be 0 to 1000000
2:71: score.r.weight: 1e60 is out of the range of float32
3:11: fallback: must be a number, not .nan`},
	{`
inputs: {u: {columns: [a.b]}}
score: x
fallback: none
metadata: text
`, `
3:11: fallback: must be a number, not "none"
4:11: metadata: must be a mapping, not "text"`},
	{`
inputs: {u: {columns: [a.b]}}
score: x
metadata: {a.b: 1, a: {b: 2}, c: !!str x}
`, `
3:27: metadata.a.b: given twice, here and as a nested value or a key with a dot
3:34: metadata.c: tags are not read; remove "!!str"`},
	{`
name: ranker
version: 3
input: {u: {columns: [a.b]}}
score: x
`, `
1:1: name: unknown field; known are fallback, inputs, metadata, score
2:1: version: unknown field; known are fallback, inputs, metadata, score
3:1: input: unknown field; did you mean inputs?`},
}
