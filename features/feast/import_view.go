package feast

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/model"
)

// subject is a view and the types of the join keys that it is about, 0 for one
// that it is not about.
type subject struct {
	of         *FeatureView
	user, item ValueType
}

// views translates every view of the project that can be.
func (t *translation) views() {
	var subjects []subject
	for i := range t.from.Views {
		v := &t.from.Views[i]
		if v.Project != t.to.Project {
			continue
		}
		if s, why := t.resolve(v); why != "" {
			t.omit(v, "", why)
		} else {
			subjects = append(subjects, s)
		}
	}
	t.user = mostFrequent(subjects, func(s subject) ValueType { return s.user })
	t.item = mostFrequent(subjects, func(s subject) ValueType { return s.item })
	for _, s := range subjects {
		t.view(s)
	}
}

func (t *translation) omit(v *FeatureView, column, why string) {
	t.to.Omitted = append(t.to.Omitted, Omission{View: v.Name, Column: column, Why: why})
}

// resolve finds out what a view is about, or says why it is nothing that a
// request names.
func (t *translation) resolve(v *FeatureView) (s subject, why string) {
	switch {
	case v.Kind == OnDemandView:
		return s, "it is an on-demand view, computed when Feast is asked"
	case v.Kind == LabelView:
		return s, "it holds labels"
	case !v.Online:
		return s, "it is not online"
	case v.Disabled:
		return s, "it is disabled"
	case len(v.Entities) > 2:
		return s, fmt.Sprintf("it is about %d entities", len(v.Entities))
	}
	s.of = v
	for _, name := range v.Entities {
		e := t.declared[name]
		if e == nil {
			return s, fmt.Sprintf("the registry does not declare its entity %s", name)
		}
		typ := e.Type
		if c := slices.IndexFunc(v.JoinKeys, func(c Feature) bool { return c.Name == e.JoinKey }); c >= 0 {
			typ = v.JoinKeys[c].Type
		}
		switch e.JoinKey {
		case noJoinKey:
			return s, "it is about no entity"
		case t.options.User:
			s.user = typ
		case t.options.Item:
			s.item = typ
		default:
			return s, fmt.Sprintf("it is about %s, which is not the join key of the user or the item", e.JoinKey)
		}
		if _, _, ok := joinType(typ); !ok {
			return s, fmt.Sprintf("its join key %s is %s, and a key holds BYTES, STRING, INT32, INT64 or UNIX_TIMESTAMP", e.JoinKey, typ)
		}
	}
	if s.user == 0 && s.item == 0 {
		return s, "it is about no entity"
	}
	return s, ""
}

// mostFrequent returns the type that most views have, of equals the first.
func mostFrequent(subjects []subject, of func(subject) ValueType) (most ValueType) {
	count := map[ValueType]int{}
	for _, s := range subjects {
		if t := of(s); t != 0 {
			count[t]++
		}
	}
	for _, s := range subjects {
		if t := of(s); count[t] > count[most] {
			most = t
		}
	}
	return most
}

// view translates one view. Views that declare a join key with another type than
// most do have rows under other keys, and an entity has one type here.
func (t *translation) view(s subject) {
	view := features.View{TTL: s.of.TTL, Owner: s.of.Owner, Description: s.of.Description, Version: 1}
	for _, part := range []struct {
		name, key   string
		typ, others ValueType
	}{
		{features.UserEntity, t.options.User, s.user, t.user},
		{features.ItemEntity, t.options.Item, s.item, t.item},
	} {
		if part.typ == 0 {
			continue
		}
		if part.typ != part.others {
			t.omit(s.of, "", fmt.Sprintf("its %s is %s, and %s in other views", part.key, part.typ, part.others))
			return
		}
		view.Entities = append(view.Entities, part.name)
	}
	from := len(t.to.Omitted)
	if view.Columns = t.columns(s.of, view.Entities); len(view.Columns) == 0 {
		t.omit(s.of, "", "no column is left")
		return
	}
	if !slices.Contains(view.Entities, s.of.EventTime) {
		view.EventTime = s.of.EventTime
	}
	if view.EventTime != "" && !slices.Contains(view.Entities, s.of.CreatedTime) {
		view.CreatedTime = s.of.CreatedTime
	}
	stored := s.of.Name
	if t.options.Versioned && s.of.Version > 0 {
		stored = fmt.Sprintf("%s_v%d", s.of.Name, s.of.Version)
	}
	if !t.options.Versioned && s.of.Version > 0 {
		t.to.Unversioned = append(t.to.Unversioned, s.of.Name)
	}
	if view.Name = t.viewName(s.of.Name); view.Name != stored {
		view.StoredAs = stored
	}
	for i := range t.to.Omitted[from:] {
		t.to.Omitted[from+i].As = view.Name
	}
	t.to.Registry.Views = append(t.to.Registry.Views, view)
}

// viewName returns a name that model.yaml can hold and no other view has.
func (t *translation) viewName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unnamable(r) {
			return '_'
		}
		return r
	}, name)
	if name == model.RequestView || name == model.ContextView {
		name += "_view"
	}
	candidate := name
	for n := 2; t.taken[candidate]; n++ {
		candidate = fmt.Sprintf("%s_%d", name, n)
	}
	t.taken[candidate] = true
	return candidate
}

// unnamable reports whether the name of a view or column can't hold r.
func unnamable(r rune) bool {
	return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(".()[]", r)
}

// entities declares what the views are about.
func (t *translation) entities() {
	declare := func(name, joinKey string, typ ValueType) {
		if typ == 0 {
			return
		}
		e := features.Entity{Name: name, JoinKey: joinKey}
		e.Type, e.JoinType, _ = joinType(typ)
		if joinKey == name {
			e.JoinKey = ""
		}
		t.to.Registry.Entities = append(t.to.Registry.Entities, e)
	}
	declare(features.ItemEntity, t.options.Item, t.item)
	declare(features.UserEntity, t.options.User, t.user)
}

// joinType returns the type of an entity's ids here and in a key; false if a key
// can't hold it.
func joinType(t ValueType) (ours model.Type, joined features.JoinType, ok bool) {
	switch t {
	case bytesType:
		return model.String, features.JoinBytes, true
	case stringType:
		return model.String, features.JoinAuto, true
	case int32Type:
		return model.Int64, features.JoinInt32, true
	case int64Type:
		return model.Int64, features.JoinAuto, true
	case unixTimestampType:
		return model.Int64, features.JoinUnixTimestamp, true
	default:
		return model.Unknown, features.JoinAuto, false
	}
}
