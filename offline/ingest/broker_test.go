package ingest

import (
	"testing"

	"github.com/rankgate/rankgate/offline/ingest/kafkatest"
)

func TestARealBrokerIsReadAcrossItsDeath(t *testing.T) {
	broker, store := kafkatest.Start(t, "features"), newShelf()
	brokers := []string{broker.Addr}
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

	broker.Kill()
	awaitLag(t, stats, -1)
	broker.Restart()
	produce(t, p, 0, priceEvent(1, 9, 9))
	store.awaits(t, map[string]float32{"1": 9, "2": 5, "3": 6})
	awaitLag(t, stats, 0)
	stop()

	stats, stop = ingesting(t, topicConfig(brokers), nil, store)
	produce(t, p, 0, priceEvent(2, 9, 9))
	store.awaits(t, map[string]float32{"1": 9, "2": 9, "3": 6})
	stop()
	if n := stats.Written.Load() + stats.Older.Load(); n != 1 {
		t.Errorf("after a restart %d events were read; want the new one", n)
	}
}
