package network

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/container"
	api "github.com/docker/docker/api/types/network"
	"github.com/google/go-cmp/cmp"
)

func TestGuests(t *testing.T) {
	for name, labels := range map[string]map[string]string{"strangers": nil, "kept": {engine.LabelStack: stack}} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, ctx context.Context, e *engine.Engine) { testGuests(t, ctx, e, labels) })
		})
	}
}

// nobodys is a job without a container of the program's.
func nobodys(w *kind.Want, l *kind.Live, known any) *kind.Job {
	j := job(w, l, known)
	j.Env.Fate = func(_, _ string) kind.Fate { return kind.LeftAlone }
	return j
}

// hosts makes the image of a guest, and returns what clears away all that such a
// test makes; it does so before the test and after it, too.
func hosts(t *testing.T, ctx context.Context, e *engine.Engine, image string) (clean func()) {
	clean = func() {
		_, _ = e.Do(ctx, &engine.ContainerRemove{Container: stack + "-guest"}, nil, nil)
		for _, n := range []string{"-back", "-back.guests"} {
			_, _ = e.Do(ctx, &engine.NetworkRemove{Network: stack + n}, nil, nil)
		}
	}
	clean()
	t.Cleanup(func() {
		clean()
		_, _ = e.Do(ctx, &engine.ImageRemove{Ref: image}, nil, nil)
	})
	emptyImage(t, e, image)
	return clean
}

// testGuests cuts a replacement short after each of its calls. What is planned
// then has to bring somebody else's container back as it was, without being
// told again that it may, and to leave nothing behind.
func testGuests(t *testing.T, ctx context.Context, e *engine.Engine, labels map[string]string) {
	clean := hosts(t, ctx, e, stack+":g")
	w, _ := declare(t, "back", obj("ipam", ours+"0/24").Map)
	next, _ := declare(t, "back", obj("ipam", ours+"0/24", "internal", true).Map)
	for cut, more := 1, true; more; cut++ {
		send(t, e, Kind.Create(job(w, nil, nil)).Ops)
		send(t, e, []engine.Op{{Call: &engine.ContainerCreate{Name: stack + "-guest",
			Config:     &container.Config{Image: stack + ":g", Cmd: []string{"/none"}, Labels: labels},
			HostConfig: &container.HostConfig{NetworkMode: container.NetworkMode(stack + "-back")},
			Networking: &api.NetworkingConfig{EndpointsConfig: map[string]*api.EndpointSettings{stack + "-back": {
				Aliases: []string{"guest"}, DriverOpts: map[string]string{"k": "v"}, IPAMConfig: &api.EndpointIPAMConfig{IPv4Address: ours + "77"},
			}}}}}})
		before := guest(t, ctx, e)
		found := snapshot(t, e, next)
		j := nobodys(next, found.Live[0], found.Known[next.Res.Addr])
		j.Env.Along = true
		ops := calls(Kind.Replace(j, nil))
		if want := 6; len(ops) != want { // note, off, remove, create, on, forget
			t.Fatalf("got %d calls, want %d", len(ops), want)
		}
		more = cut < len(ops)-1
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			send(t, e, ops[:cut])
			send(t, e, goOn(t, e, next))
			if diff := cmp.Diff(before, guest(t, ctx, e)); diff != "" {
				t.Errorf("the guest's endpoint (-before +after):\n%s", diff)
			}
			found := snapshot(t, e, next)
			if k := found.Known[next.Res.Addr].(known); len(k.notes) > 0 || len(changes(next, found.Live[0])) > 0 {
				t.Errorf("left behind: %+v", k.notes)
			}
		})
		clean()
	}
}

// goOn plans as plan does, and returns the calls.
func goOn(t *testing.T, e *engine.Engine, w *kind.Want) []engine.Op {
	t.Helper()
	found := snapshot(t, e, w)
	j := nobodys(w, nil, found.Known[w.Res.Addr])
	if len(found.Live) == 0 {
		Kind.Adjust(j, nil)
		return calls(noErrors(t, j, Kind.Create(j)))
	}
	j.Live = found.Live[0]
	want := Kind.Expect(j)
	cs := Kind.Adjust(j, schema.Diff(want, j.Live.Spec, j.Live.Record))
	if len(cs) > 0 && cs[0].Effect == schema.Live {
		return calls(noErrors(t, j, Kind.Update(j, cs)))
	}
	return calls(noErrors(t, j, Kind.Replace(j, cs)))
}

// calls are what is sent where nothing fails.
func calls(w kind.Work) []engine.Op { return slices.Concat(w.Ops, w.Commit) }

func TestTakenBack(t *testing.T) { both(t, testTakenBack) }

