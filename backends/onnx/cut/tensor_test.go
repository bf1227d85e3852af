package cut

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

func TestNumbersAreReadPackedAndOneByOne(t *testing.T) {
	packed := appendBytes(protofield.AppendNumber(nil, tensorDataType, typeFloat), tensorDims, []byte{2, 3})
	packed = appendBytes(packed, tensorFloatData, []byte("aaaabbbbccccddddeeeeffff"))
	single := protofield.AppendNumber(nil, tensorDataType, typeFloat)
	single = protofield.AppendNumber(protofield.AppendNumber(single, tensorDims, 2), tensorDims, 3)
	for _, c := range []uint32{'a', 'b', 'c', 'd', 'e', 'f'} {
		single = protowire.AppendFixed32(protowire.AppendTag(single, tensorFloatData, protowire.Fixed32Type), c<<24|c<<16|c<<8|c)
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

func TestPackedNumbersInSeveralPiecesLeaveTheMessageAlone(t *testing.T) {
	message := appendBytes(appendBytes(nil, tensorFloatData, []byte("aaaa")), tensorFloatData, []byte("bbbb"))
	before := slices.Clone(message)
	read, err := readTensor(message)
	if err != nil || string(read.floats) != "aaaabbbb" || !slices.Equal(message, before) {
		t.Errorf("readTensor = %q, %v, and the message is %q; want aaaabbbb", read.floats, err, message)
	}
}

func TestWantedColumnsArePickedInOrder(t *testing.T) {
	matrix := []byte("aaaabbbbccccddddeeeeffff") // [2, 3] or [3, 2]
	outer := inGroup([]Group{Kept, PerRow, Kept}, Kept)
	if got := outer.columnsOf(matrix); string(got) != "aaaaccccddddffff" || cap(got) != len(got) {
		t.Errorf("the outer columns of [2, 3] are %q in %d bytes", got, cap(got))
	}
	if got := outer.rowsOf(matrix); string(got) != "aaaabbbbeeeeffff" || cap(got) != len(got) {
		t.Errorf("the outer rows of [3, 2] are %q in %d bytes", got, cap(got))
	}
}
