// Package kafkatest starts a real Kafka broker for tests. It ends with the test.
package kafkatest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rankgate/rankgate/childtest"
)

// Broker is a broker in KRaft mode, alone in its cluster, on the loopback.
type Broker struct {
	Addr string // host:port

	tb      testing.TB
	java    []string // arguments before the main class
	dir     string
	process *exec.Cmd
	log     bytes.Buffer
}

// properties are the broker's: its address, its controller's, its directory.
const properties = `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[2]s
listeners=PLAINTEXT://%[1]s,CONTROLLER://%[2]s
controller.listener.names=CONTROLLER
log.dirs=%[3]s
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
`

// patience is how long a broker may take to start on a slow machine.
const patience = 2 * time.Minute

// Start starts a broker and waits until it has made the topics, of two partitions
// each.
func Start(tb testing.TB, topics ...string) *Broker {
	tb.Helper()
	b := &Broker{tb: tb, Addr: childtest.FreeAddress(tb), dir: tb.TempDir()}
	b.java = []string{
		"-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classPath(tb),
	}
	text := fmt.Sprintf(properties, b.Addr, childtest.FreeAddress(tb), filepath.Join(b.dir, "data"))
	if err := os.WriteFile(b.file(), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	const cluster = "cmFua2dhdGUtdGVzdC0wMQ"
	if output, err := b.command("kafka.tools.StorageTool", "format", "-t", cluster, "-c", b.file()).CombinedOutput(); err != nil {
		tb.Fatalf("format: %v: %s", err, output)
	}
	tb.Cleanup(b.Kill)
	b.Restart()
	b.make(topics)
	return b
}

// Restart starts the broker again after Kill, with what it held.
func (b *Broker) Restart() {
	b.tb.Helper()
	b.process = b.command("kafka.Kafka", b.file())
	b.process.Stdout, b.process.Stderr = &b.log, &b.log
	if err := b.process.Start(); err != nil {
		b.tb.Fatal(err)
	}
	client := b.client()
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for client.Ping(ctx) != nil {
		if ctx.Err() != nil {
			b.tb.Fatal("the broker did not start")
		}
		<-time.After(50 * time.Millisecond)
	}
}

// Kill ends the broker as kill -9 does. It may be called twice.
func (b *Broker) Kill() {
	if b.process == nil {
		return
	}
	if err := b.process.Process.Kill(); err != nil {
		b.tb.Error(err)
	}
	_ = b.process.Wait() // it was killed, and says so
	b.process = nil
	if b.tb.Failed() {
		b.tb.Log(b.log.String())
	}
}

func (b *Broker) make(topics []string) {
	b.tb.Helper()
	client := b.client()
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	made, err := kadm.NewClient(client).CreateTopics(ctx, 2, 1, nil, topics...)
	if err == nil {
		err = made.Error()
	}
	if err != nil {
		b.tb.Fatal(err)
	}
}

func (b *Broker) client() *kgo.Client {
	b.tb.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr))
	if err != nil {
		b.tb.Fatal(err)
	}
	return client
}

// command runs one of Kafka's programs.
func (b *Broker) command(arguments ...string) *exec.Cmd {
	arguments = append(b.java, arguments...)
	return exec.CommandContext(context.Background(), "java", arguments...) //nolint:gosec // its own files and addresses
}

func (b *Broker) file() string { return filepath.Join(b.dir, "server.properties") }

// classPath asks scripts/kafka.sh, which says what is missing and how to install
// it.
func classPath(tb testing.TB) string {
	tb.Helper()
	root, err := exec.CommandContext(tb.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(strings.TrimSpace(string(root)), "scripts", "kafka.sh")
	script := exec.CommandContext(tb.Context(), path) //nolint:gosec // of this checkout
	var said bytes.Buffer
	script.Stderr = &said
	found, err := script.Output()
	if err != nil {
		tb.Fatalf("scripts/kafka.sh: %v: %s", err, said.String())
	}
	return strings.TrimSpace(string(found))
}
