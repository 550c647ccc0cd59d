package container

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// expect merges what the program says with what engine and image bring, by the
// engine's own rules.
func expect(in kind.In[Spec]) *Spec {
	want := *in.Want
	sources, _ := in.Known.(local)
	want.Files = want.resolved(sources)
	if want.Restart == "" {
		want.Restart = "no"
	}
	want.Networks = joined(in)
	if in.Live == nil {
		return &want
	}
	rec := in.Live.Record
	want.follow(in)
	if want.Runtime == "" && !rec["runtime"].IsNull() {
		want.Runtime = in.Env.Info.Runtime
	}
	if want.Logging == nil || want.Logging.Driver == "" {
		want.Logging = want.Logging.over(rec, in.Env.Info.LogDriver)
	}
	if o := in.Live.Object.(*object); o.image != nil && !imageMoves(in) {
		want.inherit(o.image, rec)
	}
	expectLimits(in, &want)
	want.exposed(rec, in.Live.Object.(*object).image)
	return &want
}

// joined are the networks that it shall be on, as expected.
func joined(in kind.In[Spec]) []Net { return answering(in.Want.Networks, in.Res.Alias) }

// answering returns endpoints with the name that a container always answers to
// among their aliases.
func answering(nets []Net, alias string) []Net {
	if nets == nil || alias == "" {
		return nets
	}
	out := slices.Clone(nets)
	for i, n := range out {
		if !slices.Contains(n.Aliases, alias) {
			out[i].Aliases = append(slices.Clone(n.Aliases), alias)
		}
	}
	return out
}

// over returns logging with the engine's driver where the record says that the
// program named one before.
func (l *Logging) over(rec schema.Record, driver string) *Logging {
	if rec["logging"].Map["driver"].IsNull() {
		return l
	}
	out := Logging{Driver: driver}
	if l != nil {
		out.Options = l.Options
	}
	return &out
}

// inherit fills in what the program said once and no longer says: that is the
// image's again. What it never said is not compared, so that it needs no value.
func (s *Spec) inherit(img *kind.ImageConfig, rec schema.Record) {
	said := func(attr string) bool { return !rec[attr].IsNull() }
	if s.Command == nil && said("command") {
		s.Command = texts(nil)
		if s.Entrypoint == nil {
			s.Command = texts(img.Cmd)
		}
	}
	if s.Entrypoint == nil && said("entrypoint") {
		s.Entrypoint = texts(img.Entrypoint)
	}
	for _, x := range []struct {
		attr string
		p    *string
		from string
	}{{"user", &s.User, img.User}, {"working_dir", &s.WorkingDir, img.WorkingDir}, {"stop_signal", &s.StopSignal, img.StopSignal}} {
		if *x.p == "" && said(x.attr) {
			*x.p = x.from
		}
	}
	s.Env = inherited(s.Env, rec["env"], envOf(img.Env))
	labels := inherited(textMap(s.Labels), rec["labels"], textMap(img.Labels))
	s.Labels = map[string]string{}
	for k, v := range labels {
		s.Labels[k] = v.Str
	}
	if rec["healthcheck"].Map != nil && (s.Healthcheck == nil || !s.Healthcheck.Disable) {
		s.Healthcheck = s.Healthcheck.over(img.Healthcheck, rec["healthcheck"])
	}
}

// inherited returns m with the keys that the record names and m does not, as
// the image has them.
func inherited(m map[string]ir.Value, rec ir.Value, img map[string]ir.Value) map[string]ir.Value {
	out := maps.Clone(m)
	for k := range rec.Map {
		if v, ok := img[k]; ok && out[k].IsNull() {
			if out == nil {
				out = map[string]ir.Value{}
			}
			out[k] = v
		}
	}
	return out
}

// over returns h with the fields that the record names and h does not, as the
// image has them.
func (h *Healthcheck) over(img *kind.Healthcheck, rec ir.Value) *Healthcheck {
	if img == nil || len(img.Test) == 1 && img.Test[0] == "NONE" {
		return h
	}
	out := Healthcheck{}
	if h != nil {
		out = *h
	}
	said := func(attr string) bool { return !rec.Map[attr].IsNull() }
	if out.Test == nil && (said("test") || said("disable")) {
		out.Test = texts(img.Test)
	}
	for _, x := range []struct {
		attr string
		p    *time.Duration
		from int64
	}{
		{"interval", &out.Interval, img.Interval}, {"timeout", &out.Timeout, img.Timeout},
		{"start_period", &out.StartPeriod, img.StartPeriod}, {"start_interval", &out.StartInterval, img.StartInterval},
	} {
		if *x.p == 0 && said(x.attr) {
			*x.p = time.Duration(x.from)
		}
	}
	if out.Retries == 0 && said("retries") {
		out.Retries = int64(img.Retries)
	}
	return &out
}

