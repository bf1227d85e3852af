package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
	"github.com/rankgate/rankgate/certtest"
	"github.com/rankgate/rankgate/config"
)

// v2 asks the protocol over HTTP and decodes the answer into into, unless that is nil.
func (f *fixture) v2(t testing.TB, method, path, body string, status int, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.base+"/v2"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		t.Errorf("%s %s: status %d, want %d: %s, %v", method, path, res.StatusCode, status, content, err)
		return
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Errorf("%s %s: %s: %v", method, path, content, err)
	}
}

// inferred is an answer with values in JSON.
type inferred struct {
	Model   string `json:"model_name"`
	Version string `json:"model_version"`
	Outputs []struct {
		Name  string
		Shape []int
		Data  []float64
	}
}

// startOpen starts a gateway with the model sum here and linear on a server, which lets
// callers change what is loaded.
func startOpen(t testing.TB, change func(*config.Config)) (*fixture, *oiptest.Server) {
	t.Helper()
	s := oiptest.Start(t, oiptest.Config{})
	return startDistant(t, over(oip.GRPC, s), func(cfg *config.Config) {
		cfg.Listen.GRPC, cfg.Listen.RepositoryControl = "127.0.0.1:0", true
		change(cfg)
	}), s
}

const twoRows = `[1,2,3,4,5,6,7,8]`

func TestClientsOfTheInferenceProtocolAreAnsweredFromHereAndFromServers(t *testing.T) {
	f, _ := startOpen(t, nothing)
	weighed := func(row ...float32) (sum float32) {
		for j, x := range row {
			sum += x * oiptest.Weight(j)
		}
		return sum
	}
	for model, c := range map[string]struct {
		input, output string
		want          []float32
	}{
		"sum":    {"dense", "sum", []float32{10, 26}},
		"linear": {"x", "y", []float32{weighed(1, 2, 3, 4), weighed(5, 6, 7, 8)}},
	} {
		var got inferred
		request := fmt.Sprintf(`{"inputs":[{"name":%q,"shape":[2,4],"datatype":"FP32","data":%s}]}`, c.input, twoRows)
		f.v2(t, "POST", "/models/"+model+"/infer", request, 200, &got)
		if got.Model != model || got.Version != "1" || len(got.Outputs) != 1 || got.Outputs[0].Name != c.output ||
			fmt.Sprint(got.Outputs[0].Data) != fmt.Sprint(c.want) {
			t.Errorf("%s: %+v; want %v", model, got, c.want)
		}
		var about struct {
			Inputs []struct{ Name, Datatype string }
		}
		f.v2(t, "GET", "/models/"+model, "", 200, &about)
		if len(about.Inputs) != 1 || about.Inputs[0].Name != c.input || about.Inputs[0].Datatype != "FP32" {
			t.Errorf("%s: metadata %+v", model, about)
		}
		f.v2(t, "GET", "/models/"+model+"/ready", "", 200, nil)
	}
	f.v2(t, "POST", "/models/sum/infer", `{"inputs":[{"name":"dense","shape":[2,3],"datatype":"FP32","data":[1,2,3,4,5,6]}]}`, 400, nil)
	f.v2(t, "POST", "/models/absent/infer", `{"inputs":[]}`, 404, nil)
}

