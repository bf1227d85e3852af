package redis

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis/redistest"
	"github.com/rankgate/rankgate/secret"
)

// reader is an ACL user that may do what a Store does and no more.
var reader = []string{"~rankgate:*", "+@read", "+@connection"}

const passwordEnv = "RANKGATE_TEST_READER_PASSWORD"

// admit lets the user reader in with the given password alone.
func (w *world) admit(password string) {
	w.t.Helper()
	words := append([]string{"ACL", "SETUSER", "reader", "on", "resetpass", ">" + password}, reader...)
	if err := w.do(words...); err != nil {
		w.t.Fatal(err)
	}
}

// passwordFile writes a file with a password and the line's end that editors add.
func passwordFile(t testing.TB, password string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAnACLUserReadsWithAPasswordFromTheEnvironmentOrAFile(t *testing.T) {
	t.Setenv(passwordEnv, "s3cret")
	for name, given := range map[string]Credentials{
		"environment": {Username: "reader", Password: secret.Source{Env: passwordEnv}},
		"file":        {Username: "reader", Password: secret.Source{File: passwordFile(t, "s3cret")}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.put(itemView, "", "a", 1)
			w.admit("s3cret")
			w.cfg.Credentials = given
			w.store = w.open()
			if got := w.fetch(long, itemView, "", "a").String(); got != "[1] [0]" {
				t.Errorf("as the user reader: %s", got)
			}
			if !w.store.Stats().Views[itemView].Tracked {
				t.Error("the server does not tell the user reader of changes")
			}
			client, err := Connect(w.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			who, err := client.Do(context.Background(), client.B().AclWhoami().Build()).ToString()
			if err == nil || !strings.Contains(err.Error(), "NOPERM") {
				t.Errorf("the user reader may ask who it is: %s, %v", who, err)
			}
		})
	}
}

func TestARotatedPasswordIsUsedForTheNextConnection(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *features.Registry) { c.Cache.Size = 0 })
	w.put(itemView, "", "a", 1)
	w.admit("first")
	file := passwordFile(t, "first")
	w.cfg.Credentials = Credentials{Username: "reader", Password: secret.Source{File: file}}
	w.store = w.open()
	if got := w.fetch(long, itemView, "", "a").String(); got != "[1] [0]" {
		t.Fatalf("with the first password: %s", got)
	}
	w.admit("second") // and so ends the connections of the first
	if err := os.WriteFile(file, []byte("second"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.do("CLIENT", "KILL", "USER", "reader"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a connection with the second password", func() bool {
		return w.fetch(long, itemView, "", "a").String() == "[1] [0]"
	})
}

func TestAWrongPasswordIsRefusedAndNeverShown(t *testing.T) {
	const wrong = "n0t-the-s3cret"
	t.Setenv(passwordEnv, wrong)
	w := newWorld(t, nil)
	w.put(itemView, "", "a", 1)
	w.admit("s3cret")
	w.cfg.Credentials = Credentials{Username: "reader", Password: secret.Source{Env: passwordEnv}}
	_, err := Connect(w.cfg)
	if err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), wrong) {
		t.Errorf("the wrong password: %v", err)
	}
	var log bytes.Buffer
	s, err := Open(w.cfg, w.reg, nil, &w.heard, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if got := fetchFrom(s, long, itemView, "", "a").String(); got != "[-1] [1]" {
		t.Errorf("a row read with the wrong password: %s", got)
	}
	if denied := s.Stats().Failed[Denied]; denied != 1 {
		t.Errorf("%d rows were denied; want 1", denied)
	}
	s.Close()
	shown := log.String() + fmt.Sprintf("%+v", w.cfg)
	if !strings.Contains(shown, "WRONGPASS") || strings.Contains(shown, wrong) {
		t.Errorf("the log and the configuration say %s", shown)
	}
}

func TestAPasswordThatIsNowhereIsSaidWithItsPlace(t *testing.T) {
	w := newWorld(t, nil)
	for place, given := range map[string]Credentials{
		"RANKGATE_TEST_NOT_SET": {Password: secret.Source{Env: "RANKGATE_TEST_NOT_SET"}},
		"/nowhere/password":     {Password: secret.Source{File: "/nowhere/password"}},
	} {
		w.cfg.Credentials = given
		if _, err := Connect(w.cfg); err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("no password at %s: %v", place, err)
		}
	}
}

