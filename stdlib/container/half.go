package container

import (
	"fmt"
	"slices"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// finish goes on with a replacement that was cut short. in.Live is the new
// container, in.Live.Old the one that it replaces.
func finish(in kind.In[Spec], changes []schema.Change) kind.Work {
	l, old := in.Live, in.Live.Old
	both := strategy(in, old) == startFirst
	w := kind.Work{Strategy: stopFirst, Facts: slices.Concat(asRead(l), retires(old), basis(in))}
	name := in.Want.Name
	switch {
	case both:
		w.Strategy, w.Cutover = startFirst, cutover
		name = l.Name
	case active(old):
		w.Impact = down(in, old)
	}
	if !both {
		w.Ops = aside(old, in.Want.Name)
		if l.Name != in.Want.Name {
			w.Ops = append(w.Ops, rename(living(l), in.Want.Name))
		}
	}
	changes = slices.DeleteFunc(slices.Clone(changes), func(c schema.Change) bool { return c.Attr == "name" }) // it gets that on its way
	w.Ops = append(w.Ops, settings(in, changes)...)
	w.Ops = append(w.Ops, endpoints(in, changes)...)
	w.Ops = append(w.Ops, files(in, changes)...)
	if in.Want.State != created && !done(in) {
		w.Ops = append(w.Ops, awake(l)...)
		w.Ops = append(w.Ops, start(in, living(l), volumes(in)))
		w.Wait, w.Asks = ready(in, settled(in)), company(in)
		w.Wait.Container = name
	}
	w.Commit = commit(in, living(l), old)
	if both {
		w.Commit = cutOver(in, living(l), name, old)
	}
	w.Undo = rollback(in, living(l), old)
	w.Now, w.Then = halfway(old, l), onward(in, w)
	return w
}

// halfway tells people of a replacement that was cut short what became of both
// containers until now.
func halfway(old, next *kind.Live) string {
	text := fmt.Sprintf("%s, the old one, %s; %s, the new one, %s", old.Name, doing(old), next.Name, doing(next))
	if !active(old) && !active(next) {
		return "neither runs: " + text
	}
	return text
}

// doing says what a container does, by what the step looks at again.
func doing(l *kind.Live) string {
	s := l.Object.(*object).State
	switch {
	case s.Paused:
		return "is paused"
	case active(l):
		return "runs"
	case s.Status == "created":
		return "was never started"
	case s.Status == "exited":
		return fmt.Sprintf("has ended (exit code %d)", s.ExitCode)
	}
	return "is " + s.Status
}

// onward says how a replacement ends that goes on.
func onward(in kind.In[Spec], w kind.Work) string {
	if w.Wait == nil {
		return "the new one stays, the old one is removed"
	}
	text := "the new one starts"
	if active(in.Live) {
		text = "the new one runs on"
	}
	switch w.Wait.Until {
	case ir.Healthy:
		text += "; once it is healthy"
	case ir.Completed:
		text += "; once it has ended well"
	case ir.Started:
		text += fmt.Sprintf("; once it has run for %s", w.Wait.Settle)
	default:
		text += "; once it is ready"
	}
	text += ", the old one is removed"
	if len(w.Undo) > 0 {
		text += "; if that fails, the old one is put back"
	}
	return text
}

// done reports whether a job has ended well.
func done(in kind.In[Spec]) bool {
	s := in.Live.Object.(*object).State
	return in.Want.State == completed && s.Status == "exited" && s.ExitCode == 0
}

// restore takes back a replacement that was cut short, and goes on to what the
// program wants now. in.Live is the old container, in.Discard its successor.
func restore(in kind.In[Spec], changes []schema.Change) kind.Work {
	failed := in.Discard
	w := update(in, changes)
	if failed.Name == in.Want.Name {
		w.Facts = slices.DeleteFunc(w.Facts, func(f engine.Fact) bool { return f.Absent })
	}
	w.Facts = append(w.Facts, asRead(failed)...)
	var before []engine.Op
	after := []engine.Op{setPolicy(living(failed), "no"), stop(failed)}
	if strategy(in, failed) == stopFirst {
		before, after = after, nil
		if active(failed) && !active(in.Live) {
			w.Impact = fmt.Sprintf("%s is down while it stops (at most %s) and until the old one starts", failed.Name, failed.Object.(*object).grace())
		}
	}
	if away := tag(in.Want.Name, "failed", in.Live.ID); failed.Name != away {
		before = append(before, rename(living(failed), away))
	}
	w.Ops = append(before, w.Ops...)
	w.Commit = slices.Concat(w.Commit, after, []engine.Op{removal(living(failed), false)})
	w.Now, w.Then = halfway(in.Live, failed), "the new one is removed, the old one is put back"
	switch {
	case changed(changes, "state"):
		w.Then = "the new one is removed, the old one starts"
	case active(in.Live):
		w.Then = "the new one is removed, the old one runs on"
	}
	return w
}

// restart begins a replacement anew that was cut short: the old container would
// start only to stop again. The name of its next successor has to be free.
func restart(in kind.In[Spec]) kind.Work {
	failed := in.Discard
	w := succeed(in)
	w.Facts = slices.DeleteFunc(w.Facts, func(f engine.Fact) bool { return f.Absent && f.Read.Arg == failed.Name })
	w.Facts = append(w.Facts, asRead(failed)...)
	w.Ops = slices.Concat([]engine.Op{setPolicy(living(failed), "no"), stop(failed), removal(living(failed), false)}, w.Ops)
	if len(w.Undo) > 0 {
		w.Undo = slices.Concat(makeWay(in, failed), w.Undo, []engine.Op{removal(living(failed), false)})
	}
	if active(failed) && !active(in.Live) {
		w.Impact = down(in, failed)
	}
	w.Now, w.Then = halfway(in.Live, failed), "the new one is removed, and another one takes its place"
	return w
}

// makeWay takes a successor that failed before out of the way of the old container,
// whose name it may bear: it is still there where its own removal is what failed.
func makeWay(in kind.In[Spec], failed *kind.Live) []engine.Op {
	ops := []engine.Op{setPolicy(living(failed), "no"), stop(failed)}
	if away := tag(in.Want.Name, "failed", in.Live.ID); failed.Name != away {
		ops = append(ops, rename(living(failed), away))
	}
	return ops
}
