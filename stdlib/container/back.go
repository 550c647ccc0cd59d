package container

import (
	"cmp"
	"fmt"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
)

// rollback puts the old container back. Apply leaves out what is so already,
// and what is about a container that was never made. There is no way back to one
// that is gone when it stops.
func rollback(in kind.In[Spec], id func(*engine.Blanks) string, old *kind.Live) []engine.Op {
	if fleeting(old) || stranded(in, old) != "" {
		return nil
	}
	ops := []engine.Op{
		setPolicy(id, "no"), halt(in, id), rename(id, tag(in.Want.Name, "failed", old.ID)), rename(living(old), home(in, old)),
	}
	if p := was(in, old); p != "no" {
		ops = append(ops, setPolicy(living(old), p))
	}
	ops = append(ops, reconnect(in, old)...)
	ops = append(ops, awake(old)...)
	if serves(in, old) {
		ops = append(ops, engine.Op{Call: &engine.ContainerStart{Container: old.ID}, Alone: old.Spec.(*Spec).picked()})
	}
	return append(ops, removal(id, false))
}

// awake lets a paused container go on: the engine starts none that is paused.
func awake(l *kind.Live) []engine.Op {
	if !l.Object.(*object).State.Paused {
		return nil
	}
	return []engine.Op{{Call: &engine.ContainerUnpause{Container: l.ID}}}
}

// stranded says why an old container could not start again, "" if it can: it holds
// on to the ID of another one that is made anew in this plan, is gone, or does not
// run and is not started before.
func stranded(in kind.In[Spec], old *kind.Live) string {
	for _, h := range old.Spec.(*Spec).holdings() {
		if !h.restart {
			continue
		}
		how, addr := madeAnew(in.Env, "container", h.other.Name)
		l := in.Env.Live("container", h.other.Name)
		_, theirs := in.Env.Taken("container", h.other.Name)
		out := in.Env.Outcome(addr)
		why := ""
		switch {
		case how != "":
			why = "is made anew"
		case l == nil && !theirs:
			why = "is gone"
		case l != nil && !active(l) && (out == nil || out.Verb != kind.Restart):
			why = "does not run"
		default:
			continue
		}
		return fmt.Sprintf("its %s is that of %s, which %s", h.attr, h.other.Name, why)
	}
	return ""
}

// company are the conditions on containers whose namespaces one shares: the engine
// starts it only while they run, and so nothing stops for it before they do.
func company(in kind.In[Spec]) []ir.Dep {
	var out []ir.Dep
	for _, h := range in.Want.holdings() {
		if addr, own := in.Env.Named("container", h.other.Name); own && h.restart {
			out = append(out, ir.Dep{To: addr, Cond: ir.Started, Pos: in.Res.AttrPos(h.attr)})
		}
	}
	return out
}

// halt stops the new container.
func halt(in kind.In[Spec], id func(*engine.Blanks) string) engine.Op {
	op := engine.Op{}
	op.Call = &engine.ContainerStop{Container: id(&op.Blanks), Grace: cmp.Or(value(in.Want.StopTimeout), grace)}
	return op
}

// reconnect brings the old container back on networks that are made anew: their
// own steps have taken it off. One that was gone already it still knows by its ID,
// as it does one that was made again since: with that it could not start. Nor could
// it with an address that the network had, and has no more.
func reconnect(in kind.In[Spec], old *kind.Live) []engine.Op {
	var ops []engine.Op
	for _, n := range old.Spec.(*Spec).Networks {
		name := n.Network.Name
		how, _ := madeAnew(in.Env, "network", name)
		if how == "" && !stale(in.Env, old, name) {
			continue
		}
		if leaves(in.Env, old, name) {
			ops = append(ops, engine.Op{Call: &engine.NetworkDisconnect{Network: name, Container: old.ID}})
		}
		if outside(in.Env, name, n.IPv4) {
			n.IPv4 = ""
		}
		if outside(in.Env, name, n.IPv6) {
			n.IPv6 = ""
		}
		ops = append(ops, connect(n, living(old), true))
	}
	return ops
}

// leaves reports whether a container has to leave a network before it joins it
// again. Where the network is replaced, its own step takes off who is on it, but not
// who knows it by the ID of one that is gone.
func leaves(env *kind.Env, l *kind.Live, name string) bool {
	how, _ := madeAnew(env, "network", name)
	return how != "replaced" || stale(env, l, name)
}

func value(d *time.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return *d
}

// home is the name to which an old container goes back.
func home(in kind.In[Spec], old *kind.Live) string {
	if midway(in, old) {
		return in.Want.Name
	}
	return old.Name
}

// midway reports whether a container bears a name that a replacement gave it.
func midway(in kind.In[Spec], l *kind.Live) bool {
	return isTemporary(l.Name, l.Identity.Name) || isTemporary(l.Name, in.Want.Name)
}

// was is the restart policy that a container had before its replacement began:
// within one it is no.
func was(in kind.In[Spec], old *kind.Live) string {
	now := old.Spec.(*Spec).Restart
	if now != "no" {
		return now
	}
	if p := old.Record["restart"].Str; p != "" && (in.Live != old || in.Discard != nil) {
		return p
	}
	return now
}

// served reports whether a container ran before its replacement began.
func served(in kind.In[Spec], old *kind.Live) bool {
	halfDone := in.Discard != nil || in.Live != old
	return active(old) || halfDone && ran(old) && runs(old.Record["state"].Str)
}

// serves reports whether an old container runs once it is put back: if it ran
// before, or if both it and the new one are meant to and it can. An engine that was
// killed stops containers by itself, and the old version is better than none.
func serves(in kind.In[Spec], old *kind.Live) bool {
	return served(in, old) || runs(old.Record["state"].Str) && runs(in.Want.State) && able(in, old)
}

// ran reports whether a container was ever started. One that was not, a step before
// had its reasons not to start, such as a volume that is not the one it was made for.
func ran(l *kind.Live) bool { return l.Object.(*object).State.Status != "created" }

// able reports whether a container that does not run can go on as it was: without
// one of its networks the engine does not start it, and in place of a volume that is
// gone it makes an empty one without a word.
func able(in kind.In[Spec], old *kind.Live) bool {
	there := func(k, name string) bool {
		how, _ := madeAnew(in.Env, k, name)
		_, taken := in.Env.Taken(k, name)
		return how != "" || taken || in.Env.Live(k, name) != nil
	}
	spec := old.Spec.(*Spec)
	for _, n := range spec.Networks {
		if !there("network", n.Network.Name) {
			return false
		}
	}
	for _, m := range spec.Mounts {
		if m.Type == "volume" && !m.unnamed() && !there("volume", m.Volume.Name) {
			return false
		}
	}
	return ran(old)
}

// runs reports whether a container with this state, "" is the default, runs on.
func runs(state string) bool { return state == "" || state == running }