func TestRowsAreReadOverTLS(t *testing.T) {
	for _, clients := range []string{"optional", "yes"} {
		server := redistest.StartTLS(t, clients)
		cfg := DefaultConfig()
		cfg.Addresses, cfg.Timeout = []string{server.Addr}, long
		both := secret.TLS{On: true, CA: server.CA, Cert: server.Cert, Key: server.Key}
		alone := secret.TLS{On: true, CA: server.CA}
		cfg.TLS = both
		overTLS(t, cfg)
		cfg.TLS = alone
		if clients == "optional" {
			overTLS(t, cfg)
		} else if _, err := Connect(cfg); err == nil {
			t.Error("a server that asks for a client's certificate took a client without one")
		}
		cfg.TLS = secret.TLS{On: true, CA: server.Stranger, Cert: server.Cert, Key: server.Key}
		var verify *tls.CertificateVerificationError
		var unknown x509.UnknownAuthorityError
		if _, err := Connect(cfg); !errors.As(err, &verify) || !errors.As(err, &unknown) {
			t.Errorf("a server whose certificate another CA signed: %v", err)
		}
		cfg.TLS = secret.TLS{On: true, CA: server.CA, Cert: server.Cert, Key: server.Key, ServerName: "elsewhere"}
		if _, err := Connect(cfg); !errors.As(err, &verify) {
			t.Errorf("a server of another name: %v", err)
		}
	}
}

// overTLS writes a row, reads it, and hears of its change.
func overTLS(t *testing.T, cfg Config) {
	t.Helper()
	w := &world{t: t, cfg: cfg, reg: shop()}
	var err error
	if w.writer, err = Connect(cfg); err != nil {
		t.Fatal(err)
	}
	defer w.writer.Close()
	w.store = w.open()
	for n := range 2 {
		w.put(itemView, "", "a", float32(n))
		eventually(t, "the row over TLS", func() bool { return w.fetch(long, itemView, "", "a").values[0] == float32(n) })
	}
}

func TestATLSSettingThatCanNotBeReadIsSaidWithItsPath(t *testing.T) {
	garbage := passwordFile(t, "no certificate")
	for path, setting := range map[string]secret.TLS{
		"features.store.redis.tls.ca":   {CA: "/nowhere/ca.crt"},
		"features.store.redis.tls.ca: ": {CA: garbage},
		"features.store.redis.tls.cert": {Cert: garbage, Key: garbage},
		"features.store.redis.tls: ":    {Cert: garbage},
	} {
		cfg := DefaultConfig()
		cfg.Addresses, cfg.TLS = []string{"127.0.0.1:1"}, setting
		cfg.TLS.On = true
		if _, err := Connect(cfg); err == nil || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%+v: %v", setting, err)
		}
	}
}

func TestRowsAreReadFromTheDatabaseOfTheGivenNumber(t *testing.T) {
	w := newWorld(t, nil)
	w.put(itemView, "", "a", 1)
	w.cfg.Database = 3
	numbered, err := Connect(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(numbered.Close)
	w.writer = numbered
	w.put(itemView, "", "a", 3)
	if got := w.fetch(long, itemView, "", "a").values[0]; got != 1 {
		t.Errorf("database 0 has %v", got)
	}
	w.store = w.open()
	if got := w.fetch(long, itemView, "", "a").values[0]; got != 3 {
		t.Errorf("database 3 has %v", got)
	}
	w.put(itemView, "", "a", 4)
	eventually(t, "the word of a write in database 3", func() bool { return w.fetch(long, itemView, "", "a").values[0] == 4 })
}

func TestReadsAndWritesGoOnAfterASentinelFailover(t *testing.T) {
	deployment := redistest.StartSentinels(t)
	l := &ledger{t: t, cfg: DefaultConfig(), reg: shop()}
	l.cfg.Addresses, l.cfg.Mode, l.cfg.Timeout = deployment.Addrs(), Sentineled, time.Second
	l.cfg.Sentinel.Master = redistest.MasterName
	l.reg.Views[itemView].MaxStale = time.Hour
	var err error
	if l.client, err = Connect(l.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.client.Close)
	l.renew()
	l.write(itemView, l.record("", "a", 1, today, 0))
	if got := l.read(itemView, "", "a")[0]; got != 1 {
		t.Fatalf("before the failover: %v", got)
	}
	deployment.Failover()
	if got := l.read(itemView, "", "a")[0]; got != 1 {
		t.Errorf("right after the failover, within max_stale: %v", got)
	}
	eventually(t, "a row of the new master", func() bool {
		return fetchFrom(l.store, long, itemView, "", "a", "b").String() == "[1 -1] [0 0]"
	})
	l.write(itemView, l.record("", "a", 2, today+1, 0))
	eventually(t, "the word of a write to the new master", func() bool { return l.read(itemView, "", "a")[0] == 2 })
}
