package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/interpreter/world"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/stdlib"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// story is one run of the simulation.
type story struct {
	dice
	wire   *wire
	with   func(func(*embedded.State))
	engine *engine.Engine
	random *rand.ChaCha8
	watch  watch
	broken error // the first invariant that did not hold
	strict bool  // plans are written twice and compared

	quiet  bool // no faults
	faults int  // of the running apply
	script map[int]fault
	hands  func(*embedded.State) error // what somebody does before the change of a shape; may be nil
	then   func(*embedded.State) error // the same, after the shape's via
	only   bool                        // the script counts calls that change something

	lock    lock
	now     stack // what is being applied
	coming  *late // what an earlier apply had sent, and this one comes upon
	comesAt int   // before which call

	plan      *plan.Plan
	step      *plan.Step
	undoing   bool
	harmed    int  // faults of this apply
	soft      bool // the only faults were answers that were lost, or said no
	lost      bool // the only faults were lost answers to calls that change something
	undone    map[*plan.Step]bool
	meddled   bool // somebody changed something between plan and apply
	restarted bool // the engine, during this apply
	next      int  // of the step's ops
	mutating  int  // calls until now that change something
	trace     func(format string, args ...any)

	meant   string // the stack that program is made of
	program *ir.Program
}

var (
	kinds  = stdlib.Kinds()
	things = universe()
)

