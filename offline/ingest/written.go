package ingest

// Written says what became of the records of one Write.
type Written struct{ Stored, Older, Expired int }
