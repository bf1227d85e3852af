package result

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestARunIsKeptAsTheSameBytesAndComesBackWhole(t *testing.T) {
	want := &Run{
		About:    About{Machine: "A <CPU> & more", Processors: 2, Versions: []string{"go1.26.8"}},
		Claims:   []Claim{{Name: "a", Unit: "×", Value: 1.25, Low: 1.2, High: 1.3, Measured: true}},
		Contests: []Contest{{Name: "b", Candidates: 500, Stacks: []Cost{{Stack: "rankgate", CPU: 0.0004}}}},
		Series:   []Series{{Name: "c", Curves: []Curve{{Name: "d", XY: [][2]float64{{1, 2}}}}}},
	}
	dir := filepath.Join(t.TempDir(), "results")
	path := Path(dir, &want.About)
	if err := Save(path, want); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path)
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Load = %+v; want %+v", got, want)
	}
	if err := Save(path, got); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(path); !bytes.Equal(again, first) {
		t.Errorf("saved again it is\n%s\nafter\n%s", again, first)
	}
	if !bytes.Contains(first, []byte("\n  \"about\": {\n    \"machine\": \"A <CPU> & more\",\n")) || !bytes.HasSuffix(first, []byte("}\n")) {
		t.Errorf("not indented as text for people: %s", first)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%v lie beside the run", entries)
	}
}

func TestAFigureThatIsNotFiniteIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	if err := Save(path, &Run{Claims: []Claim{{Value: 1}}}); err != nil {
		t.Fatal(err)
	}
	if err := Save(path, &Run{Claims: []Claim{{Value: math.NaN()}}}); err == nil {
		t.Error("NaN was saved")
	}
	if got, err := Load(path); err != nil || got.Claims[0].Value != 1 {
		t.Errorf("the run that was there is now %+v, %v", got, err)
	}
}

func TestNothingKeptAndNonsenseKeptAreToldApart(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "a.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of nothing = %v", err)
	}
	path := filepath.Join(dir, "b.json")
	os.WriteFile(path, []byte("{"), 0o600)
	if _, err := Load(path); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of nonsense = %v", err)
	}
}

func TestFilesAreNamedByMachineAndLength(t *testing.T) {
	for _, test := range []struct {
		about About
		want  string
	}{
		{About{Machine: "AMD EPYC, Linux 6.18 x86_64", Processors: 2}, "amd-epyc-linux-6-18-x86-64-2-processors.json"},
		{About{Machine: "Intel(R) Xeon(R) @ 2.0GHz", Processors: 16, Full: true}, "intel-r-xeon-r-2-0ghz-16-processors-full.json"},
		{About{Machine: "../é/", Processors: 1}, "unknown-1-processors.json"},
	} {
		if got := Path("kept", &test.about); got != filepath.Join("kept", test.want) {
			t.Errorf("Path(%+v) = %s; want %s", test.about, got, test.want)
		}
	}
}