// imageMoves reports whether the container's image is not the one that its
// reference stands for after this plan.
func imageMoves(in kind.In[Spec]) bool {
	out := in.Env.Outcome(in.Want.Image.Addr)
	return out == nil || out.ID == "" || out.ID != in.Live.Object.(*object).Image
}

// adjust adds the changes that no table can see, and raises effects.
func adjust(in kind.In[Spec], changes []schema.Change) []schema.Change {
	check(&in)
	if in.Live == nil {
		return nil
	}
	if in.Asked == schema.Restart && in.Want.State == created {
		by := "--restart"
		if changed(changes, "restart_on") {
			by = "restart_on"
		}
		in.Errorf("state", "%s: the program says that it does not run", by).Hintf("name what runs")
	}
	changes = raise(in, changes)
	changes = append(changes, imageChange(in)...)
	changes = append(changes, portChanges(in)...)
	changes = append(changes, remade(in, changes)...)
	changes = append(changes, joinChanges(in)...)
	changes = append(changes, imageMounts(in)...)
	changes = in.Heed(changes)
	if effect(in, changes) == schema.Replace {
		leftBehind(in)
	}
	changes = append(changes, lostVolumes(in)...)
	changes = append(changes, platformChange(in)...)
	changes = append(changes, stateChange(in)...)
	changes = append(changes, passing(in)...)
	if in.Live.Old != nil {
		changes = slices.DeleteFunc(changes, func(c schema.Change) bool { return pending(in, c) })
	}
	if in.Discard != nil {
		changes = begun(in, changes)
	}
	byHand(in, changes)
	inOrder(changes)
	if len(in.Live.Guests) > 0 && effect(in, changes) == schema.Replace {
		in.Warnf("", "containers that are not this stack's share its network and will lose it: %s", strings.Join(in.Live.Guests, ", ")).
			Hintf("restart or make them anew afterwards")
	}
	return changes
}

// passing is the change of an adopted container that the engine removes when it
// stops: it could neither come back after a restart of the machine nor be gone
// back to.
func passing(in kind.In[Spec]) []schema.Change {
	if !fleeting(in.Live) {
		return nil
	}
	return []schema.Change{{
		Attr: "rm", Effect: schema.Replace, Note: "it was run with --rm: the engine removes it when it stops", Pos: in.Res.Pos,
	}}
}

// inOrder sorts changes by the order of the table.
func inOrder(changes []schema.Change) {
	fields := schema.FieldsOf(new(Spec))
	at := func(c schema.Change) int {
		return slices.IndexFunc(fields, func(f *schema.Field) bool { return f.Name == c.Attr })
	}
	slices.SortStableFunc(changes, func(a, b schema.Change) int { return cmp.Compare(at(a), at(b)) })
}

func worst(changes []schema.Change) schema.Effect {
	w := schema.None
	for _, c := range changes {
		w = max(w, c.Effect)
	}
	return w
}

// effect is what happens to the container: by what has changed, or because
// somebody wants it.
func effect(in kind.In[Spec], changes []schema.Change) schema.Effect {
	return max(worst(changes), in.Asked)
}

// pending reports whether a half-done replacement brings the change by going on.
func pending(in kind.In[Spec], c schema.Change) bool {
	switch c.Attr {
	case "name":
		return midway(in, in.Live)
	case "restart":
		return in.Have.Restart == "no"
	case "state":
		return c.Effect < schema.Replace
	}
	return false
}

// begun tells what a half-done replacement has changed of the old container from
// what somebody did. Where another new one takes its place, nothing of it is
// changed back.
func begun(in kind.In[Spec], changes []schema.Change) []schema.Change {
	anew := effect(in, changes) == schema.Replace
	var out []schema.Change
	for _, c := range changes {
		ours := c.Attr == "name" && midway(in, in.Live) || c.Attr == "restart" && in.Have.Restart == "no" && c.New.Str == was(in, in.Live) ||
			c.Attr == "state" && c.Effect < schema.Replace && served(in, in.Live)
		switch {
		case ours && anew:
			continue
		case ours:
			c.ByHand, c.Cause = false, "its replacement had begun"
		}
		out = append(out, c)
	}
	return out
}

