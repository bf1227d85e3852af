package config

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/secret"
)

func TestEverySettingOfRedisReachesTheStore(t *testing.T) {
	file := write(t, t.TempDir(), "gateway.yaml", `
features:
  registry: features.yaml
  baseline: baseline.json
  store:
    redis:
      addresses: ["10.0.0.5:26379", "sentinel.local:26379"]
      mode: sentinel
      sentinel: {master: main, username: watch, password: {env: SENTINEL_PASSWORD}}
      username: gateway
      password: {file: secrets/redis}
      database: 2
      tls: {ca: ca.pem, cert: client.pem, key: client.key, server_name: redis.local}
      connections: 4
      layout: feast
      prefix: shop
      project: shop
      key_version: 2
      key_ttl: 7d
      timeout: 30ms
      max_fetches: 64
      cache: {size: 16MiB, ttl: 1m, negative_ttl: 2s}
`)
	got, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(filepath.Dir(file), name) }
	want := &redis.Config{
		Addresses: []string{"10.0.0.5:26379", "sentinel.local:26379"}, Mode: redis.Sentineled,
		Sentinel:    redis.Sentinel{Master: "main", Credentials: redis.Credentials{Username: "watch", Password: secret.Source{Env: "SENTINEL_PASSWORD"}}},
		Credentials: redis.Credentials{Username: "gateway", Password: secret.Source{File: in("secrets/redis")}},
		Database:    2,
		TLS:         secret.TLS{On: true, CA: in("ca.pem"), Cert: in("client.pem"), Key: in("client.key"), ServerName: "redis.local"},
		Connections: 4, Layout: redis.Feast, Prefix: "shop", Project: "shop", KeyVersion: 2, KeyTTL: 7 * 24 * time.Hour,
		Timeout: 30 * time.Millisecond, MaxFetches: 64,
		Cache: redis.Cache{Size: 16 << 20, TTL: time.Minute, Negative: 2 * time.Second},
	}
	if !reflect.DeepEqual(got.Features.Redis, want) {
		t.Errorf("got  %+v\nwant %+v", got.Features.Redis, want)
	}
	if got.Features.Baseline != in("baseline.json") {
		t.Errorf("baseline %q", got.Features.Baseline)
	}
}

func TestWhatARemoteStoreKnowsOfAViewReachesTheRegistry(t *testing.T) {
	reg, _, err := ReadRegistry(write(t, t.TempDir(), "features.yaml", `
entities: {user: {type: int64, join_key: driver_id, join_type: int32}, item: {type: string}}
views:
  a:
    entities: [user]
    source: a.parquet
    event_time: ts
    created_time: made
    stored_as: a_v2
    cache: {size: 1MiB, ttl: 10s, negative_ttl: 0s, tracking: broadcast}
    columns: {x: float32}
  b: {entities: [user, item], cache: {size: 0, tracking: off}, columns: {x: float32}}
`))
	if err != nil {
		t.Fatal(err)
	}
	size, none, ttl, negative := 1<<20, 0, 10*time.Second, time.Duration(0)
	columns := []features.Column{{Name: "x", Type: model.Float32}}
	want := []features.View{
		{
			Name: "a", Entities: []string{"user"}, Source: "a.parquet", EventTime: "ts", CreatedTime: "made", StoredAs: "a_v2", Version: 1,
			Cache:   features.RowCache{Size: &size, TTL: &ttl, Negative: &negative, Tracking: features.TrackingBroadcast},
			Columns: columns,
		},
		{
			Name: "b", Entities: []string{"user", "item"}, Version: 1,
			Cache: features.RowCache{Size: &none, Tracking: features.TrackingOff}, Columns: columns,
		},
	}
	if !reflect.DeepEqual(reg.Views, want) {
		t.Errorf("got  %+v\nwant %+v", reg.Views, want)
	}
	user := reg.Entity("user")
	if key, kind := user.Join(); key != "driver_id" || kind != features.JoinInt32 {
		t.Errorf("the user is %s of type %d in Feast", key, kind)
	}
}
