package process

import (
	"fmt"
	"os"
)

// RSS is how many bytes of memory processes hold, by /proc. Pages that they share count
// for each of them.
func RSS(pids ...int) (int64, error) {
	sum := int64(0)
	for _, pid := range pids {
		statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			return 0, err
		}
		var size, resident int64 // in pages
		if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
			return 0, fmt.Errorf("/proc/%d/statm: %q: %w", pid, statm, err)
		}
		sum += resident * int64(os.Getpagesize())
	}
	return sum, nil
}
