package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T) *engine.Engine { return openAs(t, "") }

// openAs is open for an engine of an API version.
func openAs(t *testing.T, api string) *engine.Engine {
	t.Helper()
	w, err := embedded.Open(t.TempDir(), "apply", api)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Through(t.Context(), w.Dial, engine.Options{Local: true, Sleep: w.Sleep, Close: w.Close})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := e.Do(t.Context(), &engine.ImagePull{Ref: "app:1"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	return e
}

func addr(label string) ir.Addr { return ir.Addr{Kind: "thing", Label: label} }

func step(label string, ops ...engine.Op) *plan.Step {
	return &plan.Step{Verb: kind.Create, Addr: addr(label), Work: kind.Work{Ops: ops}}
}

// makeVolume is the op that makes a volume; one of the engine's own would keep
// no fresh label.
func makeVolume(name string) engine.Op {
	op := engine.Op{}
	op.Call = &engine.VolumeCreate{Options: volume.CreateOptions{Name: name, Labels: map[string]string{engine.LabelUID: op.Blanks.Fresh("uid")}}}
	return op
}

func dropVolume(name string) engine.Op {
	return engine.Op{Call: &engine.VolumeRemove{Volume: name}}
}

// broken is an op that the engine refuses.
func broken() engine.Op {
	return engine.Op{Call: &engine.ContainerCreate{Name: "x", Config: &container.Config{Image: "no-such-image"}, HostConfig: &container.HostConfig{}}}
}

func volumes(t *testing.T, e *engine.Engine) []string {
	t.Helper()
	list, err := e.Reader().VolumeList(t.Context(), volume.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range list.Volumes {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return names
}

// labels returns the labels of the steps.
func labels(steps []*plan.Step) []string {
	var out []string
	for _, s := range steps {
		out = append(out, s.Addr.Label)
	}
	slices.Sort(out)
	return out
}

func TestOrder(t *testing.T) {
	e := open(t)
	var begun []string
	p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-a")), step("b", makeVolume("vol-b")), step("c", makeVolume("vol-c"))}}
	p.Steps[1].Needs, p.Steps[2].Needs = []int{0}, []int{1}
	r := apply.Run(t.Context(), e, p, apply.Options{Events: func(ev apply.Event) {
		if ev.Kind == apply.Begin || ev.Kind == apply.Done {
			begun = append(begun, string(ev.Kind)+" "+ev.Step.Addr.Label)
		}
	}})
	if d := cmp.Diff([]string{"begin a", "done a", "begin b", "done b", "begin c", "done c"}, begun); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if len(r.Failed) > 0 || len(r.NotRun) > 0 || len(r.Done) != 3 {
		t.Errorf("report: %+v", r)
	}
}

// An ID that one call answered is used by a later one; a text of the engine's
// is read when it is needed.
func TestBlanks(t *testing.T) {
	e := open(t)
	make := engine.Op{Makes: "thing.a"}
	make.Call = &engine.NetworkCreate{Name: "net", Options: network.CreateOptions{Labels: map[string]string{engine.LabelRun: make.Blanks.Fresh("run")}}}
	use := engine.Op{}
	source := func(ir.Ref) *engine.Source {
		return &engine.Source{Read: engine.Read{Call: "NetworkInspect", Arg: "net"}, Path: []string{"Driver"}}
	}
	use.Call = &engine.VolumeCreate{Options: volume.CreateOptions{Name: "vol-v", Labels: map[string]string{
		engine.LabelUID: use.Blanks.Fresh("uid"), "id": use.Blanks.MadeID("thing.a"),
		"text": use.Blanks.Text(ir.Concat(ir.StringVal("driver "), ir.EngineVal(addr("a"), "driver")), source),
	}}}
	r := apply.Run(t.Context(), e, &plan.Plan{Steps: []*plan.Step{step("a", make, use)}}, apply.Options{})
	if len(r.Failed) > 0 {
		t.Fatal(r.Failed[0].Err)
	}
	net, err := e.Reader().NetworkInspect(t.Context(), "net", network.InspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Reader().VolumeInspect(t.Context(), "vol-v")
	if err != nil {
		t.Fatal(err)
	}
	if v.Labels["id"] != net.ID || v.Labels["text"] != "driver bridge" || len(v.Labels[engine.LabelUID]) != 32 || net.Labels[engine.LabelRun] == "" {
		t.Errorf("labels %v, network %s", v.Labels, net.ID)
	}
}

// What was done before a failure is taken back, but for what was never made
// and what is so already. Nothing new begins.
func TestUndo(t *testing.T) {
	e := open(t)
	never := engine.Op{}
	never.Call = &engine.ContainerStop{Container: never.Blanks.MadeID("thing.never")}
	p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-a"), broken()), step("b", makeVolume("vol-b"))}}
	p.Steps[0].Work.Undo = []engine.Op{never, dropVolume("gone-already"), dropVolume("vol-a")}
	p.Steps[1].Needs = []int{0}
	var kinds []apply.EventKind
	r := apply.Run(t.Context(), e, p, apply.Options{Events: func(ev apply.Event) { kinds = append(kinds, ev.Kind) }})
	if len(r.Failed) != 1 || !r.Failed[0].RolledBack || r.Failed[0].UndoErr != nil || !r.Failed[0].Touched {
		t.Fatalf("report: %+v", r)
	}
	if got := r.Failed[0].Err.Error(); !strings.Contains(got, "POST /containers/create?name=x: ") || !strings.Contains(got, "no-such-image") {
		t.Errorf("the error is %q", got)
	}
	if d := cmp.Diff([]string{"b"}, labels(r.NotRun)); d != "" {
		t.Errorf("not run (-want +got)\n%s", d)
	}
	if got := volumes(t, e); got != nil {
		t.Errorf("volumes are left: %v", got)
	}
	want := []apply.EventKind{apply.Begin, apply.Doing, apply.Doing, apply.Undoing, apply.Doing, apply.Failed}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Errorf("events (-want +got)\n%s", d)
	}
}

// What shall serve again and is not there any more is no success: 404 says
// "gone already" only of what shall go. But who is not there needs no network.
func TestUndoOfWhatIsGone(t *testing.T) {
	for name, back := range map[string]engine.Call{
		"start":          &engine.ContainerStart{Container: "gone"},
		"connect":        &engine.NetworkConnect{Network: "gone", Container: "there"},
		"connect nobody": &engine.NetworkConnect{Network: "bridge", Container: "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t)
			there := &engine.ContainerCreate{Name: "there", Config: &container.Config{Image: "app:1"}, HostConfig: &container.HostConfig{}}
			if _, err := e.Do(t.Context(), there, nil, nil); err != nil {
				t.Fatal(err)
			}
			p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-a"), broken())}}
			p.Steps[0].Work.Undo = []engine.Op{{Call: back}, dropVolume("vol-a")}
			r := apply.Run(t.Context(), e, p, apply.Options{})
			nobody := name == "connect nobody"
			if len(r.Failed) != 1 || r.Failed[0].RolledBack != nobody || engine.Gone(r.Failed[0].UndoErr) == nobody {
				t.Fatalf("report: %+v", r)
			}
			if got := volumes(t, e); got != nil {
				t.Errorf("the rest is not taken back: %v", got)
			}
		})
	}
}

// Of a container alone it is said what serves in its place, whatever else is
// replaced.
func TestServes(t *testing.T) {
	refused := engine.Op{Call: &engine.NetworkCreate{Name: "net", Options: network.CreateOptions{Driver: "no-such-driver"}}}
	user := engine.Op{Call: &engine.ContainerRemove{Container: "user"}}
	const nothing = "nothing serves: no container has the name thing-a"
	for _, tt := range []struct {
		name        string
		ops, commit []engine.Op
		want        string
	}{
		{"a network", []engine.Op{makeVolume("note"), refused}, nil, ""},
		{"a volume, whose users go before", []engine.Op{user, makeVolume("vol-a"), refused}, nil, ""},
		{"a container", []engine.Op{makeVolume("note"), broken()}, nil, nothing},
		{"a container, with one that was made before", []engine.Op{makeVolume("note"), refused}, []engine.Op{user}, nothing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := step("a", tt.ops...)
			s.Verb, s.Name, s.Work.Strategy, s.Work.Commit = kind.Replace, "thing-a", "stop-first", tt.commit
			r := apply.Run(t.Context(), open(t), &plan.Plan{Steps: []*plan.Step{s}}, apply.Options{})
			if len(r.Failed) != 1 || r.Failed[0].Serves != tt.want {
				t.Errorf("report: %+v", r)
			}
		})
	}
}

// mute is an engine that tells nothing of containers any more.
type mute struct{ *embedded.Direct }

func (m mute) ContainerInspect(context.Context, string) (container.InspectResponse, error) {
	return container.InspectResponse{}, errors.New("connection refused")
}

// Of an engine that does not answer nobody says that nothing serves on it.
func TestServesOnMute(t *testing.T) {
	m := mute{embedded.NewDirect(embedded.New(41, "mute", time.Unix(1_700_000_000, 0)))}
	e, err := engine.New(t.Context(), m, engine.Options{Local: true, Clock: m.Direct, Sleep: m.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	s := step("a", makeVolume("note"), broken())
	s.Verb, s.Name, s.Work.Strategy = kind.Replace, "thing-a", "stop-first"
	r := apply.Run(t.Context(), e, &plan.Plan{Steps: []*plan.Step{s}}, apply.Options{})
	if len(r.Failed) != 1 || r.Failed[0].Serves != "the engine does not tell what serves" {
		t.Errorf("report: %+v", r)
	}
}

// A container that the engine has made without something that it was asked for
// is made: it is taken back as its step says, and if it is new, taken away.
func TestLeftOut(t *testing.T) {
	weight := container.Resources{BlkioWeight: 300} // an engine on the older control groups has none
	made := engine.Op{Makes: "thing.a", Call: &engine.ContainerCreate{Name: "thing-a", Config: &container.Config{Image: "app:1"}, HostConfig: &container.HostConfig{Resources: weight}}}
	drop := engine.Op{}
	drop.Call = &engine.ContainerRemove{Container: drop.Blanks.MadeID("thing.a")}
	for _, tt := range []struct {
		name        string
		verb        kind.Verb
		undo        []engine.Op
		o           apply.Options
		back, there bool
	}{
		{"new", kind.Create, nil, apply.Options{}, true, false},
		{"new, and left for a look", kind.Create, nil, apply.Options{NoRollback: true}, false, true},
		{"in the place of another", kind.Replace, []engine.Op{drop}, apply.Options{}, true, false},
		{"with no way back", kind.Replace, nil, apply.Options{}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := openAs(t, "1.41")
			s := step("a", made)
			s.Verb, s.Work.Undo = tt.verb, tt.undo
			r := apply.Run(t.Context(), e, &plan.Plan{Steps: []*plan.Step{s}}, tt.o)
			if len(r.Failed) != 1 || !r.Failed[0].Touched || r.Failed[0].RolledBack != tt.back || !strings.Contains(r.Failed[0].Err.Error(), "Weight discarded") {
				t.Errorf("report: %+v", r)
			}
			if _, err := e.Reader().ContainerInspect(t.Context(), "thing-a"); engine.Gone(err) == tt.there {
				t.Errorf("the container: %v", err)
			}
		})
	}
	t.Run("changed", func(t *testing.T) {
		e := openAs(t, "1.41")
		there := &engine.ContainerCreate{Name: "there", Config: &container.Config{Image: "app:1"}, HostConfig: &container.HostConfig{}}
		if _, err := e.Do(t.Context(), there, nil, nil); err != nil {
			t.Fatal(err)
		}
		s := step("a", engine.Op{Call: &engine.ContainerUpdate{Container: "there", Update: container.UpdateConfig{Resources: weight}}})
		s.Verb = kind.Update
		r := apply.Run(t.Context(), e, &plan.Plan{Steps: []*plan.Step{s}}, apply.Options{})
		if len(r.Failed) != 1 || !r.Failed[0].Touched || r.Failed[0].RolledBack {
			t.Errorf("report: %+v", r)
		}
	})
}

// meddler is an engine on which somebody else makes what bay makes, at the same
// moment.
type meddler struct{ *embedded.Direct }

var theirs = map[string]string{"whose": "theirs"}

// VolumeCreate answers as the engine does for a name that is taken.
func (m meddler) VolumeCreate(ctx context.Context, o volume.CreateOptions) (volume.Volume, error) {
	if _, err := m.Direct.VolumeCreate(ctx, volume.CreateOptions{Name: o.Name, Labels: theirs}); err != nil {
		return volume.Volume{}, err
	}
	return m.Direct.VolumeCreate(ctx, o)
}

// NetworkCreate answers as engines before 25 do for two of one name.
func (m meddler) NetworkCreate(ctx context.Context, name string, o network.CreateOptions) (network.CreateResponse, error) {
	got, err := m.Direct.NetworkCreate(ctx, name, o)
	m.With(func(s *embedded.State) {
		req := network.CreateRequest{Name: name, CreateOptions: network.CreateOptions{Labels: theirs}}
		if _, merr := s.CreateNetwork(s.Now, s.Version, req); merr != nil {
			err = merr
		}
	})
	return got, err
}

// What somebody has made in the meantime is neither taken for ours nor taken
// away, though the engine answers as if it had made it.
func TestTaken(t *testing.T) {
	makeNetwork := engine.Op{}
	makeNetwork.Call = &engine.NetworkCreate{Name: "one", Options: network.CreateOptions{Labels: map[string]string{engine.LabelRun: makeNetwork.Blanks.Fresh("run")}}}
	for _, tt := range []struct {
		kind, read string
		op         engine.Op
		back       engine.Call
	}{
		{"volume", "VolumeInspect", makeVolume("one"), &engine.VolumeRemove{Volume: "one"}},
		{"network", "NetworkInspect", makeNetwork, &engine.NetworkRemove{Network: "one"}},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			m := meddler{embedded.NewDirect(embedded.New(41, "taken", time.Unix(1_700_000_000, 0)))}
			e, err := engine.New(t.Context(), m, engine.Options{Local: true, Clock: m.Direct, Sleep: m.Sleep})
			if err != nil {
				t.Fatal(err)
			}
			there := engine.Source{Read: engine.Read{Call: tt.read, Arg: "one"}, Path: []string{"Labels", "whose"}}
			p := &plan.Plan{Steps: []*plan.Step{step("a", tt.op)}}
			p.Steps[0].Work.Facts = []engine.Fact{{Source: there, Absent: true}}
			p.Steps[0].Work.Undo = []engine.Op{{Call: tt.back}}
			r := apply.Run(t.Context(), e, p, apply.Options{})
			if want := (&engine.Taken{Kind: tt.kind, Name: "one"}); len(r.Failed) != 1 || !strings.HasSuffix(r.Failed[0].Err.Error(), want.Error()) || r.Failed[0].Touched {
				t.Errorf("report: %+v", r)
			}
			if whose, ok, err := e.Get(t.Context(), there); whose != "theirs" || !ok || err != nil {
				t.Errorf("theirs is %q, %v, %v", whose, ok, err)
			}
		})
	}
}

// After the point of no return nothing is taken back.
func TestCommitIsFinal(t *testing.T) {
	e := open(t)
	p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-a"))}}
	p.Steps[0].Work.Commit = []engine.Op{broken()}
	p.Steps[0].Work.Undo = []engine.Op{dropVolume("vol-a")}
	r := apply.Run(t.Context(), e, p, apply.Options{})
	if len(r.Failed) != 1 || r.Failed[0].RolledBack {
		t.Fatalf("report: %+v", r)
	}
	if d := cmp.Diff([]string{"vol-a"}, volumes(t, e)); d != "" {
		t.Errorf("volumes (-want +got)\n%s", d)
	}
}

func TestStale(t *testing.T) {
	e := open(t)
	read := engine.Source{Read: engine.Read{Call: "VolumeInspect", Arg: "vol-v"}, Path: []string{"Driver"}}
	if _, err := e.Do(t.Context(), &engine.VolumeCreate{Options: volume.CreateOptions{Name: "vol-v"}}, nil, nil); err != nil {
		t.Fatal(err)
	}
	missing := read
	missing.Read.Arg = "other"
	tests := []struct {
		name string
		fact engine.Fact
		want string // the error; "" if the fact holds
	}{
		{"holds", engine.Fact{Source: read, Want: "local"}, ""},
		{"changed", engine.Fact{Source: read, Want: "nfs"}, `vol-v has changed since the plan was made: Driver was "nfs" and is "local"; plan again`},
		{"gone", engine.Fact{Source: missing, Want: "local"}, "other has gone since the plan was made; plan again"},
		{"absent", engine.Fact{Source: missing, Absent: true}, ""},
		{"appeared", engine.Fact{Source: read, Absent: true}, "vol-v has appeared since the plan was made; plan again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("made-"+tt.name))}}
			p.Steps[0].Work.Facts = []engine.Fact{tt.fact}
			r := apply.Run(t.Context(), e, p, apply.Options{})
			made := slices.Contains(volumes(t, e), "made-"+tt.name)
			if tt.want == "" {
				if len(r.Failed) > 0 || !made {
					t.Errorf("report %+v, made %v", r, made)
				}
				return
			}
			var stale *apply.Stale
			if len(r.Failed) != 1 || !errors.As(r.Failed[0].Err, &stale) || stale.Error() != tt.want || made || r.Failed[0].Touched {
				t.Errorf("report %+v, made %v, want %q", r, made, tt.want)
			}
		})
	}
}

