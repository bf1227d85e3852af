package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/bench/page"
	"github.com/rankgate/rankgate/bench/result"
)

// pageCommand draws the page of a run that was kept.
func pageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "page FILE.json",
		Short: "Draw the page of a run that is kept in results",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			name, ok := strings.CutSuffix(args[0], ".json")
			if !ok {
				return fmt.Errorf("%s: want a file that a run has kept, results/*.json", args[0])
			}
			run, err := result.Load(args[0])
			if err != nil {
				return err
			}
			return draw(c.ErrOrStderr(), name+".html", run, nil)
		},
	}
}

// draw writes the page of a run and tells log where it is.
func draw(log io.Writer, path string, run *result.Run, worse []result.Regression) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := page.Write(file, run, worse); err != nil {
		return err
	}
	fmt.Fprintf(log, "bench: the page is %s\n", path)
	return file.Close()
}
