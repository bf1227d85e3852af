package cut

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rankgate/rankgate/backends/protofield"
)

// scanner goes over the fields of a message and allocates nothing. As long as next
// returns true it is the field that is next; after that err says whether the message
// ended in the middle of one.
type scanner struct {
	field

	rest []byte
	err  error
}

func scan(message []byte) scanner { return scanner{rest: message} }

func (s *scanner) next() bool {
	if len(s.rest) == 0 || s.err != nil {
		return false
	}
	behind, ok := s.Read(s.rest)
	if !ok {
		s.err = errors.New("a field of the model file is cut off or none of protobuf's")
		return false
	}
	s.whole, s.rest = s.rest[:len(s.rest)-len(behind)], behind
	return true
}

// field is one field of a message and the bytes that it came as.
type field struct {
	protofield.Field

	whole []byte
}

func (f *field) is(number protowire.Number, t protowire.Type) bool {
	return f.Number == number && f.Type == t
}

// readFields returns all fields of a message: of one that is to be put together again.
func readFields(message []byte) ([]field, error) {
	var fields []field
	s := scan(message)
	for s.next() {
		fields = append(fields, s.field)
	}
	return fields, s.err
}

func appendBytes(dst []byte, number protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, number, protowire.BytesType), b)
}