// byHand marks the changes of attributes that the program says as it did when
// the container was made. What another resource brings is none of these.
func byHand(in kind.In[Spec], changes []schema.Change) {
	if len(changes) == 0 {
		return
	}
	now := schema.RecordOf(in.Res.Attrs)
	for i, c := range changes {
		then := in.Live.Record[c.Attr]
		secret := c.New.Sensitive || c.Old.Sensitive // what was said before is not known
		if movedAlias(in, c) {
			changes[i].Cause = fmt.Sprintf("%s was %s", in.Res.Addr, in.Live.Was)
			c = changes[i]
		}
		switch {
		case c.Attr == "state" && c.Cause == "": // stateChange has told
		case c.Cause != "" || c.New.HasEngine() || c.Attr == "image":
			changes[i].ByHand = false
		case !then.IsNull() && then.Equal(now[c.Attr]) && !secret:
			changes[i].Cause = takenOff(in, c)
			changes[i].ByHand = changes[i].Cause == ""
		}
	}
}

// takenOff says why a container is off a network on which it was made, where the
// network is gone or goes in this plan: whoever takes one away takes it off first,
// and an apply that was cut short may have done no more than that.
func takenOff(in kind.In[Spec], c schema.Change) string {
	if c.Attr != "networks" || !c.Old.IsNull() {
		return ""
	}
	switch how, addr := madeAnew(in.Env, "network", c.Path); how {
	case "created":
		return fmt.Sprintf("%s is gone", addr)
	case "replaced":
		return fmt.Sprintf("%s is replaced", addr)
	}
	return ""
}

// movedAlias reports whether a change is that of the name which a container
// always answers to, and which follows from its address.
func movedAlias(in kind.In[Spec], c schema.Change) bool {
	if in.Live.Was.IsZero() || c.Attr != "networks" {
		return false
	}
	return strings.HasSuffix(c.Path, " aliases "+in.Live.Was.Alias()) || strings.HasSuffix(c.Path, " aliases "+in.Res.Alias)
}

func raise(in kind.In[Spec], changes []schema.Change) []schema.Change {
	for i := range changes {
		c := &changes[i]
		replace := func(reason string) { c.Effect, c.Reason = schema.Replace, reason }
		switch {
		case c.Attr == "networks" && macOf(in.Want.Networks, c.Path) != "":
			replace("the engine sets a MAC address only when it makes a container")
		case c.Attr == "files":
			raiseFile(in, c)
		default:
			raiseLimit(in, c)
		}
	}
	return changes
}

func macOf(nets []Net, path string) string {
	for _, n := range nets {
		if path == n.Network.Name || strings.HasPrefix(path, n.Network.Name+" ") {
			return n.MAC
		}
	}
	return ""
}

// raiseFile says what the change of one file does. The record cannot grow on a
// living container: a file that it does not name would be forgotten.
func raiseFile(in kind.In[Spec], c *schema.Change) {
	name := fileAt(in.Want, c.Path)
	x, wanted := in.Want.Files[name]
	switch {
	case !wanted:
		c.Effect, c.Reason = schema.Replace, "the engine has no call that takes a file out of a container"
	case in.Live.Record["files"].Map[name].IsNull():
		c.Effect, c.Reason = schema.Replace, "a living container cannot remember a new file in its labels"
	case x.OnChange != "" && x.OnChange != "restart":
		c.Effect, c.Reason = schema.Live, "on_change is "+x.OnChange
	case in.Want.State == completed || in.Want.State == created || !in.Live.Object.(*object).State.Running:
		c.Effect, c.Reason = schema.Live, "it is not running"
	}
}

// fileAt returns the file that a change's path is about.
func fileAt(s *Spec, path string) string {
	best := ""
	for name := range s.Files {
		if (path == name || strings.HasPrefix(path, name+" ")) && len(name) > len(best) {
			best = name
		}
	}
	return best
}

