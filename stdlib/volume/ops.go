package volume

import (
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/schema"
)

// remove takes the volume and its data away. Planning asks for it only where
// somebody has said so in as many words.
func remove(r kind.Removal) kind.Work {
	return kind.Work{Facts: []engine.Fact{same(r.Live)}, Ops: []engine.Op{{Call: &engine.VolumeRemove{Volume: r.Live.Name}}}}
}

// same is the fact that the volume is still the one that was read. One that
// bears no labels is known by when it was made.
func same(l *kind.Live) engine.Fact {
	f := engine.Fact{
		Source: engine.Source{Read: engine.Read{Call: "VolumeInspect", Arg: l.Name}, Path: []string{"Labels", engine.LabelUID}},
		Want:   l.Identity.UID,
	}
	if l.Adopted != "" {
		f.Path, f.Want = []string{"CreatedAt"}, l.Object.(*object).CreatedAt
	}
	return f
}

// replace takes away the containers that mount the volume, since the engine
// removes none that somebody mounts, then the volume and its data, and makes
// the new one. The containers' own steps make them anew. There is no way back.
func replace(in kind.In[Spec], _ []schema.Change) kind.Work {
	w := kind.Work{Facts: []engine.Fact{same(in.Live)}, Strategy: "remove-first"}
	var names []string
	for _, u := range in.Live.Object.(*object).users {
		if in.Env.Fate("container", u.id) != kind.GoesOn {
			continue // it goes in a step of its own, which comes first
		}
		w.Facts = append(w.Facts, engine.Fact{Source: engine.Source{Read: engine.Read{Call: "ContainerInspect", Arg: u.id}, Path: []string{"Id"}}, Want: u.id})
		w.Ops = append(w.Ops,
			engine.Op{Call: &engine.ContainerStop{Container: u.id, Grace: u.grace}},
			engine.Op{Call: &engine.ContainerRemove{Container: u.id}})
		names = append(names, u.name)
	}
	w.Impact = "its data is lost"
	if names != nil {
		w.Impact += ", and the containers that mount it are taken away before, with no way back: " + strings.Join(names, ", ")
	}
	w.Ops = append(w.Ops, engine.Op{Call: &engine.VolumeRemove{Volume: in.Live.Name}})
	made := create(in)
	if in.Want.Name != in.Live.Name {
		w.Facts = append(w.Facts, made.Facts...)
	}
	w.Ops = append(w.Ops, made.Ops...)
	return w
}
