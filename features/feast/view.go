package feast

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/murmur3"

	"github.com/rankgate/rankgate/features"
)

// View says how the rows of one view lie in a Feast store. It is immutable, and
// safe for concurrent use.
type View struct {
	keys    []joinKey // sorted by name, as they stand in a key
	prefix  string    // what every key starts with
	names   int       // length of the names in prefix
	project string    // what every key ends with
	fields  []string
	created string
	layout  *features.Layout
}

// joinKey is one part of a key.
type joinKey struct {
	entity string // features.UserEntity or ItemEntity
	name   string
	typ    features.JoinType
}

// Versions of the key, Feast's entity_key_serialization_version.
const (
	oldestKey = 2
	newestKey = 3
)

// New describes how rows of view lie in the store of the given project. layout
// is features.LayoutOf(view.Columns).
func New(project string, keyVersion int, reg *features.Registry, view *features.View, layout *features.Layout) (*View, error) {
	if project == "" {
		return nil, errors.New("the name of the Feast project is empty")
	}
	if keyVersion < oldestKey || keyVersion > newestKey {
		return nil, fmt.Errorf("key version %d is not known; Feast's entity_key_serialization_version is %d or %d",
			keyVersion, oldestKey, newestKey)
	}
	v := &View{project: project, created: "_created:" + view.Stored(), layout: layout}
	for _, name := range view.Entities {
		entity := reg.Entity(name)
		k := joinKey{entity: name}
		k.name, k.typ = entity.Join()
		v.keys = append(v.keys, k)
	}
	if len(v.keys) == 0 {
		return nil, fmt.Errorf("view %s is about no entity, so its rows have no key", view.Name)
	}
	slices.SortFunc(v.keys, func(a, b joinKey) int { return cmp.Compare(a.name, b.name) })
	for i := range v.keys[1:] {
		if v.keys[i].name == v.keys[i+1].name {
			return nil, fmt.Errorf("view %s: the entities %s and %s have the same join key %q",
				view.Name, v.keys[i].entity, v.keys[i+1].entity, v.keys[i].name)
		}
	}
	v.makePrefix(keyVersion)
	if err := v.makeFields(view.Stored()); err != nil {
		return nil, err
	}
	return v, nil
}

// makePrefix writes the names of the join keys, and the type of the first id:
// what "user" and "user_id" have in common must not be a prefix of both.
func (v *View) makePrefix(version int) {
	var p []byte
	if version > oldestKey {
		p = appendWord(p, len(v.keys))
	}
	for _, k := range v.keys {
		p = appendWord(p, stringType)
		if version > oldestKey {
			p = appendWord(p, len(k.name))
		}
		p = append(p, k.name...)
	}
	v.names = len(p)
	v.prefix = string(appendWord(p, typeNumber(v.keys[0].typ)))
}

func (v *View) makeFields(stored string) error {
	seen := map[string]string{}
	for i := range v.layout.Cells {
		name := v.layout.Cells[i].Name
		f := Field(stored, name)
		if other, taken := seen[f]; taken {
			return fmt.Errorf("columns %s and %s of %s have the same field in a Feast store (%x); Feast loses one of them too",
				other, name, stored, f)
		}
		seen[f] = name
		v.fields = append(v.fields, f)
	}
	v.fields = append(v.fields, "_ts:"+stored)
	return nil
}

// Field returns the field of a hash that holds a column: 4 bytes.
func Field(view, column string) string {
	hash := murmur3.StringSum32(view + ":" + column)
	return string(binary.LittleEndian.AppendUint32(nil, hash))
}

// Fields returns the fields to ask for: one per column in the view's order, and
// last the one that holds the row's time. It is shared and must stay as it is.
func (v *View) Fields() []string { return v.fields }

// CreatedField returns the name of a field of ours, which Feast neither reads
// nor writes. It holds a time (EncodeTime) that tells which of two rows of one
// event time is the newer one.
func (v *View) CreatedField() string { return v.created }

// KeyPrefix returns the bytes that the keys of all rows start with. Other
// projects with the same join keys share it.
func (v *View) KeyPrefix() string { return v.prefix }
