package features

import (
	"fmt"

	"github.com/rankgate/rankgate/rank"
)

// suggest returns ", did you mean X" for the name that a reader most likely
// meant, or "" if none of the names is close.
func suggest(name string, names []string) string {
	if meant, ok := rank.Nearest(name, names); ok {
		return fmt.Sprintf(", did you mean %q", meant)
	}
	return ""
}
