package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rankgate/rankgate/model"
	"github.com/rankgate/rankgate/rank"
)

// Model is one version of one model in the repository.
type Model struct {
	Spec model.Spec
	File *File // the model.yaml that Spec comes from; versions may share it
}

const (
	modelYAML = "model.yaml"
	modelONNX = "model.onnx"
)

// tritons are the files that Triton keeps beside a model's versions, apart from
// its label files, which end in .txt.
var tritons = []string{"config.pbtxt", "configs", "initial_state", "warmup"}

// ReadRepository finds the models of a directory in Triton's layout and reads
// their model.yaml files:
//
//	<name>/model.yaml
//	<name>/<version>/model.onnx
//	<name>/<version>/model.yaml   instead of the one above, if there is one
//
// Hidden files, which mounted ConfigMaps are full of, and the files that Triton
// keeps beside the versions are passed over. The models are sorted by name and
// version, the lowest first.
//
// A model of which remote (unless nil) says so runs on other servers, and its
// versions need no model.onnx.
func ReadRepository(dir string, remote func(model string) bool) ([]Model, error) {
	r := repository{remote: remote}
	for _, name := range r.list(dir) {
		r.model(filepath.Join(dir, name), name)
	}
	if len(r.wrong) == 0 && len(r.models) == 0 {
		r.fail(dir, "holds no model; it must hold <name>/%s and <name>/<version>/%s", modelYAML, modelONNX)
	}
	if err := r.wrong.settle(); err != nil {
		return nil, err
	}
	return r.models, nil
}

// repository is a scan in progress.
type repository struct {
	remote func(model string) bool // nil means that none is
	models []Model
	wrong  Errors
}

func (r *repository) fail(path, format string, args ...any) {
	r.wrong = append(r.wrong, Error{File: path, Message: fmt.Sprintf(format, args...)})
}

// list returns the names in a directory that are not hidden.
func (r *repository) list(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.fail(dir, "can't be read: %s", reason(err))
		return nil
	}
	var names []string
	for _, e := range entries {
		// A volume that is mounted whole has lost+found at its root.
		if !strings.HasPrefix(e.Name(), ".") && e.Name() != "lost+found" {
			names = append(names, e.Name())
		}
	}
	return names
}

// model reads the versions of one model.
func (r *repository) model(dir, name string) {
	if !isModelName(name) {
		r.fail(dir, "a model's name holds letters, digits, dots, dashes and underscores, at most 128 of them")
		return
	}
	if !r.directory(dir, "a repository holds a directory per model, and no other file that is not hidden") {
		return
	}
	var shared *Model
	var versions []string
	for _, entry := range r.list(dir) {
		switch {
		case isVersion(entry):
			versions = append(versions, entry)
		case entry == modelYAML:
			shared = r.read(filepath.Join(dir, entry))
		case !slices.Contains(tritons, entry) && !strings.HasSuffix(entry, ".txt"):
			r.stray(filepath.Join(dir, entry), entry)
		}
	}
	if len(versions) == 0 {
		r.fail(dir, "has no version; add %s", r.firstVersion(dir, name))
	}
	slices.SortFunc(versions, model.CompareVersions)
	for _, v := range versions {
		r.version(dir, name, v, shared)
	}
}

// version reads one version, whose own model.yaml replaces the shared one.
func (r *repository) version(parent, name, version string, shared *Model) {
	dir := filepath.Join(parent, version)
	if !r.directory(dir, "a version is a directory that holds "+modelONNX) {
		return
	}
	entries := r.list(dir)
	path := filepath.Join(dir, modelONNX)
	if r.remote != nil && r.remote(name) {
		path = ""
	} else if !slices.Contains(entries, modelONNX) {
		r.fail(dir, "holds no %s%s", modelONNX, r.instead(name, entries))
	} else if info, err := os.Stat(path); err != nil {
		r.fail(path, "can't be read: %s", reason(err))
	} else if !info.Mode().IsRegular() {
		r.fail(path, "is not a regular file")
	}
	m := shared
	if slices.Contains(entries, modelYAML) {
		m = r.read(filepath.Join(dir, modelYAML))
	}
	if m == nil {
		r.fail(dir, "no %s says which columns feed this version; add %s", modelYAML, filepath.Join(parent, modelYAML))
		return
	}
	spec := m.Spec
	spec.Name, spec.Version, spec.Path = name, version, path
	r.models = append(r.models, Model{Spec: spec, File: m.File})
}

// read reads a model.yaml. A file with mistakes is an empty Model, so that it
// does not count as missing as well.
func (r *repository) read(path string) *Model {
	f, err := open(path)
	if err == nil {
		var spec model.Spec
		if spec, err = readModel(f); err == nil {
			return &Model{Spec: spec, File: f}
		}
	}
	r.wrong = append(r.wrong, flatten(err)...)
	return &Model{}
}

// directory reports whether path is a directory, through links if need be.
func (r *repository) directory(path, rule string) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		r.fail(path, "can't be read: %s", reason(err))
	case !info.IsDir():
		r.fail(path, "is not a directory; %s", rule)
	default:
		return true
	}
	return false
}

// stray reports a file that means nothing in a model's directory.
func (r *repository) stray(path, name string) {
	rule := "it has no place in a model's directory; hide it with a leading dot"
	if digits := strings.TrimLeft(name, "vV0"); name != digits && isVersion(digits) {
		rule = "versions are 1, 2, 3, … without leading zeros; rename it to " + digits
	} else if near, ok := rank.Nearest(name, append([]string{modelYAML}, tritons...)); ok {
		rule = "did you mean " + near + "?"
	} else if strings.HasSuffix(name, ".onnx") {
		rule = "a graph belongs into the directory of a version, as " + filepath.Join("1", modelONNX)
	}
	r.fail(path, "%s", rule)
}

// firstVersion is what the first version of a model is made of.
func (r *repository) firstVersion(dir, name string) string {
	if r.remote != nil && r.remote(name) {
		return "the directory " + filepath.Join(dir, "1") + ", named after the version that the servers hold"
	}
	return filepath.Join(dir, "1", modelONNX)
}

// instead names the graph that was probably meant to be model.onnx, or else the
// setting with which a version needs none.
func (r *repository) instead(name string, entries []string) string {
	for _, e := range entries {
		if strings.HasSuffix(e, ".onnx") {
			return "; rename " + quote(e)
		}
	}
	if r.remote == nil {
		return ""
	}
	return "; a model that only servers run needs none: name their pools, and not local, in routes." + name + ".run_on"
}

// isVersion reports whether s is a positive integer without leading zeros.
func isVersion(s string) bool {
	return s != "" && len(s) <= 18 && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

func isModelName(s string) bool {
	odd := func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c))
	}
	return len(s) <= 128 && !strings.ContainsFunc(s, odd)
}
