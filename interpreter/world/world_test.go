package world

import (
	"context"
	"testing"

	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// crate is a kind with nothing to say.
type crate struct{}

func (*crate) Bind(*schema.Set) {}

func TestLeaving(t *testing.T) {
	told := -1
	k := kind.Define(kind.Def[crate]{
		Name: "crate", New: func() schema.Binder { return new(crate) },
		Read: func(_ context.Context, s kind.Scope) (*kind.Found, error) {
			told = len(s.Wants)
			return &kind.Found{}, nil
		},
	})
	a := ir.Addr{Kind: "crate", Label: "a"}
	prog := &ir.Program{Resources: []*ir.Resource{{Addr: a}}}
	for leaving, want := range map[bool]int{false: 1, true: 0} {
		w, err := Read(context.Background(), Options{Kinds: []kind.Kind{k}, Program: prog, Leaving: leaving})
		if err != nil {
			t.Fatal(err)
		}
		if told != want || w.Wants[a] == nil {
			t.Errorf("leaving %t: the kind is told of %d resources, the plan of %d", leaving, told, len(w.Wants))
		}
	}
}
