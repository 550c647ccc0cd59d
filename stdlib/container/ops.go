package container

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// create makes a container and brings it to the state that is wanted.
func create(in kind.In[Spec]) kind.Work {
	w := kind.Work{Facts: append([]engine.Fact{free(in.Want.Name)}, basis(in)...)}
	w.Ops = birth{name: in.Want.Name, restart: in.Want.Restart}.make(in)
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
// named ones and leaves them.
func carriedAway(l *kind.Live) []engine.Op {
	var ops []engine.Op
	for _, m := range l.Object.(*object).HostConfig.Mounts {
		if m.Type == mount.TypeVolume && isUnnamed(m.Source) {
			ops = append(ops, engine.Op{Call: &engine.VolumeRemove{Volume: m.Source}})
		}
	}
	return ops
}

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
		Ops:   birth{name: temporary, restart: "no", replaces: in.Live, carried: carried(in), ofImage: imagePlaces(in)}.make(in),
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
// as it does one that was made again since: with that it could not start.
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
	return active(old) || halfDone && runs(old.Record["state"].Str)
}

// serves reports whether an old container runs once it is put back: if it ran
// before, or if both it and the new one are meant to. An engine that was killed
// stops containers by itself, and the old version is better than none.
func serves(in kind.In[Spec], old *kind.Live) bool {
	return served(in, old) || runs(old.Record["state"].Str) && runs(in.Want.State)
}

// runs reports whether a container with this state, "" is the default, runs on.
func runs(state string) bool { return state == "" || state == running }

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
	for _, n := range expect(in).Networks {
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

// finish goes on with a replacement that was cut short. in.Live is the new
// container, in.Live.Old the one that it replaces.
func finish(in kind.In[Spec], changes []schema.Change) kind.Work {
	l, old := in.Live, in.Live.Old
	both := strategy(in, old) == startFirst
	w := kind.Work{Strategy: stopFirst, Facts: slices.Concat(asRead(l), asRead(old), basis(in))}
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
