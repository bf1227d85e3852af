package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/rankgate/rankgate/offline"
)

// newProgress returns a bar if out is a terminal, and lines if it is not.
func newProgress(out *os.File) offline.Progress {
	if cwriter.IsTerminal(int(out.Fd())) {
		return newBar(out)
	}
	return newLines(out)
}

// lineEvery is the time between two lines about a run that nobody watches.
const lineEvery = 5 * time.Second

// lines is an offline.Progress that prints a line now and then.
type lines struct {
	out         io.Writer
	began, last time.Time
	now         func() time.Time
}

// newLines returns lines that are printed to out.
func newLines(out io.Writer) *lines {
	now := time.Now()
	return &lines{out: out, began: now, last: now, now: time.Now}
}

// Update prints a line if the last one is old enough.
func (l *lines) Update(p offline.Point) {
	now := l.now()
	if now.Sub(l.last) < lineEvery {
		return
	}
	l.last = now
	rate := float64(p.Rows) / now.Sub(l.began).Seconds()
	fmt.Fprintf(l.out, "%s: %d %%, %d rows, %.0f rows/s\n", p.View, percent(p), p.Rows, rate)
}

// Close does nothing.
func (*lines) Close() {}

func percent(p offline.Point) int64 { return 100 * p.Bytes / max(p.Total, 1) }

// bar is an offline.Progress that draws a bar on a terminal.
type bar struct {
	container *mpb.Progress
	filling   *mpb.Bar
	points    chan offline.Point // holds the latest
	began     time.Time
}

// newBar returns a bar on out, which is a terminal.
func newBar(out io.Writer) *bar {
	b := &bar{container: mpb.New(mpb.WithOutput(out), mpb.WithAutoRefresh()), points: make(chan offline.Point, 1), began: time.Now()}
	latest := offline.Point{}
	b.filling = b.container.New(0, mpb.BarStyle(),
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
func (b *bar) Update(p offline.Point) {
	select {
	case <-b.points:
	default:
	}
	b.points <- p
	b.filling.SetTotal(p.Total+1, false) // it is full when the run has ended, not before
	b.filling.SetCurrent(p.Bytes)
}

// Close leaves the bar as it is.
func (b *bar) Close() {
	b.filling.Abort(false)
	b.container.Wait()
}
