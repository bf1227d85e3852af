package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features/feast"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/offline"
)

// filler stores all rows of a catalog. A slice of it is one such run, whatever
// the length that was asked for.
type filler struct {
	name   string
	server *server
	over   bool // the rows are there already; else the server is emptied before
	rows   int
	fill   func(ctx context.Context) (cpu time.Duration, err error)
	free   func()
}

func (f *filler) run(ctx context.Context, _ *load, _ time.Duration) (*slice, error) {
	if !f.over {
		if err := f.server.do(ctx, "FLUSHALL"); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	cpu, err := f.fill(ctx)
	return &slice{took: []time.Duration{time.Since(start)}, cpu: cpu, rows: uint64(f.rows)}, err
}

func (f *filler) close() { f.free() }

// Names of the stacks of a writeContest.
const (
	pipeName        = "redis-cli --pipe, ready commands"
	writerName      = "rankgate's writer, rows in memory"
	materializeName = "gateway materialize, rows in Parquet"
)

// writeContest lets rankgate, which never lets an older row win, compete with
// redis-cli --pipe, which is fed with ready commands of the same bytes.
func writeContest(ctx context.Context, c *catalog, s *server, layout redis.Layout, over bool, rounds int) ([]figures, error) {
	if err := c.writeSource(s.Dir); err != nil {
		return nil, err
	}
	if over {
		if err := c.write(ctx, c.config(s, layout)); err != nil {
			return nil, err
		}
	}
	contest := contest{server: s, rounds: rounds}
	for _, open := range []func(*catalog, *server, redis.Layout) (*filler, error){newPipe, newWriter, newMaterializer} {
		f, err := open(c, s, layout)
		if err != nil {
			return nil, err
		}
		defer f.free()
		f.over = over
		contest.stacks = append(contest.stacks, stack{name: f.name, runner: f})
	}
	return contest.run(ctx)
}

func newWriter(c *catalog, s *server, layout redis.Layout) (*filler, error) {
	return newFiller(c, s, layout, writerName, c.writeBatches)
}

// newMaterializer does what gateway materialize does.
func newMaterializer(c *catalog, s *server, layout redis.Layout) (*filler, error) {
	return newFiller(c, s, layout, materializeName, func(ctx context.Context, writer *redis.Writer) error {
		counts, err := offline.Materialize(ctx, offline.Options{Registry: c.reg, Dir: s.Dir, Batch: batchRows, Writer: writer})
		if err == nil && counts[0].Stored != int64(len(c.records)) {
			err = fmt.Errorf("%d of %d rows were stored", counts[0].Stored, len(c.records))
		}
		return err
	})
}

func newFiller(
	c *catalog, s *server, layout redis.Layout, name string, write func(context.Context, *redis.Writer) error,
) (*filler, error) {
	cfg := c.config(s, layout)
	client, err := redis.Connect(cfg)
	if err != nil {
		return nil, err
	}
	writer, err := redis.NewWriter(client, cfg, c.reg)
	if err != nil {
		client.Close()
		return nil, err
	}
	fill := func(ctx context.Context) (time.Duration, error) {
		used := processorTime()
		err := write(ctx, writer)
		return processorTime() - used, err
	}
	return &filler{name: name, server: s, rows: len(c.records), fill: fill, free: client.Close}, nil
}

// newPipe writes the commands to a file and has redis-cli read it.
func newPipe(c *catalog, s *server, layout redis.Layout) (*filler, error) {
	binary, err := exec.LookPath("redis-cli")
	if err != nil {
		return nil, fmt.Errorf("redis-cli is not here: run %q", serverInstall)
	}
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.Dir, "commands")
	if err := os.WriteFile(path, c.commands(layout), 0o600); err != nil {
		return nil, err
	}
	fill := func(ctx context.Context) (time.Duration, error) {
		input, err := os.Open(path)
		if err != nil {
			return 0, err
		}
		defer input.Close()
		command := exec.CommandContext(ctx, binary, "-h", host, "-p", port, "--pipe") //nolint:gosec // the user's own redis-cli
		command.Stdin = input
		out, err := command.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("errors: 0")) {
			return 0, fmt.Errorf("redis-cli --pipe: %w: %s", err, out)
		}
		return command.ProcessState.UserTime() + command.ProcessState.SystemTime(), nil
	}
	return &filler{name: pipeName, server: s, rows: len(c.records), fill: fill, free: func() { _ = os.Remove(path) }}, nil
}

// commands are the commands of all rows as the server reads them: SET of a packed
// row, HSET of one of Feast's.
func (c *catalog) commands(layout redis.Layout) []byte {
	var out, value []byte
	add := func(word string) { out = fmt.Appendf(out, "$%d\r\n%s\r\n", len(word), word) }
	for i := range c.records {
		rec := &c.records[i]
		if layout == redis.Packed {
			out = append(out, "*3\r\n"...)
			add("SET")
			add(c.packedKeys[i])
			value = c.packed.Encode(value[:0], rec)
			add(rueidis.BinaryString(value))
			continue
		}
		fields := c.feast.Fields()
		out = fmt.Appendf(out, "*%d\r\n", 2+2*len(fields))
		add("HSET")
		add(c.feastKeys[i])
		for column, field := range fields[:c.columns] {
			add(field)
			value = c.feast.EncodeField(value[:0], column, &rec.Row)
			add(rueidis.BinaryString(value))
		}
		add(fields[c.columns])
		value = feast.EncodeTime(value[:0], rec.Row.Time)
		add(rueidis.BinaryString(value))
	}
	return out
}
