package feast

import "fmt"

// specFields are the numbers of the fields that the specs of all kinds of views
// have; 0 means that the kind has no such field. On-demand views are always
// computed, and label views tell of their rows in their own way, so little is
// read of those.
type specFields struct {
	features, joinKeys, ttl, source, online, description, owner, disabled int
}

var specs = [...]specFields{
	BatchView:    {features: 4, joinKeys: 12, ttl: 6, source: 7, online: 8, description: 10, owner: 11, disabled: 20},
	StreamView:   {features: 4, joinKeys: 5, ttl: 9, source: 10, online: 12, description: 6, owner: 8, disabled: 23},
	OnDemandView: {},
	LabelView:    {},
}

// view reads one feature view: its spec is field 1, its meta field 2.
func (r *registryReader) view(list string, kind ViewKind, data string) {
	v := FeatureView{Kind: kind}
	path := fmt.Sprintf("%s[%d]", list, r.views[kind])
	r.views[kind]++
	r.declare(path)
	r.read(path, data, func(f *wireField) {
		switch {
		case f.kind != delimited:
		case f.number == 1:
			r.read(path+".spec", f.bytes, func(f *wireField) { r.spec(path+".spec", &v, f) })
		case f.number == 2:
			r.read(path+".meta", f.bytes, func(f *wireField) {
				if f.number == 4 && f.kind == varint {
					v.Version = int(int32(f.bits))
				}
			})
		}
	})
	if v.Name == "" {
		r.fail(path+".spec.name", "missing")
	}
	r.of.Views = append(r.of.Views, v)
}

func (r *registryReader) spec(path string, v *FeatureView, f *wireField) {
	switch n := specs[v.Kind]; f.number {
	case 1:
		r.text(path+".name", f, &v.Name)
	case 2:
		r.text(path+".project", f, &v.Project)
	case 3:
		if v.Kind != OnDemandView {
			var name string
			r.declare(path)
			r.text(path+".entities", f, &name)
			v.Entities = append(v.Entities, name)
		}
	case n.features:
		v.Columns = append(v.Columns, r.feature(path+".features", f))
	case n.joinKeys:
		v.JoinKeys = append(v.JoinKeys, r.feature(path+".entity_columns", f))
	case n.ttl:
		r.duration(path+".ttl", f, &v.TTL)
	case n.source:
		r.source(path+".batch_source", v, f)
	case n.online:
		v.Online = f.bits != 0
	case n.description:
		r.text(path+".description", f, &v.Description)
	case n.owner:
		r.text(path+".owner", f, &v.Owner)
	case n.disabled:
		v.Disabled = f.bits != 0
	}
}

// feature reads a feast.core.FeatureSpecV2.
func (r *registryReader) feature(path string, f *wireField) (c Feature) {
	r.declare(path)
	r.read(path, f.bytes, func(f *wireField) {
		switch f.number {
		case 1:
			r.text(path+".name", f, &c.Name)
		case 2:
			c.Type = ValueType(int32(f.bits))
		case 4:
			r.text(path+".description", f, &c.Description)
		case 7:
			c.Length = int(int32(f.bits))
		}
	})
	if c.Name == "" {
		r.fail(path, "a name is missing")
	}
	return c
}

// source reads which columns of a feast.core.DataSource hold times.
func (r *registryReader) source(path string, v *FeatureView, f *wireField) {
	r.read(path, f.bytes, func(f *wireField) {
		switch f.number {
		case 3:
			r.text(path+".timestamp_field", f, &v.EventTime)
		case 5:
			r.text(path+".created_timestamp_column", f, &v.CreatedTime)
		}
	})
}
