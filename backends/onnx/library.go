package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/rankgate/rankgate/rank"
)

// LibraryVariable is the environment variable that names the shared library.
const LibraryVariable = "RANKGATE_ONNXRUNTIME_LIB"

// cachedVersions are the releases that `make setup` may have fetched, the one
// pinned for this platform first.
var cachedVersions = []string{"1.32.0", "1.30.0", "1.29.0", "1.24.1"}

// findLibrary returns the path of the ONNX Runtime library to load, given the
// one that the configuration names ("" for none).
func findLibrary(configured string) (string, error) {
	if configured != "" {
		if err := exists(configured); err != nil {
			return "", rank.FieldError{Path: "onnx.library", Message: err.Error()}
		}
		return configured, nil
	}
	if fromEnv := os.Getenv(LibraryVariable); fromEnv != "" {
		if err := exists(fromEnv); err != nil {
			return "", fmt.Errorf("%s: %w", LibraryVariable, err)
		}
		return fromEnv, nil
	}
	for _, pattern := range librarySearch() {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", errors.New("no ONNX Runtime library found: run `make setup`, or set " + LibraryVariable +
		" or onnx.library to the path of libonnxruntime (1.24 or newer); looked for " +
		strings.Join(librarySearch(), ", "))
}

func exists(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("no ONNX Runtime library: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("no ONNX Runtime library: %s is not a file", path)
	default:
		return nil
	}
}

// librarySearch lists where a library may lie, best first: beside the program,
// then in the cache that `make setup` fills.
func librarySearch() []string {
	name := "libonnxruntime.so*"
	if runtime.GOOS == "darwin" {
		name = "libonnxruntime*.dylib"
	}
	var patterns []string
	if program, err := os.Executable(); err == nil {
		if target, err := filepath.EvalSymlinks(program); err == nil {
			program = target
		}
		patterns = append(patterns, filepath.Join(filepath.Dir(program), name))
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return patterns
		}
		cache = filepath.Join(home, ".cache")
	}
	for _, version := range cachedVersions {
		patterns = append(patterns, filepath.Join(cache, "rankgate", "onnxruntime", version, name))
	}
	return patterns
}
