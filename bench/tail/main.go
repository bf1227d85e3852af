// Command tail asks a gateway for rankings while its backends, its feature store, its
// callers and the gateway itself are in trouble, and prints a table: what was
// demanded, what came of it. See bench/results/tail.md, which is such a page.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// settings are the flags.
type settings struct {
	short bool
	only  numbers
	out   string
	role  string
	args  []string
}

// command is what the page says it was made with.
const command = "make bench-tail"

// Roles are what this program does when it has started itself.
const (
	roleBackends = "backends"
	roleLoris    = "loris"
)

func main() {
	var s settings
	flag.BoolVar(&s.short, "short", false, "at most 20 s a scenario, with limits for a busy machine; one that is missed fails")
	flag.Var(&s.only, "only", "numbers of the scenarios to run, as 2,5 (default: all)")
	flag.StringVar(&s.out, "out", "", "file for the page, besides the table on standard output")
	flag.StringVar(&s.role, "role", "", "what this program is when it has started itself")
	flag.Parse()
	s.args = flag.Args()
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench-tail:", err)
		os.Exit(1)
	}
}

func (s *settings) run() error {
	switch s.role {
	case "":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return s.measure(ctx)
	case roleBackends:
		return serveBackends()
	case roleLoris:
		return serveLoris(s.args)
	default:
		return fmt.Errorf("-role: %s is none", s.role)
	}
}

// measure runs the scenarios and prints the page.
func (s *settings) measure(ctx context.Context) (err error) {
	session, err := newSession(ctx, s.short)
	if err != nil {
		return err
	}
	defer session.close()
	p := &page{short: s.short}
	p.begin(ctx, os.Args[1:])
	for i := range scenarios {
		if sc := &scenarios[i]; len(s.only) == 0 || slices.Contains(s.only, sc.number) {
			fmt.Fprintf(os.Stderr, "bench-tail: %d %s\n", sc.number, sc.name)
			row, err := s.runScenario(ctx, session, sc)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.add(sc, row, err)
			if err := s.keep(p); err != nil {
				return err
			}
		}
	}
	p.write(os.Stdout)
	if len(p.broken) > 0 {
		return errors.New("not as it must be: " + strings.Join(p.broken, ", "))
	}
	return nil
}

// keep writes the page as far as it goes, for whoever ends the program before its end.
func (s *settings) keep(p *page) error {
	if s.out == "" {
		return nil
	}
	var text bytes.Buffer
	p.write(&text)
	if err := os.MkdirAll(filepath.Dir(s.out), 0o755); err != nil { //nolint:gosec // as below
		return err
	}
	return os.WriteFile(s.out, text.Bytes(), 0o644) //nolint:gosec // a page that all may read
}

// runScenario runs a scenario. In a short run one that has only missed a limit is run
// once more: a machine that others use may stand still for as long as all of it takes.
func (s *settings) runScenario(ctx context.Context, session *session, sc *scenario) (*row, error) {
	first, err := sc.run(ctx, session)
	if err != nil || !s.short || first.passes(true) || !first.passes(false) {
		return first, err
	}
	second, err := sc.run(ctx, session)
	if err == nil {
		second.notes = append(second.notes, "a first run missed a limit: "+first.missed())
	}
	return second, err
}

// numbers are those of scenarios.
type numbers []int

func (n *numbers) String() string { return fmt.Sprint([]int(*n)) }

// Set implements flag.Value.
func (n *numbers) Set(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		number, err := strconv.Atoi(word)
		known := slices.ContainsFunc(scenarios, func(s scenario) bool { return s.number == number })
		if err != nil || !known {
			return fmt.Errorf("%q is not the number of a scenario", word)
		}
		*n = append(*n, number)
	}
	return nil
}
