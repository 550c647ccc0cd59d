package container

import (
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/container"
)

// update changes a living container, and restarts or starts it if that is
// what it takes.
func update(in kind.In[Spec], changes []schema.Change) kind.Work {
	w := kind.Work{Facts: slices.Concat(asRead(in.Live), untouched(in, changes), newName(in, changes))}
	if changed(changes, "networks") {
		w.Facts = append(w.Facts, networks(in)...)
	}
	w.Ops = append(settings(in, changes), endpoints(in, changes)...)
	w.Ops = append(w.Ops, files(in, changes)...)
	ops, restarted := bring(in, changes)
	w.Ops = append(w.Ops, ops...)
	if restarted {
		w.Wait, w.Asks = ready(in, 0), company(in)
		w.Wait.Container = in.Want.Name
	}
	if effect(in, changes) == schema.Restart && active(in.Live) {
		w.Impact = fmt.Sprintf("%s restarts: it is down while it stops (at most %s) and starts", in.Live.Name, in.Live.Object.(*object).grace())
	}
	return w
}

func changed(changes []schema.Change, attr string) bool {
	return slices.ContainsFunc(changes, func(c schema.Change) bool { return c.Attr == attr })
}

// newName is the fact that nobody has the name that a living container gets.
func newName(in kind.In[Spec], changes []schema.Change) []engine.Fact {
	if !changed(changes, "name") {
		return nil
	}
	return []engine.Fact{free(in.Want.Name)}
}

// settings changes name, limits and policy.
func settings(in kind.In[Spec], changes []schema.Change) []engine.Op {
	var ops []engine.Op
	if changed(changes, "name") {
		ops = append(ops, rename(living(in.Live), in.Want.Name))
	}
	var u api.UpdateConfig
	limits, some := in.Want.updated(in, changes)
	u.Resources = limits
	if changed(changes, "restart") {
		u.RestartPolicy = restartPolicy(in.Want.Restart)
	}
	if some || changed(changes, "restart") {
		ops = append(ops, engine.Op{Call: &engine.ContainerUpdate{Container: in.Live.ID, Update: u}})
	}
	return ops
}

// endpoints leaves and joins networks. On one that the container stays on, it
// leaves first: a second connect changes nothing, without a word.
func endpoints(in kind.In[Spec], changes []schema.Change) []engine.Op {
	touched := func(name string) bool {
		return slices.ContainsFunc(changes, func(c schema.Change) bool {
			return c.Attr == "networks" && (c.Path == name || strings.HasPrefix(c.Path, name+" "))
		})
	}
	var ops []engine.Op
	for _, n := range in.Have.Networks {
		name := n.Network.Name
		if touched(name) && leaves(in.Env, in.Live, name) {
			ops = append(ops, engine.Op{Call: &engine.NetworkDisconnect{Network: name, Container: in.Live.ID}})
		}
	}
	for _, n := range joined(in) {
		if touched(n.Network.Name) {
			ops = append(ops, connect(n, living(in.Live), true))
		}
	}
	return ops
}

// files puts in the files that changed.
func files(in kind.In[Spec], changes []schema.Change) []engine.Op {
	want := expect(in)
	names := changedFiles(want, changes)
	return copies(living(in.Live), want, want.Files, names, in.Env.Source)
}

func changedFiles(want *Spec, changes []schema.Change) []string {
	var names []string
	for _, c := range changes {
		if name := fileAt(want, c.Path); c.Attr == "files" && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// bring brings the container to the state that is wanted, and tells it of
// changed files. It reports whether the container starts anew.
func bring(in kind.In[Spec], changes []schema.Change) ([]engine.Op, bool) {
	paused := in.Live.Object.(*object).State.Paused
	if changed(changes, "state") && !paused {
		return []engine.Op{start(in, living(in.Live), nil)}, true
	}
	ops := awake(in.Live)
	if effect(in, changes) == schema.Restart && active(in.Live) {
		return append(ops, engine.Op{
			Call: &engine.ContainerRestart{Container: in.Live.ID, Grace: in.Live.Object.(*object).grace()}, Alone: in.Want.picked(),
		}), true
	}
	if in.Asked == schema.Restart && in.Want.State != created {
		return append(ops, start(in, living(in.Live), nil)), true // a job runs again
	}
	return append(ops, signalled(in, changes)...), false
}

// signalled tells a running container of changed files by their signals.
func signalled(in kind.In[Spec], changes []schema.Change) []engine.Op {
	if !in.Live.Object.(*object).State.Running {
		return nil
	}
	var signals []string
	for _, name := range changedFiles(in.Want, changes) {
		if sig := in.Want.Files[name].OnChange; sig != "" && sig != "none" && sig != "restart" && !slices.Contains(signals, sig) {
			signals = append(signals, sig)
		}
	}
	slices.Sort(signals)
	var ops []engine.Op
	for _, sig := range signals {
		ops = append(ops, engine.Op{Call: &engine.ContainerKill{Container: in.Live.ID, Signal: sig}})
	}
	return ops
}
