package image

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/distribution/reference"
	api "github.com/docker/docker/api/types/image"
	"golang.org/x/sync/errgroup"
)

// state is what is known about a wanted image.
type state struct {
	ident string            // what names its content: the hash of a build, the digest of a pull, the ID of one that has neither
	pin   string            // our own tag for it
	ref   string            // what a create call names
	id    string            // of the image on the engine; "" until it is made
	conf  *kind.ImageConfig // nil until it is made
	tags  map[string]string // the ID behind each wanted tag, pin and local reference; "" where there is none

	platform string // that it is for; "" is not known

	digest string // in the registry that it comes from or has been pushed to; "" is not known

	fetch   string             // of a pull that goes by a digest: REPOSITORY@DIGEST
	local   bool               // of a pull: it goes by the reference that is on the engine
	pinned  bool               // of a pull: the lock file says its digest
	ours    bool               // of a pull: what has the reference on the engine got it from this stack
	unknown bool               // of a pull: nobody has told what it stands for, and nothing is done with it
	many    bool               // of a pull that goes by a digest: other resources pull the same reference
	lost    bool               // of a pull: the image is there by its pin, and no longer by its digest
	other   string             // of a pull: the platform for which the engine has the digest, and not the one that is wanted
	marks   []string           // the tags beside its pin that say what came with it
	behind  []string           // tags that are not in their registries what they are here
	remote  map[string]remote  // of those that were asked for, what is there
	tree    *tree              // of a build
	more    map[string]*tree   // of a build: further contexts that are directories
	shown   string             // of a build: its Dockerfile, for people
	kit     bool               // of a build: the engine has BuildKit
	classic bool               // of a build: the classic builder builds it
	modern  string             // of a build: what in its Dockerfile only BuildKit knows, for people
	bases   []string           // of a build: canonical references that its Dockerfile names
	pins    map[string]string  // of these, what the lock file says that they stand for
	below   map[string]string  // of these, what the stack's own and those of the lock file are, by familiar reference
	owner   map[string]ir.Addr // and whose they are
}

// remote is what a registry has under a tag.
type remote struct {
	digest string // "" if there is none
	id     string // of the image on the engine that this is, "" if it is none
}

// record returns what the record image of a build says.
func (s *state) record(spec *Spec) record {
	b := *spec.Build
	b.Secrets = nil // nothing of them is kept
	return record{Attrs: map[string]ir.Value{"build": buildValue(&Spec{Build: &b})}, Files: s.files(), Bases: s.below}
}

// files returns the hash of each file that the builder would see, those of
// further contexts after the context's name.
func (s *state) files() map[string]string {
	files := s.tree.files()
	for name, t := range s.more {
		for file, sum := range t.files() {
			if file != inlineName {
				files[name+":"+file] = sum
			}
		}
	}
	return files
}

// reading is one run of read.
type reading struct {
	kind.Scope
	shelf  shelf
	found  *kind.Found
	states map[ir.Addr]*state

	mu      sync.Mutex
	answers map[string]*answer // of registries, by canonical reference
}

// shelf is the images on the engine by what they are called.
type shelf map[string]*api.Summary

func shelve(list []api.Summary) shelf {
	s := shelf{}
	for i := range list {
		for _, name := range slices.Concat(list[i].RepoTags, list[i].RepoDigests) {
			s[name] = &list[i]
		}
	}
	return s
}

// id returns the ID behind a name, or "".
func (s shelf) id(name string) string {
	if i := s[name]; i != nil {
		return i.ID
	}
	return ""
}

