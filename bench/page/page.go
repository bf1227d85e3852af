// Package page draws what a run of the bench found: as one HTML page that needs
// nothing else, on the network or off it, and its claims as a table of Markdown.
package page

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strconv"

	"github.com/rankgate/rankgate/bench/result"
)

// Write draws a run as an HTML page. Each of its charts has its numbers in a table
// beneath it. Figures that are not finite are left out.
func Write(w io.Writer, run *result.Run, regressions []result.Regression) error {
	stacks := stacksOf(run)
	v := view{
		About:    aboutOf(run),
		Verdicts: verdictsOf(run, regressions),
		Claims:   claimsOf(run, regressions),
		Library:  library,
	}
	v.add("latency", "Latency", latencyFigures(run, stacks))
	v.add("throughput", "Throughput against the floors", contestFigures(run, stacks))
	v.add("stages", "Where a request’s time goes", stageFigures(run))
	v.add("cost", "Cost of a million candidates", costFigures(run, stacks))
	v.add("growth", "How it grows", seriesFigures(run, stacks))
	var text bytes.Buffer // so that a page that fails is not half written
	if err := pageTemplate.Execute(&text, &v); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}

// view is what the template shows, in its order.
type view struct {
	About    about
	Verdicts verdicts
	Claims   []claim
	Sections []section
	Library  assets
}

// section is a heading with the figures below it.
type section struct {
	ID      string
	Title   string
	Figures []figure
}

// add appends a section, unless the run has nothing for it.
func (v *view) add(id, title string, figures []figure) {
	if len(figures) == 0 {
		return
	}
	for i := range figures {
		figures[i].ID = id + "-" + strconv.Itoa(i+1)
	}
	v.Sections = append(v.Sections, section{ID: id, Title: title, Figures: figures})
}

// figure is a chart, of lines or of bars, with what one needs to read it.
type figure struct {
	ID       string
	Title    string
	Workload string
	Text     string // what the run says of it
	Read     string // how to read it
	Legend   []key
	Panels   []panel // of lines
	Bars     []bars
	Notes    []string
	Table    table
}

// key is an entry of a legend.
type key struct {
	Name  string
	Style style
	Lines bool // it may be switched off, and its swatch is a line
}

// table is the numbers of a figure.
type table struct {
	Head []string
	Rows [][]string
}

// assets is what the page brings along so as to need no network.
type assets struct {
	Style    template.CSS
	Script   template.JS
	PlotCSS  template.CSS
	PlotCode template.JS
	Licence  template.JS // of the plotting library, which its copies must carry
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed plot.js
	plotJS string
	//go:embed uplot/uPlot.min.css
	uplotCSS string
	//go:embed uplot/uPlot.iife.min.js
	uplotJS string
	//go:embed uplot/LICENSE
	uplotLicence string
)

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

var library = assets{
	Style:    template.CSS(pageCSS),                                        //nolint:gosec // our own files, with nothing measured in them
	Script:   template.JS(plotJS),                                          //nolint:gosec // as above
	PlotCSS:  template.CSS(uplotCSS),                                       //nolint:gosec // as above
	PlotCode: template.JS(uplotJS),                                         //nolint:gosec // as above
	Licence:  template.JS("/*!\nuPlot 1.6.32\n\n" + uplotLicence + "\n*/"), //nolint:gosec // as above
}
