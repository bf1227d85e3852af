package redis

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// benchRows is how many rows of ten float32 a benchmark writes per round.
const benchRows = 200_000

// How fast a Writer fills a server, and how fast redis-cli --pipe does when it is
// fed with ready SET commands of the same bytes: rows/s, into an empty server, over
// the same rows, and over rows of an older event time.
//
//	go test ./features/redis -run XXX -bench Writer -benchtime 5x
func BenchmarkWriter(b *testing.B) {
	ten := func(_ *Config, reg *features.Registry) {
		for i := range 9 {
			reg.Views[itemView].Columns = append(reg.Views[itemView].Columns, features.Column{Name: fmt.Sprint("f", i), Type: model.Float32})
		}
	}
	expiring := func(cfg *Config, reg *features.Registry) {
		ten(cfg, reg)
		reg.Views[itemView].EventTime, reg.Views[itemView].TTL = "at", 100*365*24*time.Hour
	}
	for _, test := range []struct {
		name   string
		change func(*Config, *features.Registry)
	}{
		{"packed", ten},
		{"expiring", expiring},
		{"feast", func(cfg *Config, reg *features.Registry) {
			ten(cfg, reg)
			asFeast(cfg, reg)
		}},
	} {
		l := newLedger(b, test.change)
		records := l.tenFloats(benchRows)
		pipe := l.commands(records)
		for _, state := range []string{"empty", "same", "older"} {
			prepare := func() {
				switch state {
				case "empty":
					l.do("FLUSHALL")
				case "older":
					for i := range records {
						records[i].Row.Time++
					}
				}
			}
			b.Run(test.name+"/"+state+"/redis-cli", func(b *testing.B) {
				rounds(b, prepare, func() { l.pipe(b, pipe) })
			})
			b.Run(test.name+"/"+state+"/Writer", func(b *testing.B) {
				rounds(b, prepare, func() {
					for batch := range slices.Chunk(records, 10_000) {
						if _, err := l.writer.Write(context.Background(), itemView, batch); err != nil {
							b.Fatal(err)
						}
					}
				})
			})
		}
	}
}

// rounds measures fill.
func rounds(b *testing.B, prepare, fill func()) {
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		prepare()
		b.StartTimer()
		fill()
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds(), "rows/s")
}

func (l *ledger) tenFloats(n int) []features.Record {
	layout := features.LayoutOf(l.reg.Views[itemView].Columns)
	records := make([]features.Record, n)
	for i := range records {
		records[i] = features.Record{Item: strconv.Itoa(i), Row: layout.NewRow()}
		records[i].Row.Time = today + int64(i)
		for c := range layout.Cells {
			layout.Cells[c].SetFloat(&records[i].Row, float64(i*c)+0.5)
		}
	}
	return records
}

// commands are the commands that a program without questions would send.
func (l *ledger) commands(records []features.Record) []byte {
	var out bytes.Buffer
	v := l.writer.views[itemView]
	win := l.writer.window(v)
	for i := range records {
		if err := win.add(i, &records[i]); err != nil {
			l.t.Fatal(err)
		}
		place := win.rows[len(win.rows)-1].place
		words := []string{"SET", win.text(place), win.text(place + 1)}
		switch {
		case l.cfg.Layout == Feast:
			words[0] = "HSET"
			words = words[:2]
			for f, field := range v.head[3:] {
				words = append(words, field, win.text(place+1+f))
			}
		case v.lasts > 0:
			words = append(words, "PXAT", win.text(place+2))
		}
		fmt.Fprintf(&out, "*%d\r\n", len(words))
		for _, word := range words {
			fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	return out.Bytes()
}

func (l *ledger) pipe(b *testing.B, commands []byte) {
	host, port, _ := net.SplitHostPort(l.server.Addr)
	command := exec.Command("redis-cli", "-h", host, "-p", port, "--pipe")
	command.Stdin = bytes.NewReader(commands)
	out, err := command.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("errors: 0")) {
		b.Fatalf("redis-cli --pipe: %v: %s", err, out)
	}
}
