package redis

import (
	"cmp"
	"hash/maphash"
	"slices"
	"unsafe"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features"
)

// window is rows of different entities on their way to the server, as the pieces
// of calls: the key of a row, then its arguments. A server that is no cluster
// gets them in one call.
type window struct {
	view    *written
	cluster bool

	rows  []row
	bytes []byte // of all pieces
	ends  []int  // of each piece in bytes

	calls    []call
	keys     []string // scratch of one call
	args     []string
	commands []rueidis.Completed
	lost     bool // a connection has broken, and may still be reading bytes
}

// row is one row of a window.
type row struct {
	record int // index among the records given to Write
	place  int // index of its key among the pieces
	slot   uint16
}

// call is one script call, or MSETNX in its place: rows of a window that lie in
// one slot.
type call struct {
	rows  []row
	plain bool // sent as MSETNX, which stores all rows if none is there, or else answers 0
	held  bool // a row is there, or may be: only the script will do
	whole bool // the server does not have the script: send it whole
	done  bool
}

var seed = maphash.MakeSeed()

// window returns an empty window.
func (w *Writer) window(v *written) *window {
	win, ok := w.windows.Get().(*window)
	if !ok {
		win = &window{}
	}
	win.view, win.cluster = v, w.cluster
	win.rows, win.bytes, win.ends, win.calls = win.rows[:0], win.bytes[:0], win.ends[:0], win.calls[:0]
	return win
}

// release gives back a window whose bytes nothing refers to any more.
func (w *Writer) release(win *window) {
	if win.lost {
		return
	}
	clear(win.keys)
	clear(win.args)
	w.windows.Put(win)
}

// add makes pieces of a record. After an error the window must not be used.
func (win *window) add(record int, rec *features.Record) (err error) {
	place := len(win.ends)
	if win.bytes, err = win.view.key(win.bytes, rec.User, rec.Item); err != nil {
		return err
	}
	win.piece()
	if err := win.view.append(win, rec); err != nil {
		return err
	}
	r := row{record: record, place: place}
	if win.cluster {
		r.slot = slotOf(win.text(place))
	}
	win.rows = append(win.rows, r)
	return nil
}

// piece ends a piece.
func (win *window) piece() { win.ends = append(win.ends, len(win.bytes)) }

// text is a piece as a string, which is valid until the next add. Of a window
// that is complete, it is until the window is released.
func (win *window) text(piece int) string {
	from := 0
	if piece > 0 {
		from = win.ends[piece-1]
	}
	b := win.bytes[from:win.ends[piece]]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// hash is of the key added last.
func (win *window) hash() uint64 {
	return maphash.String(seed, win.text(win.rows[len(win.rows)-1].place))
}

// take moves the row that from has added last to win, which is empty.
func (win *window) take(from *window) {
	last := from.rows[len(from.rows)-1]
	start := 0
	if last.place > 0 {
		start = from.ends[last.place-1]
	}
	win.bytes = append(win.bytes, from.bytes[start:]...)
	for _, end := range from.ends[last.place:] {
		win.ends = append(win.ends, end-start)
	}
	win.rows = append(win.rows, row{record: last.record, slot: last.slot})
	from.bytes, from.ends, from.rows = from.bytes[:start], from.ends[:last.place], from.rows[:len(from.rows)-1]
}

// full reports whether the window is as large as a call may be.
func (win *window) full() bool {
	return len(win.rows) >= maxCallRows || len(win.bytes) >= maxCallBytes || len(win.ends) >= maxCallPieces
}

// split makes calls of the rows, one per slot.
func (win *window) split() {
	if win.cluster {
		slices.SortStableFunc(win.rows, func(a, b row) int { return cmp.Compare(a.slot, b.slot) })
	}
	for from := 0; from < len(win.rows); {
		to := from + 1
		for to < len(win.rows) && win.rows[to].slot == win.rows[from].slot {
			to++
		}
		win.calls = append(win.calls, call{rows: win.rows[from:to]})
		from = to
	}
}

// scatter makes a call of every row of a call. While a slot moves, some of its
// keys are here and some there, and only a call of one key is redirected.
func (win *window) scatter(i int) {
	of := win.calls[i]
	win.calls[i].done = true
	for at := range of.rows {
		win.calls = append(win.calls, call{rows: of.rows[at : at+1], held: of.held, whole: of.whole})
	}
}

// pending makes a command of every call that is not done.
func (win *window) pending(client rueidis.Client) []rueidis.Completed {
	win.commands = win.commands[:0]
	if win.lost {
		win.commands = nil // the connection that broke may still be reading the old ones
	}
	for i := range win.calls {
		if c := &win.calls[i]; !c.done {
			win.commands = append(win.commands, win.build(client, c))
		}
	}
	return win.commands
}

func (win *window) build(client rueidis.Client, c *call) rueidis.Completed {
	v := win.view
	c.plain = v.lone && !c.held && v.guess.fresh()
	if c.plain {
		pairs := client.B().Msetnx().KeyValue()
		for _, r := range c.rows {
			pairs = pairs.KeyValue(win.text(r.place), win.text(r.place+1))
		}
		return pairs.Build()
	}
	win.keys, win.args = win.keys[:0], append(win.args[:0], v.head...)
	for _, r := range c.rows {
		win.keys = append(win.keys, win.text(r.place))
		for piece := r.place + 1; piece < r.place+v.pieces; piece++ {
			win.args = append(win.args, win.text(piece))
		}
	}
	n := int64(len(win.keys))
	if c.whole {
		return client.B().Eval().Script(v.script.text).Numkeys(n).Key(win.keys...).Arg(win.args...).Build()
	}
	return client.B().Evalsha().Sha1(v.script.sha).Numkeys(n).Key(win.keys...).Arg(win.args...).Build()
}
