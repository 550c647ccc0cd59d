// Package world takes one snapshot of what lives on an engine and concerns a
// program. It holds the only reads that a plan is made from; after it, planning
// is a pure function.
package world

import (
	"context"
	"fmt"
	"slices"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"golang.org/x/sync/errgroup"
)

// World is what was read, as data.
type World struct {
	Info  engine.Info
	Stack string
	Found map[string]*kind.Found // by kind
	Wants map[ir.Addr]*kind.Want // the program's resources, decoded
}

// Options says what to read.
type Options struct {
	Kinds    []kind.Kind
	Reader   engine.Reader
	Info     engine.Info
	BuildKit func(context.Context) (bool, error) // whether the engine has it; may be nil
	Stack    string
	Program  *ir.Program        // nil where only what lives matters
	Anew     func(ir.Addr) bool // what is made anew whatever has changed; nil for none
	Idle     bool               // look for what the stack brought and nothing needs any more
	Chosen   func(ir.Addr) bool // of a plan of a part: what it is about; nil for all
	Only     bool               // kinds that are no caches hear of nothing else, either
	Offline  bool               // nothing may be asked for elsewhere than on the engine
	Closed   []string           // hosts that are not asked: who asks them holds a sensitive input that was not given
	Lenient  bool               // nothing will be made: what nobody elsewhere tells is no error
	Locked   bool               // what is asked for elsewhere has to be pinned by the program's lock file
	Task     kind.Task          // what the plan is about; "" is the whole
	Tag      string             // of the task
	Leaving  bool               // nothing of the program will be made: kinds do not hear of it, so that no context is hashed and no registry asked
}

// Read reads all kinds side by side. Only an engine that cannot be asked is an
// error; what makes a plan impossible is in the notes of what was found.
func Read(ctx context.Context, o Options) (*World, error) {
	w := &World{Info: o.Info, Stack: o.Stack, Found: map[string]*kind.Found{}, Wants: map[ir.Addr]*kind.Want{}}
	byKind := w.decode(o)
	found, reader := make([]*kind.Found, len(o.Kinds)), engine.Once(o.Reader)
	g, ctx := errgroup.WithContext(ctx)
	for i, k := range o.Kinds {
		name := k.Schema().Name
		scope := kind.Scope{
			Reader: reader, Info: o.Info, BuildKit: o.BuildKit, Stack: o.Stack, Idle: o.Idle, Anew: o.Anew, Now: o.Program.Now,
			Offline: o.Offline, Closed: o.Closed, Lenient: o.Lenient, Locked: o.Locked, Task: o.Task, Tag: o.Tag,
		}
		if !o.Leaving {
			scope.Wants, scope.Adopts = o.asked(k, byKind[name]), adopted(o.Program)
		}
		if o.Program != nil {
			scope.Dir, scope.Pins = o.Program.Dir, o.Program.Pinned(name)
		}
		g.Go(func() error {
			f, err := k.Read(ctx, scope)
			if err != nil {
				return fmt.Errorf("reading the %ss of stack %s: %w", name, o.Stack, err)
			}
			found[i] = f
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, k := range o.Kinds {
		w.Found[k.Schema().Name] = found[i]
	}
	return w, nil
}

// asked returns the wants that a kind hears of: of a cache only those that the
// plan is about, so that no other context is hashed and no other registry asked.
func (o Options) asked(k kind.Kind, wants []*kind.Want) []*kind.Want {
	if o.Chosen == nil || !k.Lasts() && !o.Only {
		return wants
	}
	return slices.DeleteFunc(slices.Clone(wants), func(w *kind.Want) bool { return !o.Chosen(w.Res.Addr) })
}

// adopted returns what a program adopts. What is about to be left is not: it
// stays as it was found.
func adopted(p *ir.Program) map[kind.Use]ir.Addr {
	out := map[kind.Use]ir.Addr{}
	if p == nil {
		return out
	}
	for _, a := range p.Adopts {
		out[kind.Use{Kind: a.Addr.Kind, Name: a.Name}] = a.Addr
	}
	return out
}

func (w *World) decode(o Options) map[string][]*kind.Want {
	byKind := map[string][]*kind.Want{}
	if o.Program == nil {
		return byKind
	}
	schemas := map[string]*schema.Kind{}
	for _, k := range o.Kinds {
		schemas[k.Schema().Name] = k.Schema()
	}
	for _, r := range o.Program.Resources {
		want := &kind.Want{Res: r, Spec: Decode(schemas[r.Addr.Kind], r, r.Attrs)}
		w.Wants[r.Addr] = want
		byKind[r.Addr.Kind] = append(byKind[r.Addr.Kind], want)
	}
	return byKind
}

// Decode returns a resource's spec. Its attributes are canonical, since an
// evaluation has decoded them before, so that a mistake is a bug.
func Decode(k *schema.Kind, r *ir.Resource, attrs []ir.Attr) schema.Binder {
	spec := k.New()
	var diags diag.List
	schema.Decoding{Owner: r.Addr.String(), Pos: r.Pos, Diags: &diags}.Decode(spec, attrs)
	if diags.HasErrors() {
		panic("world: a program's attributes are not canonical: " + diags.Error())
	}
	return spec
}
