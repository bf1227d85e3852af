package load

import "time"

// pacer has vegeta follow a schedule.
type pacer struct {
	due   Schedule
	began time.Time // set before the first request
}

// Pace implements vegeta.Pacer. It does the waiting itself, which vegeta would leave to
// time.Sleep.
func (p *pacer) Pace(elapsed time.Duration, hits uint64) (wait time.Duration, stop bool) {
	if hits == 0 {
		p.began = time.Now().Add(-elapsed)
	}
	if hits >= uint64(len(p.due)) {
		return 0, true
	}
	if wait := p.due[hits] - elapsed; wait > 0 {
		sleepFor(wait)
	}
	return 0, false
}

// Rate implements vegeta.Pacer.
func (p *pacer) Rate(time.Duration) float64 {
	if len(p.due) == 0 {
		return 0
	}
	return float64(len(p.due)) / p.due[len(p.due)-1].Seconds()
}
