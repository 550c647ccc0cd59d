package image

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/container"
)

// buildValue returns `build` in its canonical form.
func buildValue(s *Spec) ir.Value { return schema.ValueOf(s, "build") }

func create(in kind.In[Spec]) kind.Work { return update(in, nil) }

// update makes the image if it is not there, and lets all tags point at it.
// It disturbs nobody: who uses the old image keeps it.
func update(in kind.In[Spec], _ []schema.Change) kind.Work {
	st, _ := in.Known.(*state)
	if st == nil {
		return kind.Work{Early: true} // it has been reported
	}
	w := kind.Work{Early: true, Beside: st.id == ""}
	image := st.id
	var came []string // references that the engine has by us
	switch {
	case st.id != "":
		w.Facts = still(st, in.Want)
		if st.lost {
			w.Ops = append(w.Ops, engine.Op{Call: &engine.ImagePull{Ref: st.fetch, Platform: in.Want.Platform}})
		}
	case st.tree != nil:
		w.Ops = append(w.Ops, build(in, st), st.record(in.Want).build(st.pin))
		image = st.pin
	default:
		w.Ops = append(w.Ops, engine.Op{Call: &engine.ImagePull{Ref: st.fetch, Platform: in.Want.Platform}})
		image = st.fetch
		came = append(came, familiar(st.fetch))
	}
	for _, tag := range st.wanted(in.Want) {
		if (st.id == "" || st.tags[tag] != st.id) && tag != image {
			w.Ops = append(w.Ops, engine.Op{Call: &engine.ImageTag{Image: image, Ref: tag}})
			if tag != st.pin {
				came = append(came, tag)
			}
		}
	}
	for _, tag := range st.behind {
		if to := pushedTo(tag); !slices.Contains(came, to) && !slices.ContainsFunc(st.marks, func(mark string) bool { return cameWith(mark, to) }) {
			came = append(came, to)
		}
	}
	for _, mark := range brought(st.pin, came) {
		w.Ops = append(w.Ops, engine.Op{Call: &engine.ImageTag{Image: image, Ref: mark}})
	}
	for _, tag := range st.behind {
		w.Ops = append(w.Ops, push(st, tag))
	}
	if tag := st.tagged(in.Want); tag != "" && st.tags[tag] == "" && !st.many {
		w.Facts = append(w.Facts, engine.Fact{Source: engine.Source{Read: engine.Read{Call: "ImageInspect", Arg: tag}}, Absent: true})
	}
	return w
}

// push pushes a tag, if its registry still has what it had: nobody else's push is
// overwritten unseen.
func push(st *state, tag string) engine.Op {
	op := engine.Op{Call: &engine.ImagePush{Ref: tag}}
	if was, asked := st.remote[tag]; asked {
		op.Facts = []engine.Fact{{
			Source: engine.Source{Read: engine.Read{Call: "DistributionInspect", Arg: canonical(tag)}, Path: []string{"Descriptor", "digest"}},
			Want:   was.digest, Absent: was.digest == "",
		}}
	}
	return op
}

// still is the fact that the image is there, under the reference by which it
// was found.
func still(st *state, want *Spec) []engine.Fact {
	name := st.id
	if st.local {
		name = familiar(want.Pull)
	}
	return []engine.Fact{{Source: engine.Source{Read: engine.Read{Call: "ImageInspect", Arg: name}, Path: []string{"Id"}}, Want: st.id}}
}

func build(in kind.In[Spec], st *state) engine.Op {
	b := in.Want.Build
	labels := map[string]string{
		engine.LabelImageStack: in.Env.Stack,
		engine.LabelImageAddr:  in.Res.Addr.String(),
		engine.LabelImageHash:  st.ident,
	}
	maps.Copy(labels, b.Labels)
	if !st.classic {
		return solve(in, st, labels)
	}
	return engine.Op{
		Call: &engine.ImageBuild{
			Dockerfile: st.tree.sentAs(), Tags: []string{st.pin}, Args: maps.Clone(b.Args), Target: b.Target, Labels: labels,
			Bases: st.foreign(), Platform: strings.Join(b.Platforms, ","), Network: b.Network, ExtraHosts: hosts(b.ExtraHosts, ":"),
			ShmSize: b.ShmSize, Ulimits: ulimits(b.Ulimits), CacheFrom: cachedIn(b.CacheFrom), NoCache: b.NoCache, Pull: b.Pull,
		},
		Stream: st.tree.stream(st.ident),
	}
}

