package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	api "github.com/docker/docker/api/types/image"
)

// broughtSuffix begins the end of a tag beside a pin that says which references
// came onto the engine by us, as pieces of their hashes: nobody else's tags are
// ever taken away.
const broughtSuffix = ".brought-"

// perMark is how many references one such tag holds; it has at most 128
// characters.
const perMark = 10

// brought returns those tags for references.
func brought(pin string, refs []string) []string {
	var out []string
	for some := range slices.Chunk(refs, perMark) {
		var pieces []string
		for _, ref := range some {
			pieces = append(pieces, piece(ref))
		}
		out = append(out, pin+broughtSuffix+strings.Join(pieces, "-"))
	}
	return out
}

func piece(ref string) string {
	sum := sha256.Sum256([]byte(ref))
	return hex.EncodeToString(sum[:4])
}

// cameWith reports whether a tag beside a pin says that a reference came with it.
func cameWith(pin, ref string) bool {
	_, pieces, _ := strings.Cut(pin, broughtSuffix)
	return slices.Contains(strings.Split(pieces, "-"), piece(ref))
}

// pushedTo is what such a tag holds for a reference that is pushed: its
// repository, since the digest by which the engine then knows the image is not
// known before.
func pushedTo(ref string) string { return reference.FamiliarName(parsed(ref)) + "@" }

// brought reports whether the image that has a tag now got it from this stack.
func (r *reading) brought(tag string) bool {
	img := r.shelf[tag]
	return img != nil && slices.ContainsFunc(img.RepoTags, func(t string) bool {
		return strings.HasPrefix(t, pinDomain+"/"+r.Stack+"/") && cameWith(t, tag)
	})
}

// idle is an image that the stack brought and nothing needs.
type idle struct {
	id   string
	refs []string // what is taken away of it, in order
}

// idlers finds the images that the stack brought, and that neither a container
// nor a want needs.
func (r *reading) idlers(ctx context.Context, list []api.Summary) error {
	containers, err := r.Reader.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return fmt.Errorf("listing containers: %w", err)
	}
	used := map[string]bool{}
	for _, c := range containers {
		used[c.ImageID] = true
		used[r.shelf.id(c.Image)] = true
	}
	needed := map[string]bool{}
	for _, w := range r.Wants {
		st, spec := r.state(w)
		for _, tag := range st.wanted(spec) {
			needed[tag] = true
		}
		needed[familiar(spec.Pull)] = true
		needed[st.pin+filesSuffix] = true
	}
	ours := pinDomain + "/" + r.Stack + "/"
	for _, w := range r.Wants {
		if st, _ := r.state(w); st.unknown {
			r.allNeeded(pinRepo(r.Stack, w.Res.Addr)+":", needed)
		}
	}
	for _, img := range list {
		refs := r.droppable(img, ours, used, needed)
		if len(refs) == 0 {
			continue
		}
		r.found.Idle = append(r.found.Idle, &kind.Live{
			Kind: "image", ID: img.ID, Name: refs[0], Object: &idle{img.ID, refs}, Spec: new(Spec),
			Identity: engine.Identity{Stack: r.Stack, Addr: addrOf(img, refs[0], ours), Name: refs[0]},
		})
	}
	return nil
}

// allNeeded keeps every pin that begins so: nobody knows which of them it is.
func (r *reading) allNeeded(start string, needed map[string]bool) {
	for name := range r.shelf {
		if strings.HasPrefix(name, start) {
			needed[name] = true
		}
	}
}

// droppable returns the references of an image that are to go: our pins of it,
// and what came with them.
func (r *reading) droppable(img api.Summary, ours string, used, needed map[string]bool) []string {
	var pins, rest []string
	others := false // another stack has pinned it
	for _, tag := range img.RepoTags {
		switch {
		case strings.HasPrefix(tag, ours):
			pins = append(pins, tag)
		case strings.HasPrefix(tag, pinDomain+"/"):
			others = others || !strings.Contains(tag, broughtSuffix) // a mark alone holds nothing: its stack has let go
		default:
			rest = append(rest, tag)
		}
	}
	keep := func(pin string) bool {
		base, isRecord := strings.CutSuffix(pin, filesSuffix)
		base, _, _ = strings.Cut(base, broughtSuffix)
		return needed[pin] || needed[base] || isRecord && used[r.shelf.id(base)]
	}
	if used[img.ID] || len(pins) == 0 || slices.ContainsFunc(pins, keep) {
		return nil
	}
	slices.Sort(pins)
	if others {
		// What came with it goes when the others have let go too.
		return slices.DeleteFunc(pins, func(pin string) bool {
			base, isRecord := strings.CutSuffix(pin, filesSuffix)
			return strings.Contains(pin, broughtSuffix) || isRecord && r.shelf[base] != nil
		})
	}
	records := 0
	for _, pin := range slices.Clone(pins) {
		base, isRecord := strings.CutSuffix(pin, filesSuffix)
		switch {
		case isRecord && r.shelf[base] != nil:
			records++ // it goes with what it is the record of
		case r.shelf[pin+filesSuffix] != nil:
			pins = append(pins, pin+filesSuffix)
		}
	}
	if records > 0 && records == len(pins) {
		return nil
	}
	for _, tag := range append(rest, img.RepoDigests...) {
		came := slices.ContainsFunc(pins, func(pin string) bool {
			return cameWith(pin, tag) || strings.Contains(tag, "@") && cameWith(pin, pushedTo(tag))
		})
		if came && !needed[tag] {
			pins = append(pins, tag)
		}
	}
	return pins
}

// addrOf is the address of a pinned image: of what was built, its label says
// it; of what was pulled, the pin's repository is called like it.
func addrOf(img api.Summary, pin, ours string) ir.Addr {
	if a, err := ir.ParseAddr(img.Labels[engine.LabelImageAddr]); err == nil {
		return a
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(pin, ours), ":")
	if ir.IsIdent(name) {
		return ir.Addr{Kind: "image", Label: name}
	}
	return ir.Addr{Kind: "image", Key: name, Keyed: true}
}

// drop takes an idle image's references away; with the last one the engine
// gives up the image itself.
func drop(r kind.Removal) kind.Work {
	o := r.Live.Object.(*idle)
	w := kind.Work{Facts: []engine.Fact{{
		Source: engine.Source{Read: engine.Read{Call: "ImageInspect", Arg: o.refs[0]}, Path: []string{"Id"}}, Want: o.id,
	}}}
	for _, ref := range o.refs {
		w.Ops = append(w.Ops, engine.Op{Call: &engine.ImageRemove{Ref: ref}})
	}
	return w
}

// dropped says what goes beside our pins, for people.
func dropped(l *kind.Live) []schema.Change {
	var out []schema.Change
	for _, ref := range slices.Sorted(slices.Values(l.Object.(*idle).refs)) {
		if !strings.HasPrefix(ref, pinDomain+"/") {
			out = append(out, schema.Change{Attr: "tags", Path: ref, Old: ir.StringVal(ref), Note: "goes with it", Effect: schema.Live})
		}
	}
	return out
}
