// Command bench measures rankgate beside what no ranking gateway can do without, and
// prints what it is to reach and what it does. See bench/results, which it writes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/floor"
	"github.com/rankgate/rankgate/bench/stack"
)

// interrupted is what a shell says of a program that Ctrl-C ended.
const interrupted = 130

func main() {
	// SIGPIPE too, which else ends the process at once: what it started would be left behind.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	root := rootCommand()
	root.AddCommand(commands()...)
	root.AddCommand(floor.Command(stack.FloorCommand))
	if err := root.ExecuteContext(ctx); err != nil {
		if ctx.Err() != nil { // whatever else failed, this is why
			fmt.Fprintln(os.Stderr, "bench: interrupted")
			os.Exit(interrupted) //nolint:gocritic // there is nothing left to stop
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func commands() []*cobra.Command {
	return []*cobra.Command{
		rivalsCommand(), contestCommand(), loadCommand(), capacityCommand(), soakCommand(), profileCommand(), pageCommand(),
	}
}
