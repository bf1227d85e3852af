package cut

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

func TestNumbersAreReadPackedAndOneByOne(t *testing.T) {
	packed := appendBytes(protofield.AppendNumber(nil, 2, typeFloat), 1, []byte{2, 3})
	packed = appendBytes(packed, 4, []byte("aaaabbbbccccddddeeeeffff"))
	single := protofield.AppendNumber(nil, 2, typeFloat)
	single = protofield.AppendNumber(protofield.AppendNumber(single, 1, 2), 1, 3)
	for _, c := range []uint32{'a', 'b', 'c', 'd', 'e', 'f'} {
		single = protowire.AppendFixed32(protowire.AppendTag(single, 4, protowire.Fixed32Type), c<<24|c<<16|c<<8|c)
	}
	for _, message := range [][]byte{packed, single} {
		read, err := readTensor(message)
		if err != nil {
			t.Fatal(err)
		}
		elements, err := read.float32s()
		if err != nil || !slices.Equal(read.dims, []int64{2, 3}) || string(elements) != "aaaabbbbccccddddeeeeffff" {
			t.Errorf("readTensor = %d, %q, %v; want [2 3] and a to f", read.dims, elements, err)
		}
	}
}

func TestWantedRowsAndColumnsArePickedInOrder(t *testing.T) {
	matrix := []byte("aaaabbbbccccddddeeeeffff") // [2, 3]
	if got := pick(matrix, 3, []bool{false, true}, nil); string(got) != "ddddeeeeffff" {
		t.Errorf("the second row is %q", got)
	}
	if got := pick(matrix, 3, nil, []bool{true, false, true}); string(got) != "aaaaccccddddffff" {
		t.Errorf("the outer columns are %q", got)
	}
}
