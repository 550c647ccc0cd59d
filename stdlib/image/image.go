// Package image is the room of the kind image: what containers are made from,
// pulled from a registry or built from a directory.
//
// What an image will be is known when a plan is made: a pulled one by its
// digest, a built one by a hash of what the builder would see. Apply gives what
// it pulls or builds a pin, a tag of our own that holds that name, so that the
// engine itself is the record. Images are a cache: no apply removes one, and a
// tag that leaves the program stays where it is.
package image

import (
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/distribution/reference"
)

// Spec is what a program can say about an image: Pull or Build, not both.
type Spec struct {
	Pull  string   // canonical reference: docker.io/library/caddy:2.9; "" if it is built
	Build *Build   // nil if it is pulled
	Tags  []string // what it is known by on the engine, as `docker images` shows it: shop/web:1.4.0

	Policy   string   // of a pull: missing, always, newer or never; "" is missing
	Platform string   // of a pull: such as linux/arm64; "" is the engine's own
	PushAll  bool     // all tags go to their registries
	Push     []string // these go to theirs, and are tags too
}

// When the registry of what is pulled is asked.
const (
	missing = "missing" // where the engine does not have it
	always  = "always"  // at every plan
	newer   = "newer"   // at every plan; what is on the engine serves where it does not answer
	never   = "never"   // never: it is on the engine
)

// pushed returns the tags that go to their registries.
func (s *Spec) pushed() []string {
	if s.PushAll {
		return s.Tags
	}
	return s.Push
}

// pushedAs returns these, or the one of them that tag means if it is not "".
func (s *Spec) pushedAs(tag string) []string {
	if tag == "" {
		return s.pushed()
	}
	return slices.DeleteFunc(slices.Clone(s.pushed()), func(t string) bool { return canonical(t) != canonical(tag) })
}

// tagged returns all tags.
func (s *Spec) tagged() []string {
	tags := slices.Clone(s.Tags)
	for _, t := range s.Push {
		if !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	return tags
}

// Bind says which attributes an image has.
func (s *Spec) Bind(f *schema.Set) {
	f.Parsed(&s.Pull, "pull", "image reference", `an image reference such as "caddy:2.9"`, schema.Live,
		"The reference to pull, if the engine does not have it.", pullRef).From("fromImage")
	schema.Object(f, &s.Build, "build", schema.Live, "What to build it from; a text is the context.",
		schema.Short[Build]{Text: contextOnly}).From("POST /build")
	f.StringSet(&s.Tags, "tags", schema.Live, "What else it is known by on the engine. A tag that leaves the program is not taken away.", tagRef).From("RepoTags")
	f.Parsed(&s.Policy, "pull_policy", "one of missing, always, newer, never", "one of missing, always, newer, never", schema.None,
		"When the registry is asked what the reference stands for: missing (default), if the engine does not have it; always, at every plan; newer, at every plan, but what is on the engine serves where no answer comes; never, since it is on the engine. What bay.lock pins is not asked for.", policy).ByRoom()
	f.Parsed(&s.Platform, "platform", "platform", `a platform such as "linux/arm64"`, schema.Live,
		"The platform to pull the image for; the engine's own by default.", schema.Platform).From("platform")
	f.AllOrSome(&s.PushAll, &s.Push, "push", schema.Live,
		"Which tags go to their registries: true for all of `tags`, or a list, whose elements are tags too. What a registry has is compared at every plan.", tagRef).ByRoom()
	for name, hint := range elsewhere {
		f.Elsewhere(name, hint)
	}
}

// policy returns a word of pull_policy, or what those of Compose are here.
func policy(s string) (string, error) {
	switch {
	case slices.Contains([]string{missing, always, newer, never}, s):
		return s, nil
	case s == "if_not_present":
		return "", fmt.Errorf("got %q, which is %q here", s, missing)
	case s == "build":
		return "", fmt.Errorf("got %q, which is no policy here: what has `build` is built when something of it moved", s)
	case s == "refresh" || s == "daily" || s == "weekly" || strings.HasPrefix(s, "every_"):
		return "", fmt.Errorf("got %q, and no plan depends on the clock: %q asks at every plan, and `bay update` moves what bay.lock pins", s, always)
	}
	return "", fmt.Errorf("got %q, want one of missing, always, newer, never", s)
}

// elsewhere is what other tools call things.
var elsewhere = map[string]string{
	"name":              "an image is known by its `tags`: tags = [\"shop/web:1.4.0\"]; what to pull is `pull`",
	"image":             "what to pull is `pull`; what it is known by is `tags`",
	"tag":               "`tag` is `tags` here: tags = [\"shop/web:1.4.0\"]",
	"context":           "`context` stands in `build`: build = { context = \"./web\" }, or build = \"./web\"",
	"dockerfile":        "`dockerfile` stands in `build`: build = { context = \"./web\", dockerfile = \"Dockerfile\" }",
	"dockerfile_inline": "`dockerfile_inline` stands in `build`: build = { context = \"./web\", dockerfile_inline = … }",
	"build_args":        "`build_args` is `args` in `build`: build = { context = \"./web\", args = { VERSION = \"1\" } }",
	"build_arg":         "build arguments are `args` in `build`: build = { context = \"./web\", args = { VERSION = \"1\" } }",
	"args":              "`args` stands in `build`: build = { context = \"./web\", args = { VERSION = \"1\" } }",
	"target":            "`target` stands in `build`: build = { context = \"./web\", target = \"runtime\" }",
	"labels":            "`labels` stands in `build`: build = { context = \"./web\", labels = { … } }",
	"triggers":          "leave it out: an image is rebuilt when its context, its Dockerfile or an option changed, and only then",
	"pull_triggers":     "leave it out: a moved tag is seen by its digest",
	"keep_locally":      "leave it out: images are a cache, and no apply removes one",
	"force_remove":      "leave it out: images are a cache, and no apply removes one",
	"push_remote":       "`push_remote` is `push` here: push = true, or a list of tags",
}

// pullRef returns the canonical form of a reference to pull: with its
// registry, and with a tag or a digest.
func pullRef(s string) (string, error) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return "", badRef(s, err)
	}
	if reference.Domain(named) == pinDomain {
		return "", fmt.Errorf("%s is bay's own: it cannot be pulled", s)
	}
	return reference.TagNameOnly(named).String(), nil
}

