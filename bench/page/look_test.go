package page

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// blank lists the curves that left no pixel of their colour on their canvas, and the
// bars without a width.
const blank = `(() => {
  const nothing = [];
  for (const plot of document.querySelectorAll(".plot")) {
    const canvas = plot.querySelector("canvas");
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    const seen = new Set();
    for (let i = 0; i < pixels.length; i += 4) seen.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
    for (const key of plot.closest("figure").querySelectorAll(".legend li")) {
      const path = key.querySelector("svg path");
      const [r, g, b] = getComputedStyle(path).stroke.match(/\d+/g).map(Number);
      if (!seen.has(r << 16 | g << 8 | b)) nothing.push(plot.getAttribute("aria-label") + " " + key.textContent);
    }
  }
  for (const bar of document.querySelectorAll(".bar")) {
    if (!(bar.getBoundingClientRect().width > 0)) nothing.push(bar.title);
  }
  return nothing;
})()`

// wide lists what reaches beyond the width that the page has, and is not in a box that
// scrolls.
const wide = `(() => {
  const width = document.body.getBoundingClientRect();
  const all = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll table, .skip, .u-over, .u-under, thead"));
  const over = all.filter(e => e.getBoundingClientRect().right > width.right + 0.5);
  const scrolls = document.documentElement.scrollWidth > document.documentElement.clientWidth ? ["the page scrolls sideways"] : [];
  return scrolls.concat(over.map(e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 40)));
})()`

// incomplete lists the figures that can't be read by someone who knows nothing of them.
const incomplete = `[...document.querySelectorAll("figure")].filter(figure => {
  const axes = [...figure.querySelectorAll(".axis")].map(e => e.textContent);
  for (const data of figure.querySelectorAll(".plot script")) {
    const plot = JSON.parse(data.textContent);
    axes.push(plot.x.name, plot.y.name);
  }
  return !(figure.querySelector("h3").textContent && figure.querySelector(".read").textContent && axes.length && axes.every(Boolean) &&
    figure.querySelector("details tbody tr"));
}).map(figure => figure.id)`

func TestThePageDrawsEverythingAtEveryWidthAndAsksForNothing(t *testing.T) {
	run := sampleRun()
	b := open(t, run, sampleRegressions(run))
	if got := ask[int](t, b, `document.querySelectorAll(".plot canvas").length`); got != 2*3+3 {
		t.Errorf("%d plots are drawn; want three for each of two workloads and one for each of three series", got)
	}
	if got := ask[int](t, b, `document.querySelectorAll(".bars").length`); got != 2*2+1+2 {
		t.Errorf("%d charts of bars; want two for each of two contests, one of stages and one of cost for each contest", got)
	}
	for _, name := range ask[[]string](t, b, incomplete) {
		t.Errorf("%s lacks a title, a text on how to read it, the name of an axis or its numbers", name)
	}
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(t, scheme)
		for _, width := range []int64{360, 768, 1280} {
			b.resize(t, width)
			for _, name := range ask[[]string](t, b, blank) {
				t.Errorf("%s, %d wide: nothing is drawn of %s", scheme, width, name)
			}
			for _, name := range ask[[]string](t, b, wide) {
				t.Errorf("%s, %d wide: %s", scheme, width, name)
			}
			b.picture(t, scheme+"-"+number(float64(width)))
		}
	}
	b.check(t)
}

func TestEveryClaimIsInTheTableWithItsVerdict(t *testing.T) {
	run := sampleRun()
	b := open(t, run, sampleRegressions(run))
	rows := ask[[][]string](t, b, `[...document.querySelectorAll(".claims tbody tr")].map(row => [
	  row.querySelector(".name").textContent, row.querySelector(".verdict").textContent, (row.querySelector(".regression") ?? {textContent: ""}).textContent])`)
	if len(rows) != len(run.Claims) {
		t.Fatalf("%d rows; want %d", len(rows), len(run.Claims))
	}
	for i, verdict := range []string{reached, notReached, reached, reached, notMeasured, reached, reached, reached} {
		if rows[i][0] != run.Claims[i].Name || rows[i][1] != verdict {
			t.Errorf("row %d is %q; want %q, %s", i, rows[i], run.Claims[i].Name, verdict)
		}
		if worse := rows[i][2] != ""; worse != (i == 1) {
			t.Errorf("row %d says of the kept run: %q", i, rows[i][2])
		}
	}
	b.check(t)
}

