package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	api "github.com/docker/docker/api/types/image"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// answer is what a registry says of a reference.
type answer struct {
	asked     sync.Once
	digest    string
	platforms []ocispec.Platform // that it has; none where it does not tell
	err       error
}

// ask asks the registry of a canonical reference what it stands for, once for
// a plan.
func (r *reading) ask(ctx context.Context, ref string) *answer {
	r.mu.Lock()
	a := r.answers[ref]
	if a == nil {
		a = &answer{}
		r.answers[ref] = a
	}
	r.mu.Unlock()
	a.asked.Do(func() {
		got, err := r.Reader.DistributionInspect(ctx, ref, "")
		a.digest, a.platforms, a.err = got.Descriptor.Digest.String(), got.Platforms, err
	})
	return a
}

// askAll asks side by side.
func (r *reading) askAll(ctx context.Context, refs []string) {
	var g errgroup.Group
	g.SetLimit(8)
	for _, ref := range refs {
		g.Go(func() error {
			r.ask(ctx, ref) // what went wrong is in the answer
			return nil
		})
	}
	_ = g.Wait()
}

// resolve asks what references stand for now, whatever the engine and the lock
// file have.
func resolve(ctx context.Context, s kind.Scope, about map[ir.Addr][]string) (map[string]string, diag.List) {
	r := &reading{Scope: s, found: &kind.Found{}, answers: map[string]*answer{}}
	r.Task = kind.Pull
	var refs []string
	for _, some := range about {
		refs = append(refs, some...)
	}
	slices.Sort(refs)
	r.askAll(ctx, slices.Compact(refs))
	out := map[string]string{}
	for _, w := range s.Wants {
		for _, ref := range about[w.Res.Addr] {
			if a := r.ask(ctx, ref); a.err != nil {
				r.unanswered(w, ref, a.err)
			} else {
				out[ref] = a.digest
			}
		}
	}
	return out, r.found.Notes
}

// policyOf returns when the registry of what is pulled is asked in this plan.
func (r *reading) policyOf(spec *Spec) string {
	switch {
	case spec.Policy == "":
		if r.Task == kind.Pull {
			return always
		}
		return missing
	case r.Task == kind.Pull && spec.Policy != never:
		return always
	}
	return spec.Policy
}

// unasked says why the registry of a reference is not asked; "" if it is.
func (r *reading) unasked(ref string) string {
	host := reference.Domain(parsed(ref))
	switch {
	case r.Offline:
		return "with --offline its registry is not asked"
	case slices.Contains(r.Closed, host):
		return fmt.Sprintf("without the account for %s, which holds a sensitive input, its registry is not asked", host)
	}
	return ""
}

// pulls finds what each reference to pull stands for now.
func (r *reading) pulls(ctx context.Context) error {
	var open []*kind.Want
	var refs []string
	for _, w := range r.Wants {
		st, spec := r.state(w)
		if spec.Pull == "" {
			continue
		}
		done, err := r.settled(ctx, w, st, spec)
		if err != nil {
			return err
		}
		if !done {
			open, refs = append(open, w), append(refs, spec.Pull)
		}
	}
	r.askAll(ctx, refs)
	for _, w := range open {
		if err := r.told(ctx, w); err != nil {
			return err
		}
	}
	same := map[string]int{}
	for _, w := range r.Wants {
		if spec := w.Spec.(*Spec); spec.Pull != "" {
			same[spec.Pull]++
		}
	}
	for _, w := range r.Wants {
		st, spec := r.state(w)
		st.many = same[spec.Pull] > 1
	}
	return nil
}

