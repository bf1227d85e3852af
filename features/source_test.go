package features

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rankgate/rankgate/model"
)

// place writes files below a new directory, by their paths in it.
func place(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestADirectoryIsItsFilesInTheOrderOfTheirPaths(t *testing.T) {
	dir := place(t, map[string]string{
		"stats/dt=2026-01-02/part-0.csv":     "item,n\na,3\n",
		"stats/dt=2026-01-01/part-1.csv":     "item,n\na,2\nb,2\n",
		"stats/dt=2026-01-01/part-0.csv":     "item,n\na,1\nb,1\nc,1\n",
		"stats/_SUCCESS":                     "",
		"stats/_temporary/part-9.csv":        "broken",
		"stats/dt=2026-01-02/.part-0.csv":    "broken",
		"stats/dt=2026-01-02/part-0.csv.crc": "broken",
	})
	files, err := SourceFiles(filepath.Join(dir, "stats"))
	var short []string
	for _, file := range files {
		short = append(short, file[len(filepath.Join(dir, "stats"))+1:])
	}
	want := []string{"dt=2026-01-01/part-0.csv", "dt=2026-01-01/part-1.csv", "dt=2026-01-02/part-0.csv"}
	if err != nil || !slices.Equal(short, want) {
		t.Errorf("SourceFiles = %q, %v; want %q", short, err, want)
	}

	for _, source := range []string{"stats", "stats/"} {
		m := NewMemory(oneView(source, Column{Name: "n", Type: model.Int64}))
		if err := m.Load(context.Background(), dir); err != nil {
			t.Fatal(err)
		}
		for id, n := range map[string]int64{"a": 3, "b": 2, "c": 1} {
			checkRow(t, id, fetched(m, 1, "", id)[0], Row{Ints: []int64{n}})
		}
	}
}

func TestALinkToADirectoryOfLinksIsASource(t *testing.T) {
	dir := place(t, map[string]string{"..data/s.csv": "item,n\na,1\n"})
	if err := os.Mkdir(filepath.Join(dir, "mounted"), 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"mounted/s.csv": "../..data/s.csv", "stats": "mounted"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	m := NewMemory(oneView("stats", Column{Name: "n", Type: model.Int64}))
	if err := m.Load(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	checkRow(t, "a", fetched(m, 1, "", "a")[0], Row{Ints: []int64{1}})
}

func TestASourceThatHoldsNoRowsIsRefused(t *testing.T) {
	dir := place(t, map[string]string{"empty/readme.txt": "", "stats": "item,n\n", "broken/a.csv": "item,m\n"})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"empty":    "views.stats.source: the directory " + dir + "/empty holds no .parquet or .csv file",
		"absent":   "views.stats.source: stat " + dir + "/absent: no such file or directory",
		"stats":    "views.stats.source: " + dir + "/stats must end in .parquet or .csv",
		"pipe.csv": "views.stats.source: " + dir + "/pipe.csv is neither a regular file nor a directory",
		"broken":   dir + `/broken/a.csv: there is no column "n"`,
	} {
		reg := oneView(source, Column{Name: "n", Type: model.Int64})
		if wrong := reg.Validate(); len(wrong) > 0 {
			t.Errorf("%s: %v", source, wrong)
		}
		if err := NewMemory(reg).Load(context.Background(), dir); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v; want %s", source, err, want)
		}
	}
}
