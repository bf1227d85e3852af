package ingest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/rankgate/rankgate/features/redis/redistest"
)

// broker is a real Kafka broker in KRaft mode, alone in its cluster.
type broker struct {
	addr string

	t       *testing.T
	java    []string // arguments before the main class
	dir     string
	command *exec.Cmd
	log     bytes.Buffer
}

// startBroker starts a broker that ends with the test, and makes the topic
// features.
func startBroker(t *testing.T) *broker {
	t.Helper()
	script := exec.Command(filepath.Join("..", "..", "scripts", "kafka.sh"))
	var said bytes.Buffer
	script.Stderr = &said
	classPath, err := script.Output()
	if err != nil {
		t.Fatalf("scripts/kafka.sh: %v: %s", err, said.String())
	}
	b := &broker{t: t, addr: redistest.FreeAddr(t), dir: t.TempDir()}
	b.java = []string{
		"-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", strings.TrimSpace(string(classPath)),
	}
	controller := redistest.FreeAddr(t)
	properties := fmt.Sprintf(`
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[2]s
listeners=PLAINTEXT://%[1]s,CONTROLLER://%[2]s
controller.listener.names=CONTROLLER
log.dirs=%[3]s
num.partitions=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
`, b.addr, controller, filepath.Join(b.dir, "data"))
	if err := os.WriteFile(b.properties(), []byte(properties), 0o600); err != nil {
		t.Fatal(err)
	}
	format := exec.Command("java", append(b.java, "kafka.tools.StorageTool", "format", "-t", "cmFua2dhdGUtdGVzdC0wMQ", "-c", b.properties())...)
	if output, err := format.CombinedOutput(); err != nil {
		t.Fatalf("format: %v: %s", err, output)
	}
	t.Cleanup(b.kill)
	b.start()
	if _, err := kadm.NewClient(producer(t, []string{b.addr})).CreateTopic(t.Context(), 2, 1, nil, "features"); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *broker) properties() string { return filepath.Join(b.dir, "server.properties") }

// start starts the broker, again after a kill, and waits until it answers.
func (b *broker) start() {
	b.t.Helper()
	b.command = exec.Command("java", append(b.java, "kafka.Kafka", b.properties())...)
	b.command.Stdout, b.command.Stderr = &b.log, &b.log
	if err := b.command.Start(); err != nil {
		b.t.Fatal(err)
	}
	client := producer(b.t, []string{b.addr})
	until(b.t, "the broker answers", func() bool { return client.Ping(b.t.Context()) == nil })
}

// kill ends the broker as kill -9 does. It may be called twice.
func (b *broker) kill() {
	if b.command == nil {
		return
	}
	if err := b.command.Process.Kill(); err != nil {
		b.t.Error(err)
	}
	_ = b.command.Wait() // it was killed, and says so
	b.command = nil
	if b.t.Failed() {
		b.t.Log(b.log.String())
	}
}

func TestARealBrokerIsReadAcrossItsDeath(t *testing.T) {
	b, store := startBroker(t), newShelf()
	brokers := []string{b.addr}
	p := producer(t, brokers)
	produce(t, p, 0, priceEvent(1, 5, 5), priceEvent(2, 5, 5))
	produce(t, p, 1, priceEvent(3, 5, 5))
	stats, stop := ingesting(t, topicConfig(brokers), nil, store)
	store.awaits(t, map[string]float32{"1": 5, "2": 5, "3": 5})
	produce(t, p, 1, priceEvent(3, 4, 4), "nonsense", priceEvent(3, 6, 6))
	store.awaits(t, map[string]float32{"1": 5, "2": 5, "3": 6})
	if h := headers(letters(t, brokers, 1)[0]); h["dead-reason"] != "malformed" || h["dead-partition"] != "1" || h["dead-offset"] != "2" {
		t.Errorf("dead letter %v", h)
	}
	awaitLag(t, stats, 0)

	b.kill()
	awaitLag(t, stats, -1)
	b.start()
	produce(t, p, 0, priceEvent(1, 9, 9))
	store.awaits(t, map[string]float32{"1": 9, "2": 5, "3": 6})
	awaitLag(t, stats, 0)
	stop()

	stats, _ = ingesting(t, topicConfig(brokers), nil, store)
	produce(t, p, 0, priceEvent(2, 9, 9))
	store.awaits(t, map[string]float32{"1": 9, "2": 9, "3": 6})
	if n := stats.Written.Load() + stats.Older.Load(); n != 1 {
		t.Errorf("after a restart %d events were read; want the new one", n)
	}
}
