package config

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurationsHaveDays(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "7d": 7 * day, "1d12h": 36 * time.Hour, "0d1ms": time.Millisecond,
		"1.5s": 1500 * time.Millisecond, "36500d": forever, "1h2m3s": time.Hour + 2*time.Minute + 3*time.Second,
	} {
		if got, err := parseDuration(s); err != nil || got != want {
			t.Errorf("%s = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "d", "-1d", "1d-2h", "1d+2h", "1dd", "d1h", "1d1", "36501d", "1h1d", "99999999999999999999d", "+5", "1 d", "5", "-5", "1e3s", "200000d9999999h", "36500d2000000h"} {
		if got, err := parseDuration(s); err == nil {
			t.Errorf("%s = %v; want an error", s, got)
		}
	}
}

func TestAShownDurationReadsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]time.Duration{1, time.Millisecond, time.Second, time.Minute, time.Hour, day}).Draw(t, "unit")
		d := unit * time.Duration(rapid.Int64Range(0, int64(forever/unit)).Draw(t, "n"))
		if got, err := parseDuration(show(d)); err != nil || got != d {
			t.Errorf("%v is shown as %s, which is %v, %v", d, show(d), got, err)
		}
	})
}

func TestSizesHaveUnits(t *testing.T) {
	for s, want := range map[string]float64{
		"0": 0, "4096": 4096, "4096B": 4096, "1kB": 1000, "1KiB": 1024, "256MiB": 256 << 20, "4MB": 4e6,
		"1.5GiB": 3 << 29, "2 GB": 2e9, "1TiB": 1 << 40, "1TB": 1e12, "0.0001kB": 0,
	} {
		if got, err := parseSize(s); err != nil || got != want {
			t.Errorf("%s = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", ".", "MiB", "1..5MB", "-1", "+1", "1e6", "1 ", "1KB", "1mib", "1M", "1Ki", "0x10", "1_000", "1 MiB MiB"} {
		if got, err := parseSize(s); err == nil {
			t.Errorf("%s = %v; want an error", s, got)
		}
	}
}

func TestAddressesAreHostAndPort(t *testing.T) {
	for _, s := range []string{":8080", ":0", "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "localhost:8080", "gateway.svc.cluster.local:1", "a_b-c:65535"} {
		if err := checkAddress(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"", ":", "8080", "::1:80", "[::1]", "1.2.3.4", "1.2.3.4.5:80", "256.1.1.1:80", "host:", "host:-1", "host:+1", "host:65536", "http://host:80", "host:80/", "hö:80", "[a]:b:1"} {
		if err := checkAddress(s); err == nil {
			t.Errorf("%s is accepted", s)
		}
	}
}

func TestAPercentHasTwoDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hundredths := rapid.IntRange(0, 10_000).Draw(t, "hundredths")
		text := string([]byte{byte('0' + hundredths/10000), byte('0' + hundredths/1000%10), byte('0' + hundredths/100%10), '.',
			byte('0' + hundredths/10%10), byte('0' + hundredths%10)})
		f, err := parse("gateway.yaml", []byte("routes: {r: {canary: {version: 1, percent: "+text+"}}}"))
		if err != nil {
			t.Fatal(err)
		}
		c, err := readConfig(f)
		if got := c.Routes["r"].Canary.Percent; err != nil || got != float64(hundredths)/100 {
			t.Errorf("%s = %v, %v", text, got, err)
		}
	})
}
