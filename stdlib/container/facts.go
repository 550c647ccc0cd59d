package container

import (
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/schema"
)

// free is the fact that nobody has a name.
func free(name string) engine.Fact {
	return engine.Fact{Source: engine.Source{Read: engine.Read{Call: "ContainerInspect", Arg: name}}, Absent: true}
}

// same is the fact that a container is still the one that was read.
func same(l *kind.Live) engine.Fact {
	if l.Adopted != "" {
		return about(l, l.ID, "Id")
	}
	return about(l, l.Identity.UID, "Config", "Labels", engine.LabelUID)
}

// about is the fact that a container says want at a path.
func about(l *kind.Live, want string, path ...string) engine.Fact {
	return engine.Fact{Source: engine.Source{Read: engine.Read{Call: "ContainerInspect", Arg: l.ID}, Path: path}, Want: want}
}

// unchanged is the fact that a container says at a path what it said when it
// was read.
func unchanged(l *kind.Live, path ...string) engine.Fact {
	return about(l, engine.Dig(l.Object.(*object).InspectResponse, path...), path...)
}

// asRead are the facts that a container is the one that was read, and as it was
// then in what a plan shows of it beside its settings: its name, and whether it
// runs. One that the engine starts again and again counts as running; a restart
// by hand changes none of this.
func asRead(l *kind.Live) []engine.Fact {
	return []engine.Fact{same(l), unchanged(l, "Name"), unchanged(l, "State", "Running"), unchanged(l, "State", "Paused")}
}

// givesWay are the facts about a container that another one takes the place of:
// whoever connected it by hand has not seen that the new one is not.
func givesWay(in kind.In[Spec], l *kind.Live) []engine.Fact {
	return append(retires(l), stays(in, l)...)
}

// retires are the facts about a container that stops for good: whether it has a
// policy that is to be taken off, so that nobody starts it beside the new one, and
// that it gets back if it is put back.
func retires(l *kind.Live) []engine.Fact {
	return append(asRead(l), unchanged(l, "HostConfig", "RestartPolicy", "Name"))
}

// stays is the fact that a container is on the networks that it was on. Those
// that are made anew have taken it off by themselves.
func stays(in kind.In[Spec], l *kind.Live) []engine.Fact {
	for name := range l.Object.(*object).NetworkSettings.Networks {
		if how, _ := madeAnew(in.Env, "network", name); how != "" {
			return nil
		}
	}
	return []engine.Fact{unchanged(l, "NetworkSettings", "Networks", "*")}
}

// untouched are the facts that what changes in place is as the plan shows it.
func untouched(in kind.In[Spec], changes []schema.Change) []engine.Fact {
	paths := map[string]bool{}
	for _, f := range schema.FieldsOf(in.Want) {
		if strings.HasPrefix(f.API, "HostConfig.") && changed(changes, f.Name) {
			paths[f.API] = true
		}
	}
	var facts []engine.Fact
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		facts = append(facts, unchanged(in.Live, strings.Split(path, ".")...))
	}
	if changed(changes, "networks") {
		facts = append(facts, stays(in, in.Live)...)
	}
	return facts
}

// networks are the facts that each network which the container joins is the
// planned one, by its uid where it lives, by its address where this plan makes
// it: the engine goes by the name, which somebody else may have taken.
func networks(in kind.In[Spec]) []engine.Fact {
	var facts []engine.Fact
	for _, n := range joined(in) {
		name := n.Network.Name
		f := engine.Fact{Source: engine.Source{Read: engine.Read{Call: "NetworkInspect", Arg: name}, Path: []string{"Name"}}, Want: name}
		live := in.Env.Live("network", name)
		how, addr := madeAnew(in.Env, "network", name)
		switch {
		case how != "":
			f.Path, f.Want = []string{"Labels", engine.LabelAddr}, addr.String()
		case live != nil && live.Adopted == "":
			f.Path, f.Want = []string{"Labels", engine.LabelUID}, live.Identity.UID
		case live != nil:
			f.Path, f.Want = []string{"Id"}, live.ID
		default:
			if h, ok := in.Env.Taken("network", name); ok && h.ID != "" {
				f.Path, f.Want = []string{"Id"}, h.ID
			}
		}
		facts = append(facts, f)
	}
	return facts
}
