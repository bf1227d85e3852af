package workload

import "fmt"

// Graph is a model that workloads are scored by. Its one input is float32 [rows, Width()]:
// the user's vector, then the item's. Its output is a float32 for each row.
type Graph struct {
	Name      string
	Text      string
	Input     string
	Output    string
	UserWidth int
	ItemWidth int
	Made      bool   // trees.py makes the file; else it is there
	File      string // seen from the module of the gateway, where it is not made
}

// Width is the number of columns of the input.
func (g *Graph) Width() int { return g.UserWidth + g.ItemWidth }

// Graphs are all that there are.
var Graphs = []*Graph{
	{
		Name: "small", Text: "MLP of 64, 128 and 64 neurons", Input: "dense", Output: "logits", UserWidth: 16, ItemWidth: 48,
		File: "backends/onnx/testdata/small.onnx",
	},
	{
		Name: "mid", Text: "MLP of 128, 256 and 128 neurons", Input: "dense", Output: "logits", UserWidth: 32, ItemWidth: 96,
		File: "backends/onnx/testdata/mid.onnx",
	},
	{
		Name: "trees", Text: "LightGBM ranker of 500 trees of 31 leaves", Input: "dense", Output: "variable", UserWidth: 16, ItemWidth: 48,
		Made: true,
	},
}

func graphOf(name string) (*Graph, error) {
	for _, g := range Graphs {
		if g.Name == name {
			return g, nil
		}
	}
	return nil, fmt.Errorf("model %q: want small, mid or trees", name)
}
