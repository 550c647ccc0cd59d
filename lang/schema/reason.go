package schema

import (
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// reasons binds a list of resources and values, of which one may stand alone.
func (s *Set) reasons(p *ir.Value, name, doc string) {
	s.add(name, "list", None, doc, codec{
		decode: func(d *decoder, v ir.Value) { *p = v.At(firstPos(v.Pos, d.pos)) },
		encode: func() ir.Value { return ir.Value{} },
	})
}

// reasons reads one replace_on or restart_on.
type reasons struct {
	*decoder
	b     *Builder
	of    *declared
	keep  bool // a value is a reason too: what is made anew can remember it
	found []ir.Trigger
	keys  []ir.Value
}

func (r *reasons) add(v ir.Value) {
	if v.Kind != ir.List || isResources(v) {
		r.reason(r.decoder, v)
		return
	}
	for i, e := range v.List {
		r.reason(r.at(i), e.At(firstPos(e.Pos, v.Pos)))
	}
}

// isResources reports whether v is resources alone, as a declaration under
// for_each is.
func isResources(v ir.Value) bool {
	some := false
	for _, e := range v.List {
		if e.Kind != ir.Handle && !(e.IsNull() && e.Off != "") {
			return false
		}
		some = some || e.Kind == ir.Handle
	}
	for _, e := range v.Map {
		if e.Kind != ir.Handle && !(e.IsNull() && e.Off != "") {
			return false
		}
		some = some || e.Kind == ir.Handle
	}
	return some
}

func (r *reasons) reason(d *decoder, v ir.Value) {
	pos := firstPos(v.Pos, d.pos)
	switch {
	case v.IsNull(): // of a disabled resource, or nothing
	case v.Kind == ir.Handle:
		r.resource(v.Ref.Addr, pos)
	case isResources(v):
		for _, e := range v.List {
			r.reason(d, e.At(pos))
		}
		for _, k := range v.Keys() {
			r.reason(d, v.Map[k].At(pos))
		}
	case v.Any(func(e ir.Value) bool { return e.Kind == ir.Handle }):
		d.fail(v, "this holds a resource beside something else").Hintf("name each resource by itself: [container.db, container.cache]")
	case v.Kind == ir.String && !v.Sensitive && r.isAddress(v.Str):
		r.b.hintHandle(d.fail(v, "got the text %q, want the resource itself", v.Str), v.Str)
	case !r.keep:
		d.fail(v, "got %s, want a resource: a restarted container keeps its labels, so that it could not remember the value", v.Kind).
			Hintf("replace_on takes values, and `files` are compared with what is in the container and restart it")
	case v.HasSensitive():
		d.fail(v, "the value is sensitive, so that the object cannot remember it").
			Hintf("what the container itself holds is compared anyway: put the value into an attribute that takes it")
	case v.HasEngine():
		d.fail(v, "%s is known only to a running engine, so that nothing is remembered of it", v.Show()).
			Hintf("name the resource: it is a reason whenever what the engine knows of it may have changed")
	default:
		r.keys = append(r.keys, v)
	}
}

func (r *reasons) isAddress(text string) bool {
	_, ok := r.b.addressed(text)
	return ok
}

// resource adds a reason, and the edge that comes with it. A module is all that
// is in it.
func (r *reasons) resource(a ir.Addr, pos diag.Pos) {
	var on []ir.Addr
	switch {
	case a.IsModule():
		for _, x := range r.b.order {
			if a.Covers(x.res.Addr) {
				on = append(on, x.res.Addr)
			}
		}
	default:
		on = []ir.Addr{a}
	}
	for _, a := range on {
		if slices.ContainsFunc(r.found, func(t ir.Trigger) bool { return t.On == a }) {
			continue
		}
		r.found = append(r.found, ir.Trigger{On: a, Pos: pos})
		r.b.edge(r.of, a, pos)
	}
}

// lifecycleKey is the name under which a record holds what a lifecycle says. No
// kind has such an attribute, since every resource has it.
const (
	lifecycleKey = "lifecycle"
	recordedKeys = "replace_on"
	recordedWith = "with"
)

// Recorded returns what an object remembers of its resource, as attributes:
// its own, and what is a reason to make it anew: values, and by their addresses
// what tells the resources that it is made with from the next ones.
func Recorded(r *ir.Resource, with map[string]ir.Value) []ir.Attr {
	said := map[string]ir.Value{}
	if len(r.Guard.ReplaceKeys) > 0 {
		said[recordedKeys] = ir.ListVal(r.Guard.ReplaceKeys...)
	}
	if len(with) > 0 {
		said[recordedWith] = ir.MapVal(with)
	}
	if len(said) == 0 {
		return r.Attrs
	}
	return append(slices.Clone(r.Attrs), ir.Attr{Name: lifecycleKey, Pos: r.Guard.Pos, Value: ir.MapVal(said)})
}

// With returns what tells the resource at a that the object was made with from
// another one, or "".
func (r Record) With(a ir.Addr) string { return r[lifecycleKey].Map[recordedWith].Map[a.String()].Str }

// Reasons compares the values that are a reason to make an object anew with those
// that it remembers, whatever their order. gone are remembered and no longer
// there, come the other way round, as they are shown.
func (r Record) Reasons(keys []ir.Value) (gone, come []ir.Value) {
	left := slices.Clone(r[lifecycleKey].Map[recordedKeys].List)
	for _, v := range keys {
		i := slices.IndexFunc(left, func(e ir.Value) bool { return e.Equal(shorten(v)) })
		if i < 0 {
			come = append(come, v)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, v := range left {
		gone = append(gone, unmarked(v))
	}
	return gone, come
}
