package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/claims"
	"github.com/rankgate/rankgate/bench/page"
	"github.com/rankgate/rankgate/bench/redis"
	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/bench/result"
	"github.com/rankgate/rankgate/bench/stack"
)

// running is the command line of bench itself.
type running struct {
	full bool
	only []string
	out  string
}

func rootCommand() *cobra.Command {
	var r running
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure rankgate beside its floors and rivals, and say which claims are reached",
		Long: `Measure rankgate beside what no ranking gateway can do without and beside what is
made by hand in its place, and print every claim with its floor, its limit and the
verdict. --out is given a page with the charts and what is compared with the next
run on a machine like this one: two files named for the machine, .html and .json.

A claim that is missed is told in the table; the exit code is 1 only when something
could not be measured at all. docs/benchmarks/load.md tells how it measures, and how
to read what it prints.`,
		Example: `  make bench
  make bench ARGS="--only hit,cold"
  make bench ARGS="load small/200/90% --rate 2000"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no command %q: --help lists them (a section is run by --only)", args[0])
			}
			return nil
		},
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(r.only) > 0 && c.Flags().Changed("out") {
				return fmt.Errorf("--out: with --only nothing is kept, and the page is %s", passing())
			}
			return r.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.CompletionOptions.DisableDefaultCmd = true
	c.Flags().BoolVar(&r.full, "full", false, "take longer: more rounds, and the soak of half an hour")
	c.Flags().StringSliceVar(&r.only, "only", nil, "sections to run: "+strings.Join(names(), ", ")+
		" (default all; with some, nothing is kept, and the page is "+passing()+")")
	c.Flags().StringVar(&r.out, "out", "results", "directory for the page and for what is kept, seen from bench/")
	return c
}

// rivalsCommand is the part of the run that is about rivals, with what each costs.
func rivalsCommand() *cobra.Command {
	var full bool
	c := &cobra.Command{
		Use:   "rivals",
		Short: "Measure rankgate beside what is made by hand in its place",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r := running{full: full, only: []string{"rivals"}}
			run, err := r.measure(c.Context(), c.ErrOrStderr())
			if run == nil {
				return err
			}
			for i := range run.Contests {
				fmt.Fprintf(c.OutOrStdout(), "%s\n\n", run.Contests[i].Workload)
				printCosts(c.OutOrStdout(), run.Contests[i].Stacks)
			}
			return errors.Join(err, page.Markdown(c.OutOrStdout(), run, nil))
		},
	}
	c.Flags().BoolVar(&full, "full", false, "take longer: more rounds")
	return c
}

func names() (all []string) {
	for i := range claims.Sections {
		all = append(all, claims.Sections[i].Name)
	}
	return all
}

func (r *running) run(ctx context.Context, out, log io.Writer) error {
	if err := r.prepare(); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	run, err := r.measure(ctx, log)
	switch {
	case run == nil:
		return err
	case err != nil: // what could be measured is shown, and not kept
		return errors.Join(err, page.Markdown(out, run, nil))
	default:
		return r.tell(out, log, run)
	}
}

// passing is the page of a run that is not kept.
func passing() string { return filepath.Join(os.TempDir(), "rankgate-bench.html") }

// prepare fails if what is measured could not be kept, before anything is.
func (r *running) prepare() error {
	if len(r.only) > 0 {
		return nil
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil { //nolint:gosec // for all to read, as a checkout is
		return err
	}
	probe, err := os.CreateTemp(r.out, "bench-")
	if err != nil {
		return err
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// measure runs the sections. Its run is nil only if none was begun.
func (r *running) measure(ctx context.Context, log io.Writer) (*result.Run, error) {
	sections, err := r.sections()
	if err != nil {
		return nil, err
	}
	if _, err := redis.Find(); err != nil { // some sections would do without
		return nil, err
	}
	site, err := stack.NewSite(ctx)
	if err != nil {
		return nil, err
	}
	defer site.Close()
	run := &result.Run{About: report.About(ctx, command(), modules...)}
	run.About.Full = r.full
	length := claims.Usual
	if r.full {
		length = claims.Full
	}
	return run, claims.Run(ctx, site, sections, length, run, log)
}

func (r *running) sections() ([]claims.Section, error) {
	if len(r.only) == 0 {
		return claims.Sections, nil
	}
	for _, name := range r.only {
		if !slices.Contains(names(), name) {
			return nil, fmt.Errorf("--only: there is no section %q; there are %s", name, strings.Join(names(), ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(claims.Sections), func(s claims.Section) bool { return !slices.Contains(r.only, s.Name) }), nil
}

// modules are those whose versions count.
var modules = []string{
	"github.com/tsenart/vegeta/v12", "github.com/valyala/fasthttp", "github.com/redis/rueidis", "github.com/yalue/onnxruntime_go",
}

// command is how this program is run again.
func command() string {
	if len(os.Args) == 1 {
		return "make bench"
	}
	return fmt.Sprintf("make bench ARGS=%q", strings.Join(os.Args[1:], " "))
}

// tell prints the claims, draws the page and, of a whole run, keeps what was found.
func (r *running) tell(out, log io.Writer, run *result.Run) error {
	path := result.Path(r.out, &run.About)
	kept, err := result.Load(path)
	var worse []result.Regression
	switch {
	case err == nil:
		worse = result.Compare(kept, run)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := page.Markdown(out, run, worse); err != nil {
		return err
	}
	drawn := strings.TrimSuffix(path, ".json") + ".html"
	if len(r.only) > 0 {
		drawn = passing()
	} else if err := result.Save(path, run); err != nil {
		return err
	}
	return draw(log, drawn, run, worse)
}
