package features

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// SourceFiles returns the files that a source stands for: itself, or, if it is a
// directory, every .parquet and .csv file below it, sorted by path, so that the
// parts of a partitioned table come in the order of their partitions. Names that
// start with a dot or an underscore are left out, as other readers of such
// directories do: they are leftovers and marks of the program that wrote them.
func SourceFiles(source string) ([]string, error) {
	info, err := os.Stat(source)
	switch {
	case err != nil:
		return nil, err
	case info.Mode().IsRegular() && sourceFormat(source) == unknownFormat:
		return nil, fmt.Errorf("%s must end in .parquet or .csv", source)
	case info.Mode().IsRegular():
		return []string{source}, nil
	case !info.IsDir():
		return nil, fmt.Errorf("%s is neither a regular file nor a directory", source)
	}
	files, err := filesBelow(source)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("the directory %s holds no .parquet or .csv file", source)
	}
	return files, err
}

func filesBelow(directory string) ([]string, error) {
	var files []string
	root := filepath.Clean(directory) + string(filepath.Separator) // and so through a link to a directory
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != root && strings.ContainsAny(entry.Name()[:1], "._"):
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case entry.IsDir() || entry.Type()&fs.ModeSymlink == 0 && sourceFormat(path) == unknownFormat:
			return nil
		}
		info, err := os.Stat(path)
		if err == nil && info.IsDir() {
			return fmt.Errorf("%s is a link to a directory, which is not followed; name the directory itself", path)
		}
		if sourceFormat(path) == unknownFormat { // a link to something else, or to nothing
			return nil
		}
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s is not a regular file", path)
		}
		files = append(files, path)
		return err
	})
	slices.Sort(files)
	return files, err
}

type fileFormat uint8

const (
	unknownFormat fileFormat = iota
	parquetFormat
	csvFormat
)

func sourceFormat(path string) fileFormat {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".parquet":
		return parquetFormat
	case ".csv":
		return csvFormat
	default:
		return unknownFormat
	}
}

// validSource reports whether a name can be that of a source. A directory's has
// no extension, or ends in a slash, so that a misspelt extension is found out
// before anything is opened.
func validSource(name string) bool {
	return sourceFormat(name) != unknownFormat || filepath.Ext(name) == "" || strings.HasSuffix(name, "/")
}
