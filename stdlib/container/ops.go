package container

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// How long a step waits before it has failed.
const (
	startLimit = time.Minute
	jobLimit   = time.Hour
	settle     = 2 * time.Second // how long a replacement without a healthcheck has to last, unless its lifecycle says
	grace      = 10 * time.Second
)

// create makes a container and brings it to the state that is wanted. Where a
// step before has taken the living one away, its unnamed volumes are there still.
func create(in kind.In[Spec]) kind.Work {
	w := kind.Work{Facts: append([]engine.Fact{free(in.Want.Name)}, basis(in)...)}
	w.Ops = birth{name: in.Want.Name, restart: in.Want.Restart, carried: carried(in)}.make(in)
	if in.Want.State != created {
		w.Ops = append(w.Ops, begin(in))
		w.Wait, w.Asks = ready(in, 0), company(in)
	}
	return w
}

// basis are the facts about what a new container stands on: its image, its
// networks, and volumes that are there already. Without the latter the engine
// would make new, empty ones.
func basis(in kind.In[Spec]) []engine.Fact {
	var facts []engine.Fact
	if out := in.Env.Outcome(in.Want.Image.Addr); out.ID != "" && !out.Disturbed() {
		facts = append(facts, engine.Fact{
			Source: engine.Source{Read: engine.Read{Call: "ImageInspect", Arg: out.Ref}, Path: []string{"Id"}}, Want: out.ID,
		})
	}
	return slices.Concat(facts, networks(in), volumes(in))
}

// volumes are the facts that each named volume is the planned one, by its uid
// where it lives, by its address where this plan makes it.
func volumes(in kind.In[Spec]) []engine.Fact {
	var facts []engine.Fact
	for _, m := range in.Want.Mounts {
		name := m.Volume.Name
		if m.Type != "volume" || m.unnamed() {
			continue
		}
		f := engine.Fact{Source: engine.Source{Read: engine.Read{Call: "VolumeInspect", Arg: name}, Path: []string{"Name"}}, Want: name}
		live := in.Env.Live("volume", name)
		addr, own := in.Env.Named("volume", name)
		switch {
		case own && in.Env.Outcome(addr) != nil && in.Env.Outcome(addr).Verb == kind.Replace:
			f.Path, f.Want = []string{"Labels", engine.LabelAddr}, addr.String()
		case live != nil && live.Adopted == "":
			f.Path, f.Want = []string{"Labels", engine.LabelUID}, live.Identity.UID
		case live != nil: // its name is all that is known of it
		case own:
			f.Path, f.Want = []string{"Labels", engine.LabelAddr}, addr.String()
		}
		facts = append(facts, f)
	}
	return facts
}

// start returns the op that starts a container. What only making it could have
// spoilt is looked at first: the engine makes a missing volume without a word.
func start(in kind.In[Spec], id func(*engine.Blanks) string, facts []engine.Fact) engine.Op {
	op := engine.Op{Facts: facts, Alone: in.Want.picked()}
	op.Call = &engine.ContainerStart{Container: id(&op.Blanks)}
	return op
}

// begin returns the op that starts the container which this step makes.
func begin(in kind.In[Spec]) engine.Op {
	op := start(in, made(in), volumes(in))
	op.Call.(*engine.ContainerStart).Once = in.Want.State == completed
	return op
}

// picked reports whether the engine picks a host port.
func (s *Spec) picked() bool {
	return s.PublishAll || slices.ContainsFunc(s.Ports, func(p Port) bool { return p.Host == 0 })
}

