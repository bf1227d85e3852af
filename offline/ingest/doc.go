// Package ingest turns streaming updates into online rows: events from a Redis
// stream, a Kafka topic or both are decoded (Decoder), the latest of each entity
// in a batch is written to the online store (Writer), which keeps what is newer
// there, and only then are they acknowledged (Consumer).
//
// # Events
//
// An event is one JSON object, the whole value of a Kafka record or the field
// "event" of a stream entry, whose other fields are ignored:
//
//	{"view": "user_stats", "user": "42", "event_time": "2026-11-24T10:00:00Z",
//	 "columns": {"age": 31.5, "embedding": [0.1, 0.2], "country": "de"}}
//
// A view names its ids, "user", "item" or both: strings, or integers that stand
// for their digits. event_time and created_time, which is optional and tells
// events of one event_time apart, are RFC 3339 or a number since 1970, by its
// size in seconds, milliseconds, microseconds or nanoseconds. An event is the
// whole row: a column that is absent or null has no value from then on.
//
// # Guarantees
//
// Every event is handled at least once. Writing is idempotent and never lets an
// older row replace a newer one, so neither what is delivered twice nor what is
// delivered late changes the outcome. (Of different events of one event time the
// one that is handled last stays, unless the view has a created_time.) An event
// that can't be a row is kept with the reason (the dead letters) and
// acknowledged. A store that fails is asked
// again until it answers, with nothing acknowledged meanwhile.
package ingest
