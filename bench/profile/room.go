package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Room is what costs are spent on: a room of the gateway, a library, or what the
// runtime does.
type Room struct {
	Name string
	Own  float64 // by request
}

// Rooms sums costs up by what they are spent on, the largest first.
func Rooms(costs []Cost) []Room {
	sums := map[string]float64{}
	for i := range costs {
		sums[roomOf(costs[i].Function)] += costs[i].Own
	}
	var rooms []Room
	for name, sum := range sums {
		rooms = append(rooms, Room{name, sum})
	}
	slices.SortFunc(rooms, func(a, b Room) int { return cmp.Or(cmp.Compare(b.Own, a.Own), strings.Compare(a.Name, b.Name)) })
	return rooms
}

// elsewhere are the rooms of functions that are not the gateway's own, by how their
// names begin; the first that fits counts.
var elsewhere = []struct{ prefix, room string }{
	{"runtime.cgocall", "forward pass"},
	{"github.com/yalue/onnxruntime_go", "forward pass"},
	{"internal/runtime/syscall", "system calls"},
	{"syscall.", "system calls"},
	{"runtime.memmove", "copying"},
	{"github.com/valyala/fasthttp", "fasthttp"},
	{"github.com/redis/rueidis", "rueidis"},
	{"github.com/maypok86/otter", "features"},
	{"github.com/allegro/bigcache", "cache"},
	{"github.com/prometheus", "monitor"},
	{"github.com/", "other libraries"},
	{"runtime", "Go's runtime"},
	{"internal/runtime", "Go's runtime"},
	{"internal/", "standard library"},
	{"main.", "cmd/gateway"},
}

// roomOf is where a function is at home, as functions names it.
func roomOf(function string) string {
	for _, e := range elsewhere {
		if strings.HasPrefix(function, e.prefix) {
			return e.room
		}
	}
	room := function
	if end := strings.IndexAny(function, "/."); end > 0 {
		room = function[:end]
	}
	if slices.Contains(own, room) {
		return room
	}
	return "standard library"
}

// own are the rooms of the gateway on a request's way.
var own = []string{"edge", "router", "cache", "features", "batcher", "backends", "jsonlex", "rank", "budget", "model", "monitor"}

// Sentence says in a line what a request is spent on, in a unit: the largest rooms that
// make up nine tenths of all.
func Sentence(rooms []Room, unit string) string {
	sum := 0.0
	for _, r := range rooms {
		sum += r.Own
	}
	const enough = 0.9
	text, told := fmt.Sprintf("of %.0f %s: ", sum, unit), 0.0
	for i, r := range rooms {
		if told >= enough*sum {
			break
		}
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %.0f", r.Name, r.Own)
		told += r.Own
	}
	return text
}