// ready says when a started container serves: a job when it has exited with 0,
// another when it is healthy, if anything says how to tell.
func ready(in kind.In[Spec], settle time.Duration) *engine.Wait {
	w := &engine.Wait{Container: in.Want.Name, Until: ir.Started, Settle: settle, Limit: startLimit + settle, Addr: in.Res.Addr}
	img := in.Env.Outcome(in.Want.Image.Addr).Image
	h := in.Want.Healthcheck
	switch {
	case in.Want.State == completed:
		w.Until, w.Settle, w.Limit = ir.Completed, 0, jobLimit
	case h != nil && h.Disable:
	case h != nil && h.Test != nil || img != nil && checks(img.Healthcheck):
		w.Until, w.Settle, w.Limit = ir.Healthy, 0, healthLimit(h, img)
	case img == nil:
		w.Until, w.Limit = engine.Ready, healthLimit(h, nil)+settle
	}
	return w
}

// settled is how long a new container has to last.
func settled(in kind.In[Spec]) time.Duration {
	if s := in.Res.Guard.Settle; s != nil {
		return *s
	}
	return settle
}

func checks(h *kind.Healthcheck) bool {
	return h != nil && len(h.Test) > 0 && h.Test[0] != "NONE"
}

// healthLimit is the longest time after which the engine has called a
// container unhealthy, and some.
func healthLimit(h *Healthcheck, img *kind.ImageConfig) time.Duration {
	var x Healthcheck
	if h != nil {
		x = *h
	}
	var y kind.Healthcheck
	if img != nil && img.Healthcheck != nil {
		y = *img.Healthcheck
	}
	interval := cmp.Or(x.Interval, time.Duration(y.Interval), 30*time.Second)
	timeout := cmp.Or(x.Timeout, time.Duration(y.Timeout), 30*time.Second)
	period := cmp.Or(x.StartPeriod, time.Duration(y.StartPeriod))
	retries := cmp.Or(x.Retries, int64(y.Retries), 3)
	return period + time.Duration(retries+1)*(interval+timeout) + 30*time.Second
}

// gate says what a dependant waits for.
func gate(in kind.In[Spec], d ir.Dep) *engine.Wait {
	if wrong := in.Want.refuses(d); wrong != nil {
		*in.Diags = append(*in.Diags, *wrong)
		return nil
	}
	w := ready(in, 0)
	if in.Want.State == completed {
		d.Cond = ir.Completed // of a module, whose jobs have done what they are there for
	}
	if d.Cond == ir.Healthy && w.Until == ir.Started {
		in.Diags.Addf(d.Pos, "%s has no healthcheck, so that nobody can tell when it is healthy", d.To).
			Hintf("give it a `healthcheck`, or wait for started(…)")
		return nil
	}
	if d.Cond == ir.Healthy && w.Until == engine.Ready {
		in.Diags.Warnf(d.Pos, "%s has no healthcheck in the program, and whether its image brings one is not known before it is on the engine", d.To).
			Hintf("give it a `healthcheck`, or wait for started(…): if the image has none, apply stops there")
	}
	w.Until, w.Settle = d.Cond, 0
	if d.Limit != 0 {
		w.Limit = d.Limit
	}
	return w
}

// refuses returns why a container never becomes what a dependency waits for,
// whatever its image is; nil if it can.
func (s *Spec) refuses(d ir.Dep) *diag.Diag {
	wrong := &diag.Diag{Pos: d.Pos}
	switch job := s.State == completed; {
	case s.State == created:
		wrong.Msg = fmt.Sprintf("%s is never started, so that nobody can wait for it to be %s", d.To, d.Cond)
		return wrong.Hintf("leave the condition out, or give it another `state`")
	case d.Cond == ir.Completed && !job:
		wrong.Msg = fmt.Sprintf("%s is no job: it does not complete", d.To)
		if !d.In.IsZero() {
			return wrong.Hintf("wait for started(%s) or healthy(%s): of what is a job in it, they wait for the end", d.In, d.In)
		}
		return wrong.Hintf("give it state = \"completed\", or wait for started or healthy")
	case d.Cond != ir.Completed && job && d.In.IsZero():
		wrong.Msg = fmt.Sprintf("%s is a job: it is not %s for long", d.To, d.Cond)
		return wrong.Hintf("wait for completed(…)")
	}
	return nil
}

