package offline

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"
)

// Point is where a run has come to.
type Point struct {
	View  string
	Rows  int64 // read and written by this run
	Bytes int64 // of the sources passed, about
	Total int64 // bytes of all sources
}

// Progress is told of every batch.
type Progress interface {
	Update(p Point)
	Close() // the run has ended
}

// NewProgress returns a Bar if out is a terminal, and Lines if it is not.
func NewProgress(out *os.File) Progress {
	if cwriter.IsTerminal(int(out.Fd())) {
		return NewBar(out)
	}
	return NewLines(out)
}

// lineEvery is the time between two lines about a run that nobody watches.
const lineEvery = 5 * time.Second

// Lines is a Progress that prints a line now and then.
type Lines struct {
	out         io.Writer
	began, last time.Time
	now         func() time.Time
}

// NewLines returns Lines that are printed to out.
func NewLines(out io.Writer) *Lines {
	now := time.Now()
	return &Lines{out: out, began: now, last: now, now: time.Now}
}

// Update prints a line if the last one is old enough.
func (l *Lines) Update(p Point) {
	now := l.now()
	if now.Sub(l.last) < lineEvery {
		return
	}
	l.last = now
	rate := float64(p.Rows) / now.Sub(l.began).Seconds()
	fmt.Fprintf(l.out, "%s: %d %%, %d rows, %.0f rows/s\n", p.View, percent(p), p.Rows, rate)
}

// Close does nothing.
func (*Lines) Close() {}

func percent(p Point) int64 { return 100 * p.Bytes / max(p.Total, 1) }

// Bar is a Progress that draws a bar on a terminal.
type Bar struct {
	container *mpb.Progress
	bar       *mpb.Bar
	points    chan Point // holds the latest
	began     time.Time
}

// NewBar returns a Bar on out, which is a terminal.
func NewBar(out io.Writer) *Bar {
	b := &Bar{container: mpb.New(mpb.WithOutput(out), mpb.WithAutoRefresh()), points: make(chan Point, 1), began: time.Now()}
	latest := Point{}
	b.bar = b.container.New(0, mpb.BarStyle(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			select {
			case latest = <-b.points:
			default:
			}
			return latest.View + " "
		})),
		mpb.AppendDecorators(decor.Percentage(), decor.Any(func(decor.Statistics) string {
			rate := float64(latest.Rows) / max(time.Since(b.began).Seconds(), 1e-3)
			return fmt.Sprintf(" %d rows, %.0f rows/s ", latest.Rows, rate)
		}), decor.AverageETA(decor.ET_STYLE_GO)),
	)
	return b
}

// Update moves the bar.
func (b *Bar) Update(p Point) {
	select {
	case <-b.points:
	default:
	}
	b.points <- p
	b.bar.SetTotal(p.Total+1, false) // it is full when the run has ended, not before
	b.bar.SetCurrent(p.Bytes)
}

// Close leaves the bar as it is.
func (b *Bar) Close() {
	b.bar.Abort(false)
	b.container.Wait()
}
