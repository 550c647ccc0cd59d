package image

import (
	"maps"
	"slices"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// buildValue returns `build` in its canonical form.
func buildValue(s *Spec) ir.Value { return schema.ValueOf(s, "build") }

func create(in kind.In[Spec]) kind.Work { return update(in, nil) }

// update makes the image if it is not there, and lets all tags point at it.
// It disturbs nobody: who uses the old image keeps it.
func update(in kind.In[Spec], _ []schema.Change) kind.Work {
	st, _ := in.Known.(*state)
	if st == nil {
		return kind.Work{} // it has been reported
	}
	w := kind.Work{Early: true, Beside: st.id == ""}
	image := st.id
	var came []string // references that the engine has by us
	switch {
	case st.id != "":
		w.Facts = still(st, in.Want)
		if st.lost {
			w.Ops = append(w.Ops, engine.Op{Call: &engine.ImagePull{Ref: st.fetch, Platform: in.Want.Platform}})
		}
	case st.tree != nil:
		w.Ops = append(w.Ops, build(in, st), st.record(in.Want).build(st.pin))
		image = st.pin
	default:
		w.Ops = append(w.Ops, engine.Op{Call: &engine.ImagePull{Ref: st.fetch, Platform: in.Want.Platform}})
		image = st.fetch
		came = append(came, familiar(st.fetch))
	}
	for _, tag := range st.wanted(in.Want) {
		if (st.id == "" || st.tags[tag] != st.id) && tag != image {
			w.Ops = append(w.Ops, engine.Op{Call: &engine.ImageTag{Image: image, Ref: tag}})
			if tag != st.pin {
				came = append(came, tag)
			}
		}
	}
	for _, mark := range brought(st.pin, came) {
		w.Ops = append(w.Ops, engine.Op{Call: &engine.ImageTag{Image: image, Ref: mark}})
	}
	for _, tag := range st.behind {
		w.Ops = append(w.Ops, push(st, tag))
	}
	if tag := st.tagged(in.Want); tag != "" && st.tags[tag] == "" && !st.many {
		w.Facts = append(w.Facts, engine.Fact{Source: engine.Source{Read: engine.Read{Call: "ImageInspect", Arg: tag}}, Absent: true})
	}
	return w
}

// push pushes a tag, if its registry still has what it had: nobody else's push is
// overwritten unseen.
func push(st *state, tag string) engine.Op {
	op := engine.Op{Call: &engine.ImagePush{Ref: tag}}
	if was, asked := st.remote[tag]; asked {
		op.Facts = []engine.Fact{{
			Source: engine.Source{Read: engine.Read{Call: "DistributionInspect", Arg: canonical(tag)}, Path: []string{"Descriptor", "digest"}},
			Want:   was, Absent: was == "",
		}}
	}
	return op
}

// still is the fact that the image is there, under the reference by which it
// was found.
func still(st *state, want *Spec) []engine.Fact {
	name := st.id
	if st.local {
		name = familiar(want.Pull)
	}
	return []engine.Fact{{Source: engine.Source{Read: engine.Read{Call: "ImageInspect", Arg: name}, Path: []string{"Id"}}, Want: st.id}}
}

func build(in kind.In[Spec], st *state) engine.Op {
	b := in.Want.Build
	labels := map[string]string{
		engine.LabelImageStack: in.Env.Stack,
		engine.LabelImageAddr:  in.Res.Addr.String(),
		engine.LabelImageHash:  st.ident,
	}
	maps.Copy(labels, b.Labels)
	return engine.Op{
		Call: &engine.ImageBuild{
			Dockerfile: st.tree.recipe.path, Tags: []string{st.pin}, Args: maps.Clone(b.Args), Target: b.Target, Labels: labels,
			Bases: st.foreign(),
		},
		Stream: st.tree.stream(st.ident),
	}
}

// foreign returns the references that a build may have to pull: those that it
// builds upon and that are not the stack's own.
func (s *state) foreign() []string {
	return slices.DeleteFunc(slices.Clone(s.bases), func(ref string) bool { return s.below[familiar(ref)] != "" })
}