// settled finds what a reference stands for without its registry: it is a
// digest, the lock file has it, or the engine. It reports whether nothing else
// has to be asked.
func (r *reading) settled(ctx context.Context, w *kind.Want, st *state, spec *Spec) (bool, error) {
	policy := r.policyOf(spec)
	pin := r.Pins[spec.Pull]
	if d := digestIn(spec.Pull); d != "" {
		return true, st.fetched(ctx, r, spec, d)
	}
	if pin != "" {
		st.pinned = true
		return true, st.fetched(ctx, r, spec, pin)
	}
	if r.Locked && policy != never {
		r.fail(w, "pull", "%s does not stand in bay.lock, and --locked takes nothing else", familiar(spec.Pull)).
			Hintf("bay update writes what it stands for now; a reference with a digest needs no lock")
		return true, nil
	}
	unasked := r.unasked(spec.Pull)
	if policy == missing || policy == never || unasked != "" || r.Idle {
		here, err := r.here(ctx, w, st, spec)
		if here || err != nil {
			if unasked != "" && (policy == always || policy == newer) && !r.Idle {
				r.warn(w, "pull_policy", "whether %s has moved is not known: %s", familiar(spec.Pull), unasked)
			}
			return true, err
		}
	}
	switch {
	case r.Idle:
		st.unknown = true
	case policy == never:
		r.fail(w, "pull", "%s is not on the engine, and pull_policy = %q pulls nothing", familiar(spec.Pull), never).
			Hintf("bring it there with docker load, docker build or docker pull, or take pull_policy away")
	case r.Offline:
		r.fail(w, "pull", "%s is not on the engine, and %s what it stands for", familiar(spec.Pull), unasked).
			Hintf("leave --offline out, or docker load it")
	case unasked != "":
		r.miss(w, "pull", "%s is not on the engine, and %s what it stands for", familiar(spec.Pull), unasked).
			Hintf("give the input as when you apply, or docker load it")
	default:
		return false, nil
	}
	return true, nil
}

// told takes a registry's answer.
func (r *reading) told(ctx context.Context, w *kind.Want) error {
	st, spec := r.state(w)
	a := r.ask(ctx, spec.Pull)
	switch {
	case a.err != nil && (r.policyOf(spec) == newer || r.Lenient):
		here, err := r.here(ctx, w, st, spec)
		if err != nil {
			return err
		}
		if here {
			r.warn(w, "pull_policy", "the registry does not tell what %s stands for, and what is on the engine serves: %v", familiar(spec.Pull), plain(a.err))
			return nil
		}
		r.unanswered(w, spec.Pull, a.err)
		return nil
	case a.err != nil:
		r.unanswered(w, spec.Pull, a.err)
		return nil
	case spec.Platform != "" && len(a.platforms) > 0 && !slices.ContainsFunc(a.platforms, func(p ocispec.Platform) bool {
		return schema.Serves(spec.Platform, platformText(p.OS, p.Architecture, p.Variant))
	}):
		var has []string
		for _, p := range a.platforms {
			if p.OS != "unknown" { // of what is no image: an attestation
				has = append(has, platformText(p.OS, p.Architecture, p.Variant))
			}
		}
		r.fail(w, "platform", "%s is not there for %s", familiar(spec.Pull), spec.Platform).Hintf("it is there for %s", strings.Join(has, ", "))
		return nil
	}
	return st.fetched(ctx, r, spec, a.digest)
}

// here looks on the engine, and reports whether the reference is there.
func (r *reading) here(ctx context.Context, w *kind.Want, st *state, spec *Spec) (bool, error) {
	named := parsed(spec.Pull)
	name := reference.FamiliarString(named)
	img := r.shelf[name]
	if img == nil {
		return false, nil
	}
	if ok, _, err := r.suits(ctx, img.ID, r.platform(spec, img)); !ok || err != nil {
		return false, err
	}
	st.local, st.id, st.ident, st.ref = true, img.ID, img.ID, name
	if digest := localDigest(img, named, pinRepo(r.Stack, w.Res.Addr)); digest != "" {
		st.ident, st.digest, st.ref = digest, digest, name+"@"+digest
	}
	return true, nil
}

// own is the engine's own platform, as images name theirs.
func own(i engine.Info) string {
	arch := i.Arch
	if as, ok := map[string]string{"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "armv6l": "arm/v6", "i686": "386"}[arch]; ok {
		arch = as
	}
	return i.OS + "/" + arch
}

// platform returns the platform that an image on the engine has to be for; "" is
// any: what others have brought is taken as it is.
func (r *reading) platform(spec *Spec, img *api.Summary) string {
	ours := slices.ContainsFunc(img.RepoTags, func(t string) bool { return strings.HasPrefix(t, pinDomain+"/") && platformOf(t) != "" })
	if spec.Platform == "" && ours && !r.Info.Containerd {
		return own(r.Info)
	}
	return spec.Platform
}

