package main

import (
	"fmt"
	"strings"

	"github.com/rankgate/rankgate/bench/gateway"
)

// What the models compute. Both read the same four columns: boost of the item, which
// must not be negative, number, tens and shift; boost and shift are 0 unless the
// request brings them.
var (
	sumModel    = arithmetic{user: userTens, item: itemNumber}             // all weights are 1: backends/onnx/testdata/sum.onnx
	linearModel = arithmetic{user: userTens * 3 / 8, item: itemNumber / 4} // weights 1/8, 2/8, 3/8, 4/8: oiptest.Weight
)

// Features of user u and item i: userTens·u and itemNumber·i.
const (
	userTens   = 8000
	itemNumber = 4
)

const modelYAML = `
inputs: {dense: {columns: [request.boost, item_stats.number, user_stats.tens, context.shift]}}
score: sum
fallback: -1
`

// canaryYAML feeds a column that is always negative where the graph takes a root.
const canaryYAML = `
inputs: {dense: {columns: [user_stats.bad, item_stats.number, user_stats.tens, context.shift]}}
score: sum
fallback: -1
`

const featuresYAML = `
entities: {user: {type: string}, item: {type: string}}
views:
  user_stats: {entities: [user], source: users.csv, columns: {tens: float32, bad: float32}}
  item_stats: {entities: [item], source: items.csv, columns: {number: float32}}
`

// repository is the files that a gateway with such sections serves: "sum", which runs
// in the gateway, and with pools "linear", which runs on them.
func (s *session) repository(all gateway.Sections) map[string]string {
	files := map[string]string{
		"features.yaml":           featuresYAML,
		"users.csv":               usersCSV(),
		"items.csv":               itemsCSV(),
		"models/sum/model.yaml":   modelYAML,
		"models/sum/1/model.onnx": s.graph,
	}
	if strings.Contains(all["routes"], "canary") {
		files["models/sum/2/model.onnx"] = s.graph
		files["models/sum/2/model.yaml"] = canaryYAML
	}
	if all["pools"] != "" {
		files["models/linear/1/model.yaml"] = modelYAML
	}
	return files
}

func usersCSV() string {
	var b strings.Builder
	b.WriteString("user,tens,bad\n")
	for u := range users {
		fmt.Fprintf(&b, "%d,%d,-1\n", u, userTens*u)
	}
	return b.String()
}

func itemsCSV() string {
	var b strings.Builder
	b.WriteString("item,number\n")
	for i := range items {
		fmt.Fprintf(&b, "%d,%d\n", i, itemNumber*i)
	}
	return b.String()
}
