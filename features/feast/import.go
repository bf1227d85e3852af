package feast

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rankgate/rankgate/features"
)

// ImportOptions says what of a Feast registry becomes features.
type ImportOptions struct {
	Project    string // "" means the only one
	User, Item string // join keys; both "" means to tell them by their names

	// Versioned means that the online store keeps the versions of a view apart:
	// registry.enable_online_feature_view_versioning of feature_store.yaml,
	// which the registry itself does not know.
	Versioned bool
}

// Import is a Feast project in the gateway's own words.
type Import struct {
	Project  string
	Registry *features.Registry
	Omitted  []Omission

	// Unversioned are Feast's names of the views that would be stored under
	// another name if ImportOptions.Versioned were set.
	Unversioned []string
}

// Omission is something that features.yaml can't express.
type Omission struct {
	View   string // as Feast names it
	As     string // as features.yaml does, "" if it does not hold the view
	Column string // "" means the whole view
	Why    string
}

func (o Omission) String() string {
	if o.Column == "" {
		return fmt.Sprintf("view %s is left out: %s", o.View, o.Why)
	}
	return fmt.Sprintf("column %s of view %s is left out: %s", o.Column, o.View, o.Why)
}

// Import translates one project. The entities of the result are those that a
// view is about, its views and their columns stand in the order of the registry,
// and it passes features.Registry.Validate.
func (r *Registry) Import(options ImportOptions) (*Import, error) {
	project, err := r.project(options.Project)
	if err != nil {
		return nil, err
	}
	t := &translation{
		from: r, options: options, to: &Import{Project: project, Registry: &features.Registry{}},
		declared: map[string]*Entity{}, taken: map[string]bool{},
	}
	for i := range r.Entities {
		if e := &r.Entities[i]; e.Project == project {
			t.declared[e.Name] = e
		}
	}
	if err := t.chooseKeys(); err != nil {
		return nil, err
	}
	t.views()
	t.entities()
	if wrong := t.to.Registry.Validate(); len(wrong) > 0 {
		return nil, fmt.Errorf("the Feast registry can't be expressed in features.yaml: %w", wrong[0])
	}
	return t.to, nil
}

func (r *Registry) project(wanted string) (string, error) {
	seen := map[string]bool{}
	for i := range r.Views {
		seen[r.Views[i].Project] = true
	}
	all := slices.Sorted(maps.Keys(seen))
	switch {
	case wanted == "" && len(all) == 1:
		return all[0], nil
	case wanted == "":
		return "", fmt.Errorf("the registry holds several projects; name one with --project: %s", strings.Join(all, ", "))
	case !seen[wanted]:
		return "", fmt.Errorf("--project: the registry holds no project %q, but %s", wanted, strings.Join(all, ", "))
	default:
		return wanted, nil
	}
}

// translation makes an Import.
type translation struct {
	from    *Registry
	options ImportOptions // User and Item are settled by chooseKeys
	to      *Import

	declared map[string]*Entity // of the project, by name
	taken    map[string]bool    // names of views

	user, item ValueType // of the join keys, 0 for one that no view is about
}

// noJoinKey is the join key under which Feast keeps views about no entity.
const noJoinKey = "__dummy_id"

// joinKeys returns the join keys of the project and, beside each, the names of
// its entities.
func (t *translation) joinKeys() (keys []string, entities map[string][]string) {
	entities = map[string][]string{}
	for _, e := range t.from.Entities {
		if e.Project != t.to.Project || e.JoinKey == noJoinKey {
			continue
		}
		if entities[e.JoinKey] == nil {
			keys = append(keys, e.JoinKey)
		}
		entities[e.JoinKey] = append(entities[e.JoinKey], e.Name)
	}
	return keys, entities
}

// chooseKeys settles which join keys are the user's and the item's.
func (t *translation) chooseKeys() error {
	keys, entities := t.joinKeys()
	o := &t.options
	switch {
	case len(keys) == 0:
		return fmt.Errorf("project %s declares no entity", t.to.Project)
	case o.User == "" && o.Item == "":
		return t.guessKeys(keys, entities)
	case o.User == o.Item:
		return fmt.Errorf("--user and --item both name the join key %s", o.User)
	}
	for i, key := range []string{o.User, o.Item} {
		if key != "" && !slices.Contains(keys, key) {
			return fmt.Errorf("%s: the project has no join key %q; it has %s",
				[]string{"--user", "--item"}[i], key, describe(keys, entities))
		}
	}
	return nil
}

// guessKeys takes names that leave no doubt.
func (t *translation) guessKeys(keys []string, entities map[string][]string) error {
	for _, key := range keys {
		names := append(slices.Clone(entities[key]), key)
		switch {
		case len(keys) > 2:
		case t.options.User == "" && called(names, features.UserEntity):
			t.options.User = key
			continue
		case t.options.Item == "" && called(names, features.ItemEntity):
			t.options.Item = key
			continue
		}
		return fmt.Errorf("which join keys are the user's and the item's? Name them with --user and --item; the project has %s",
			describe(keys, entities))
	}
	return nil
}

func called(names []string, subject string) bool {
	return slices.Contains(names, subject) || slices.Contains(names, subject+"_id")
}

// describe lists join keys for an error.
func describe(keys []string, entities map[string][]string) string {
	said := make([]string, len(keys))
	for i, key := range keys {
		said[i] = fmt.Sprintf("%s (entity %s)", key, strings.Join(entities[key], ", "))
	}
	return strings.Join(said, ", ")
}
