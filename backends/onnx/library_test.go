package onnx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheLibraryIsTakenFromTheFirstPlaceThatNamesOne(t *testing.T) {
	dir := t.TempDir()
	configured, fromEnv := filepath.Join(dir, "configured.so"), filepath.Join(dir, "env.so")
	for _, path := range []string{configured, fromEnv} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(LibraryVariable, fromEnv)
	if got, err := findLibrary(configured); got != configured || err != nil {
		t.Errorf("configured: %q, %v", got, err)
	}
	if got, err := findLibrary(""); got != fromEnv || err != nil {
		t.Errorf("environment: %q, %v", got, err)
	}
}

func TestAMissingLibraryIsAnErrorThatNamesTheSetting(t *testing.T) {
	f := func(configured, env, want string) {
		t.Helper()
		t.Setenv(LibraryVariable, env)
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		_, err := findLibrary(configured)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("findLibrary(%q) with environment %q = %v; want %q", configured, env, err, want)
		}
	}
	f("/absent/lib.so", "", "onnx.library")
	f("", "/absent/lib.so", LibraryVariable)
	f("", "", "make setup")
}