// tagRef returns the canonical form of a tag, which is what the engine shows:
// without docker.io, with :latest.
func tagRef(s string) (string, error) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return "", badRef(s, err)
	}
	if _, ok := named.(reference.Digested); ok {
		return "", fmt.Errorf("%q holds a digest, want a name and a tag such as \"shop/web:1.4.0\"", s)
	}
	if reference.Domain(named) == pinDomain {
		return "", fmt.Errorf("%q is a name that bay keeps for itself: choose another", s)
	}
	return reference.FamiliarString(reference.TagNameOnly(named)), nil
}

func badRef(s string, err error) error {
	if lower := strings.ToLower(s); lower != s {
		if _, lerr := reference.ParseNormalizedNamed(lower); lerr == nil {
			return fmt.Errorf("got %q, want lower case: %q", s, lower)
		}
	}
	return fmt.Errorf("got %q, want an image reference such as \"caddy:2.9\" (%v)", s, err)
}

// familiar returns a canonical reference as people write it.
func familiar(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	return reference.FamiliarString(named)
}

// Names implements schema.Namer: a container, or a Dockerfile, that names one
// of these means this image.
func (s *Spec) Names() []string {
	var names []string
	for _, t := range s.tagged() {
		names = append(names, t, canonical(t))
	}
	if s.Pull != "" {
		names = append(names, s.Pull, familiar(s.Pull))
	}
	return names
}

func canonical(tag string) string {
	named, err := reference.ParseNormalizedNamed(tag)
	if err != nil {
		return tag
	}
	return reference.TagNameOnly(named).String()
}

// Finish checks what no attribute alone can tell, and finds the images of the
// stack that the Dockerfile builds upon.
func (s *Spec) Finish(f *schema.Finishing) {
	switch {
	case s.Pull != "" && s.Build != nil:
		f.Errorf("build", "an image is pulled or built, and this one has both `pull` and `build`").
			Hintf("take one of them away; `tags` says what a built image is known by")
	case !written(f.Res, "pull") && !written(f.Res, "build"):
		f.Errorf("pull", "an image needs `pull` or `build`").
			Hintf("write pull = \"caddy:2.9\", or build = { context = \"./web\" }")
	}
	s.finishRegistry(f)
	for _, tag := range s.tagged() {
		if a, ok := f.Named("image", tag); ok && a != f.Res.Addr {
			f.Errorf("tags", "%s is also %s", tag, a).Hintf("a tag points at one image: give one of them another")
		}
	}
	if s.Build != nil && s.Build.Context == "" && s.Build.Inline == "" {
		f.Errorf("build", "%q is missing", "context").Hintf("write build = { context = \"./web\" }, or the Dockerfile as `dockerfile_inline`")
	} else if s.Build != nil {
		s.Build.finish(f)
	}
}

