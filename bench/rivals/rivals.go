// Package rivals starts what engineers build by hand where rankgate could stand: each
// an honest ranking service of one contract, tuned as the guides of its parts say.
//
//	GET  /healthz   200 when it is ready
//	POST /rank      {"user":"42","items":["1","2"],"budget_ms":1000}
//	            →   {"items":[{"id":"2","score":0.91},{"id":"1","score":0.43}]}
//
// All read the rows of a request from Redis by one MGET, run them through the same
// ONNX file in one pass, and keep nothing for the next request. A rival that gives
// other scores than ONNX Runtime itself does not start.
package rivals

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// Config is the workload that a rival is started for.
type Config struct {
	Redis     string // address of the server that has the rows, as the contract package names them
	Model     string // path of the ONNX file
	Input     string // of its graph; "" means the first
	Output    string // of its graph; "" means the first
	Width     int    // floats of a row of the model
	UserWidth int    // of which the first are the user's
	Workers   int    // of rivals that need a process for each core
	Sources   string // directory of this package
	Scratch   string // directory for what is built
	Library   string // path of the ONNX Runtime library, for those in Go
	Python    string // that has python/requirements.txt; only those in Python need it
}

// Rival is one way to build it.
type Rival struct {
	Name  string
	Text  string   // what it is made of, and how that is tuned
	Parts []string // modules or packages whose versions count

	kind kind
}

// kind is how a rival is run.
type kind interface {
	// command returns a command line that serves on address.
	command(ctx context.Context, cfg *Config, address string) ([]string, error)
	// versions says which the parts are, once the command was made.
	versions(ctx context.Context, cfg *Config, parts []string) ([]string, error)
}

// Names of rivals.
const (
	Plain   = "plain Go"
	Tuned   = "tuned Go"
	FastAPI = "FastAPI, 1 worker"
)

// All lists the rivals, the plainest first.
func All() []Rival {
	return []Rival{
		{
			Name: Plain,
			Text: "net/http, encoding/json, go-redis with its defaults, one ONNX Runtime session of one thread for all " +
				"requests, and tensors made for each of them",
			Parts: []string{"github.com/redis/go-redis/v9", "github.com/yalue/onnxruntime_go"},
			kind:  goProgram("plain"),
		},
		{
			Name: Tuned,
			Text: "fasthttp, sonic into pooled memory, rueidis with pipelines and no cache of its own, an ONNX Runtime session " +
				"of one thread for each core with tensors and bindings made beforehand, scores sorted as integers, an encoder by hand",
			Parts: []string{
				"github.com/valyala/fasthttp", "github.com/bytedance/sonic", "github.com/redis/rueidis", "github.com/yalue/onnxruntime_go",
			},
			kind: goProgram("tuned"),
		},
		fastAPI(FastAPI, func(*Config) int { return 1 }),
		fastAPI("FastAPI", func(cfg *Config) int { return cfg.Workers }),
		{
			Name: "LitServe",
			Text: "a LitAPI with ZeroMQ between its processes, a worker for each core and half as many servers, redis-py with hiredis, " +
				"numpy, orjson; one thread for each pass, no batches",
			Parts: []string{"litserve", "fastapi", "onnxruntime", "redis", "hiredis", "orjson", "numpy"},
			kind: python(func(cfg *Config, sources, address string) (env, args []string) {
				env = []string{"RIVAL_LISTEN=" + address, "RIVAL_WORKERS=" + strconv.Itoa(cfg.Workers)}
				return env, []string{filepath.Join(sources, "litserve_app.py")}
			}),
		},
	}
}

func fastAPI(name string, workers func(*Config) int) Rival {
	return Rival{
		Name: name,
		Text: "uvicorn with uvloop and httptools, redis-py's asyncio client with hiredis, numpy, orjson for both bodies; " +
			"one thread for each pass, on the event loop",
		Parts: []string{"fastapi", "uvicorn", "uvloop", "httptools", "onnxruntime", "redis", "hiredis", "orjson", "numpy"},
		kind: python(func(cfg *Config, sources, address string) (env, args []string) {
			host, port := split(address)
			return nil, []string{
				"-m", "uvicorn", "fastapi_app:app", "--app-dir", sources, "--host", host, "--port", port,
				"--workers", strconv.Itoa(workers(cfg)), "--loop", "uvloop", "--http", "httptools",
				"--no-access-log", "--log-level", "warning",
			}
		}),
	}
}

// Versions says which versions of its parts a rival has. It must have been started.
func (r *Rival) Versions(ctx context.Context, cfg *Config) ([]string, error) {
	versions, err := r.kind.versions(ctx, cfg, r.Parts)
	if err != nil {
		return nil, fmt.Errorf("versions of %s: %w", r.Name, err)
	}
	return versions, nil
}
