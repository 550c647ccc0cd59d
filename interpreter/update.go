package interpreter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/lock"
	"bayplan/lang/schema"

	"github.com/moby/sys/atomicwriter"
)

// Pinning is what an update does to a line of a lock file.
type Pinning struct {
	Kind, Ref string
	Was       string // "" if it was not pinned
	Is        string // "" if the program no longer has it
}

// Changed reports whether the line becomes another.
func (p Pinning) Changed() bool { return p.Was != p.Is }

// Update asks the registries what the references of a program stand for now,
// and returns what that makes of the lock file in dir, in order of its lines,
// and how to write it. With names, of addresses or references, it is about these
// alone.
func (b *Bay) Update(ctx context.Context, e *engine.Engine, prog *ir.Program, dir string, names []string) ([]Pinning, func() error, error) {
	u := &updating{bay: b, prog: prog, names: names, used: map[string]bool{}}
	path := filepath.Join(dir, lock.Name)
	if err := u.read(path); err != nil {
		return nil, nil, err
	}
	LogIn(e, prog)
	var diags diag.List
	for _, k := range b.Kinds {
		diags = append(diags, u.kind(ctx, e, k)...)
	}
	for _, n := range names {
		if !u.used[n] {
			d := diags.Addf(diag.Pos{}, "%s: nothing that the lock file could pin has such a reference or address", n).DidYouMean(n, u.known)
			if d.Hint == "" && len(u.known) > 0 {
				slices.Sort(u.known)
				d.Hintf("there is %s", strings.Join(slices.Compact(u.known), ", "))
			}
		}
	}
	if err := diags.Err(); err != nil {
		return nil, nil, err
	}
	u.drop()
	write := func() error {
		if err := atomicwriter.WriteFile(path, u.file.Encode(), 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		return nil
	}
	return u.done, write, nil
}

// updating is an update under way.
type updating struct {
	bay   *Bay
	prog  *ir.Program
	names []string
	used  map[string]bool // of names: those that something has
	known []string        // what could be named
	file  lock.File
	done  []Pinning
}

func (u *updating) read(path string) error {
	src, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the lock file: %w", err)
	}
	var diags diag.List
	u.file = lock.Parse(path, src, u.bay.Universe().KindNames(), &diags)
	return diags.Err()
}

// kind asks for the references of one kind.
func (u *updating) kind(ctx context.Context, e *engine.Engine, k kind.Kind) diag.List {
	name := k.Schema().Name
	scope := kind.Scope{Reader: e.Reader(), Info: e.Info, Stack: u.prog.Stack, Dir: u.prog.Dir}
	for _, r := range u.prog.Resources {
		if r.Addr.Kind != name {
			continue
		}
		scope.Wants = append(scope.Wants, &kind.Want{Res: r, Spec: world.Decode(k.Schema(), r, r.Attrs)})
	}
	refs := u.named(scope.Wants, k.Pins(scope))
	if len(refs) == 0 {
		return nil
	}
	got, diags := k.Resolve(ctx, scope, refs)
	for _, ref := range slices.Sorted(maps.Keys(got)) {
		u.done = append(u.done, Pinning{Kind: name, Ref: ref, Was: u.file.Set(name, ref, got[ref]), Is: got[ref]})
	}
	return diags
}

// named returns the references that the update is about: all, those of resources
// that are named, and those that are named themselves.
func (u *updating) named(wants []*kind.Want, all map[ir.Addr][]string) map[ir.Addr][]string {
	out := map[ir.Addr][]string{}
	for _, w := range wants {
		refs := all[w.Res.Addr]
		if len(refs) == 0 {
			continue
		}
		called := append([]string{}, refs...)
		if n, ok := w.Spec.(schema.Namer); ok && len(refs) == 1 {
			called = append(called, n.Names()...)
		}
		u.known = append(append(u.known, w.Res.Addr.String()), called...)
		if len(u.names) == 0 {
			out[w.Res.Addr] = refs
		}
		for _, name := range u.names {
			pattern, err := ir.ParsePattern(name)
			whole := err == nil && pattern.Matches(w.Res.Addr) || slices.Contains(called, name) && !slices.Contains(refs, name)
			for _, ref := range refs {
				if whole || name == ref || name == hubless(ref) {
					u.used[name], out[w.Res.Addr] = true, append(out[w.Res.Addr], ref)
				}
			}
		}
	}
	return out
}

// hubless is a reference as people write it, who leave Docker Hub's name out.
func hubless(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/")
}

// drop takes away what the program no longer has, in an update of all.
func (u *updating) drop() {
	if len(u.names) > 0 {
		return
	}
	u.file.Pins = slices.DeleteFunc(u.file.Pins, func(p ir.Pin) bool {
		stays := slices.ContainsFunc(u.done, func(d Pinning) bool { return d.Kind == p.Kind && d.Ref == p.Ref })
		if !stays {
			u.done = append(u.done, Pinning{Kind: p.Kind, Ref: p.Ref, Was: p.Digest})
		}
		return !stays
	})
}
