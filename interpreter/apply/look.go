package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
)

// look takes what the container of a step shows when it has failed: that of the
// one that did not become ready, else of the one that this step made. It is nil
// where there is none, as when its creation was refused.
func (x *stepRun) look(ctx context.Context, err error) *engine.Look {
	var not *engine.NotReady
	if errors.As(err, &not) {
		return not.Look
	}
	if !x.touched {
		return nil
	}
	id, merr := x.madeID(x.s.Addr.String())
	if merr != nil {
		return nil
	}
	return x.e.Look(ctx, id)
}

// holder says who has what a call could not get.
func (x *stepRun) holder(ctx context.Context, err error) string {
	var call *CallError
	if !errors.As(err, &call) {
		return ""
	}
	return x.e.PortHolder(ctx, call.Err)
}

// serving says what is in the place of a container that was to be replaced, now
// that this has failed.
func (x *stepRun) serving(ctx context.Context) string {
	if !x.touched || !ofContainer(x.s.Work) {
		return ""
	}
	now := x.e.Look(ctx, x.s.Name)
	if now == nil {
		if _, there, err := x.e.Get(ctx, engine.Source{Read: engine.Read{Call: "ContainerInspect", Arg: x.s.Name}, Path: []string{"Id"}}); there || err != nil {
			return "the engine does not tell what serves"
		}
		return "nothing serves: no container has the name " + x.s.Name
	}
	made, _ := x.madeID(x.s.Addr.String()) // "" if it was not made
	switch {
	case now.Status != "running":
		return fmt.Sprintf("nothing serves: container %s is %s", now.Name, now.Status)
	case now.ID == made:
		return fmt.Sprintf("the new container %s runs", now.Name)
	}
	if now.ID == x.started {
		return fmt.Sprintf("the old container %s runs again", now.Name)
	}
	return fmt.Sprintf("the old container %s runs", now.Name)
}

// ofContainer reports whether a replacement is a container's: it makes one, or
// goes on with one that was made before and ends by removing the old one.
// Networks and volumes are replaced, too.
func ofContainer(w kind.Work) bool {
	makes := func(op engine.Op) bool { _, ok := op.Call.(*engine.ContainerCreate); return ok }
	removes := func(op engine.Op) bool { _, ok := op.Call.(*engine.ContainerRemove); return ok }
	return w.Strategy != "" && (slices.ContainsFunc(w.Ops, makes) || slices.ContainsFunc(w.Commit, removes))
}