// solve is a build with BuildKit.
func solve(in kind.In[Spec], st *state, labels map[string]string) engine.Op {
	b := in.Want.Build
	var op engine.Op
	c := &engine.ImageSolve{
		Shown: st.shown, Tags: []string{st.pin}, Frontend: map[string]string{},
		CacheFrom: caches(b.CacheFrom), CacheTo: caches(b.CacheTo), SSH: agents(in.Res.Dir, b.SSH), Bases: st.foreign(), NoCache: b.NoCache,
	}
	say := func(key, value string) {
		if value != "" {
			c.Frontend[key] = value
		}
	}
	for key, value := range b.Args {
		c.Frontend["build-arg:"+key] = value
	}
	for key, value := range labels {
		c.Frontend["label:"+key] = value
	}
	say("target", b.Target)
	say("platform", strings.Join(b.Platforms, ","))
	say("add-hosts", strings.Join(hosts(b.ExtraHosts, "="), ","))
	if b.Network != "default" {
		say("force-network-mode", b.Network)
	}
	if b.ShmSize > 0 {
		say("shm-size", strconv.FormatInt(b.ShmSize, 10))
	}
	var limits []string
	for _, u := range ulimits(b.Ulimits) {
		limits = append(limits, u.String())
	}
	say("ulimit", strings.Join(limits, ","))
	if b.Pull {
		c.Frontend["image-resolve-mode"] = "pull"
	}
	op.Stream = &engine.Stream{Hash: st.ident, Size: st.tree.size(), Dirs: map[string]engine.Dir{"context": st.tree.dir(), "dockerfile": st.tree.recipeDir()}}
	contexts(in, st, c, op.Stream)
	for _, id := range slices.Sorted(maps.Keys(b.Secrets)) {
		if s := b.Secrets[id]; s.File != "" {
			c.SecretFiles = with(c.SecretFiles, id, rooted(in.Res.Dir, s.File))
		} else {
			c.Secrets = with(c.Secrets, id, op.Blanks.Secret(s.Value.Str))
		}
	}
	op.Call = c
	return op
}

// agents returns agents with the paths of their sockets and keys whole.
func agents(dir string, ssh []string) []string {
	var out []string
	for _, s := range ssh {
		id, paths, ok := strings.Cut(s, "=")
		if ok {
			var whole []string
			for path := range strings.SplitSeq(paths, ",") {
				whole = append(whole, rooted(dir, path))
			}
			id += "=" + strings.Join(whole, ",")
		}
		out = append(out, id)
	}
	return out
}

// contexts adds the further contexts to a build with BuildKit.
func contexts(in kind.In[Spec], st *state, c *engine.ImageSolve, s *engine.Stream) {
	for name, x := range in.Want.Build.Contexts {
		key := "context:" + name
		switch t := st.more[name]; {
		case t != nil:
			c.Frontend[key] = "local:context:" + name
			s.Dirs["context:"+name] = t.dir()
			s.Size += t.size()
		case x.URL != "":
			c.Frontend[key] = x.URL
		case !x.Image.Addr.IsZero():
			c.Frontend[key] = dockerImage + canonical(in.Env.Outcome(x.Image.Addr).Ref)
		default:
			c.Frontend[key] = dockerImage + canonical(x.Image.Name)
			if digest := st.pins[canonical(x.Image.Name)]; digest != "" {
				c.Frontend[key] += "@" + digest
			}
		}
	}
}

func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

// hosts returns names with their addresses, in order.
func hosts(m map[string]string, between string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, name+between+m[name])
	}
	return out
}

func ulimits(m map[string]Ulimit) []*container.Ulimit {
	var out []*container.Ulimit
	for _, name := range slices.Sorted(maps.Keys(m)) {
		u := &container.Ulimit{Name: name, Soft: *m[name].Soft, Hard: *m[name].Soft}
		if m[name].Hard != nil {
			u.Hard = *m[name].Hard
		}
		out = append(out, u)
	}
	return out
}

// cachedIn returns the images that the classic builder looks into.
func cachedIn(list []string) []string {
	var out []string
	for _, c := range caches(list) {
		out = append(out, c.Attrs["ref"])
	}
	return out
}

// foreign returns the references that a build may have to pull: those that it
// builds upon and that are not the stack's own.
func (s *state) foreign() []string {
	return slices.DeleteFunc(slices.Clone(s.bases), func(ref string) bool { return !s.owner[familiar(ref)].IsZero() })
}