func universe() *schema.Universe {
	u := &schema.Universe{}
	for _, k := range kinds {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	return u
}

// direct begins a story on the engine's core.
func direct(seed uint64, version embedded.Version, trace func(string, ...any)) *story {
	state := embedded.New(version, "sim", dawn)
	d := embedded.NewDirect(state)
	s := &story{with: d.With, trace: trace}
	s.begin(seed, d, engine.Options{Local: true, Clock: d})
	return s
}

func (s *story) begin(seed uint64, c engine.Client, o engine.Options) {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	s.dice, s.random = dice{rand.New(rand.NewPCG(seed, 1))}, rand.NewChaCha8(key)
	s.watch.volumes = map[string]*embedded.Volume{}
	s.wire = &wire{Client: c, fault: s.chosen, sent: s.sent, after: s.after}
	s.wire.pass = func(to time.Time) { s.with(func(e *embedded.State) { e.Advance(to) }) }
	s.wire.restart = func() {
		s.with(func(e *embedded.State) {
			e.RestartDaemon(e.Now.Add(time.Second))
			s.watch.note(e)
		})
		s.restarted = true
		s.forgets()
	}
	s.wire.unlock, s.wire.second = func() { s.lock.held = false }, s.comesSecond
	s.wire.before = func() { s.lands(false) }
	s.wire.steal = func() { s.with(func(e *embedded.State) { s.steal(e) }) }
	e, err := engine.New(context.Background(), s.wire, o)
	if err != nil {
		panic(err)
	}
	s.engine = e
}

func (s *story) say(format string, args ...any) {
	if s.trace != nil {
		s.trace(format, args...)
	}
}

func (s *story) breaks(err error) {
	if s.broken == nil && err != nil {
		s.broken = err
		s.say("BROKEN: %v", err)
	}
}

// chosen is what is to go wrong with a call.
func (s *story) chosen(n int, c engine.Call) fault {
	if n > 20000 {
		panic("sim: the run does not end")
	}
	at := n
	if s.only {
		if c == nil {
			return none
		}
		at = s.mutating
	}
	if c != nil {
		s.mutating++
	}
	f := none
	switch {
	case s.quiet:
	case s.script != nil:
		f = s.script[at]
	case s.faults > 0 && (c != nil && s.one(6) || c == nil && s.one(24)):
		s.faults--
		f = fault(1 + s.IntN(int(allFaults)-1))
	}
	if f != none {
		s.harmed++
		s.lost = s.lost && f.lost() && c != nil
		s.soft = s.soft && (f.lost() || f == fails)
	}
	return f
}

// sent holds I3: what is sent is what the plan printed, in its order.
func (s *story) sent(c engine.Call) {
	if !s.lock.held {
		s.breaks(fmt.Errorf("I8: %s was sent without the lock", shown(c, "")))
	}
	if s.step == nil {
		s.breaks(fmt.Errorf("I3: %s was sent outside of any step", shown(c, "")))
		return
	}
	ops := slices.Concat(s.step.Work.Ops, s.step.Work.Commit)
	if s.undoing {
		ops = s.step.Work.Undo
	}
	at := func(i int) bool { return i >= 0 && i < len(ops) && alike(ops[i], c, s.strict) }
	if !at(s.next) && at(s.next-1) {
		return // it is sent once more
	}
	for i := s.next; i < len(ops); i++ {
		if at(i) {
			s.next = i + 1
			return
		}
		if !s.undoing {
			break // only an undo leaves out what is so already
		}
	}
	if rm, ok := c.(*engine.NetworkRemove); ok && !s.undoing && s.next < len(ops) {
		if _, made := ops[s.next].Call.(*engine.NetworkCreate); made && rm.Network != "" {
			return // the second of two networks of one name is taken back
		}
	}
	s.breaks(fmt.Errorf("I3: %s was sent, and the plan of %s does not print it here", shown(c, ""), s.step.Addr))
}

// after is told of every call of an apply.
func (s *story) after(name string, f fault, err error) {
	if s.trace != nil {
		s.say("      %s %v %v", name, f, err)
	}
	s.with(func(e *embedded.State) { s.breaks(s.watch.check(e)) })
}

func (s *story) events(ev apply.Event) {
	switch ev.Kind {
	case apply.Begin:
		s.step, s.next, s.undoing = ev.Step, 0, false
	case apply.Undoing:
		s.undoing, s.next, s.undone[ev.Step] = true, 0, true
	case apply.Doing:
		s.say("    %s", ev.Text)
		return
	case apply.Progress, apply.Stopping: // they are no step's, or say nothing new
		return
	}
	if s.trace != nil {
		s.say("  %s %s %s %v", ev.Kind, ev.Step.Addr, ev.Text, ev.Err)
	}
}

// planOf plans a stack as it is meant now.
func (s *story) planOf(x stack) (*plan.Plan, error) {
	if meant := fmt.Sprint(x); s.meant != meant {
		s.meant, s.program = meant, x.program(things)
	}
	w, err := world.Read(context.Background(), world.Options{
		Kinds: kinds, Reader: s.engine.Reader(), Info: s.engine.Info, Stack: stackName, Program: s.program,
	})
	if err != nil {
		return nil, err
	}
	p, diags := plan.Make(w, s.program, plan.Options{Mode: plan.Apply, Kinds: kinds})
	if diags.HasErrors() {
		return nil, diags
	}
	return p, nil
}

// apply plans and applies once, and reports whether all was done. An error is
// one of planning.
func (s *story) apply(x stack) (done bool, err error) {
	s.wire.on, s.wire.dead = false, false
	p, err := s.planOf(x)
	if err != nil {
		return false, err
	}
	if s.strict {
		s.twice(x, p)
	}
	if s.trace != nil {
		s.say("apply: %s", summary(p))
	}
	s.meddled = !s.quiet && s.script == nil && s.one(8)
	if s.meddled {
		s.byHand()
	}
	s.now = x
	var were map[string]before
	s.with(func(e *embedded.State) {
		were = s.watch.boxes(e)
		s.watch.note(e)
	})
	s.plan, s.step, s.restarted = p, nil, false
	s.harmed, s.soft, s.lost, s.undone = 0, true, true, map[*plan.Step]bool{}
	s.meets()
	r := s.run(p)
	s.wire.on, s.step = false, nil
	s.lands(true)
	if r == nil {
		return false, nil // killed
	}
	s.failed(r, were)
	if s.harmed == 1 && s.lost && !s.meddled && len(r.Failed) > 0 && x.works() && !s.ended(r.Failed[0]) {
		s.breaks(fmt.Errorf("2.4: a lost answer made the apply fail: %w", r.Failed[0].Err))
	}
	done = len(r.Failed) == 0 && len(r.NotRun) == 0
	if done {
		s.watch.late = nil
	}
	return done, nil
}

// ended reports whether a step failed since a program that ends by itself, and
// ran when it was planned, has come to its end.
func (s *story) ended(f apply.Failure) (yes bool) {
	var stale *apply.Stale
	if !errors.As(f.Err, &stale) || !slices.Equal(stale.Fact.Path, []string{"State", "Running"}) {
		return false
	}
	s.with(func(e *embedded.State) {
		c, err := e.Container(stale.Fact.Read.Arg)
		yes = err == nil && ends(c)
	})
	return yes
}

// ends reports whether the program of a container ends by itself.
func ends(c *embedded.Container) bool {
	return c != nil && len(c.Config.Cmd) > 0 && c.Config.Cmd[0] == "exit"
}

// run applies a plan; nil means that the process was killed.
func (s *story) run(p *plan.Plan) (r *apply.Report) {
	defer func() {
		if v := recover(); v != nil {
			bug, ok := v.(*apply.Bug)
			if _, dead := bug.Value.(killed); !ok || !dead {
				panic(v)
			}
			r = nil
		}
	}()
	s.wire.on = true
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.wire.interrupt = cancel
	if err := s.lock.take(); err != nil {
		panic(err)
	}
	defer s.wire.unlock()
	return apply.Run(ctx, s.engine, p, apply.Options{Parallelism: 1, Events: s.events, Random: s.random, Held: s.lock.check})
}

// failed holds I2: what says that it is rolled back is as it was.
func (s *story) failed(r *apply.Report, were map[string]before) {
	for _, f := range r.Failed {
		if work := f.Step.Work; f.Touched && len(work.Undo) > 0 && s.next <= len(work.Ops) && !s.undone[f.Step] && r.Lost == nil {
			s.breaks(fmt.Errorf("I2: nothing of %s was taken back: %w", f.Step.Addr, f.Err))
		}
		if s.undone[f.Step] && !f.RolledBack && s.harmed <= 1 && s.soft && !s.meddled && !s.joins(f.Step.ID) {
			s.breaks(fmt.Errorf("I2: %s is not rolled back: %w", f.Step.Addr, errors.Join(f.Err, f.UndoErr)))
		}
		if f.Step.Verb != kind.Replace || !f.RolledBack || s.meddled {
			continue
		}
		was, ok := were[f.Step.ID]
		if !ok {
			continue
		}
		s.with(func(e *embedded.State) {
			c := e.Containers[f.Step.ID]
			was.running = was.running && !s.restarted && !ends(c) // else its policy, or itself, decides
			if err := was.serves(c); err != nil {
				s.breaks(fmt.Errorf("I2: %s says that it is rolled back: %w", f.Step.Addr, err))
			}
		})
	}
}

// joins reports whether a container shares the network of another one, which
// may be another one by now: then there is no way back.
func (s *story) joins(id string) (yes bool) {
	s.with(func(e *embedded.State) {
		c := e.Containers[id]
		yes = c != nil && c.Host.NetworkMode.IsContainer()
	})
	return yes
}

// twice holds half of I9: two plans of one program and world are the same.
func (s *story) twice(x stack, p *plan.Plan) {
	again, err := s.planOf(x)
	if err != nil {
		s.breaks(fmt.Errorf("I9: planning a second time: %w", err))
		return
	}
	if a, b := written(p), written(again); a != b {
		s.breaks(fmt.Errorf("I9: two plans of one world differ:\n%s\n%s", a, b))
	}
}

// summary is a plan in one line.
func summary(p *plan.Plan) string {
	var steps []string
	for _, x := range p.Steps {
		text := fmt.Sprintf("%s %s", x.Verb, x.Addr)
		for _, c := range x.Changes {
			text += fmt.Sprintf(" [%s: %s → %s]", c.Name(), c.Old.Show(), c.New.Show())
		}
		steps = append(steps, text)
	}
	return fmt.Sprintf("%d to do: %s", len(steps), strings.Join(steps, "; "))
}

func written(p *plan.Plan) string {
	var out bytes.Buffer
	if err := show.WriteJSON(&out, show.DocumentOf(p)); err != nil {
		panic(err)
	}
	return out.String()
}

// comes holds I1 and I9: without faults, one apply or two make all right, and
// nothing is left to do.
func (s *story) comes(x stack, applies int) {
	s.quiet = true
	defer func() { s.quiet = false }()
	for range applies {
		done, err := s.apply(x)
		if err != nil {
			s.breaks(fmt.Errorf("I1: the plan is impossible: %w", err))
			return
		}
		if done {
			break
		}
	}
	p, err := s.planOf(x)
	switch {
	case err != nil:
		s.breaks(fmt.Errorf("I1: the plan afterwards is impossible: %w", err))
	case !p.Empty():
		s.breaks(fmt.Errorf("I1: after %d applies without faults there is still to do: %s", applies, summary(p)))
	}
	s.with(func(e *embedded.State) { s.breaks(s.watch.check(e)) })
}

// settle lets time pass.
func (s *story) settle(d time.Duration) {
	s.with(func(e *embedded.State) { e.Advance(e.Now.Add(d)) })
}

// seed runs one random story.
func (s *story) seed() error {
	s.strict = s.one(16)
	s.strangers()
	x := s.stack()
	s.say("%+v", x)
	for range 3 + s.IntN(8) {
		if s.broken != nil {
			return s.broken
		}
		s.faults = pick(s.dice, 0, 1, 1, 2, 3)
		done, err := s.apply(x)
		if err != nil {
			s.say("the plan is impossible: %v", err)
		}
		if !done && s.one(3) {
			s.another(x)
		}
		if s.one(3) {
			s.byHand()
		}
		if s.one(4) {
			s.settle(time.Duration(s.IntN(40)) * time.Second)
		}
		if s.one(2) {
			x = s.changed(x)
			s.say("%+v", x)
		}
	}
	s.with(s.tidy)
	if s.wire.late != nil {
		s.quiet = true
		if _, err := s.apply(x.good()); err != nil {
			s.say("the plan is impossible: %v", err)
		}
		s.with(s.tidy)
	}
	s.comes(x.good(), 2)
	return s.broken
}

// another applies another version of the program, from another checkout, right
// after an apply that ended in the middle.
func (s *story) another(x stack) {
	y := s.changed(x)
	s.say("from another checkout: %+v", y)
	if _, err := s.apply(y); err != nil {
		s.say("the plan is impossible: %v", err)
	}
}

// prune removes what docker system prune does: containers that do not run, and
// networks that nobody is on.
func (s *story) prune(e *embedded.State) error {
	e.Prune(e.Now, func(*embedded.Container) bool { return true })
	e.PruneNetworks(e.Now, func(*embedded.Network) bool { return true })
	return nil
}

// dropNetwork removes one of the stack's networks, and takes off before who is on it.
func (s *story) dropNetwork(e *embedded.State) error {
	n := s.network(e)
	if n == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(e.Containers)) {
		c := e.Containers[id]
		if ep := c.Endpoints[n.Name]; ep == nil || ep.NetworkID != n.ID || !c.Run.Running {
			continue
		}
		if err := e.Disconnect(e.Now, n.ID, id, true); err != nil {
			return err
		}
	}
	return e.RemoveNetwork(e.Now, n.ID)
}