// suits reports whether an image is for a platform, and for which it is; "" is
// any.
func (r *reading) suits(ctx context.Context, id, platform string) (ok bool, is string, err error) {
	if platform == "" {
		return true, "", nil
	}
	got, err := r.Reader.ImageInspect(ctx, id)
	if err != nil {
		return false, "", fmt.Errorf("image %s: %w", id, err)
	}
	is = platformText(got.Os, got.Architecture, got.Variant)
	return schema.Serves(platform, is), is, nil
}

func platformText(os, arch, variant string) string {
	return strings.TrimSuffix(os+"/"+arch+"/"+variant, "/")
}

// localDigest returns the digest of an image within a repository, "" if it was
// never pulled from there or pushed to it. Of several it is the one that has a
// pin, or else the first in order.
func localDigest(img *api.Summary, named reference.Named, pins string) string {
	var digests []string
	for _, d := range img.RepoDigests {
		if digest, ok := strings.CutPrefix(d, reference.FamiliarName(named)+"@"); ok {
			digests = append(digests, digest)
		}
	}
	slices.Sort(digests)
	for _, d := range digests {
		if slices.Contains(img.RepoTags, pins+":"+short12(d)) {
			return d
		}
	}
	if len(digests) == 0 {
		return ""
	}
	return digests[0]
}

// fetched notes the digest that a reference stands for.
func (s *state) fetched(ctx context.Context, r *reading, spec *Spec, digest string) error {
	named := parsed(spec.Pull)
	s.ident, s.digest = digest, digest
	s.fetch = reference.TrimNamed(named).String() + "@" + digest
	s.ref = familiar(spec.Pull)
	if digestIn(spec.Pull) == "" {
		s.ref += "@" + digest
	}
	name := reference.FamiliarName(named) + "@" + digest
	id := r.shelf.id(name)
	if id == "" || spec.Platform != "" && r.Info.Containerd { // which of its platforms are there, it does not tell: the pin does
		return nil
	}
	ok, is, err := r.suits(ctx, id, r.platform(spec, r.shelf[name]))
	if ok {
		s.id = id
	} else {
		s.other = is
	}
	return err
}

// digestIn returns the digest within a canonical reference, or "".
func digestIn(ref string) string {
	if d, ok := parsed(ref).(reference.Digested); ok {
		return d.Digest().String()
	}
	return ""
}

func parsed(ref string) reference.Named {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		panic("image: a canonical reference does not parse: " + ref)
	}
	return named
}

// comes reports whether what has to come from a registry may do so.
func (r *reading) comes(w *kind.Want) {
	st, spec := r.state(w)
	if r.Idle || spec.Pull == "" || st.ident == "" || st.id != "" && !st.lost {
		return
	}
	switch {
	case st.other != "":
		r.fail(w, "platform", "%s cannot be pulled for %s: the engine has it for %s, and keeps one platform of a digest", familiar(st.fetch), cmp.Or(spec.Platform, own(r.Info)), st.other).
			Hintf("docker image rm %s takes that one away; the digest that an image of one platform has by itself can be pulled beside it", familiar(st.fetch))
	case r.Offline:
		r.fail(w, "pull", "%s has to be pulled, and --offline pulls nothing", familiar(spec.Pull)).Hintf("leave --offline out, or docker load it")
	case spec.Policy == never:
		r.fail(w, "pull", "%s is not on the engine, and pull_policy = %q pulls nothing", st.ref, never).
			Hintf("docker pull %s brings it there", st.ref)
	}
}

// pushes finds which tags are not yet in their registries what they are here.
func (r *reading) pushes(ctx context.Context) {
	if r.Idle || r.Task == kind.Pull || r.Task == kind.Build {
		return
	}
	var refs []string
	for _, w := range r.Wants {
		st, spec := r.state(w)
		for _, tag := range spec.pushedAs(r.Tag) {
			switch unasked := r.unasked(tag); {
			case st.ident == "": // it has been reported
			case unasked != "":
				r.warn(w, "push", "%s is not pushed, and whether its registry has it is not known: %s", tag, unasked)
			default:
				refs = append(refs, canonical(tag))
			}
		}
	}
	slices.Sort(refs)
	r.askAll(ctx, slices.Compact(refs))
	for _, w := range r.Wants {
		if st, _ := r.state(w); st.ident != "" {
			r.compare(ctx, w)
		}
	}
}

