package edge

// hold reserves n more bytes of limits.bodies for x. Until release they count,
// also while the peer is silent; false means that there are no more.
func (s *Server) hold(x *intake, n int) bool {
	if s.stats.BodiesHeld.Add(int64(n)) > int64(s.cfg.Limits.Bodies) {
		s.stats.BodiesHeld.Add(-int64(n))
		return false
	}
	x.held += n
	return true
}

// release gives back what hold has reserved.
func (s *Server) release(x *intake) {
	s.stats.BodiesHeld.Add(-int64(x.held))
	x.held = 0
}
