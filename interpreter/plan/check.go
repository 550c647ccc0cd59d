package plan

import (
	"bayplan/interpreter/kind"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Check reports what no engine could make of a program. Making a plan reports
// it too, and what the engine at hand cannot do.
func Check(kinds []kind.Kind, prog *ir.Program) diag.List {
	var out diag.List
	wanted := map[string]*ir.Resource{}
	for _, k := range kinds {
		scope := kind.Scope{Stack: prog.Stack, Dir: prog.Dir}
		for _, r := range prog.Resources {
			if r.Addr.Kind == k.Schema().Name {
				scope.Wants = append(scope.Wants, &kind.Want{Res: r, Spec: world.Decode(k.Schema(), r, r.Attrs)})
			}
		}
		for _, w := range scope.Wants {
			out = append(out, pointless(k, w.Res)...)
			for _, claim := range k.Claims(w.Spec) {
				if first := wanted[claim]; first != nil {
					out = append(out, bothWant(first, w.Res, claim))
					continue
				}
				wanted[claim] = w.Res
			}
		}
		out = append(out, k.Check(scope)...)
	}
	out.Sort()
	return out
}
