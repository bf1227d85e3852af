// Command gateway ranks: it answers POST /rank with a user's candidates scored
// and ordered inside a latency budget.
//
// This package is the wiring. It parses the command line, builds every stage
// from its configuration, composes them once, and runs the listeners; nothing
// here happens per request.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is stamped by `make build`.
var version = "devel"

// Exit codes of every command.
const (
	exitOK      = 0
	exitFailure = 1 // it could not do its work
	exitUsage   = 2 // unknown command, flag or argument
	exitInvalid = 3 // the configuration or a file that it names is wrong
)

// errInvalid marks mistakes in what the user configured.
var errInvalid = errors.New("invalid configuration")

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	command := newCommand()
	command.SetArgs(args)
	err := command.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(os.Stderr, err)
	var usage usageError
	switch {
	case errors.Is(err, errInvalid):
		return exitInvalid
	case errors.As(err, &usage):
		return exitUsage
	default:
		return exitFailure
	}
}

// usageError is a command line that can't be understood.
type usageError struct{ error }

func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "gateway",
		Short:         "Rank hundreds of candidates for one user inside a latency budget",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usage(cobra.NoArgs),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	})
	root.AddCommand(
		demoCommand(), serveCommand(), checkCommand(),
		materializeCommand(), ingestCommand(), featuresCommand(),
		versionCommand(),
	)
	return root
}

// usage marks what check refuses as a mistake in the command line.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
		}
		return nil
	}
}