// read lists the images, hashes the contexts of builds, and asks the registry
// for each reference that neither the lock file nor the engine has, and for each
// tag that is pushed.
func read(ctx context.Context, s kind.Scope) (*kind.Found, error) {
	r := &reading{Scope: s, found: &kind.Found{Known: map[ir.Addr]any{}}, states: map[ir.Addr]*state{}, answers: map[string]*answer{}}
	if len(s.Wants) == 0 && !s.Idle {
		return r.found, nil
	}
	list, err := s.Reader.ImageList(ctx, api.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	r.shelf = shelve(list)
	for _, w := range s.Wants {
		r.states[w.Res.Addr] = &state{tags: map[string]string{}, remote: map[string]remote{}}
	}
	if err := r.builds(ctx); err != nil {
		return nil, err
	}
	if err := r.pulls(ctx); err != nil {
		return nil, err
	}
	for _, w := range s.Wants {
		r.name(w, nil)
	}
	for _, w := range s.Wants {
		r.comes(w)
	}
	r.pushes(ctx)
	for _, w := range s.Wants {
		if st := r.states[w.Res.Addr]; st.ident != "" {
			r.found.Known[w.Res.Addr] = st
			r.live(w, st)
		}
	}
	if s.Idle {
		return r.found, r.idlers(ctx, list)
	}
	return r.found, r.inspect(ctx)
}

func (r *reading) state(w *kind.Want) (*state, *Spec) {
	return r.states[w.Res.Addr], w.Spec.(*Spec)
}

// builds hashes the contexts, one after the other: each reads its files side by
// side.
func (r *reading) builds(ctx context.Context) error {
	kit, err := r.buildKit(ctx)
	if err != nil {
		return err
	}
	for _, w := range r.Wants {
		st, spec := r.state(w)
		if spec.Build == nil {
			continue
		}
		place := spec.Build.place(w.Res.Dir)
		if m := place.look(r.Dir, schema.Host{}); m != nil {
			r.fail(w, "build", "%v", m.Err).Hintf("%s", m.Hint)
			continue
		}
		tree, err := place.see()
		if err != nil {
			r.fail(w, "build", "reading the context: %v", err).Hintf("a file that the builder need not see can be named in .dockerignore")
			continue
		}
		if st.bases, st.modern, err = basesOf(tree.source, place.shown(r.Dir), spec.Build); err != nil {
			r.fail(w, "build", "%v", err)
			continue
		}
		if st.more, err = spec.Build.further(w.Res.Dir); err != nil {
			r.fail(w, "build", "reading a further context: %v", err)
			continue
		}
		st.bases = append(st.bases, spec.Build.images()...)
		r.pinBases(w, st, tree)
		st.shown = place.shown(r.Dir)
		st.tree, st.kit, st.classic = tree, kit, spec.Build.classic(r.Info, kit)
	}
	return nil
}

// pinBases lets a build take what the lock file says that its bases stand for.
func (r *reading) pinBases(w *kind.Want, st *state, t *tree) {
	b, digests := w.Spec.(*Spec).Build, map[string]string{}
	for _, ref := range st.bases {
		if own := r.named(ref); own == nil || own.Spec.(*Spec).Pull != "" {
			digests[ref] = r.Pins[ref]
		}
	}
	sent, done := pinned(t.source, b, digests)
	if len(done) > 0 {
		t.sent = sent
	}
	for _, ref := range b.images() {
		if digests[ref] != "" {
			done[ref] = digests[ref]
		}
	}
	st.pins = done
	if !r.Locked || r.Task == kind.Pull {
		return
	}
	for _, u := range usesOf(t.source, b) {
		if u.ref == "" {
			r.fail(w, "build", "%s:%d: what %s stands for is known to the builder alone, and --locked takes nothing that is not pinned", t.place.shown(r.Dir), u.line, u.raw).
				Hintf("write the reference with its digest, or one that needs no argument of the builder's")
		}
	}
	for _, ref := range st.bases {
		if r.named(ref) == nil && digestIn(ref) == "" && done[ref] == "" {
			r.fail(w, "build", "it builds upon %s, which does not stand in bay.lock, and --locked takes nothing else", familiar(ref)).
				Hintf("bay update writes what it stands for now; a reference with a digest needs no lock")
		}
	}
}

// buildKit reports whether the engine has BuildKit, if anything is built.
func (r *reading) buildKit(ctx context.Context) (bool, error) {
	builds := slices.ContainsFunc(r.Wants, func(w *kind.Want) bool { return w.Spec.(*Spec).Build != nil })
	if !builds || r.BuildKit == nil {
		return false, nil
	}
	return r.BuildKit(ctx)
}

// further reads the further contexts that are directories.
func (b *Build) further(dir string) (map[string]*tree, error) {
	out := map[string]*tree{}
	for name, c := range b.Contexts {
		if c.Path == "" {
			continue
		}
		var err error
		if out[name], err = (&place{context: rooted(dir, c.Path), inline: "x"}).see(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

// images returns the references of further contexts that are images.
func (b *Build) images() []string {
	var out []string
	for _, c := range b.Contexts {
		if c.Image.Addr.IsZero() && c.Image.Name != "" {
			out = append(out, canonical(c.Image.Name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *reading) fail(w *kind.Want, attr, format string, args ...any) *diag.Diag {
	d := r.found.Notes.Addf(w.Res.AttrPos(attr), "%s.%s: %s", w.Res.Addr, attr, fmt.Sprintf(format, args...))
	d.Calls = w.Res.Calls
	return d
}

// name settles what names the content of a want, those first that its
// Dockerfile builds upon. on holds the ones on the way.
func (r *reading) name(w *kind.Want, on []ir.Addr) {
	st, spec := r.state(w)
	if st.pin != "" || slices.Contains(on, w.Res.Addr) {
		return
	}
	if st.tree != nil {
		st.below, st.owner = map[string]string{}, map[string]ir.Addr{}
		for _, base := range st.bases {
			if b := r.named(base); b != nil && b != w {
				r.name(b, append(on, w.Res.Addr))
				st.below[familiar(base)], st.owner[familiar(base)] = r.states[b.Res.Addr].ident, b.Res.Addr
			} else if digest := st.pins[base]; digest != "" {
				st.below[familiar(base)] = digest
			}
		}
		for _, name := range slices.Sorted(maps.Keys(spec.Build.Contexts)) {
			a := spec.Build.Contexts[name].Image.Addr
			if b := r.at(a); b != nil && b != w {
				r.name(b, append(on, w.Res.Addr))
				st.below[a.String()], st.owner[a.String()] = r.states[a].ident, a
			}
		}
		st.ident = st.hash(spec.Build, r.Info)
	}
	if st.ident == "" {
		return // it has been reported
	}
	st.pin = pinRepo(r.Stack, w.Res.Addr) + ":" + short12(st.ident) + platformSuffix(spec.Platform)
	if st.tree != nil {
		st.ref = st.pin
		if img := r.shelf[st.pin]; img != nil && img.Labels[engine.LabelImageHash] == st.ident {
			st.id = img.ID
		}
	}
	if st.fetch != "" && st.id == "" {
		st.id = r.shelf.id(st.pin)
		st.lost = st.id != "" && spec.Platform == ""
	}
	if spec.Platform != "" {
		st.ref = st.pin // a digest can stand for several platforms
	}
	for name := range r.shelf {
		if strings.HasPrefix(name, st.pin+broughtSuffix) {
			st.marks = append(st.marks, name)
		}
	}
	if spec.Pull != "" {
		st.tags[familiar(spec.Pull)] = r.shelf.id(familiar(spec.Pull))
		st.ours = r.brought(familiar(spec.Pull))
	}
	for _, tag := range st.wanted(spec) {
		st.tags[tag] = r.shelf.id(tag)
	}
}

// wanted returns the tags that shall point at the image, the pin first.
func (s *state) wanted(spec *Spec) []string {
	tags := []string{s.pin}
	if tag := s.tagged(spec); tag != "" && !slices.Contains(spec.tagged(), tag) {
		tags = append(tags, tag)
	}
	return append(tags, spec.tagged()...)
}

// tagged returns the tag that what is pulled by digest gets beside its pin, so
// that the next plan finds the reference on the engine and asks no registry; ""
// where it is there, or is itself a digest.
func (s *state) tagged(spec *Spec) string {
	if s.fetch == "" || digestIn(spec.Pull) != "" || s.many && spec.Platform != "" {
		return "" // the last: it is that of who pulls it for the engine's own platform
	}
	tag := familiar(spec.Pull)
	if id := s.tags[tag]; s.pinned && !s.ours && id != "" && id != s.id {
		return "" // what is pinned needs no tag, and others may rely on where it points
	}
	return tag
}

func (r *reading) at(a ir.Addr) *kind.Want {
	for _, w := range r.Wants {
		if w.Res.Addr == a {
			return w
		}
	}
	return nil
}

// named returns the want that goes by a reference; of several, one that is for
// the engine's own platform.
func (r *reading) named(ref string) (found *kind.Want) {
	for _, w := range r.Wants {
		spec := w.Spec.(*Spec)
		if slices.Contains(spec.Names(), ref) && (found == nil || spec.Platform == "") {
			found = w
		}
	}
	return found
}

// hash returns the name of what the builder would see. Nothing in it may ever
// change for what has been built: everybody's images would be built anew.
func (s *state) hash(b *Build, info engine.Info) string {
	h := sha256.New()
	platform := info.OS + "/" + info.Arch
	if len(b.Platforms) > 0 {
		platform = strings.Join(slices.Sorted(slices.Values(b.Platforms)), ",")
	}
	fmt.Fprintf(h, "bayplan.build/1\nplatform %s\ntarget %q\n", platform, b.Target)
	for _, m := range []struct {
		what string
		kv   map[string]string
	}{{"arg", b.Args}, {"label", b.Labels}, {"base", s.below}, {"host", b.ExtraHosts}} {
		for _, k := range slices.Sorted(maps.Keys(m.kv)) {
			fmt.Fprintf(h, "%s %q %q\n", m.what, k, m.kv[k])
		}
	}
	if b.Network != "" && b.Network != "default" {
		fmt.Fprintf(h, "network %q\n", b.Network)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Contexts)) {
		c := b.Contexts[name]
		fmt.Fprintf(h, "context %q %q %q\n", name, c.URL, c.Image.Name)
		if t := s.more[name]; t != nil {
			t.lines(h)
		}
	}
	s.tree.lines(h)
	return hex.EncodeToString(h.Sum(nil))
}

// live finds the image that a resource goes on with, by its pins: the one that
// its first tag points at, else the wanted one, else the newest.
func (r *reading) live(w *kind.Want, st *state) {
	spec := w.Spec.(*Spec)
	repo := pinRepo(r.Stack, w.Res.Addr)
	pins := map[string]*api.Summary{}
	var newest string
	for _, name := range slices.Sorted(maps.Keys(r.shelf)) {
		if !strings.HasPrefix(name, repo+":") || strings.HasSuffix(name, filesSuffix) || strings.Contains(name, broughtSuffix) {
			continue
		}
		pins[name] = r.shelf[name]
		if newest == "" || pins[name].Created > pins[newest].Created {
			newest = name
		}
	}
	if newest == "" {
		return
	}
	pin := newest
	if pins[st.pin] != nil {
		pin = st.pin
	}
	if len(spec.Tags) > 0 {
		for _, name := range slices.Sorted(maps.Keys(pins)) {
			if id := r.shelf.id(spec.Tags[0]); id != "" && pins[name].ID == id && pins[pin].ID != id {
				pin = name
			}
		}
	}
	r.found.Live = append(r.found.Live, r.object(w, st, pin))
}

// object is a living image.
type object struct {
	ident string  // as in state, or its beginning
	rec   *record // of builds; nil if there is none
}

func (r *reading) object(w *kind.Want, st *state, pin string) *kind.Live {
	img := r.shelf[pin]
	o := &object{ident: pin[strings.LastIndex(pin, ":")+1:]}
	spec := &Spec{}
	switch built := img.Labels[engine.LabelImageHash]; {
	case strings.HasPrefix(built, o.ident):
		o.ident = built
		o.rec, spec.Build = r.recorded(pin)
	case st.tree == nil && pin == st.pin:
		o.ident = st.ident
		spec.Pull = w.Spec.(*Spec).Pull
	default:
		spec.Pull = pulledAs(img, w.Spec.(*Spec).Pull)
	}
	spec.Platform = platformOf(pin)
	for _, tag := range w.Spec.(*Spec).Tags {
		if r.shelf.id(tag) == img.ID {
			spec.Tags = append(spec.Tags, tag)
		}
	}
	return &kind.Live{
		Kind: "image", ID: img.ID, Name: pin, Spec: spec, Object: o,
		Identity: engine.Identity{Stack: r.Stack, Addr: w.Res.Addr, Name: pin},
	}
}

// recorded returns what an image was built from. Without a record, or with one
// that makes no sense, a plan cannot say what moved; that something moved it
// knows all the same.
func (r *reading) recorded(pin string) (*record, *Build) {
	img := r.shelf[pin+filesSuffix]
	if img == nil {
		return nil, &Build{}
	}
	rec, err := decodeRecord(img.Labels[engine.LabelImageFiles])
	if err != nil {
		return nil, &Build{}
	}
	return rec, cmp.Or(rec.spec().Build, &Build{})
}

// pulledAs returns the reference that an image was pulled by, as far as its
// tags tell: one of the repository that is wanted, or else another one. Without
// any it is the one that is wanted, which then has moved.
func pulledAs(img *api.Summary, want string) string {
	tags := slices.Sorted(slices.Values(img.RepoTags))
	tags = slices.DeleteFunc(tags, func(t string) bool { return strings.HasPrefix(t, pinDomain+"/") })
	if named, err := reference.ParseNormalizedNamed(want); err == nil {
		repo := reference.FamiliarName(named)
		for _, t := range tags {
			if strings.HasPrefix(t, repo+":") {
				return canonical(t)
			}
		}
		if slices.ContainsFunc(img.RepoDigests, func(d string) bool { return strings.HasPrefix(d, repo+"@") }) {
			return want
		}
	}
	if len(tags) == 0 {
		return want
	}
	return canonical(tags[0])
}

// inspect reads what containers inherit from the images that are there.
func (r *reading) inspect(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for _, w := range r.Wants {
		st := r.states[w.Res.Addr]
		if st.id == "" {
			continue
		}
		g.Go(func() error {
			got, err := r.Reader.ImageInspect(ctx, st.id)
			if err != nil {
				return fmt.Errorf("image %s: %w", st.ref, err)
			}
			st.conf = config(got)
			if spec := w.Spec.(*Spec); !r.Info.Containerd { // there it can be for several
				st.platform = platformText(got.Os, got.Architecture, got.Variant)
			} else {
				st.platform = spec.Platform
			}
			return nil
		})
	}
	return g.Wait()
}

func config(i api.InspectResponse) *kind.ImageConfig {
	if i.Config == nil {
		return &kind.ImageConfig{}
	}
	c := &kind.ImageConfig{
		Env: i.Config.Env, Cmd: i.Config.Cmd, Entrypoint: i.Config.Entrypoint, User: i.Config.User,
		WorkingDir: i.Config.WorkingDir, StopSignal: i.Config.StopSignal, Labels: i.Config.Labels,
		Ports:   slices.Sorted(maps.Keys(i.Config.ExposedPorts)),
		Volumes: slices.Sorted(maps.Keys(i.Config.Volumes)),
	}
	if h := i.Config.Healthcheck; h != nil {
		c.Healthcheck = &kind.Healthcheck{
			Test: h.Test, Retries: h.Retries, Interval: int64(h.Interval), Timeout: int64(h.Timeout),
			StartPeriod: int64(h.StartPeriod), StartInterval: int64(h.StartInterval),
		}
	}
	return c
}
