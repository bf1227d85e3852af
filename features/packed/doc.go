// Package packed reads and writes rows in the gateway's own layout of a Redis
// server: one string per row, read with MGET. It does no I/O.
//
// The key of a row holds the name of its view in the store and the ids of what
// it is about:
//
//	<prefix>:<view>:<user>           a view of users
//	<prefix>:<view>:<item>           a view of items
//	<prefix>:<view>:<user>:<item>    a view of pairs
//
// '%' and ':' are written %25 and %3A in the name of the view, and in the user
// of a pair. Everything else stands as it is.
//
// The value is a row. Numbers are little-endian:
//
//	offset  bytes         what
//	0       1             version of this layout, 1
//	1       4             id of the row's schema
//	5       8             event time, signed, Unix milliseconds; 0 means that it is not known
//	13      ⌈columns/8⌉   null bitmap: bit c%8 of byte c/8 is set if column c is null
//	…       fixed part    the columns in the order of the schema:
//	                          float32       4, IEEE 754
//	                          float64       8, IEEE 754
//	                          int64, int32  8 and 4, two's complement
//	                          bool          1, 0 or 1
//	                          float32[n]    4n
//	                          string        4, its length in bytes, unsigned
//	…       text part     the bytes of all strings, in the order of their columns
//
// Nothing follows. A column that is null keeps its width and is zero; a reader
// looks at no byte of it, except that the length of a string counts. Unused bits
// of the bitmap are zero and are not read. A float that is not finite, or that
// becomes so as a float32, is read as a null, and so is a vector that has one.
//
// A schema is the ordered list of a view's columns as text,
//
//	age float32,embedding float32[32],country string
//
// in which '%', ',', '@' and spaces of a name are written %25, %2C, %40 and %20.
// Its id is the low 32 bits of the text's XXH3 (64 bits, seed 0). The hash
// <prefix>::schemas holds the texts, by fields of the form <view>:<id>, where the
// id is 8 lower-case hexadecimal digits and the name of the view stands as it is.
// Whoever writes rows first writes the schema there; a reader that meets an id
// it does not know looks it up and Learns it. So columns can be added, dropped,
// moved and given another type of number, and no row is written anew.
//
// A view that tells rows of one event time apart by their created time has a
// schema that starts with the column "@created int64": Unix milliseconds, null
// and zero if it is not known. It is no column of the view. A script in the
// server finds it at Schema.CreatedOffset of every row that has the same schema id.
package packed
