package rank

// Criticality is how much a request matters when not all can be served: those of
// the lowest class are turned away first. The names are those of Google's SRE
// book, "Handling Overload".
type Criticality uint8

const (
	Critical      Criticality = iota // of a request that says nothing
	CriticalPlus                     // what must be answered
	SheddablePlus                    // what is tried again later
	Sheddable                        // what may go unanswered often
	NumCriticalities
)

var criticalities = [NumCriticalities]string{"critical", "critical_plus", "sheddable_plus", "sheddable"}

func (c Criticality) String() string { return criticalities[c] }

// shares are chosen so that each class is gone before the next one is touched.
var shares = [NumCriticalities]float64{0.8, 1, 0.5, 0.25}

// Share is the part of a limit that requests of the class may take up: work of
// a lower class meets it while there is still room for the others.
func (c Criticality) Share() float64 { return shares[c] }

// ParseCriticality returns the class of that name.
func ParseCriticality(name []byte) (Criticality, bool) {
	for c, n := range criticalities {
		if n == string(name) {
			return Criticality(c), true
		}
	}
	return Critical, false
}
