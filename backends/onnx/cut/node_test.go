package cut

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// A tree ensemble's attributes are millions of numbers, and some tools do not pack them.
func TestNumbersOfAnAttributeTakeNoMemory(t *testing.T) {
	const floats, ints = 7, 8 // fields of an AttributeProto that no layer has
	allocations := func(numbers int) float64 {
		attribute := protofield.AppendText(nil, attributeName, "nodes")
		for i := range numbers / 2 {
			attribute = protofield.AppendNumber(attribute, ints, uint64(i))
			attribute = protowire.AppendFixed32(protowire.AppendTag(attribute, floats, protowire.Fixed32Type), uint32(i))
		}
		node := appendBytes(newNode("", "TreeEnsembleRegressor", names("x"), "y"), nodeAttribute, attribute)
		return testing.AllocsPerRun(3, func() {
			n, err := readNode(node)
			if err != nil || len(n.attributes) != 1 {
				t.Fatalf("readNode = %v, %v; want one attribute", n, err)
			}
		})
	}
	if few, many := allocations(2), allocations(1_000_000); many > few {
		t.Errorf("a node of a million numbers takes %v allocations; want %v, as for one of two", many, few)
	}
}
