package edge

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rankgate/rankgate/backends/oip"
	"github.com/rankgate/rankgate/backends/oip/oiptest"
)

// serveSumsTCP serves over a socket with a Service, and returns the address.
func serveSumsTCP(t *testing.T) string {
	cfg := DefaultConfig()
	cfg.Inference, cfg.Repository = &sums{}, true
	return serveTCP(t, newServer(t, cfg, descending))
}

func TestTheReleasedTritonClientsGetTheirAnswers(t *testing.T) {
	address := serveSumsTCP(t)
	venv, _ := oiptest.Environment(t, "cmd/gateway/clients/requirements.txt")
	judge := exec.CommandContext(t.Context(), filepath.Join(venv, "bin/python"), "../cmd/gateway/clients/triton_http.py", address)
	said, err := judge.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", judge.Args, err, said)
	}
	t.Logf("%s", said)
}

// curl runs curl and returns what it prints: the answer's body, and behind it what
// --write-out asks for.
func curl(t *testing.T, arguments ...string) string {
	t.Helper()
	program, err := exec.LookPath("curl")
	if err != nil {
		t.Fatalf("%v: run \"apt-get install curl\"", err)
	}
	command := exec.CommandContext(t.Context(), program, slices.Concat([]string{"--silent", "--show-error", "--max-time", "60", "--noproxy", "*"}, arguments)...)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %v: %s", command.Args, err, &complaint)
	}
	return out.String()
}

func TestCurlGetsItsAnswers(t *testing.T) {
	address := serveSumsTCP(t)
	file := func(content string) string {
		name := filepath.Join(t.TempDir(), "body")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return "@" + name
	}
	binary := func(rows int) (body, length string) {
		header := fmt.Sprintf(`{"inputs":[{"name":"x","shape":[%d,1],"datatype":"FP32","parameters":{"binary_data_size":%d}}],"outputs":[{"name":"sum"}]}`, rows, 4*rows)
		return file(header + string(bytes.Repeat(floats(2), rows))), fmt.Sprintf("%s: %d", oip.HeaderLength, len(header))
	}
	small, smallLength := binary(3)
	large, largeLength := binary(500_000) // curl waits for 100 Continue with so much
	twos := func(rows int) string {
		return fmt.Sprintf(`{"model_name":"sums","model_version":"2","outputs":[{"name":"sum","datatype":"FP32","shape":[%d],"data":[2%s]}]} 200`,
			rows, strings.Repeat(",2", rows-1))
	}
	for name, c := range map[string]struct {
		path, want string
		arguments  []string
	}{
		"health":    {"/v2/health/ready", `{"ready":true} 200`, nil},
		"no model":  {"/v2/models/nobody", `{"error":"model nobody : not in the repository","code":"unknown_model"} 404`, nil},
		"index":     {"/v2/repository/index", `[{"name":"sums","version":"2","state":"READY","reason":""}] 200`, []string{"-d", `{"ready":true}`}},
		"load":      {"/v2/repository/models/sums/load", ` 200`, []string{"-X", "POST"}},
		"json":      {infer, `{"model_name":"sums","model_version":"2","outputs":[{"name":"sum","datatype":"FP32","shape":[1],"data":[7]}]} 200`, []string{"-d", `{"inputs":[{"name":"x","shape":[1,2],"datatype":"INT64","data":[[3,4]]}],"outputs":[{"name":"sum"}]}`}},
		"binary":    {infer, twos(3), []string{"--data-binary", small, "-H", smallLength}},
		"compress":  {infer, twos(3), []string{"--compressed", "--data-binary", small, "-H", smallLength}},
		"continue":  {infer, twos(500_000), []string{"-H", "Expect: 100-continue", "--data-binary", large, "-H", largeLength}},
		"chunks":    {infer, twos(500_000), []string{"-H", "Transfer-Encoding: chunked", "--data-binary", large, "-H", largeLength}},
		"HTTP/1.0":  {infer, twos(3), []string{"--http1.0", "--data-binary", small, "-H", smallLength}},
		"the limit": {infer, `{"error":"body: more than 4194304 bytes (limits.body)","code":"too_large"} 413`, []string{"--data-binary", file(strings.Repeat(" ", 4<<20+1))}},
	} {
		got := curl(t, append(c.arguments, "--write-out", " %{http_code}", "http://"+address+c.path)...)
		if got != c.want {
			t.Errorf("%s: %s\n got %.300s\nwant %.300s", name, c.path, got, c.want)
		}
	}
}
