package offline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/redis"
	"github.com/rankgate/rankgate/rank"
)

// view is one view of a run: its files, and how far each has been written. Its
// exported part is what a checkpoint holds of it.
type view struct {
	Counts
	Shape    string  `json:"shape"` // whatever decides how a row of the source is read and stored
	Files    []*file `json:"files"`
	Finished bool    `json:"finished"`

	of       *features.View
	index    int                // in Registry.Views
	learning *features.Learning // nil if no baseline is learnt
}

// file is one file of a source, by what tells whether it has changed.
type file struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Rows     int64     `json:"rows"` // acknowledged by the store
	Done     bool      `json:"done"`
}

// makePlan finds the views to fill and their files. The error joins every mistake.
func makePlan(opt *Options) ([]*view, error) {
	var plan []*view
	var mistakes []error
	for _, name := range opt.Views {
		if !slices.ContainsFunc(opt.Registry.Views, func(v features.View) bool { return v.Name == name }) {
			mistakes = append(mistakes, RequestError{fmt.Errorf("there is no view %q; there are %s",
				name, strings.Join(names(opt.Registry), ", "))})
		}
	}
	for i := range opt.Registry.Views {
		of := &opt.Registry.Views[i]
		if len(opt.Views) > 0 && !slices.Contains(opt.Views, of.Name) || len(opt.Views) == 0 && of.Source == "" && opt.From == "" {
			continue
		}
		if j := slices.IndexFunc(plan, func(other *view) bool { return other.of.Stored() == of.Stored() }); j >= 0 {
			mistakes = append(mistakes, rank.FieldError{Path: "views." + of.Name + ".stored_as", Message: fmt.Sprintf(
				"the rows of %s lie under %s too, and would be overwritten; fill one of the views with --view", plan[j].Name, of.Stored())})
		}
		v, err := newView(opt, i)
		mistakes = append(mistakes, err)
		plan = append(plan, v)
	}
	if opt.From != "" && len(plan) > 1 {
		mistakes = append(mistakes, RequestError{fmt.Errorf("%s is the source of one view, and there are %d; name the view",
			opt.From, len(plan))})
	}
	if len(plan) == 0 && len(opt.Views) == 0 {
		mistakes = append(mistakes, rank.FieldError{Path: "views", Message: "none has a source, so there is nothing to read"})
	}
	return plan, errors.Join(mistakes...)
}

func newView(opt *Options, index int) (*view, error) {
	of := &opt.Registry.Views[index]
	v := &view{Counts: Counts{Name: of.Name}, Shape: shapeOf(opt.Registry, of), of: of, index: index}
	fail := func(field, message string) (*view, error) {
		return v, rank.FieldError{Path: "views." + of.Name + "." + field, Message: message}
	}
	source := opt.From
	switch {
	case of.TTL > 0 && of.EventTime == "":
		return fail("ttl", "without event_time the rows of a file have no age; name the column that says when each was true")
	case source == "" && of.Source == "":
		return fail("source", "missing: which file, or directory of files, holds the view's rows?")
	case source == "":
		source = filepath.Join(opt.Dir, of.Source)
	}
	var err error
	v.Files, err = filesOf(source)
	switch {
	case err != nil && opt.From != "":
		return v, RequestError{err}
	case err != nil:
		return fail("source", err.Error())
	}
	return v, nil
}

func filesOf(source string) ([]*file, error) {
	paths, err := features.SourceFiles(source)
	if err != nil {
		return nil, err
	}
	var files []*file
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		files = append(files, &file{Path: path, Size: info.Size(), Modified: info.ModTime()})
	}
	return files, nil
}

// shapeOf is a text that differs where rows would be read or stored otherwise.
func shapeOf(reg *features.Registry, v *features.View) string {
	var entities []string
	for _, name := range v.Entities {
		e := reg.Entity(name)
		key, kind := e.Join()
		entities = append(entities, fmt.Sprintf("%s (%s, %d)", name, key, kind))
	}
	var columns []string
	for _, c := range v.Columns {
		columns = append(columns, fmt.Sprintf("%s %s[%d]", c.Name, c.Type, c.Length))
	}
	return fmt.Sprintf("%s of %s: %s; event_time %q, created_time %q, ttl %v, max_stale %v",
		v.Stored(), strings.Join(entities, ", "), strings.Join(columns, ", "), v.EventTime, v.CreatedTime, v.TTL, v.MaxStale)
}

// materialized is what the store is told of the view once it is filled.
func (v *view) materialized(now time.Time) redis.Materialized {
	return redis.Materialized{
		LastSuccess: float64(now.UnixMilli()) / 1000, NewestEvent: float64(v.Newest) / 1000, Rows: v.Read,
	}
}

func names(reg *features.Registry) []string {
	var all []string
	for i := range reg.Views {
		all = append(all, reg.Views[i].Name)
	}
	return all
}
