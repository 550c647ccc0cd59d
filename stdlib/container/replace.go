package container

import (
	"cmp"
	"fmt"
	"slices"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// replace puts a new container in the place of the old one, in the order that
// what they share allows. A successor that has failed before goes first.
func replace(in kind.In[Spec], _ []schema.Change) kind.Work {
	if in.Discard != nil {
		return restart(in)
	}
	return succeed(in)
}

func succeed(in kind.In[Spec]) kind.Work {
	switch {
	case lostVolumes(in) != nil:
		return remake(in)
	case strategy(in, in.Live) == startFirst:
		return overlap(in)
	}
	return takeTurns(in)
}

// takeTurns stops the old container before the new one starts. The old one
// stays until the new one is ready. The new one gets its restart policy last: an
// engine that restarts half way must not run both.
func takeTurns(in kind.In[Spec]) kind.Work {
	old := in.Live
	w := successor(in)
	w.Strategy, w.Impact = stopFirst, impact(in)
	w.Ops = append(w.Ops, aside(old, in.Want.Name)...)
	w.Ops = append(w.Ops, rename(made(in), in.Want.Name))
	if in.Want.State != created {
		w.Ops = append(w.Ops, begin(in))
		w.Wait, w.Asks = ready(in, settled(in)), company(in)
	}
	w.Commit = commit(in, made(in), old)
	w.Undo = rollback(in, made(in), old)
	return w
}

// overlap lets the old container run until the new one is ready. Until then the
// old one is not touched, so that going back is no more than leaving the new one.
func overlap(in kind.In[Spec]) kind.Work {
	temporary := tag(in.Want.Name, "new", in.Live.ID)
	w := successor(in)
	w.Strategy, w.Cutover = startFirst, cutover
	w.Ops = append(w.Ops, begin(in))
	w.Wait, w.Asks = ready(in, settled(in)), company(in)
	w.Wait.Container = temporary
	w.Commit = cutOver(in, made(in), temporary, in.Live)
	w.Undo = append(reconnect(in, in.Live), halt(in, made(in)), removal(made(in), false))
	return w
}

// cutover is what people should know of a replacement that interrupts nothing
// that it can help.
const cutover = "no interruption beyond the moment of the change: connections to the old one end, and single requests can fail"

// successor makes the new container beside the old one, under a name that says
// what it is.
func successor(in kind.In[Spec]) kind.Work {
	temporary := tag(in.Want.Name, "new", in.Live.ID)
	return kind.Work{
		Facts: slices.Concat(givesWay(in, in.Live), []engine.Fact{free(temporary)}, basis(in)),
		Ops:   birth{name: temporary, restart: "no", replaces: in.Live, carried: carried(in)}.make(in),
	}
}

// remake makes a container anew whose volume is made anew in this plan: the
// volume's own step has taken the old container away.
func remake(in kind.In[Spec]) kind.Work {
	w := create(in)
	w.Strategy = removeFirst
	w.Impact = fmt.Sprintf("%s is gone from when its volume is made anew until it starts; there is no way back", in.Live.Name)
	return w
}

// aside takes the old container out of the way: nobody starts it again, it
// stops, and gives up its name. One that the engine removes when it stops gives
// up its name before, since nobody knows how long that takes.
func aside(old *kind.Live, name string) []engine.Op {
	if fleeting(old) {
		return append(yield(old, name), stop(old))
	}
	return slices.Concat(retire(old), []engine.Op{stop(old)}, yield(old, name))
}

// fleeting reports whether the engine removes a container when it stops.
func fleeting(l *kind.Live) bool { return l.Object.(*object).HostConfig.AutoRemove }

// retire lets nobody start the old container again.
func retire(old *kind.Live) []engine.Op {
	if old.Object.(*object).HostConfig.RestartPolicy.IsNone() {
		return nil
	}
	return []engine.Op{setPolicy(living(old), "no")}
}

// yield gives up the name of the old container.
func yield(old *kind.Live, name string) []engine.Op {
	away := tag(name, "old", old.ID)
	if old.Name == away {
		return nil
	}
	return []engine.Op{rename(living(old), away)}
}

// commit is the point of no return: the new container serves.
func commit(in kind.In[Spec], id func(*engine.Blanks) string, old *kind.Live) []engine.Op {
	return append(employ(in, id), removal(living(old), false))
}

// employ gives the new container its restart policy.
func employ(in kind.In[Spec], id func(*engine.Blanks) string) []engine.Op {
	if p := cmp.Or(in.Want.Restart, "no"); p != "no" {
		return []engine.Op{setPolicy(id, p)}
	}
	return nil
}

// cutOver is the point of no return where both containers run. The new one gets
// its restart policy first: an engine that restarts half way has one to start.
// The names change before the old one stops, which may take long: the engine
// resolves them anew at once.
func cutOver(in kind.In[Spec], id func(*engine.Blanks) string, name string, old *kind.Live) []engine.Op {
	ops := slices.Concat(employ(in, id), retire(old), yield(old, in.Want.Name))
	if name != in.Want.Name {
		ops = append(ops, rename(id, in.Want.Name))
	}
	return append(ops, stop(old), removal(living(old), false))
}

// impact says what stops, and for how long about.
func impact(in kind.In[Spec]) string {
	if !active(in.Live) {
		return ""
	}
	text := fmt.Sprintf("%s stops (at most %s)", in.Live.Name, in.Live.Object.(*object).grace())
	if in.Want.State != completed && in.Want.State != created {
		text = down(in, in.Live)
	}
	if fleeting(in.Live) {
		text += "; the engine removes it when it stops: there is no way back"
	} else if why := stranded(in, in.Live); why != "" {
		text += "; there is no way back, since " + why
	}
	return text
}

// down says for how long nothing serves in the place of a container that stops.
func down(in kind.In[Spec], l *kind.Live) string {
	until := "starts"
	if w := ready(in, 0); w.Until == ir.Healthy {
		until = "is healthy"
	}
	return fmt.Sprintf("%s is down while it stops (at most %s) and until the new one %s", l.Name, l.Object.(*object).grace(), until)
}