// finishRegistry checks what is said about registries.
func (s *Spec) finishRegistry(f *schema.Finishing) {
	for _, name := range []string{"pull_policy", "platform"} {
		if written(f.Res, name) && s.Pull == "" && written(f.Res, "build") {
			f.Errorf(name, "this image is built, and %s is about one that is pulled", name).Hintf("take it away")
		}
	}
	if s.PushAll && len(s.Tags) == 0 {
		f.Errorf("push", "push = true pushes all `tags`, and there are none").Hintf("write tags = [\"ghcr.io/me/web:1.4.0\"], or name them: push = [\"ghcr.io/me/web:1.4.0\"]")
	}
}

// show adds the digest of what has one: what is pulled, and what is pushed.
func show(s *Spec, self ir.Addr, shown map[string]ir.Value) {
	if s.Pull != "" || len(s.pushed()) > 0 {
		shown["digest"] = ir.EngineVal(self, "digest")
	}
}

// source tells where that is read: beside the image, the engine keeps the
// digests that registries know it by.
func source(s *Spec, _, attr string) *engine.Source {
	name := familiar(s.Pull)
	if tags := s.pushed(); len(tags) > 0 {
		name = tags[0]
	}
	if attr != "digest" || name == "" {
		return nil
	}
	return &engine.Source{
		Read: engine.Read{Call: "ImageInspect", Arg: name}, Path: []string{"RepoDigests", reference.FamiliarName(parsed(name)) + "@"},
	}
}

// does reports whether a task is about an image.
func does(s *Spec, t kind.Task, tag string) bool {
	switch t {
	case kind.Pull:
		return s.Pull != "" && s.Policy != never
	case kind.Build:
		return s.Build != nil
	}
	return len(s.pushedAs(tag)) > 0
}

// pins returns what the lock file can pin of images: what they pull, and what
// those build upon that is not the stack's own.
func pins(s kind.Scope) map[ir.Addr][]string {
	r := &reading{Scope: s}
	out := map[ir.Addr][]string{}
	for _, w := range s.Wants {
		spec := w.Spec.(*Spec)
		var refs []string
		switch {
		case spec.Build != nil:
			refs = r.upon(w)
		case spec.Pull != "" && spec.Policy != never:
			refs = []string{spec.Pull}
		}
		if refs = slices.DeleteFunc(refs, func(ref string) bool { return digestIn(ref) != "" }); len(refs) > 0 {
			out[w.Res.Addr] = refs
		}
	}
	return out
}

// upon returns the references of images from elsewhere that a build needs. A
// Dockerfile that cannot be read has been reported, or will be.
func (r *reading) upon(w *kind.Want) []string {
	b := w.Spec.(*Spec).Build
	refs := b.images()
	if src, err := b.place(w.Res.Dir).source(schema.Host{}); err == nil {
		for _, u := range usesOf(src, b) {
			refs = append(refs, u.ref)
		}
	}
	refs = slices.DeleteFunc(refs, func(ref string) bool { return ref == "" || r.named(ref) != nil })
	slices.Sort(refs)
	return slices.Compact(refs)
}

// written reports whether the program says something under name, be it wrong.
func written(r *ir.Resource, name string) bool {
	a := r.Attr(name)
	return a != nil && !a.Value.IsNull()
}

// Kind is the kind image. It has no Remove: images are a cache.
var Kind = kind.Define(kind.Def[Spec]{
	Name:    "image",
	Doc:     "What containers are made from: pulled, or built.",
	New:     func() schema.Binder { return new(Spec) },
	Show:    show,
	Source:  source,
	Does:    does,
	Pushes:  (*Spec).pushed,
	Pins:    pins,
	Resolve: resolve,
	Read:    read,
	Adjust:  adjust,
	Create:  create,
	Update:  update,
	Replace: update,
	Outcome: outcome,
	Drop:    drop,
	Dropped: dropped,
})
