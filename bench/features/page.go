package main

import (
	"context"
	"fmt"
	"io"

	"github.com/rankgate/rankgate/bench/report"
)

// page is the report in the making.
type page struct {
	*settings
	out     io.Writer
	memory  [][]string
	written [][]string
	aims    []aim
}

// begin says what ran where, and how to read what follows.
func (p *page) begin(ctx context.Context) {
	fmt.Fprintln(p.out, "# Features from Redis, side by side")
	fmt.Fprintln(p.out)
	for _, line := range report.Machine(ctx, command, "github.com/redis/rueidis", "github.com/redis/go-redis/v9") {
		fmt.Fprintln(p.out, line)
	}
	fmt.Fprintf(p.out, readsText, p.items, p.rounds, p.slice)
}

func (p *page) section(title, text string) {
	fmt.Fprintf(p.out, "## %s\n\n%s", title, text)
}

const readsText = `
A real redis-server over the loopback holds %d items in both layouts; one goroutine asks for the rows of one request at a
time. All stacks run in one process (Feast's reader in a Python of its own, which measures itself): in each of %d rounds
every stack has %v, so that whatever else the machine does falls on all of them.

- **p50** is the median of the rounds' medians, **p99** is over all requests of a stack; the request's ids are there, and
  every row is touched.
- In brackets: the figure to that of the **floor**, a bare pipelined MGET of the packed rows through rueidis; for p50 it is
  the median of what the rounds had, and the one to trust on a busy machine.
- **allocations** and **kB** are of the Go process per request; **CPU** is processor time per request, of the process that
  asks and of the server, and counts what runs at the same time as the wait.
- **kept rows** is the share answered from the process's own memory; caches have the size that makes rankgate's keep about
  50 and 90 %% of the Zipf load, and rueidis's get as many bytes. "All rows kept" holds all items, except under "the same ids",
  where it holds those alone. A ranking's candidates are distinct, so no load repeats an item within a request.
- Feast's get_online_features is measured without the to_dict() that mostly follows it.

`

const memoryText = `What one row takes. The heap's part is by how much it grows when all rows are taken in, divided by them.

`

const writesText = `All rows are stored: by redis-cli --pipe, from a file of ready SET or HSET commands; by the writer behind
` + "`gateway materialize`" + `, which encodes them in batches of 10,000 and has the server compare each with the row that is
there (or, while there is none, stores them with MSETNX); and by materialize itself, which reads them from a Parquet file.

`

const aimsText = `What this is to reach, whatever the machine.

`
