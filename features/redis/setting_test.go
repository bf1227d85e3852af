package redis

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/secret"
)

func TestSentinelsHaveCredentialsOfTheirOwn(t *testing.T) {
	deployment := redistest.StartSentinels(t)
	allow := func(addr, user, password string) {
		client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, DisableCache: true})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		b := client.B().Arbitrary("ACL", "SETUSER", user, "on", "resetpass", ">"+password, "~*", "&*", "+@all").Build()
		if err := client.Do(context.Background(), b).Error(); err != nil {
			t.Fatal(err)
		}
	}
	for _, addr := range deployment.Addrs() {
		allow(addr, "watch", "first")
	}
	allow(deployment.Master.Addr, "gateway", "data")
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Mode, cfg.Timeout = append([]string{childtest.FreeAddress(t)}, deployment.Addrs()...), Sentineled, long
	cfg.Sentinel.Master = redistest.MasterName
	file := passwordFile(t, "first")
	cfg.Sentinel.Credentials = Credentials{Username: "watch", Password: secret.Source{File: file}}
	t.Setenv(passwordEnv, "data")
	cfg.Credentials = Credentials{Username: "gateway", Password: secret.Source{Env: passwordEnv}}
	client, err := Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	who, err := client.Do(context.Background(), client.B().AclWhoami().Build()).ToString()
	if err != nil || who != "gateway" {
		t.Errorf("the master knows us as %q, %v", who, err)
	}
	client.Close()
	if err := os.WriteFile(file, []byte("wrong-one"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Connect(cfg)
	if err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "wrong-one") {
		t.Errorf("with another password for the sentinels: %v", err)
	}
}

func TestAConnectionThatFailsNamesItsSetting(t *testing.T) {
	at, overTLS := redistest.Start(t).Addr, redistest.StartTLS(t, "no")
	sentinels := redistest.StartSentinels(t).Addrs()
	for want, change := range map[string]func(*Config){
		"addresses: ": func(c *Config) { c.Addresses = []string{childtest.FreeAddress(t)} },
		"mode: ":      func(c *Config) { c.Mode = Cluster },
		"password: ": func(c *Config) {
			c.Credentials = Credentials{Username: "x", Password: secret.Source{File: passwordFile(t, "x")}}
		},
		"password.file: ": func(c *Config) { c.Credentials.Password.File = passwordFile(t, "") },
		"password.env: ":  func(c *Config) { c.Credentials.Password.Env = "RANKGATE_TEST_NOT_SET" },
		"tls: ": func(c *Config) {
			c.Addresses, c.TLS = []string{overTLS.Addr}, secret.TLS{On: true, CA: overTLS.Stranger}
		},
		"sentinel.master: ": func(c *Config) { c.Addresses, c.Mode, c.Sentinel.Master = sentinels, Sentineled, "another" },
		"sentinel.password.env: ": func(c *Config) {
			c.Addresses, c.Mode = sentinels, Sentineled
			c.Sentinel = Sentinel{Master: redistest.MasterName, Credentials: Credentials{Password: secret.Source{Env: "RANKGATE_TEST_NOT_SET"}}}
		},
	} {
		cfg := DefaultConfig()
		cfg.Addresses = []string{at}
		change(&cfg)
		if _, err := Connect(cfg); err == nil || !strings.HasPrefix(err.Error(), "features.store.redis."+want) {
			t.Errorf("%s %v", want, err)
		}
	}
}
