package sim

import (
	"errors"
	"fmt"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/engine/embedded"
	"bayplan/lang/ir"
)

// shape is a change of a stack that is tried with every fault on every call.
type shape struct {
	name     string
	from, to stack
	via      *stack // applied before to, with the same faults; may be nil
}

func shapes() []shape {
	one := func(name string, x box, change func(*box)) shape {
		x.label, x.image = "c0", 1
		y := x
		change(&y)
		return shape{name: name, from: stack{vols: 1, boxes: []box{x}}, to: stack{vols: 1, boxes: []box{y}}}
	}
	anew := func(x *box) { x.env = 1 }
	exits := func(x *box) { x.env, x.bad = 1, "exits" }
	sick := func(x *box) { x.env, x.bad = 1, "sick" }
	data := []mount{{vol: 0}}
	all := []shape{
		one("plain", box{restart: "always"}, anew),
		one("plain that fails", box{restart: "always"}, exits),
		one("plain that fails late", box{restart: "unless-stopped"}, func(x *box) { x.env, x.bad = 1, "late" }),
		one("port", box{port: 18080, restart: "unless-stopped"}, anew),
		one("port that fails", box{port: 18080, restart: "always"}, exits),
		one("port that the engine picks", box{port: -1}, anew),
		one("volume", box{mounts: data, restart: "always"}, anew),
		one("volume that fails", box{mounts: data, restart: "always"}, exits),
		one("volume that is only read", box{mounts: []mount{{vol: 0, readOnly: true}}, restart: "always"}, anew),
		one("healthcheck", box{health: true, restart: "always"}, anew),
		one("healthcheck that fails", box{health: true}, sick),
		one("healthcheck and volume that fails", box{health: true, mounts: data, restart: "unless-stopped"}, sick),
		one("no network", box{mode: "none", health: true}, anew),
		one("job", box{job: true}, anew),
		one("job that fails", box{job: true}, exits),
		one("file, restarted", box{file: 1, restart: "always"}, func(x *box) { x.file = 2 }),
		one("file, made anew", box{file: 1, mounts: data}, func(x *box) { x.file, x.env = 2, 1 }),
		one("image", box{restart: "always"}, func(x *box) { x.image = 2 }),
		one("limits and policy", box{memory: 64, restart: "always"}, func(x *box) { x.memory, x.restart = 128, "no" }),
		one("never started", box{never: true}, anew),
		one("new volume", box{}, func(x *box) { x.mounts = data }),
	}
	return append(all, several()...)
}

// several are shapes of more than one resource.
func several() []shape {
	web := box{label: "c0", image: 1, nets: []string{"n0"}, restart: "always"}
	with := func(x box, change func(*box)) box { change(&x); return x }
	anew := func(x *box) { x.env = 1 }
	nets := []net{{label: "n0", subnet: 100}, {label: "n1"}}
	fixed := with(web, func(x *box) { x.ip, x.mounts = true, []mount{{vol: 0}} })
	both := with(web, func(x *box) { x.nets = []string{"n0", "n1"} })
	joined := box{label: "c1", image: 1, mode: "c0"}
	after := box{label: "c1", image: 1, nets: []string{"n0"}, after: "c0", cond: ir.Started}
	return []shape{
		{name: "fixed address", from: stack{nets: nets, vols: 1, boxes: []box{fixed}}, to: stack{nets: nets, vols: 1, boxes: []box{with(fixed, anew)}}},
		{name: "several networks", from: stack{nets: nets, boxes: []box{both}}, to: stack{nets: nets, boxes: []box{with(both, anew)}}},
		{name: "another network", from: stack{nets: nets, boxes: []box{web}}, to: stack{nets: nets, boxes: []box{with(web, func(x *box) { x.nets = []string{"n1"} })}}},
		{name: "network made anew", from: stack{nets: nets[:1], boxes: []box{web}}, to: stack{nets: []net{{label: "n0", subnet: 100, tag: 1}}, boxes: []box{web}}},
		{name: "joined", from: stack{nets: nets[:1], boxes: []box{web, joined}}, to: stack{nets: nets[:1], boxes: []box{with(web, anew), joined}}},
		{name: "joined to what fails", from: stack{nets: nets[:1], boxes: []box{web, joined}}, to: stack{nets: nets[:1], boxes: []box{with(web, func(x *box) { x.env, x.bad = 1, "exits" }), joined}}},
		{name: "dependant", from: stack{nets: nets[:1], boxes: []box{web, after}}, to: stack{nets: nets[:1], boxes: []box{with(web, anew), with(after, anew)}}},
		{name: "created", from: stack{vols: 1}, to: stack{vols: 1, nets: nets[:1], boxes: []box{with(fixed, anew)}}},
		{name: "removed", from: stack{nets: nets, vols: 1, boxes: []box{fixed}}, to: stack{vols: 1}},
	}
}

