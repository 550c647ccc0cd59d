package kind

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// LiveOf returns an object of the stack as its labels tell of it, or nil if
// they say that it is somebody else's. A room adds what lives. Where the labels
// make no sense, nobody knows which resource the object is: it is left alone, with
// a note in f, since no other of the stack may be locked in by it.
func (s Scope) LiveOf(f *Found, kind, id, name string, labels map[string]string) *Live {
	ident, ours, err := engine.IdentityOf(labels)
	if !ours || ident.Stack != s.Stack {
		return nil
	}
	var rec schema.Record
	if err == nil {
		rec, err = schema.ParseRecord(ident.Spec)
	}
	if err != nil {
		note := f.Notes.Warnf(diag.Pos{}, "%s %s bears this stack's labels, and bay cannot read them: %v", kind, name, err)
		if errors.Is(err, engine.ErrNewer) {
			note.Hintf("bay leaves it alone: take the bay that made it")
		} else {
			note.Hintf("bay leaves it alone; if nobody needs it, remove it with docker %s rm %s", kind, name)
		}
		return nil
	}
	l := &Live{Kind: kind, ID: id, Name: name, Identity: ident, Record: rec}
	l.Identity.Addr = s.At(ident.Addr)
	if l.Identity.Addr != ident.Addr {
		l.Was = ident.Addr
	}
	for i, a := range ident.Deps {
		l.Identity.Deps[i] = s.At(a)
	}
	return l
}

// At returns the address in the program of what was made at a.
func (s Scope) At(a ir.Addr) ir.Addr {
	if s.Now == nil {
		return a
	}
	return s.Now(a)
}

// AdoptedOf returns an object that the program adopts, or nil. known is the
// name by which it does: not always the one that the object has in the middle
// of its replacement.
func (s Scope) AdoptedOf(kind, id, name, known string, labels map[string]string) *Live {
	a, ok := s.Adopts[Use{kind, known}]
	if !ok {
		return nil
	}
	return &Live{
		Kind: kind, ID: id, Name: name, Identity: engine.Identity{Stack: s.Stack, Addr: a, Name: known},
		Adopted: HolderOf(kind+" "+name, id, labels).What,
	}
}

// HolderOf returns somebody else's object, with who made it as far as its
// labels tell. what names it: "volume data".
func HolderOf(what, id string, labels map[string]string) Holder {
	once, is := engine.OneOffOf(labels)
	switch stack, project := labels[engine.LabelStack], labels["com.docker.compose.project"]; {
	case is:
		what += fmt.Sprintf(", a one-off of %s of stack %q", once.Addr, once.Stack)
	case stack != "":
		what += fmt.Sprintf(" of stack %q", stack)
	case project != "":
		what += fmt.Sprintf(", made by Compose project %q", project)
	default:
		what += ", which no stack made"
	}
	return Holder{ID: id, What: what}
}

// OnceOf returns an object of the stack that runs once, or nil if labels do not say so.
func (s Scope) OnceOf(kind, id, name string, labels map[string]string, runs bool) *Live {
	o, ok := engine.OneOffOf(labels)
	if !ok || o.Stack != s.Stack {
		return nil
	}
	return &Live{
		Kind: kind, ID: id, Name: name, Left: o.Left(runs),
		Identity: engine.Identity{Stack: o.Stack, Addr: s.At(o.Addr), Name: name, UID: o.UID},
	}
}

// Sort puts what lives in order of address, then of name and ID.
func (f *Found) Sort() {
	slices.SortFunc(f.Live, func(a, b *Live) int {
		return cmp.Or(a.Identity.Addr.Compare(b.Identity.Addr), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
}
