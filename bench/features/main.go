// Command features measures rankgate's feature store in Redis beside other ways to
// get the same rows, over the loopback, and prints a page of Markdown. See
// docs/benchmarks/features.md, which is such a page.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/features/redis"
)

// settings are the flags.
type settings struct {
	python string        // has the feast package
	items  int           // rows in the server
	rounds int           // of every stack
	slice  time.Duration // of a stack in a round
	fills  int           // rounds of the writers
}

// requirements makes the Python that -feast wants.
const requirements = "examples/feast/requirements.txt"

// command is what the page says it was made with.
const command = "make bench-features"

var shapes = []shape{{500, 10}, {200, 32}}

func main() {
	var s settings
	flag.StringVar(&s.python, "feast", "", "a Python with the feast package (scripts/venv.sh "+requirements+" prints one)")
	flag.IntVar(&s.items, "items", 100_000, "rows in the server")
	flag.IntVar(&s.rounds, "rounds", 16, "rounds, in each of which every stack has a slice of time")
	flag.DurationVar(&s.slice, "slice", 40*time.Millisecond, "length of a slice")
	flag.IntVar(&s.fills, "fills", 3, "rounds of the writers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, &s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench-features:", err)
		os.Exit(1) //nolint:gocritic // there is nothing left to stop
	}
}

func run(ctx context.Context, s *settings, out io.Writer) error {
	p := &page{settings: s, out: out}
	p.begin(ctx)
	for _, shape := range shapes {
		if err := p.reads(ctx, shape); err != nil {
			return err
		}
	}
	p.section("Memory", memoryText)
	report.Table(out, []string{"request", "a row", "bytes", "to a packed row in the server"}, p.memory)
	p.section("Writing", writesText)
	for _, shape := range shapes {
		if err := p.writes(ctx, shape); err != nil {
			return err
		}
	}
	report.Table(out, writeHead, p.written)
	p.section("Aims", aimsText)
	report.Table(out, []string{"", "aim", "measured", ""}, aimRows(p.aims))
	return nil
}

// reads measures what a request costs.
func (p *page) reads(ctx context.Context, of shape) error {
	server, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer server.close()
	catalog, err := newCatalog(of, p.items)
	if err != nil {
		return err
	}
	if err := catalog.load(ctx, server); err != nil {
		return err
	}
	m, err := measureMemory(ctx, catalog, server)
	if err != nil {
		return err
	}
	p.memory = append(p.memory, m.rows(of)...)
	feast, err := openFeast(ctx, p.python, catalog, server)
	if err != nil {
		return err
	}
	defer feast.close()
	zipf := zipfLoad(catalog)
	var sizes sizes
	if sizes.half, err = sizeFor(ctx, catalog, server, zipf, 0.5, m.weighed); err != nil {
		return err
	}
	if sizes.most, err = sizeFor(ctx, catalog, server, zipf, 0.9, m.weighed); err != nil {
		return err
	}
	for _, load := range []*load{uniformLoad(catalog), zipf, sameLoad(catalog)} {
		l := &lineup{ctx: ctx, catalog: catalog, server: server, load: load}
		if err := p.requests(ctx, l, sizes, feast); err != nil {
			return err
		}
	}
	return nil
}

// requests measures one load.
func (p *page) requests(ctx context.Context, l *lineup, s sizes, f *feastReads) error {
	defer l.close()
	switch {
	case len(l.load.requests) == 1:
		l.same()
	case l.load.name == uniformName:
		l.uniform(s)
		l.add(f.name, f, nil)
	default:
		l.zipf(s)
		l.add(f.name, f, nil)
	}
	if l.err != nil {
		return l.err
	}
	all, err := (&contest{server: l.server, stacks: l.stacks, slice: p.slice, rounds: p.rounds}).run(ctx)
	if err != nil {
		return err
	}
	p.section(fmt.Sprintf("%s, %s", l.catalog.shape, l.load.name), "")
	report.Table(p.out, requestHead, requestRows(all))
	if len(l.load.requests) == 1 {
		p.aims = append(p.aims, sameAims(l.catalog.shape, all)...)
	} else {
		p.aims = append(p.aims, loadAims(l.catalog.shape, l.load, all)...)
	}
	return nil
}

// writes measures how fast rows are stored.
func (p *page) writes(ctx context.Context, of shape) error {
	for _, layout := range layouts {
		catalog, err := newCatalog(of, layout.rows)
		if err != nil {
			return err
		}
		if err := p.fill(ctx, catalog, layout.name, layout.Layout); err != nil {
			return err
		}
	}
	return nil
}

// layouts are those that are written, with as many rows as take about a second.
var layouts = []struct {
	redis.Layout
	name string
	rows int
}{{redis.Packed, "packed", 300_000}, {redis.Feast, "Feast", 50_000}}

// fill measures one layout.
func (p *page) fill(ctx context.Context, c *catalog, name string, layout redis.Layout) error {
	server, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer server.close()
	for _, over := range []bool{false, true} {
		all, err := writeContest(ctx, c, server, layout, over, p.fills)
		if err != nil {
			return err
		}
		state := "empty"
		if over {
			state = "holds them"
		}
		about := []string{fmt.Sprintf("%d × %d float32", len(c.records), c.columns), name, state}
		p.written = append(p.written, writeRows(all, about)...)
		p.aims = append(p.aims, writeAim(fmt.Sprintf("%s, %s, server %s", about[0], name, state), all))
	}
	return nil
}
