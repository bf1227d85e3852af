// Command bench measures rankgate beside what no ranking gateway can do without, and
// prints what it is to reach and what it does. See bench/results, which it writes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/rankgate/rankgate/bench/floor"
	"github.com/rankgate/rankgate/bench/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand()
	root.AddCommand(rivalsCommand(), contestCommand(), loadCommand(), capacityCommand(), soakCommand(), profileCommand())
	root.AddCommand(floor.Command(stack.FloorCommand))
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // there is nothing left to stop
	}
}