// calls counts the calls of a shape's change without a fault: all, or those
// that change something.
func (x shape) calls(t *testing.T, only bool) int {
	s := direct(1, 41, nil)
	s.only = only
	x.begin(s)
	first := s.count()
	s.script = map[int]fault{}
	if _, err := s.apply(x.to); err != nil {
		t.Fatalf("%s: %v", x.name, err)
	}
	return s.count() - first
}

func (s *story) count() int {
	if s.only {
		return s.mutating
	}
	return s.wire.n
}

// begin makes what the change starts from, and counts calls from there on.
func (x shape) begin(s *story) {
	s.with(s.images)
	s.comes(x.from, 1)
	if s.hands != nil {
		s.with(func(e *embedded.State) { s.breaks(s.hands(e)) })
	}
	s.wire.n, s.mutating = 0, 0
}

// tell applies the change with faults, at most four times until it is done,
// and then without. Nothing else goes wrong than what the script says.
func (x shape) tell(s *story, script map[int]fault) error {
	return caught(func() error {
		x.begin(s)
		s.script = script
		if script == nil {
			s.script = map[int]fault{}
		}
		if x.via != nil {
			if _, err := s.apply(*x.via); err != nil {
				return err
			}
			if s.then != nil {
				s.with(func(e *embedded.State) { s.breaks(s.then(e)) })
			}
		}
		for range 4 {
			done, err := s.apply(x.to)
			s.with(s.tidy)
			if err != nil {
				s.breaks(fmt.Errorf("I1: the plan is impossible: %w", err))
			}
			if done && !x.to.works() {
				s.breaks(errors.New("I2: what does not work was taken for done"))
			}
			if !done && err == nil && s.harmed == 0 && x.to.works() {
				s.breaks(errors.New("I1: an apply without a fault did not do all"))
			}
			if done || s.broken != nil {
				break
			}
		}
		s.script = map[int]fault{}
		s.comes(x.to.good(), 1)
		return s.broken
	})
}

// trial is a shape with what is to go wrong.
type trial struct {
	shape  shape
	only   bool
	script map[int]fault
}

func (x trial) String() string { return fmt.Sprintf("%s %v", x.shape.name, x.script) }

// try runs the trials of a slice, each on one version of the engine.
func try(t *testing.T, trials []trial, draw []int) {
	t.Logf("%d of %d trials", len(draw), len(trials))
	bad := 0
	for _, i := range draw {
		x := trials[i]
		version := versions[i%len(versions)]
		tell := func(trace func(string, ...any)) error {
			s := direct(1, version, trace)
			s.only = x.only
			return x.shape.tell(s, x.script)
		}
		if err := tell(nil); err != nil {
			t.Errorf("%s on API %s: %v", x, version, err)
			_ = tell(t.Logf)
			if bad++; bad == 5 {
				t.FailNow()
			}
		}
	}
}

// TestSingles tries one fault of each kind on every call of every shape's
// change: SINGLES of them, or all.
func TestSingles(t *testing.T) {
	var trials []trial
	for _, x := range shapes() {
		n := x.calls(t, false)
		for at := range n {
			for f := fault(1); f < faults; f++ {
				trials = append(trials, trial{shape: x, script: map[int]fault{at: f}})
			}
		}
	}
	try(t, trials, slice.Of(t, "SINGLES", 100).Draw("singles", len(trials)))
}

// TestTwo tries two faults on every two calls that change something, of every
// shape's change and of what comes after the first: TWO of them, or all.
func TestTwo(t *testing.T) {
	harsh := []fault{fails, cutAfter, hangsAfter, killBefore, killAfter, restartsAfter}
	var trials []trial
	for _, x := range shapes() {
		n := x.calls(t, true)
		for i := range n {
			for j := i + 1; j < 2*n; j++ {
				for _, f := range harsh {
					for _, g := range harsh {
						trials = append(trials, trial{shape: x, only: true, script: map[int]fault{i: f, j: g}})
					}
				}
			}
		}
	}
	try(t, trials, slice.Of(t, "TWO", 200).Draw("two", len(trials)))
}
