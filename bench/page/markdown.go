package page

import (
	"io"
	"strings"

	"github.com/rankgate/rankgate/bench/report"
	"github.com/rankgate/rankgate/bench/result"
)

// Markdown writes the claims of a run as a table, and below it what the notes and the
// regressions say of them. It is also good to read on a terminal.
func Markdown(w io.Writer, run *result.Run, regressions []result.Regression) error {
	var rows [][]string
	var notes strings.Builder
	for _, c := range claimsOf(run, regressions) {
		measured := c.Measured
		if c.Spread != "" {
			measured += " (" + c.Spread + ")"
		}
		verdict := c.Verdict
		if c.Worse != "" {
			verdict += ", worse"
		}
		rows = append(rows, []string{
			inline(c.Name), inline(c.Workload), inline(c.Floor), inline(c.Limit), inline(measured), c.Ratio, verdict,
		})
		for _, note := range []string{c.Note, c.Worse} {
			if note != "" {
				notes.WriteString("- " + inline(c.Name) + ": " + inline(note) + "\n")
			}
		}
	}
	var text strings.Builder
	report.Table(&text, []string{"claim", "workload", "floor", "limit", "measured", "of limit", "verdict"}, rows)
	text.WriteString(notes.String())
	_, err := io.WriteString(w, text.String())
	return err
}

// inline keeps a text within its cell.
func inline(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