// testTakenBack lets a replacement fail when the new network is there, and its
// undo too. Somebody else's container has to be back as it was, at the latest
// after the next apply.
func testTakenBack(t *testing.T, ctx context.Context, e *engine.Engine) {
	clean := hosts(t, ctx, e, stack+":b")
	w, _ := declare(t, "back", obj("ipam", ours+"0/24").Map)
	other := fmt.Sprintf("10.%d.%d.0/24", 150+os.Getpid()%50, os.Getpid()/50%250)
	next, _ := declare(t, "back", obj("ipam", other).Map) // the guest has another address on it
	broken := engine.Op{Call: &engine.ContainerCreate{Name: stack + "-broken", Config: &container.Config{Image: stack + ":none"}, HostConfig: &container.HostConfig{}}}
	for name, fails := range map[string]bool{"all of it": false, "some of it": true} {
		t.Run(name, func(t *testing.T) {
			send(t, e, Kind.Create(job(w, nil, nil)).Ops)
			send(t, e, []engine.Op{{Call: &engine.ContainerCreate{Name: stack + "-guest",
				Config:     &container.Config{Image: stack + ":b", Cmd: []string{"/none"}},
				HostConfig: &container.HostConfig{NetworkMode: container.NetworkMode(stack + "-back")},
				Networking: &api.NetworkingConfig{EndpointsConfig: map[string]*api.EndpointSettings{stack + "-back": {
					Aliases: []string{"guest"}, IPAMConfig: &api.EndpointIPAMConfig{IPv4Address: ours + "77"},
				}}}}}})
			before := guest(t, ctx, e)
			live := snapshot(t, e, next).Live[0]
			j := nobodys(next, live, nil)
			j.Env.Along = true
			work := Kind.Replace(j, nil)
			work.Ops = append(work.Ops, broken)
			if fails {
				predefined := &engine.NetworkCreate{Name: "bridge", Options: api.CreateOptions{Labels: map[string]string{engine.LabelRun: "r"}}}
				work.Undo = slices.Insert(work.Undo, 2, engine.Op{Call: predefined}) // when the new network is away
			}
			p := &plan.Plan{Steps: []*plan.Step{{Verb: kind.Replace, Addr: next.Res.Addr, Name: next.Res.Name, Work: work}}}
			r := apply.Run(ctx, e, p, apply.Options{})
			if len(r.Failed) != 1 || r.Failed[0].RolledBack == fails {
				t.Fatalf("report: %+v", r)
			}
			found := snapshot(t, e, w)
			if len(found.Live) != 1 || found.Live[0].Identity.UID != live.Identity.UID {
				t.Fatalf("the old network is not back: %v", found.Live)
			}
			if k := found.Known[w.Res.Addr].(known); (len(k.notes) > 0) != fails {
				t.Errorf("notes: %+v", k.notes)
			}
			if fails {
				send(t, e, goOn(t, e, w))
			}
			if diff := cmp.Diff(before, guest(t, ctx, e)); diff != "" {
				t.Errorf("the guest's endpoint (-before +after):\n%s", diff)
			}
			if k := snapshot(t, e, w).Known[w.Res.Addr].(known); len(k.notes) > 0 {
				t.Errorf("left behind: %+v", k.notes)
			}
			clean()
		})
	}
}

func noErrors(t *testing.T, j *kind.Job, w kind.Work) kind.Work {
	t.Helper()
	if j.Diags.HasErrors() {
		t.Fatal(*j.Diags)
	}
	return w
}

// guest returns how the guest is on the network.
func guest(t *testing.T, ctx context.Context, e *engine.Engine) *api.EndpointSettings {
	t.Helper()
	got, err := e.Reader().ContainerInspect(ctx, stack+"-guest")
	if err != nil {
		t.Fatal(err)
	}
	ep := got.NetworkSettings.Networks[stack+"-back"]
	if ep == nil {
		t.Fatal("the guest is not on the network")
	}
	return joined(ep, got.ID)
}

// TestLostNote wants a note whose network nobody makes anew to be told of.
func TestLostNote(t *testing.T) {
	both(t, func(t *testing.T, ctx context.Context, e *engine.Engine) {
		name := stack + "-lost.guests"
		t.Cleanup(func() { _, _ = e.Do(ctx, &engine.NetworkRemove{Network: name}, nil, nil) })
		w, _ := declare(t, "lost", nil)
		op, got := remember(kind.In[Spec]{Res: w.Res, Live: &kind.Live{Name: w.Res.Name}, Env: &kind.Env{Stack: stack}}, []member{{id: "c1", name: "stranger"}})
		if got != name {
			t.Fatalf("got %s, want %s", got, name)
		}
		send(t, e, []engine.Op{*op})
		notes := snapshot(t, e).Notes
		if len(notes) != 1 || !notes[0].Warning || notes[0].Hint != "docker network rm "+name+" forgets it" {
			t.Errorf("got %v", notes)
		}
		other, err := read(ctx, kind.Scope{Reader: e.Reader(), Info: e.Info, Stack: "another", Now: func(a ir.Addr) ir.Addr { return a }})
		if err != nil || len(other.Notes) > 0 {
			t.Errorf("another stack is told of it: %v, %v", other, err)
		}
	})
}
