package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rankgate/rankgate/cmd/gateway/demo"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/router"
)

func demoCommand() *cobra.Command {
	var listen config.Listen
	var once bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Rank at once: a made-up shop, a trained ranker, no configuration",
		Long: `Serve a made-up shop of 10,000 users and 50,000 items with two versions of a
small trained ranker, the newer one as a canary for 5 % of the users. Sends
itself one request, shows the answer, and prints requests to try.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if once {
				listen = config.Listen{HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"}
			}
			return runDemo(c.Context(), c.OutOrStdout(), listen, once)
		},
	}
	c.Flags().StringVar(&listen.HTTP, "listen", "127.0.0.1:8080", "address to serve on")
	c.Flags().StringVar(&listen.Admin, "admin", "127.0.0.1:9901", "address of the admin listener")
	c.Flags().BoolVar(&once, "once", false, "exit after the first answer: 0 if it was right (on free ports)")
	return c
}

// runDemo builds the demo's gateway, has it answer demo.Example over HTTP,
// checks and shows the answer, then serves until ctx ends, or not, if once.
func runDemo(ctx context.Context, out io.Writer, listen config.Listen, once bool) error {
	start := time.Now()
	dir, err := os.MkdirTemp("", "rankgate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	g, err := composeDemo(dir, listen)
	if err != nil {
		return err
	}
	defer g.close()
	if err := g.load(ctx); err != nil {
		return err
	}
	if err := g.listen(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- g.run(ctx) }()

	base := "http://" + g.public.Addr().String()
	fmt.Fprintf(out, "rankgate %s is ready after %v: %s, metrics on http://%s/metrics\n\n",
		version, time.Since(start).Round(time.Millisecond), base, g.admin.Addr())
	err = showExample(ctx, out, base)
	if err == nil && !once {
		printTour(out, base)
		return <-served
	}
	stop()
	return errors.Join(err, <-served)
}

// composeDemo composes a gateway with everything embedded; dir takes the files.
func composeDemo(dir string, listen config.Listen) (*gateway, error) {
	if err := os.CopyFS(dir, demo.Files()); err != nil {
		return nil, err
	}
	cfg, err := config.ForDirectories(filepath.Join(dir, "models"), dir)
	if err != nil {
		return nil, err
	}
	cfg.Listen = listen
	cfg.Routes = map[string]router.Route{"ranker": {Stable: "3", Canary: router.Canary{Version: "4", Percent: 5}}}
	cfg.Log.Level = slog.LevelWarn
	cfg.Edge.Drain.Wait, cfg.Edge.Drain.Linger = 0, 100*time.Millisecond // no load balancer watches a demo
	return compose(cfg, newLogger(cfg.Log), filledBy(demo.Fill))
}

// filledBy fills the store with rows made in code.
func filledBy(add func(*features.Builder) error) filler {
	return func(_ context.Context, registry *features.Registry, store *features.Memory) error {
		b := features.NewBuilder(registry)
		if err := add(b); err != nil {
			return err
		}
		store.Swap(b)
		return nil
	}
}

// answer is what the demo reads of a ranking.
type answer struct {
	Version  string         `json:"version"`
	Variant  string         `json:"variant"`
	Items    []demo.Scored  `json:"items"`
	Coverage map[string]int `json:"coverage"`
	Took     float64        `json:"took_ms"`
}

func showExample(ctx context.Context, out io.Writer, base string) error {
	body := demo.Example()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/rank", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Request-Timeout-Ms", "2000") // to be right, not fast, on the slowest machine
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	var a answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("the demo's own request was answered with status %d: %w", res.StatusCode, err)
	}
	candidates := 0
	for _, n := range a.Coverage {
		candidates += n
	}
	fmt.Fprintf(out, "One request, %d candidates, version %s (%s), %.2f ms; the best of them:\n\n",
		candidates, a.Version, a.Variant, a.Took)
	for i, item := range a.Items[:min(5, len(a.Items))] {
		fmt.Fprintf(out, "  %d. item %-6s %.4f\n", i+1, item.ID, item.Score)
	}
	fmt.Fprintf(out, "\nStages (ms): %s\n", strings.ReplaceAll(res.Header.Get("Server-Timing"), ";dur=", " "))
	if err := demo.Check(a.Version, a.Items); err != nil {
		return fmt.Errorf("the ranking is wrong: %w", err)
	}
	_, err = fmt.Fprintln(out, "Scores equal those that were computed when the model was trained.")
	return err
}

func printTour(out io.Writer, base string) {
	curl := func(comment, headers, body string) {
		fmt.Fprintf(out, "# %s\ncurl -s %s/rank -H 'Content-Type: application/json'%s -d '%s'\n\n", comment, base, headers, body)
	}
	const short = `{"user":"42","items":[101,38579,26229,28157],"context":{"hour":21,"device":"ios"}`
	fmt.Fprint(out, "\nTry it:\n\n")
	curl("a ranking; send it twice, and the second one comes from the cache", "", short+"}")
	curl("the canary, whoever the user is", " -H 'X-Canary: always'", short+"}")
	curl("why: every score's source, every feature's value and status", "", short+`,"explain":true}`)
	curl("a budget that is spent at once: still an answer, marked as degraded", "",
		`{"user":"7","items":[1,2,3],"budget_ms":0.001}`)
	fmt.Fprintln(out, "Interrupt (Ctrl-C) to stop.")
}