// imageChange compares by the ID behind the reference.
func imageChange(in kind.In[Spec]) []schema.Change {
	out := in.Env.Outcome(in.Want.Image.Addr)
	if out == nil || !imageMoves(in) {
		return nil
	}
	o := in.Live.Object.(*object)
	was, is := o.Config.Image, out.Ref
	if was == is {
		was += " (" + shortImage(o.Image) + ")"
		if out.ID != "" {
			is += " (" + shortImage(out.ID) + ")"
		}
	}
	cause := out.Why
	if cause == "" && out.Disturbed() {
		cause = fmt.Sprintf("%s is new", in.Want.Image.Addr)
	}
	tag, is := digested(was, is)
	was = strings.TrimPrefix(was, tag+"@")
	return []schema.Change{{
		Attr: "image", Path: tag, Old: ir.StringVal(was), New: ir.StringVal(is), Effect: schema.Replace, Cause: cause, Pos: in.Res.AttrPos("image"),
	}}
}

// digested returns the tag that two references have in common where only their
// digests differ, and the second one without it; else "".
func digested(was, is string) (tag, rest string) {
	before, _, one := strings.Cut(was, "@")
	after, digest, two := strings.Cut(is, "@")
	if !one || !two || before != after {
		return "", is
	}
	return before, digest
}

func shortImage(id string) string { return short(strings.TrimPrefix(id, "sha256:")) }