func TestARunWithNextToNothingHasAPageWithoutHoles(t *testing.T) {
	b := open(t, sparseRun(), nil)
	for _, width := range []int64{360, 1280} {
		b.resize(t, width)
		for _, name := range append(ask[[]string](t, b, blank), ask[[]string](t, b, wide)...) {
			t.Errorf("%d wide: %s", width, name)
		}
		b.picture(t, "sparse-"+number(float64(width)))
	}
	text := ask[string](t, b, `document.body.innerText`)
	for _, odd := range []string{"NaN", "Inf", "undefined", "null"} {
		if strings.Contains(text, odd) {
			t.Errorf("the page says %s:\n%s", odd, text)
		}
	}
	b.check(t)
}

func TestAChartIsReadAndAskedWithTheKeyboard(t *testing.T) {
	b := open(t, sampleRun(), nil)
	b.resize(t, 1280)
	b.do(t, chromedp.Focus(chromedp.CSS("#growth-1 .plot")))
	press := func(key string) string {
		b.do(t, chromedp.KeyEvent(key))
		return ask[string](t, b, `document.querySelector("#growth-1 .tip").innerText`)
	}
	for _, step := range []struct{ key, want string }{
		{kb.Home, "candidates of a request: 10\n"},
		{kb.ArrowRight, "candidates of a request: 50\n"},
		{kb.ArrowRight, "rankgate: 330\n"},
		{kb.End, "rankgate: 5460\n"},
		{kb.ArrowLeft, "rankgate: 2760\n"},
		{kb.Escape, ""},
	} {
		if got := press(step.key); !strings.Contains(got+"\n", step.want) || (step.want == "") != (got == "") {
			t.Errorf("after %q the chart says %q; want %q", step.key, got, step.want)
		}
		if step.key == kb.ArrowLeft {
			b.picture(t, "keyboard")
		}
	}
	b.do(t, chromedp.Focus(chromedp.CSS(`#growth-1 .legend button[data-curve="1"]`)), chromedp.KeyEvent(kb.Enter))
	if gone := ask[[]string](t, b, blank); len(gone) != 1 || !strings.Contains(gone[0], "Feast + Triton") {
		t.Errorf("with one curve switched off these are not drawn: %q", gone)
	}
	b.check(t)
}

func TestThePageIsPrintedOnLightPaper(t *testing.T) {
	b := open(t, sampleRun(), nil)
	b.scheme(t, "dark")
	b.resize(t, 1280)
	ask[bool](t, b, `addEventListener("beforeprint", () => { window.inPrint = {
	  Paper: getComputedStyle(document.body).backgroundColor, Blank: `+blank+`,
	  Wide: `+wide+`, Width: document.body.getBoundingClientRect().width,
	}; }) ?? true`)
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground(), chromedp.PDFPaper(chromedp.PaperA4)))
	if err != nil {
		t.Fatal(err)
	}
	type look struct {
		Paper string
		Blank []string
		Wide  []string
		Width float64
	}
	got := ask[look](t, b, `window.inPrint`)
	if got.Paper != "rgb(255, 255, 255)" || len(got.Blank) > 0 {
		t.Errorf("printed on %s, without %q", got.Paper, got.Blank)
	}
	if sheet := (chromedp.PaperA4.Width - 0.8) * 96; got.Width > sheet {
		t.Errorf("the page is %v wide on a sheet of %v", got.Width, sheet)
	}
	for _, name := range got.Wide {
		t.Errorf("printed: %s", name)
	}
	if *pictures != "" {
		os.WriteFile(filepath.Join(*pictures, "print.pdf"), pdf, 0o600)
	}
	b.check(t)
}
