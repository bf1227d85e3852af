package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rankgate/rankgate/childtest"
	"github.com/rankgate/rankgate/config"
)

// servedFiles is the arithmetic repository with a configuration and with its
// features in CSV files.
func servedFiles(t *testing.T) map[string]string {
	files := arithmetic(t)
	files["features.yaml"] = strings.NewReplacer(
		"entities: [user], ", "entities: [user], source: users.csv, ",
		"entities: [item], ", "entities: [item], source: items.csv, ").Replace(files["features.yaml"])
	files["users.csv"] = "user,tens,tower\n1,10000,[1000 1 0]\n"
	files["items.csv"] = "item,number,tower\n1,1,[1 1 7]\n"
	files["gateway.yaml"] = `
models: {default: sum}
features: {registry: features.yaml}
drain: {wait: 0s, linger: 50ms}
`
	return files
}

// until asks again and again, a little slower each time, until the answer is yes.
func until(yes func() bool) {
	for pause := time.Millisecond; !yes(); pause = min(2*pause, 100*time.Millisecond) {
		<-time.After(pause)
	}
}

// await repeats a GET until it is answered with the status.
func await(t *testing.T, url string, status int) {
	t.Helper()
	until(func() bool {
		res, err := http.Get(url)
		if err != nil {
			return false // not listening yet
		}
		defer res.Body.Close()
		return res.StatusCode == status
	})
}

// get returns the body that a GET is answered with.
func get(t *testing.T, url string) string {
	t.Helper()
	_, body := asked(t, http.DefaultClient, "GET", url, "")
	return body
}

func TestServeReloadsOnSIGHUPAndDrainsOnSIGTERM(t *testing.T) {
	dir, address := tree(t, servedFiles(t)), childtest.FreeAddress(t)
	code, admin := make(chan int, 1), childtest.FreeAddress(t)
	go func() {
		code <- run([]string{"serve", "-c", filepath.Join(dir, "gateway.yaml"), "--listen", address, "--admin", admin})
	}()
	f := &fixture{base: "http://" + address}
	await(t, f.base+"/readyz", http.StatusOK)
	score := func() float64 {
		r, _ := f.rank(t, "/rank", `{"user":1,"items":[1],"budget_ms":2000}`)
		return r.Items[0].Score
	}
	if got := score(); got != 10001 {
		t.Fatalf("score %v; want 10001", got)
	}
	rewrite := func(items string) {
		if err := os.WriteFile(filepath.Join(dir, "items.csv"), []byte(items), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	rewrite("item,number,tower\n1,5,[1 1 7]\n")
	until(func() bool { return score() == 10005 })
	rewrite("broken")
	until(func() bool {
		return strings.Contains(get(t, "http://"+admin+"/metrics"), `feature_loads_total{result="failed"} 1`)
	})
	if got := score(); got != 10005 {
		t.Errorf("after a reload that failed the score is %v; want the old 10005", got)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d after SIGTERM; want 0", got)
	}
}

func TestHealthAndRefusalsComeBeforeTheFirstModel(t *testing.T) {
	f := &fixture{gateway: composeFixture(t, arithmetic(t), func(cfg *config.Config) {
		cfg.Models.Default = "sum"
		cfg.Edge.Drain.Wait, cfg.Edge.Drain.Linger = 0, 0
	}, fillArithmetic)}
	f = start(t, f.gateway)
	status := func(method, path string) int {
		req, err := http.NewRequest(method, f.base+path, strings.NewReader(`{"user":1,"items":[1]}`))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if a, b, c := status("GET", "/healthz"), status("GET", "/readyz"), status("POST", "/rank"); a != 200 || b != 503 || c != 503 {
		t.Errorf("before loading: /healthz %d, /readyz %d, /rank %d; want 200, 503, 503", a, b, c)
	}
	if err := f.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, c := status("GET", "/readyz"), status("POST", "/rank"); b != 200 || c != 200 {
		t.Errorf("after loading: /readyz %d, /rank %d; want 200, 200", b, c)
	}
}

func TestTheDemoAnswersRight(t *testing.T) {
	code, written := command(t, "demo", "--once")
	if code != exitOK || !strings.Contains(written, "Scores equal") {
		t.Errorf("gateway demo --once: exit code %d\n%s", code, written)
	}
}