// A wish to stop begins nothing new and finishes what has begun.
func TestInterrupt(t *testing.T) {
	e := open(t)
	ctx, stop := context.WithCancel(t.Context())
	p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-a"), makeVolume("vol-a2")), step("b", makeVolume("vol-b"))}}
	p.Steps[1].Needs = []int{0}
	r := apply.Run(ctx, e, p, apply.Options{Events: func(ev apply.Event) {
		if ev.Kind == apply.Doing {
			stop()
		}
	}})
	if !r.Interrupted || len(r.Failed) > 0 {
		t.Errorf("report: %+v", r)
	}
	if d := cmp.Diff([]string{"a"}, labels(r.Done)); d != "" {
		t.Errorf("done (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{"vol-a", "vol-a2"}, volumes(t, e)); d != "" {
		t.Errorf("volumes (-want +got)\n%s", d)
	}
}

// Who is told that nothing more may be sent sends nothing more, not even to
// take something back.
func TestNotHeld(t *testing.T) {
	cut := errors.New("somebody else is at work")
	for allowed := range 5 {
		e := open(t)
		asked := 0
		p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-a"), makeVolume("vol-a2")), step("b", makeVolume("vol-b"))}}
		p.Steps[0].Work.Commit = []engine.Op{makeVolume("vol-a3")}
		p.Steps[0].Work.Undo = []engine.Op{dropVolume("vol-a")}
		p.Steps[1].Needs = []int{0}
		r := apply.Run(t.Context(), e, p, apply.Options{Held: func(context.Context) error {
			if asked++; asked > allowed {
				return cut
			}
			return nil
		}})
		if !errors.Is(r.Lost, cut) || r.Interrupted || r.Outputs != nil {
			t.Errorf("%d: report %+v", allowed, r)
		}
		// Once for the step, once for each call.
		want := [][]string{nil, nil, {"vol-a"}, {"vol-a", "vol-a2"}, {"vol-a", "vol-a2", "vol-a3"}}[allowed]
		if d := cmp.Diff(want, volumes(t, e)); d != "" {
			t.Errorf("%d: volumes (-want +got)\n%s", allowed, d)
		}
		for _, f := range r.Failed {
			if f.RolledBack || f.UndoErr != nil || f.Touched != (allowed > 1) {
				t.Errorf("%d: failure %+v", allowed, f)
			}
		}
		if got := len(r.Done) + len(r.Failed) + len(r.NotRun); got != len(p.Steps) || len(r.Done) != allowed/4 {
			t.Errorf("%d: %d of %d steps are told of, %d are done", allowed, got, len(p.Steps), len(r.Done))
		}
	}
}

// A gate that can never open fails its step before that has touched anything.
func TestGate(t *testing.T) {
	e := open(t)
	id, err := e.Do(t.Context(), &engine.ContainerCreate{
		Name: "job", Config: &container.Config{Image: "app:1", Entrypoint: []string{"/probe"}, Cmd: []string{"exit", "3"}}, HostConfig: &container.HostConfig{NetworkMode: "none"},
	}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Do(t.Context(), &engine.ContainerStart{Container: id}, nil, nil); err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-a"))}}
	p.Steps[0].Gates = []plan.Gate{{On: addr("job"), Wait: engine.Wait{Container: "job", Until: ir.Completed, Limit: time.Minute}}}
	r := apply.Run(t.Context(), e, p, apply.Options{})
	var not *engine.NotReady
	if len(r.Failed) != 1 || !errors.As(r.Failed[0].Err, &not) || not.Reason != "exited with code 3" || r.Failed[0].Touched {
		t.Fatalf("report: %+v", r)
	}
	if got := volumes(t, e); got != nil {
		t.Errorf("volumes were made: %v", got)
	}
}

// No more steps run at once than allowed, and ops that ask for it run alone.
func TestLimits(t *testing.T) {
	e := open(t)
	var steps []*plan.Step
	for _, name := range strings.Split("abcdefghij", "") {
		op := makeVolume("vol-" + name)
		op.Alone = true
		steps = append(steps, step(name, op))
	}
	var mu sync.Mutex
	running, most := 0, 0
	r := apply.Run(t.Context(), e, &plan.Plan{Steps: steps}, apply.Options{Parallelism: 3, Events: func(ev apply.Event) {
		mu.Lock()
		defer mu.Unlock()
		switch ev.Kind {
		case apply.Begin:
			running++
		case apply.Done, apply.Failed:
			running--
		}
		most = max(most, running)
	}})
	if len(r.Done) != len(steps) || most > 3 {
		t.Errorf("%d of %d done, %d at once", len(r.Done), len(steps), most)
	}
}

// A bug in a step reaches the caller after what else ran has ended.
func TestBug(t *testing.T) {
	e := open(t)
	blank := engine.Op{}
	blank.Call = &engine.VolumeCreate{Options: volume.CreateOptions{
		Name: blank.Blanks.Text(ir.EngineVal(addr("a"), "x"), func(ir.Ref) *engine.Source { return nil }),
	}}
	defer func() {
		bug, ok := recover().(*apply.Bug)
		if !ok || !strings.Contains(bug.Error(), "nobody knows where to read thing.a.x") {
			t.Errorf("got %v, want the bug", bug)
		}
		if d := cmp.Diff([]string{"vol-b"}, volumes(t, e)); d != "" {
			t.Errorf("volumes (-want +got)\n%s", d)
		}
	}()
	apply.Run(t.Context(), e, &plan.Plan{Steps: []*plan.Step{step("b", makeVolume("vol-b")), step("z", blank)}}, apply.Options{Parallelism: 1})
	t.Error("a bug was swallowed")
}

func TestOutputs(t *testing.T) {
	e := open(t)
	ref := ir.Ref{Addr: addr("a"), Attr: "driver"}
	p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-v"))}, Outputs: []plan.Output{{
		Name: "o", Value: ir.Concat(ir.StringVal("by "), ir.EngineVal(ref.Addr, ref.Attr)), Sensitive: true,
		Sources: map[ir.Ref]engine.Source{ref: {Read: engine.Read{Call: "VolumeInspect", Arg: "vol-v"}, Path: []string{"Driver"}}},
	}}}
	r := apply.Run(t.Context(), e, p, apply.Options{})
	if got := r.Outputs["o"]; got.Str != "by local" || !got.Sensitive {
		t.Errorf("got %+v", got)
	}
}