// portChanges compares what each port of the container is published as. One
// publication on each side is compared field by field.
func portChanges(in kind.In[Spec]) []schema.Change {
	if in.Want.Ports == nil && in.Live.Record["ports"].IsNull() {
		return nil
	}
	var out []schema.Change
	add := func(path string, old, is ir.Value) {
		if !old.Equal(is) {
			out = append(out, schema.Change{Attr: "ports", Path: path, Old: old, New: is, Effect: schema.Replace, Pos: in.Res.AttrPos("ports")})
		}
	}
	want, have := byPort(in.Want.Ports), byPort(in.Have.Ports)
	keys := slices.Collect(maps.Keys(want))
	for k := range have {
		if want[k] == nil {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, ir.CompareKeys)
	for _, k := range keys {
		w, h := want[k], have[k]
		if len(w) == 1 && len(h) == 1 {
			add(k+" host", h[0].hostValue(), w[0].hostValue())
			add(k+" host_ip", addressValue(h[0].HostIP), addressValue(w[0].HostIP))
			continue
		}
		add(k, published(h), published(w))
	}
	return out
}

func byPort(ports []Port) map[string][]Port {
	out := map[string][]Port{}
	for _, p := range ports {
		out[p.key()] = append(out[p.key()], p)
	}
	return out
}

func (p Port) hostValue() ir.Value {
	switch {
	case p.HostRange != "":
		return ir.StringVal(p.HostRange)
	case p.Host == 0:
		return ir.StringVal("of the engine's choice")
	}
	return ir.IntVal(p.Host)
}

func addressValue(ip string) ir.Value {
	if ip == "" {
		return ir.StringVal("all")
	}
	return ir.StringVal(ip)
}

// published shows several publications of one port, in an order of their own.
func published(ports []Port) ir.Value {
	if len(ports) == 0 {
		return ir.Value{}
	}
	var all []string
	for _, p := range ports {
		text := p.hostValue().Show()
		if p.HostIP != "" {
			text = p.HostIP + " " + text
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return ir.StringVal(strings.Join(all, " and "))
}

// remade are endpoints on networks that are not those which the container
// knows by their names: the plan makes them anew, or somebody has.
func remade(in kind.In[Spec], changes []schema.Change) []schema.Change {
	var out []schema.Change
	for _, n := range in.Want.Networks {
		name := n.Network.Name
		known := slices.ContainsFunc(changes, func(c schema.Change) bool { return c.Attr == "networks" && c.Path == name })
		lives := slices.ContainsFunc(in.Have.Networks, func(h Net) bool { return h.Network.Name == name })
		if known || !lives {
			continue
		}
		c := schema.Change{
			Attr: "networks", Path: name, Effect: schema.Reconnect, Note: "connected to the new network of that name", Pos: in.Res.AttrPos("networks"),
		}
		if made, addr := madeAnew(in.Env, "network", name); made != "" {
			c.Cause, c.Forced = fmt.Sprintf("%s is %s", addr, made), true
		} else if !stale(in.Env, in.Live, name) {
			continue
		}
		if n.MAC != "" {
			c.Effect, c.Reason = schema.Replace, "the engine sets a MAC address only when it makes a container"
		}
		out = append(out, c)
	}
	return out
}

// madeAnew says how the plan makes an object of the stack, if it does.
func madeAnew(env *kind.Env, k, name string) (how string, addr ir.Addr) {
	addr, ok := env.Named(k, name)
	if !ok {
		return "", addr
	}
	switch out := env.Outcome(addr); {
	case out == nil:
	case out.Verb == kind.Create:
		return "created", addr
	case out.Verb == kind.Replace:
		return "replaced", addr
	}
	return "", addr
}

// stale reports whether the endpoint of a container belongs to a network that is
// gone, and another one has its name.
func stale(env *kind.Env, l *kind.Live, name string) bool {
	ep := l.Object.(*object).NetworkSettings.Networks[name]
	net := env.Live("network", name)
	return ep != nil && net != nil && ep.NetworkID != "" && net.ID != "" && ep.NetworkID != net.ID
}

// follow lets references to other containers be as they live where only the
// other one's name changes.
func (s *Spec) follow(in kind.In[Spec]) {
	same := func(want, have schema.Ref) schema.Ref {
		addr, own := in.Env.Named("container", want.Name)
		if l := in.Env.Live("container", have.Name); own && l != nil && l.Identity.Addr == addr {
			want.Name = have.Name
		}
		return want
	}
	s.Joins, s.IPCJoins, s.PIDJoins = same(s.Joins, in.Have.Joins), same(s.IPCJoins, in.Have.IPCJoins), same(s.PIDJoins, in.Have.PIDJoins)
	s.VolumesFrom, s.Links = slices.Clone(s.VolumesFrom), slices.Clone(s.Links)
	for i := range s.VolumesFrom {
		for _, h := range in.Have.VolumesFrom {
			s.VolumesFrom[i].Container = same(s.VolumesFrom[i].Container, h.Container)
		}
	}
	for i := range s.Links {
		for _, h := range in.Have.Links {
			s.Links[i].Container = same(s.Links[i].Container, h.Container)
		}
	}
}

// joinChanges are for a container that holds on to others by their IDs: what it
// shares with them is another one when they are made anew, and mostly also when
// they start again.
func joinChanges(in kind.In[Spec]) []schema.Change {
	var out []schema.Change
	for _, h := range in.Want.holdings() {
		addr, ok := in.Env.Named("container", h.other.Name)
		if !ok {
			continue
		}
		other := in.Env.Outcome(addr)
		if other == nil {
			continue
		}
		c := schema.Change{Attr: h.attr, Pos: in.Res.AttrPos(h.attr)}
		switch {
		case other.Verb == kind.Create || other.Verb == kind.Replace || other.Verb == kind.Finish:
			c.Effect, c.Note, c.Cause = schema.Replace, h.note, fmt.Sprintf("%s is new", addr)
		case h.restart && (other.Verb == kind.Restart || other.Verb == kind.Restore):
			c.Effect, c.Note, c.Cause = schema.Restart, "what it shares is made anew", fmt.Sprintf("%s is restarted", addr)
		default:
			continue
		}
		out = append(out, c)
	}
	return out
}

// stateChange compares what the container is doing.
func stateChange(in kind.In[Spec]) []schema.Change {
	s := in.Live.Object.(*object).State
	want := in.Want.State
	if want == "" {
		want = running
	}
	said := cmp.Or(in.Live.Record["state"].Str, running) == want
	c := schema.Change{
		Attr: "state", Old: ir.StringVal(in.Live.Status), New: ir.StringVal(want), Effect: schema.Live, ByHand: said, Pos: in.Res.AttrPos("state"),
	}
	switch {
	case want == created && s.Status == "created":
		return nil
	case want == created:
		c.Effect, c.Reason = schema.Replace, "a container that was started cannot be as if it had not been"
	case s.Paused:
		c.Old = ir.StringVal("paused")
	case s.Running || s.Restarting:
		return nil
	case want == completed && s.Status == "exited" && s.ExitCode == 0:
		return nil
	case engine.LostTask(s.Error):
		c.ByHand, c.Effect, c.Reason = false, schema.Replace, "the engine has lost hold of its process, and cannot start it again"
	case s.Error != "":
		c.ByHand, c.Reason = false, "its last start failed"
	case s.Status == "created" && said:
		c.ByHand, c.Reason = false, "it was never started"
	}
	return []schema.Change{c}
}