// compare holds what an image's tags stand for in their registries against the
// image. One that is yet to be made differs from all that is there.
func (r *reading) compare(ctx context.Context, w *kind.Want) {
	st, spec := r.state(w)
	for i, tag := range spec.pushedAs(r.Tag) {
		if r.unasked(tag) != "" {
			continue
		}
		a := r.ask(ctx, canonical(tag))
		there := r.shelf.id(reference.FamiliarName(parsed(tag)) + "@" + a.digest)
		var refused *engine.Refused
		switch {
		case a.err == nil && there == st.id && st.id != "":
			if i == 0 && r.Tag == "" {
				st.digest = a.digest
			}
		case a.err == nil:
			st.remote[tag], st.behind = remote{a.digest, there}, append(st.behind, tag)
		case errdefs.IsNotFound(a.err):
			st.remote[tag], st.behind = remote{}, append(st.behind, tag)
		case st.id == "":
			// It is made first, and the push says what is wrong.
			d := r.warn(w, "push", "the registry does not tell what %s is, and it is pushed: %v", tag, plain(a.err))
			r.hint(d, reference.Domain(parsed(tag)), a.err)
			st.behind = append(st.behind, tag)
		case errors.As(a.err, &refused) && refused.Account.Username != "" && strings.Contains(strings.ToLower(a.err.Error()), "denied"):
			// Registries do not tell one who may write from one who may not before
			// there is something to read.
			r.warn(w, "push", "the registry does not tell what %s is, and it is pushed: %v", tag, plain(a.err)).Hintf("%s", refused.Asked())
			st.behind = append(st.behind, tag)
		default:
			d := r.miss(w, "push", "the registry does not tell what %s is: %v", tag, plain(a.err))
			r.hint(d, reference.Domain(parsed(tag)), a.err)
		}
	}
}

// miss reports at an attribute what no registry tells: an error, unless nothing will
// be made.
func (r *reading) miss(w *kind.Want, attr, format string, args ...any) *diag.Diag {
	if r.Lenient {
		return r.warn(w, attr, format, args...)
	}
	return r.fail(w, attr, format, args...)
}

// warn tells the author something, at an attribute.
func (r *reading) warn(w *kind.Want, attr, format string, args ...any) *diag.Diag {
	d := r.found.Notes.Warnf(w.Res.AttrPos(attr), "%s.%s: %s", w.Res.Addr, attr, fmt.Sprintf(format, args...))
	d.Calls = w.Res.Calls
	return d
}

// unanswered says what to try when a registry does not tell the digest of a
// reference that a want pulls or builds upon.
func (r *reading) unanswered(w *kind.Want, ref string, err error) {
	spec, attr := w.Spec.(*Spec), "pull"
	what := "%s is not on the engine, and its registry does not tell what it is: %v"
	if spec.Build != nil {
		attr = "build"
	}
	if spec.Build != nil || r.policyOf(spec) == always {
		what = "the registry of %s does not tell what it is: %v"
	}
	r.hint(r.miss(w, attr, what, familiar(ref), plain(err)), reference.Domain(parsed(ref)), err)
}

// plain is an error without who asked, which the hint says.
func plain(err error) error {
	var refused *engine.Refused
	if errors.As(err, &refused) {
		return refused.Err
	}
	return err
}

func (r *reading) hint(d *diag.Diag, host string, err error) *diag.Diag {
	lower := strings.ToLower(err.Error())
	var refused *engine.Refused
	switch {
	case errors.As(err, &refused):
		return d.Hintf("is it spelt right? %s", refused.Asked())
	case errdefs.IsNotFound(err) || strings.Contains(lower, "unknown"):
		return d.Hintf("is it spelt right? %s has no such repository or tag", host)
	case strings.Contains(lower, "toomanyrequests") || strings.Contains(lower, "too many requests") || strings.Contains(lower, "429"):
		return d.Hintf("%s limits how often it is asked: log in, pin with `bay update`, or ask later", host)
	}
	if strings.Contains(lower, "http status: 5") {
		return d.Hintf("%s itself fails: ask later; with --offline, what is on the engine serves", host)
	}
	return d.Hintf("can the engine reach %s? an image that is on the engine needs no registry: docker pull or docker load it", host)
}