// A postcondition is decided by what the engine tells after the ops and before
// the point of no return: what does not pass is taken back.
func TestChecks(t *testing.T) {
	e := open(t)
	for _, c := range []struct {
		name string
		says error
		want []string // volumes afterwards
	}{
		{"holds", nil, []string{"vol-a", "vol-b"}},
		{"does not hold", errors.New("f:1:1: no"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-a"))}}
			p.Steps[0].Work.Commit = []engine.Op{makeVolume("vol-b")}
			p.Steps[0].Work.Undo = []engine.Op{dropVolume("vol-a")}
			p.Steps[0].Checks = &plan.Checks{Addr: addr("a"), Sources: map[string]engine.Source{
				"driver": {Read: engine.Read{Call: "VolumeInspect", Arg: "vol-a"}, Path: []string{"Driver"}},
				"none":   {Read: engine.Read{Call: "VolumeInspect", Arg: "vol-a"}, Path: []string{"Options", "x"}},
			}}
			var told ir.Told
			r := apply.Run(t.Context(), e, p, apply.Options{Decide: func(x ir.Told) error {
				told = x
				return c.says
			}})
			if d := cmp.Diff(ir.Told{Addr: addr("a"), Values: map[string]ir.Value{"driver": ir.StringVal("local")}}, told); d != "" {
				t.Errorf("told (-want +got)\n%s", d)
			}
			if d := cmp.Diff(c.want, volumes(t, e)); d != "" {
				t.Errorf("volumes (-want +got)\n%s", d)
			}
			if c.says != nil && (len(r.Failed) != 1 || !r.Failed[0].RolledBack || !errors.Is(r.Failed[0].Err, c.says)) {
				t.Errorf("report: %+v", r)
			}
			for _, v := range c.want {
				if _, err := e.Do(t.Context(), dropVolume(v).Call, nil, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// What is connected for others is connected if it is still there, and a network
// that is not there is missed all the same.
func TestIfThere(t *testing.T) {
	for name, c := range map[string]struct {
		op     engine.Op
		misses bool
	}{
		"gone":                   {engine.Op{IfThere: true, Call: &engine.NetworkConnect{Network: "bridge", Container: "gone"}}, false},
		"gone, and needed":       {engine.Op{Call: &engine.NetworkConnect{Network: "bridge", Container: "gone"}}, true},
		"the network is missing": {engine.Op{IfThere: true, Call: &engine.NetworkConnect{Network: "gone", Container: "there"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t)
			there := &engine.ContainerCreate{Name: "there", Config: &container.Config{Image: "app:1"}, HostConfig: &container.HostConfig{}}
			if _, err := e.Do(t.Context(), there, nil, nil); err != nil {
				t.Fatal(err)
			}
			r := apply.Run(t.Context(), e, &plan.Plan{Steps: []*plan.Step{step("a", c.op)}}, apply.Options{})
			if (len(r.Failed) > 0) != c.misses {
				t.Errorf("report: %+v", r)
			}
		})
	}
}

// What remembers how things were goes with an undo that brings all back, and
// stays with one that does not.
func TestUndoForgets(t *testing.T) {
	for _, whole := range []bool{true, false} {
		e := open(t)
		p := &plan.Plan{Steps: []*plan.Step{step("a", makeVolume("vol-note"), broken())}}
		forget := dropVolume("vol-note")
		forget.Forgets = true
		p.Steps[0].Work.Undo = []engine.Op{forget}
		if !whole {
			predefined := &engine.NetworkCreate{Name: "bridge", Options: network.CreateOptions{Labels: map[string]string{engine.LabelRun: "r"}}}
			p.Steps[0].Work.Undo = []engine.Op{{Call: predefined}, forget}
		}
		r := apply.Run(t.Context(), e, p, apply.Options{})
		if len(r.Failed) != 1 || r.Failed[0].RolledBack != whole || (volumes(t, e) == nil) != whole {
			t.Errorf("whole %t: report %+v, volumes %v", whole, r, volumes(t, e))
		}
	}
}
