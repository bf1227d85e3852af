package rankgate_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/rankgate/rankgate"

// floors says on which floor each room stands; a room is the first element of a
// package's path below the module. A new room gets its line here and in doc.go.
var floors = map[string]int{
	"rank": 0, "budget": 0, "model": 0, "secret": 0, "jsonlex": 0, "certtest": 0, "childtest": 0,
	"cache": 1, "features": 1, "batcher": 1, "backends": 1,
	"edge": 2, "router": 2, "offline": 2,
	"config": 3, "monitor": 3,
	"cmd": 4, "examples": 4,
}

// neighbours are the imports along a floor that are allowed all the same: a model's
// signature is written in the words of a request, a secret that is not there is a
// rank.FieldError.
var neighbours = map[string]string{"model": "rank", "secret": "rank"}

// confined lists the dependencies that only some rooms may see, so that each of them
// can be replaced, or built without, in one place.
var confined = map[string][]string{
	"C":                                   {"backends"},
	"github.com/yalue/onnxruntime_go":     {"backends"},
	"github.com/valyala/fasthttp":         {"edge", "backends", "cmd"},
	"github.com/allegro/bigcache/v3":      {"cache"},
	"github.com/prometheus/client_golang": {"monitor", "cmd"},
	"github.com/redis/rueidis":            {"features", "offline", "router", "cmd"},
	"github.com/maypok86/otter/v2":        {"features"},
	"github.com/twmb/franz-go":            {"offline", "cmd"},
	"github.com/vbauerster/mpb/v8":        {"cmd"},
	"github.com/Shopify/toxiproxy/v2":     {"features"},
	"github.com/spf13/cobra":              {"cmd"},
	"github.com/fsnotify/fsnotify":        {"cmd"},
	"github.com/sony/gobreaker/v2":        {"features", "backends", "router"},
	"google.golang.org/grpc":              {"backends", "edge", "cmd"},
	"google.golang.org/protobuf":          {"backends", "edge", "cmd"},

	// They keep the linker from dropping dead methods (make lint proves that none does).
	"text/template": {},
	"html/template": {},
}

func TestImportsPointDownOnly(t *testing.T) {
	for _, file := range goFiles(t) {
		floor, known := floors[file.room]
		if file.room != "" && !known {
			t.Errorf("%s stands on no floor: give %q a line in layout_test.go and doc.go", file.path, file.room)
			continue
		}
		for _, imported := range file.imports {
			below := roomOf(imported)
			if below == "" || below == file.room || neighbours[file.room] == below {
				continue
			}
			if floors[below] >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d): imports point down only",
					file.path, floor, imported, floors[below])
			}
		}
	}
}

func TestHeavyDependenciesStayInTheirRooms(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, imported := range file.imports {
			for dependency, rooms := range confined {
				isIt := imported == dependency || strings.HasPrefix(imported, dependency+"/")
				if isIt && !slices.Contains(rooms, file.room) {
					t.Errorf("%s imports %s, which belongs to %v", file.path, imported, rooms)
				}
			}
		}
	}
}

// goFile is one Go file of this module, tests and every build tag included.
type goFile struct {
	path    string
	room    string
	imports []string
}

// goFiles reads the module's own files. It does not ask `go list`: go test would not
// see what the answer depends on, and repeat an old verdict from its cache.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && isElsewhere(name):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		file := goFile{path: filepath.ToSlash(name)}
		file.room = roomOf(path.Join(module, path.Dir(file.path)))
		file.imports, err = importsOf(name)
		files = append(files, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// isElsewhere reports whether the module's packages leave a directory out: hidden,
// test data, or a module of its own.
func isElsewhere(directory string) bool {
	base := filepath.Base(directory)
	_, err := os.Stat(filepath.Join(directory, "go.mod"))
	return base == "testdata" || strings.HasPrefix(base, ".") || err == nil
}

func importsOf(name string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var imports []string
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		imports = append(imports, imported)
	}
	return imports, nil
}

// roomOf returns the room of a package of this module, "" for any other package and
// for the module's root.
func roomOf(importPath string) string {
	below, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	room, _, _ := strings.Cut(below, "/")
	return room
}
