package load

import (
	"syscall"
	"time"
)

// sleepFor sleeps to within a tenth of a millisecond. time.Sleep is a whole one late
// when the process has nothing else to do: the poller that it waits in counts in
// milliseconds.
func sleepFor(d time.Duration) {
	left := syscall.NsecToTimespec(int64(d))
	for syscall.Nanosleep(&left, &left) == syscall.EINTR { // the rest of the time is then in left
	}
}
