package rank

// Kind is the JSON type of a Value.
type Kind uint8

const (
	Null Kind = iota
	Bool
	Int   // a number without fraction or exponent that fits an int64
	Float // any other number
	String
	Vector // an array of numbers
)

var kindNames = [...]string{"null", "a bool", "an integer", "a number", "a string", "a list of numbers"}

// String returns the kind with its article, ready for an error message.
func (k Kind) String() string { return kindNames[k] }

// Field is a feature that came with the request: a name and its value.
type Field struct {
	Name  string
	Value Value
}

// Value is one request-time feature value. Which fields count depends on Kind.
type Value struct {
	Kind     Kind
	From, To int32   // Vector: Floats[From:To] of the request
	Int      int64   // Int, and Bool as 0 or 1
	Float    float64 // Float, and Int converted
	Str      string  // String
}
