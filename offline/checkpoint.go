package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rankgate/rankgate/features"
)

// checkpoint is the content of a checkpoint file: how far a run has come. It is
// only good for a run that would do the same.
type checkpoint struct {
	Version int     `json:"version"`
	Target  string  `json:"target"`
	Batch   int     `json:"batch"` // rows; what is resumed keeps to it
	Views   []*view `json:"views"`
}

const checkpointVersion = 2

// save writes the checkpoint, whole or not at all.
func (r *run) save() error {
	data, err := json.MarshalIndent(checkpoint{checkpointVersion, r.Target, r.Batch, r.plan}, "", " ")
	if err != nil {
		return err
	}
	return features.ReplaceFile(r.Checkpoint, append(data, '\n'))
}

// resume takes over into plan how far the run has come that wrote the checkpoint,
// if there is one, and returns the rows of a batch: those of that run, else batch.
//
// A run that learns a baseline reads a begun file from its start and writes from
// where the other stopped. With batches of 3 rows, stopped at row 9, and resumed
// with 10, the first batch would end at row 10 and hold rows 1 to 9 once more: they
// would be written and counted again.
func resume(path, target string, batch int, plan []*view) (int, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return batch, nil
	}
	if err != nil {
		return 0, err
	}
	var c checkpoint
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return 0, refused(path, "it is no checkpoint: "+err.Error())
	}
	if why := c.unfit(target, plan); why != "" {
		return 0, refused(path, why)
	}
	for i, v := range plan {
		old := c.Views[i]
		v.Counts, v.Files, v.Finished = old.Counts, old.Files, old.Finished
	}
	return c.Batch, nil
}

func refused(path, why string) error {
	return fmt.Errorf("checkpoint %s: %s. Delete it to start anew, which is safe: no row takes the place of a newer one", path, why)
}

// unfit says why the checkpoint is not that of a run with the given target and
// plan, "" if it is.
func (c *checkpoint) unfit(target string, plan []*view) string {
	switch {
	case c.Version != checkpointVersion:
		return fmt.Sprintf("its version is %d, and %d is known here", c.Version, checkpointVersion)
	case c.Batch < 1:
		return fmt.Sprintf("it is no checkpoint: a batch of %d rows", c.Batch)
	case slices.Contains(c.Views, nil):
		return "it is no checkpoint: a view is null"
	case c.Target != target:
		return fmt.Sprintf("it is of a run into %s, and this one is into %s", c.Target, target)
	case viewNames(c.Views) != viewNames(plan):
		return fmt.Sprintf("it is of a run over the views %s, and this one is over %s", viewNames(c.Views), viewNames(plan))
	}
	for i, v := range plan {
		if why := c.Views[i].unfit(v); why != "" {
			return why
		}
	}
	return ""
}

// unfit says why what is noted of a view is not about what it is now, "" if it is.
func (v *view) unfit(now *view) string {
	if v.Shape != now.Shape {
		return fmt.Sprintf("the view %s was %q, and is %q now", now.Name, v.Shape, now.Shape)
	}
	if len(v.Files) != len(now.Files) {
		return fmt.Sprintf("the source of %s was %d files, and is %d now", now.Name, len(v.Files), len(now.Files))
	}
	for i, is := range now.Files {
		was := v.Files[i]
		switch {
		case was == nil || was.Rows < 0:
			return "it is no checkpoint: a file is null or has less than no rows"
		case was.Path != is.Path:
			return fmt.Sprintf("the source of %s had %s where %s is now", now.Name, was.Path, is.Path)
		case was.Size != is.Size || !was.Modified.Equal(is.Modified):
			return fmt.Sprintf("%s has changed: it was %d bytes of %v, and is %d bytes of %v",
				is.Path, was.Size, was.Modified, is.Size, is.Modified)
		}
	}
	return ""
}

func viewNames(views []*view) string {
	var all []string
	for _, v := range views {
		all = append(all, v.Name)
	}
	return strings.Join(all, ", ")
}