// stopped is how long a container has to stop.
func (o *object) grace() time.Duration {
	if t := o.Config.StopTimeout; t != nil {
		return time.Duration(*t) * time.Second
	}
	return grace
}

func stop(l *kind.Live) engine.Op {
	return engine.Op{Call: &engine.ContainerStop{Container: l.ID, Grace: l.Object.(*object).grace()}}
}

func active(l *kind.Live) bool {
	s := l.Object.(*object).State
	return s.Running || s.Restarting || s.Paused
}

func rename(id func(*engine.Blanks) string, name string) engine.Op {
	op := engine.Op{}
	op.Call = &engine.ContainerRename{Container: id(&op.Blanks), Name: name}
	return op
}

func setPolicy(id func(*engine.Blanks) string, policy string) engine.Op {
	op := engine.Op{}
	op.Call = &engine.ContainerUpdate{Container: id(&op.Blanks), Update: api.UpdateConfig{RestartPolicy: restartPolicy(policy)}}
	return op
}

func removal(id func(*engine.Blanks) string, volumes bool) engine.Op {
	op := engine.Op{}
	op.Call = &engine.ContainerRemove{Container: id(&op.Blanks), RemoveVolumes: volumes}
	return op
}

// remove stops a container with its own grace and takes it away. Its named
// volumes stay.
func remove(r kind.Removal) kind.Work {
	w := kind.Work{Facts: []engine.Fact{same(r.Live), unchanged(r.Live, "Name")}}
	if !active(r.Live) {
		w.Facts = append(w.Facts, unchanged(r.Live, "State", "Running")) // nobody has agreed that it stops
	}
	if active(r.Live) {
		w.Impact = fmt.Sprintf("%s stops for good", r.Live.Name)
		w.Ops = append(w.Ops, stop(r.Live))
	}
	w.Ops = append(w.Ops, removal(living(r.Live), r.Volumes))
	if r.Volumes {
		w.Ops = append(w.Ops, carriedAway(r.Live)...)
	}
	return w
}

// carriedAway removes unnamed volumes that a container took over from the one
// that it replaced: the engine, which was told their names, takes them for
// named ones and leaves them. One that the program calls by its name stays.
func carriedAway(l *kind.Live) []engine.Op {
	var ops []engine.Op
	for _, m := range l.Object.(*object).HostConfig.Mounts {
		named := slices.ContainsFunc(l.Spec.(*Spec).Mounts, func(h Mount) bool { return h.Volume.Name == m.Source })
		if m.Type == mount.TypeVolume && isUnnamed(m.Source) && !named {
			ops = append(ops, engine.Op{Call: &engine.VolumeRemove{Volume: m.Source}})
		}
	}
	return ops
}

// outcome says what others can rely on. A change that leaves the container
// running with its addresses and ports is none to them.
func outcome(in kind.In[Spec], v kind.Verb, changes []schema.Change) kind.Outcome {
	o := kind.Outcome{Verb: v, Name: in.Want.Name}
	if v == kind.Update {
		switch {
		case changed(changes, "state"):
			o.Verb = kind.Restart
		case worst(changes) < schema.Reconnect:
			o.Verb = kind.Same
		}
	}
	if in.Live != nil && v != kind.Replace && v != kind.Restore {
		o.ID, o.Is = in.Live.ID, in.Live.ID
	}
	o.Made = o.Verb == kind.Create || o.Verb == kind.Replace
	return o
}

// claims returns what only one container can hold.
func claims(s *Spec) []string {
	var out []string
	for _, p := range s.Ports {
		if p.Host != 0 {
			out = append(out, p.claim())
		}
	}
	for _, n := range s.Networks {
		for _, ip := range []string{n.IPv4, n.IPv6} {
			if ip != "" {
				out = append(out, fmt.Sprintf("address %s on network %s", ip, n.Network.Name))
			}
		}
		if n.MAC != "" {
			out = append(out, fmt.Sprintf("MAC address %s on network %s", n.MAC, n.Network.Name))
		}
	}
	return out
}
