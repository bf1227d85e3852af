package oiptest

import (
	_ "embed" // for the model
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed mlserver/linear.py
var mlserverModel []byte

//go:embed mlserver/model-settings.json
var mlserverSettings []byte

// StartMLServer starts a real MLServer, which holds Linear with x FP32[-1, 4] and y
// FP32[-1]. Over HTTP it knows no binary tensors.
func StartMLServer(tb testing.TB) *Process {
	tb.Helper()
	venv, _ := Environment(tb, "backends/oip/oiptest/mlserver/requirements.txt")
	directory := filepath.Join(tb.TempDir(), "linear")
	write(tb, filepath.Join(directory, "linear.py"), mlserverModel)
	write(tb, filepath.Join(directory, "model-settings.json"), mlserverSettings)
	return start(tb, func(overHTTP, overGRPC string) *exec.Cmd {
		host, httpPort, _ := net.SplitHostPort(overHTTP)
		_, grpcPort, _ := net.SplitHostPort(overGRPC)
		program := filepath.Join(venv, "bin/mlserver")
		command := exec.CommandContext(tb.Context(), program, "start", ".") //nolint:gosec // the package that is pinned
		command.Cancel = func() error { return nil }                        // Process ends it
		command.Dir = directory
		command.Env = append(os.Environ(), "MLSERVER_HOST="+host, "MLSERVER_HTTP_PORT="+httpPort, "MLSERVER_GRPC_PORT="+grpcPort,
			"MLSERVER_METRICS_ENDPOINT=", "MLSERVER_PARALLEL_WORKERS=0")
		return command
	})
}
