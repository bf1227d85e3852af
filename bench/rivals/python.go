package rivals

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rankgate/rankgate/bench/onnx"
)

// python returns the environment and the arguments of an interpreter that have it serve
// on address what is in the directory sources.
type python func(cfg *Config, sources, address string) (env, args []string)

func (p python) command(_ context.Context, cfg *Config, address string) ([]string, error) {
	sources := filepath.Join(cfg.Sources, "python")
	if cfg.Python == "" {
		return nil, fmt.Errorf("no Python is named: \"scripts/venv.sh %s\" makes one that has what it needs",
			filepath.Join(sources, "requirements.txt"))
	}
	env, args := p(cfg, sources, address)
	command := append([]string{
		"env", onnx.TelemetryOff + "=1", "PYTHONDONTWRITEBYTECODE=1", "RIVAL_REDIS=" + cfg.Redis, "RIVAL_MODEL=" + cfg.Model,
		"RIVAL_INPUT=" + cfg.Input, "RIVAL_OUTPUT=" + cfg.Output,
		"RIVAL_WIDTH=" + strconv.Itoa(cfg.Width), "RIVAL_USER_WIDTH=" + strconv.Itoa(cfg.UserWidth),
	}, env...)
	return append(append(command, cfg.Python), args...), nil
}

// printVersions prints a line for each package that is an argument.
const printVersions = `
import platform, sys
from importlib.metadata import version
print("Python", platform.python_version())
for name in sys.argv[1:]:
    print(name, version(name))
`

func (p python) versions(ctx context.Context, cfg *Config, parts []string) ([]string, error) {
	//nolint:gosec // the user names the interpreter
	lines, err := exec.CommandContext(ctx, cfg.Python, append([]string{"-c", printVersions}, parts...)...).Output()
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSpace(string(lines)), "\n"), nil
}

// split cuts an address of ours in two.
func split(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return host, port
}
