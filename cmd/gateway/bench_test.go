package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/rankgate/rankgate/backends/onnx"
	"github.com/rankgate/rankgate/config"
	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// candidates of every benchmarked request, and the shop that they come from.
const (
	benchCandidates = 200
	benchUsers      = 10000
	benchItems      = 50000
)

// BenchmarkRank measures a whole POST /rank of 200 candidates over a connection
// in memory, one request at a time, next to what nothing could do without:
//
//	pass    the bare ONNX Runtime pass of the same 200 rows
//	fast    a bare fasthttp server that takes the same body and gives a ready answer
//	cold    every candidate fetched, assembled and scored; nothing is cached yet
//	hit     every candidate's score is cached
//
// cold / pass says what a whole request costs in passes; cold − pass − fast is
// the gateway's own work.
func BenchmarkRank(b *testing.B) {
	for _, m := range []struct {
		name  string
		width int
	}{{"small", 64}, {"mid", 128}} {
		b.Run(m.name+"/pass", func(b *testing.B) { benchmarkPass(b, m.name, m.width) })
		b.Run(m.name+"/cold", func(b *testing.B) {
			g := benchGateway(b, m.name, m.width)
			c := dial(b, g.edge.Serve)
			b.ReportAllocs()
			user := 0
			for b.Loop() {
				c.send(b, user) // another user each time
				user++
			}
		})
	}
	b.Run("hit", func(b *testing.B) {
		g := benchGateway(b, "small", 64)
		c := dial(b, g.edge.Serve)
		c.send(b, 7)
		b.ReportAllocs()
		for b.Loop() {
			c.send(b, 7)
		}
	})
	b.Run("fast", func(b *testing.B) {
		g := benchGateway(b, "small", 64)
		ready := bytes.Clone(dial(b, g.edge.Serve).send(b, 7))
		c := dial(b, (&fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("application/json")
			ctx.Write(ready)
		}}).Serve)
		b.ReportAllocs()
		for b.Loop() {
			c.send(b, 7)
		}
	})
}

// benchGateway serves one of the two MLPs on features in process: a quarter of
// the inputs from the user, half from the item, a quarter from the pair.
func benchGateway(b *testing.B, name string, width int) *gateway {
	b.Helper()
	return buildFixture(b, map[string]string{
		"features.yaml": fmt.Sprintf(`
entities: {user: {type: string}, item: {type: string}}
views:
  user_stats: {entities: [user], columns: {taste: "float32[%d]"}}
  item_stats: {entities: [item], columns: {taste: "float32[%d]"}}
  user_item: {entities: [user, item], columns: {history: "float32[%d]"}}
`, width/4, width/2, width/4),
		"models/ranker/model.yaml": `
inputs: {dense: {columns: [user_stats.taste, item_stats.taste, user_item.history]}}
score: logits
`,
		"models/ranker/1/model.onnx": graph(b, name),
	}, func(cfg *config.Config) {
		cfg.Cache.Size = 16 << 20 // soon full, so that what is measured is not its growth
	}, func(builder *features.Builder) error {
		random := rand.New(rand.NewPCG(1, 1))
		vector := func(n int) []float32 {
			v := make([]float32, n)
			for i := range v {
				v[i] = float32(random.NormFloat64())
			}
			return v
		}
		add := func(view string, n int, ids ...string) {
			if err := builder.Add(view, ids, vector(n)); err != nil {
				b.Fatal(err)
			}
		}
		for u := range benchUsers {
			add("user_stats", width/4, strconv.Itoa(u))
			add("user_item", width/4, strconv.Itoa(u), strconv.Itoa(random.IntN(benchItems)))
		}
		for i := range benchItems {
			add("item_stats", width/2, strconv.Itoa(i))
		}
		return nil
	})
}

func benchmarkPass(b *testing.B, name string, width int) {
	runtime, err := onnx.Open(onnx.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	path := "../../backends/onnx/testdata/" + name + ".onnx"
	g, err := runtime.Inspect(path)
	if err != nil {
		b.Fatal(err)
	}
	sig := &model.Signature{
		Inputs: []model.Feed{{Tensor: g.Inputs[0], Width: width}},
		Heads:  []model.Head{{Output: "logits", Weight: 1}},
	}
	session, err := runtime.NewSession(path, g, sig)
	if err != nil {
		b.Fatal(err)
	}
	defer session.Close()
	pass, err := session.NewPass(benchCandidates)
	if err != nil {
		b.Fatal(err)
	}
	defer pass.Close()
	for b.Loop() {
		if _, err := pass.Run(benchCandidates, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// client sends prepared requests over one connection and reads answers without
// looking at them: it costs the server's benchmark as little as a client can.
type client struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
	userAt  int
	answer  []byte
}

const userDigits = 5

// dial serves with serve in memory and connects to it.
func dial(b *testing.B, serve func(net.Listener) error) *client {
	b.Helper()
	ln := fasthttputil.NewInmemoryListener()
	b.Cleanup(func() { ln.Close() })
	go serve(ln)
	conn, err := ln.Dial()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	random := rand.New(rand.NewPCG(2, 2))
	var body bytes.Buffer
	body.WriteString(`{"user":"00000","items":[`)
	for i := range benchCandidates {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `"%d"`, random.IntN(benchItems))
	}
	body.WriteString(`],"budget_ms":1000}`)
	head := fmt.Sprintf("POST /rank HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", body.Len())
	return &client{
		conn: conn, reader: bufio.NewReaderSize(conn, 64<<10),
		request: append([]byte(head), body.Bytes()...), userAt: len(head) + len(`{"user":"`),
	}
}

// send ranks for a user and returns the answer's body, valid until the next.
func (c *client) send(b *testing.B, user int) []byte {
	for i := userDigits - 1; i >= 0; i-- {
		c.request[c.userAt+i] = '0' + byte(user%10)
		user /= 10
	}
	if _, err := c.conn.Write(c.request); err != nil {
		b.Fatal(err)
	}
	length, ok := 0, false
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		if bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
			ok = bytes.HasPrefix(line[9:], []byte(strconv.Itoa(http.StatusOK)))
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		if len(line) == 2 {
			break
		}
	}
	c.answer = slices.Grow(c.answer[:0], length)[:length]
	if _, err := io.ReadFull(c.reader, c.answer); err != nil || !ok {
		b.Fatalf("%s, %v", c.answer, err)
	}
	return c.answer
}
