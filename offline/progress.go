package offline

// Point is where a run has come to.
type Point struct {
	View  string
	Rows  int64 // read and written by this run
	Bytes int64 // of the sources passed, about
	Total int64 // bytes of all sources
}

// Progress is told of every batch.
type Progress interface {
	Update(p Point)
	Close() // the run has ended
}