func TestTheInferenceProtocolIsSpokenOverGRPC(t *testing.T) {
	f, _ := startOpen(t, nothing)
	c, err := oip.DialGRPC(f.grpc.Addr().String(), oip.Config{Pool: "gateway"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, model := range []string{"sum", "linear"} {
		about, err := c.Metadata(t.Context(), model, "")
		if err != nil || len(about.Inputs) != 1 || fmt.Sprint(about.Versions) != "[1]" {
			t.Errorf("%s: %+v, %v", model, about, err)
		}
	}
}

func TestBothListenersProveWhoTheyAreWithOneCertificate(t *testing.T) {
	authority, dir := certtest.NewAuthority(t), t.TempDir()
	files := &config.TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	authority.Write(files.Cert, files.Key, "gateway")
	f, _ := startOpen(t, func(cfg *config.Config) { cfg.Listen.TLS = files })
	trusting := &tls.Config{RootCAs: authority.Pool}
	overGRPC, err := oip.DialGRPC(f.grpc.Addr().String(), oip.Config{Pool: "gateway", TLS: trusting})
	if err != nil {
		t.Fatal(err)
	}
	overHTTP := oip.DialHTTP(f.public.Addr().String(), oip.Config{Pool: "gateway", TLS: trusting})
	for _, c := range []oip.Client{overGRPC, overHTTP} {
		if err := c.Ready(t.Context(), "sum", "1"); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBackendsAreShownWithWhatTheyDo(t *testing.T) {
	f, s := startOpen(t, nothing)
	f.rank(t, "/rank/linear", body(7, []int{3}, `,"budget_ms":2000`))
	var shown struct {
		Pools []struct {
			Name    string
			Calls   int
			Servers []struct {
				Address, State string
				Calls          int
			}
		}
	}
	admin := "http://" + f.admin.Addr().String()
	if err := json.Unmarshal([]byte(get(t, admin+"/admin/backends")), &shown); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(shown.Pools), fmt.Sprintf("[{gpu 1 [{%s well 1}]}]", s.GRPC); got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	metrics := get(t, admin+"/metrics")
	for _, line := range []string{
		`rankgate_pool_calls_total{pool="gpu"} 1`, `rankgate_pool_servers{pool="gpu",state="well"} 1`,
		`rankgate_batch_requests_total{backend="gpu",model="linear",version="1"} 1`,
		`rankgate_batch_requests_total{backend="local",model="sum",version="1"} 0`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

func TestModelsAreLoadedAndUnloadedWhileOthersAreServed(t *testing.T) {
	f, _ := startOpen(t, nothing)
	done := make(chan struct{})
	var served sync.WaitGroup
	for range 4 {
		served.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if r, _ := f.rank(t, "/rank/sum", body(7, []int{i % 100}, `,"budget_ms":5000`)); r.Items[0].Score != float64(70000+i%100) {
					t.Errorf("%+v", r)
				}
			}
		})
	}
	for range 5 {
		for _, model := range []string{"sum", "linear"} {
			f.v2(t, "POST", "/repository/models/"+model+"/load", "", 200, nil)
		}
		f.v2(t, "POST", "/repository/models/towers/unload", "", 200, nil)
		f.v2(t, "GET", "/models/towers/ready", "", 404, nil)
		f.v2(t, "POST", "/repository/models/towers/load", "", 200, nil)
		f.v2(t, "GET", "/models/towers/ready", "", 200, nil)
	}
	close(done)
	served.Wait()
	f.rank(t, "/rank/linear", body(7, []int{3}, `,"budget_ms":2000`))
}

func TestAModelThatCanNotBeLoadedLeavesWhatIsServed(t *testing.T) {
	f, _ := startOpen(t, nothing)
	var index []struct{ Name, Version, State, Reason string }
	f.v2(t, "POST", "/repository/index", "", 200, &index)
	if fmt.Sprint(index) != "[{linear 1 READY } {sum 1 READY } {towers 1 READY }]" {
		t.Errorf("index %v", index)
	}
	second := filepath.Join(f.cfg.Models.Repository, "sum", "2")
	if err := os.MkdirAll(second, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(second, "model.onnx"), []byte("no graph"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.v2(t, "POST", "/repository/models/sum/load", "", 400, nil)
	f.v2(t, "POST", "/repository/index", "", 200, &index)
	if len(index) != 4 || index[2].State != "UNAVAILABLE" || !strings.Contains(index[2].Reason, "model.onnx") {
		t.Errorf("index %v", index)
	}
	f.rank(t, "/rank/sum", body(7, []int{3}, `,"budget_ms":2000`))
	if err := os.WriteFile(filepath.Join(second, "model.onnx"), []byte(graph(t, "sum")), 0o600); err != nil {
		t.Fatal(err)
	}
	f.v2(t, "POST", "/repository/models/sum/load", "", 200, nil)
	if r, _ := f.rank(t, "/rank/sum", body(7, []int{3}, `,"budget_ms":2000`)); r.Version != "2" {
		t.Errorf("after the load version %s answers", r.Version)
	}
	f.v2(t, "POST", "/repository/models/absent/load", "", 404, nil)
	f.v2(t, "POST", "/repository/models/absent/unload", "", 404, nil)
}

func TestAServerThatSaysNothingLeavesTimeForTheNextPlace(t *testing.T) {
	s := startSum(t)
	f := startPreferring(t, over(oip.GRPC, s))
	const request = `{"inputs":[{"name":"dense","shape":[2,4],"datatype":"FP32","data":` + twoRows + `}]}`
	until(func() bool { return f.well("gpu") == 1 })
	s.Set(oiptest.Faults{BlackHole: true})
	var got inferred
	f.v2(t, "POST", "/models/sum/infer", request, 200, &got)
	if len(got.Outputs) != 1 || fmt.Sprint(got.Outputs[0].Data) != "[10 26]" {
		t.Errorf("%+v; want what this process makes of the rows", got)
	}
}

func TestAModelIsNotReadyWhileNoServerIsWell(t *testing.T) {
	f, s := startOpen(t, nothing)
	f.v2(t, "GET", "/models/linear/ready", "", 200, nil)
	s.Set(oiptest.Faults{NotReady: true})
	until(func() bool { return f.well("gpu") == 0 })
	f.v2(t, "GET", "/models/linear/ready", "", 400, nil)
	f.v2(t, "GET", "/models/sum/ready", "", 200, nil)
}
