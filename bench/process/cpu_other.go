//go:build !linux

package process

import (
	"errors"
	"time"
)

// CPU fails: the clocks that it reads are Linux's.
func CPU(...int) (time.Duration, error) {
	return 0, errors.New("the processor time of other processes can be read on Linux only")
}
