package oiptest

import (
	_ "embed" // for the model
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed triton/model.py
var tritonModel []byte

//go:embed triton/config.pbtxt
var tritonConfig []byte

// StartTriton starts a real tritonserver on a model repository, "" for one that holds
// Linear with x FP32[-1, 4] and y FP32[-1, 1]. It knows models of the python backend
// only; RANKGATE_SITE_PACKAGES in their environment is where numpy is.
func StartTriton(tb testing.TB, repository string) *Process {
	tb.Helper()
	_, packages := Environment(tb, "backends/oip/oiptest/triton/requirements.txt")
	if repository == "" {
		repository = tb.TempDir()
		write(tb, filepath.Join(repository, "linear/config.pbtxt"), tritonConfig)
		write(tb, filepath.Join(repository, "linear/1/model.py"), tritonModel)
	}
	server := filepath.Join(packages, "pytriton/tritonserver")
	backends := tritonBackends(tb, server, packages)
	return start(tb, func(overHTTP, overGRPC string) *exec.Cmd {
		httpHost, httpPort, _ := net.SplitHostPort(overHTTP)
		grpcHost, grpcPort, _ := net.SplitHostPort(overGRPC)
		command := exec.CommandContext(tb.Context(), filepath.Join(server, "bin/tritonserver"), //nolint:gosec // the package that is pinned
			"--model-repository="+repository, "--backend-directory="+backends, "--allow-metrics=false", "--exit-timeout-secs=5",
			"--http-address="+httpHost, "--http-port="+httpPort, "--grpc-address="+grpcHost, "--grpc-port="+grpcPort)
		command.Cancel = func() error { return nil } // Process ends it
		command.Env = append(os.Environ(), "PYTHONHOME=/usr", "RANKGATE_SITE_PACKAGES="+packages,
			"LD_LIBRARY_PATH="+filepath.Join(packages, "nvidia_pytriton.libs"))
		return command
	})
}

// tritonBackends makes a directory with the python backend, and in it the stub for the
// Python of the environment: the package keeps one for each Python elsewhere.
func tritonBackends(tb testing.TB, server, packages string) string {
	tb.Helper()
	backends := tb.TempDir()
	backend := filepath.Join(server, "backends/python")
	version := strings.TrimPrefix(filepath.Base(filepath.Dir(packages)), "python")
	stub := filepath.Join(server, "python_backend_stubs", version, "triton_python_backend_stub")
	library, helpers := filepath.Join(backend, "libtriton_python.so"), filepath.Join(backend, "triton_python_backend_utils.py")
	for _, file := range []string{library, helpers, stub} {
		content, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		write(tb, filepath.Join(backends, "python", filepath.Base(file)), content)
	}
	if err := os.Chmod(filepath.Join(backends, "python", filepath.Base(stub)), 0o700); err != nil { //nolint:gosec // it is run
		tb.Fatal(err)
	}
	return backends
}

// write writes a file, and the directories that it is in.
func write(tb testing.TB, path string, content []byte) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
}
