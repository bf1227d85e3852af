package page

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rankgate/rankgate/bench/result"
)

// style is how a stack or a curve looks. No two of a figure differ by colour alone:
// lines have their dashes and marks, floors are hatched.
type style struct {
	Color string `json:"color"` // the CSS variable without its dashes
	Dash  []int  `json:"dash"`
	Mark  string `json:"mark"`
}

const (
	colors     = 6
	floorColor = "floor"
)

var (
	dashes = [][]int{{}, {8, 4}, {2, 3}, {10, 3, 2, 3}, {5, 2}, {1, 4}}
	marks  = []string{"circle", "square", "triangle", "diamond"}
)

// styleOf is the look of the nth of many.
func styleOf(n int) style {
	return style{Color: "c" + strconv.Itoa(n%colors), Dash: dashes[n%len(dashes)], Mark: marks[n%len(marks)]}
}

// Dashes is the style's dashes as SVG spells them.
func (s style) Dashes() string {
	return strings.Trim(fmt.Sprint(s.Dash), "[]")
}

// stacks is the look of each stack, the same all over the page.
type stacks map[string]style

// stacksOf gives each stack of a run its look. Floors are grey.
func stacksOf(run *result.Run) stacks {
	var names []string
	floors := map[string]bool{}
	for _, c := range run.Contests {
		for _, s := range c.Stacks {
			names = append(names, s.Stack)
			floors[s.Stack] = floors[s.Stack] || s.Floor
		}
	}
	for _, l := range run.Latencies {
		names = append(names, l.Stack)
	}
	looks := stacks{}
	rivals, grey := 0, 0
	for _, name := range names {
		if _, known := looks[name]; known {
			continue
		}
		if floors[name] {
			looks[name] = style{Color: floorColor, Dash: dashes[(grey+1)%len(dashes)], Mark: marks[(grey+1)%len(marks)]}
			grey++
			continue
		}
		looks[name] = styleOf(rivals)
		rivals++
	}
	return looks
}

// of is the looks of some names that stand in one figure: a stack's own, and what is
// not taken for all others.
func (s stacks) of(names []string) []style {
	taken := map[string]bool{}
	for _, name := range names {
		if look, known := s[name]; known {
			taken[look.Color] = true
		}
	}
	looks := make([]style, len(names))
	next := 0
	for i, name := range names {
		look, known := s[name]
		if !known {
			for next < colors && taken[styleOf(next).Color] {
				next++
			}
			look = styleOf(next)
			next++
		}
		looks[i] = look
	}
	return looks
}

// legend explains the looks of some names.
func legend(names []string, looks []style, lines bool) []key {
	keys := make([]key, len(names))
	for i := range names {
		keys[i] = key{Name: names[i], Style: looks[i], Lines: lines}
	}
	return keys
}

// distinct is the names in the order in which they first stand.
func distinct(names []string) []string {
	var once []string
	for _, name := range names {
		if name != "" && !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}
