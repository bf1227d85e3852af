// Package feast reads and writes rows as Feast's Redis online store lays them
// out, byte for byte, so that Feast and the gateway can share one server. It
// does no I/O.
//
// Redis holds one hash per project and entity (or pair of entities). Integers
// are little-endian.
//
//	key, version 3: u32 n | n × (u32 2 | u32 length | join key) | n × (u32 type | u32 length | id) | project
//	key, version 2: the same without n and without the lengths of the join keys
//	field:          murmur3 (x86, 32 bits, seed 0) of "view:column", 4 bytes
//	value:          feast.types.Value, a protobuf message; an empty one is a null
//	field:          "_ts:view", as it stands
//	value:          google.protobuf.Timestamp, when the view's row was true
//
// Join keys are sorted by name. The type of an id is the one with which Feast
// declares the join key (features.JoinType). The formats are those of feast
// 0.67.0 (infra/key_encoding_utils.py, infra/online_stores/redis.py and
// protos/feast/types/Value.proto); the page docs/specs/online_store_format.md
// of that project tells of an older key.
//
// ReadRegistry reads the other file that Feast keeps, its registry, and
// Registry.Import puts a project into the words of features.yaml.
package feast