// connect puts a container on one of the stack's networks.
func (s *story) connect(e *embedded.State, c *embedded.Container) error {
	n := s.network(e)
	if n == nil {
		return nil
	}
	return e.Connect(e.Now, e.Version, n.ID, c.ID, nil)
}

// network is one of the stack's networks, or nil.
func (s *story) network(e *embedded.State) *embedded.Network {
	var all []*embedded.Network
	for _, id := range slices.Sorted(maps.Keys(e.Networks)) {
		if n := e.Networks[id]; n.Asked.Labels[engine.LabelStack] == stackName {
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[s.IntN(len(all))]
}

// steal removes the volumes that nothing uses.
func (s *story) steal(e *embedded.State) {
	for _, name := range slices.Sorted(maps.Keys(s.watch.volumes)) {
		if e.RemoveVolume(e.Now, name, false) == nil {
			delete(s.watch.volumes, name)
		}
	}
}

// tidy takes away what the engine made where somebody had removed a volume: an
// empty one of its name, and what was made on it and never started. bay leaves
// that to a person.
func (s *story) tidy(e *embedded.State) {
	for name, v := range e.Volumes {
		if !strings.HasPrefix(name, stackName+"-") || v.Labels[engine.LabelStack] == stackName {
			continue
		}
		for id, c := range e.Containers {
			if slices.ContainsFunc(c.Mounts, func(m container.MountPoint) bool { return m.Name == name }) {
				if err := e.Remove(e.Now, id, true, false); err != nil {
					panic(err)
				}
			}
		}
		if err := e.RemoveVolume(e.Now, name, false); err != nil {
			panic(err)
		}
	}
}

// strangers makes what is not the stack's.
func (s *story) strangers() {
	s.with(func(e *embedded.State) {
		if s.one(2) {
			s.images(e)
		}
		if s.one(2) {
			return
		}
		if _, err := e.Pull(e.Now, "probe", "strange", ""); err != nil {
			panic(err)
		}
		if _, err := e.CreateNetwork(e.Now, e.Version, network.CreateRequest{Name: "harbour2-default", CreateOptions: network.CreateOptions{Labels: anothers("network.default")}}); err != nil {
			panic(err)
		}
		for i, name := range []string{"harbour", "harbour-c", "harbour-c00", "x-harbour-c0", "harbour-c0.new-0123456789ab"} {
			if !s.one(3) {
				continue
			}
			labels := map[string]string{}
			if s.one(2) {
				labels = anothers("container.c0")
			}
			host := &container.HostConfig{NetworkMode: "none", Binds: []string{fmt.Sprintf("strange%d:/data", i)}}
			host.RestartPolicy.Name = pick(s.dice, container.RestartPolicyDisabled, container.RestartPolicyAlways)
			_, err := e.Create(e.Now, e.Version, name, "", container.CreateRequest{
				Config: &container.Config{Image: "probe:strange", Entrypoint: []string{"/probe"}, Cmd: []string{"serve"}, Labels: labels}, HostConfig: host,
			})
			if err == nil && s.one(2) {
				err = e.Start(e.Now, name)
			}
			if err != nil {
				panic(err)
			}
		}
	})
}

// anothers are the labels of another stack's object.
func anothers(addr string) map[string]string {
	a, err := ir.ParseAddr(addr)
	if err != nil {
		panic(err)
	}
	var blanks engine.Blanks
	return engine.Identity{Stack: "harbour2", Addr: a, Name: "harbour2-" + a.Label}.Labels(&blanks)
}

// images pulls what programs name.
func (s *story) images(e *embedded.State) {
	for _, ref := range []string{"1", "2"} {
		if _, err := e.Pull(e.Now, "probe", ref, ""); err != nil {
			panic(err)
		}
	}
}

// byHand changes something of the stack's as a person would.
func (s *story) byHand() {
	s.with(func(e *embedded.State) {
		var all []*embedded.Container
		for _, c := range e.Containers {
			if ours(c) {
				all = append(all, c)
			}
		}
		slices.SortFunc(all, func(a, b *embedded.Container) int { return strings.Compare(a.ID, b.ID) })
		if len(all) == 0 {
			return
		}
		c := all[s.IntN(len(all))]
		what, err := s.hand(e, c)
		s.say("by hand: %s %s %v", what, c.Name, err)
		s.watch.note(e)
		var refused *embedded.Error
		if err != nil && !errors.As(err, &refused) {
			panic(err)
		}
	})
}

func (s *story) hand(e *embedded.State, c *embedded.Container) (string, error) {
	switch s.IntN(14) {
	case 13:
		return "system prune, not", s.prune(e)
	case 12:
		return "network rm, not", s.dropNetwork(e)
	case 11:
		return "connect", s.connect(e, c)
	case 10:
		return "kill", e.Kill(e.Now, c.ID, "KILL")
	case 9:
		s.steal(e)
		return "volume rm, not", nil
	case 0:
		return "stop", e.Stop(e.Now, c.ID, "", nil)
	case 1:
		for _, other := range e.Containers {
			if other != c && (other.Run.Running || other.Run.Restarting) && other.Config.Labels[engine.LabelAddr] == c.Config.Labels[engine.LabelAddr] {
				return "nothing", nil // two generations at once are what a person may do, and bay may not
			}
		}
		s.watch.startedByHand(c)
		return "start", e.Start(e.Now, c.ID)
	case 2:
		return "rm -f", e.Remove(e.Now, c.ID, true, false)
	case 3:
		return "rename", e.Rename(e.Now, c.ID, fmt.Sprintf("renamed%d", s.IntN(3)))
	case 4:
		_, err := e.Update(e.Now, c.ID, container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: pick(s.dice, container.RestartPolicyAlways, container.RestartPolicyDisabled)}})
		return "update", err
	case 5:
		for name := range c.Endpoints {
			if len(c.Endpoints) == 1 {
				return "disconnect", e.Disconnect(e.Now, name, c.ID, true)
			}
		}
		return "nothing", nil
	case 6:
		return "pause", e.Pause(e.Now, c.ID)
	case 7:
		return "tag", e.Tag(e.Now, pick(s.dice, "probe:1", "probe:2"), "probe", pick(s.dice, "1", "2"))
	}
	e.RestartDaemon(e.Now.Add(time.Second))
	s.forgets()
	return "restart the engine, which had", nil
}
