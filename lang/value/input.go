package value

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// called returns the value of a module's variable: what the call gives, or the
// default.
func (in *Inputs) called(v *Variable, ds *diag.List) (ir.Value, bool) {
	given, ok := in.Caller.Inputs[v.Name]
	switch {
	case given.IsBroken():
		return ir.Value{}, false
	case ok && (!given.IsNull() || !v.NotNull):
		return in.given(v, given, ds)
	case v.HasDefault:
		in.hide(v, v.Default)
		return v.Default, v.validate(v.Default, ds, v.byText("the default", ds))
	case given.Off != "":
		m := in.Caller.fail(v, given, "", "%s does not exist, since its `enabled` is off", given.Off)
		m.Hint = fmt.Sprintf("enable %s; %s", given.Off, m.Hint)
	case ok:
		in.Caller.fail(v, given, "", "got nothing (null), want %s", v.Type.want())
	default:
		m := in.Caller.Diags.Addf(in.Caller.Pos, "%s.inputs: %q is missing", in.Caller.Name, v.Name)
		m.Hintf("%s", v.declared())
	}
	return ir.Value{}, false
}

// given converts what a call gives and checks it against the rules.
func (in *Inputs) given(v *Variable, given ir.Value, ds *diag.List) (ir.Value, bool) {
	x, err := v.Type.Convert(given)
	if m, ok := errors.AsType[*Mismatch](err); ok {
		in.hide(v, given)
		at := given
		if m.Pos.Known() {
			at.Pos = m.Pos
		}
		path, why := m.Path, m.Msg
		if v.Sensitive {
			path, why = "", "the value, which is sensitive, is not of the variable's type"
		}
		d := in.Caller.fail(v, at, path, "%s", why)
		if given.Kind == ir.String && v.Type.kind && !given.Sensitive {
			d.Hintf("a resource is given as it is referred to, and not by its name: %s; %s", v.Type.asHandle(given.Str), d.Hint)
		}
		return ir.Value{}, false
	}
	in.hide(v, x)
	valid := v.validate(x, ds, func(r Rule, why string) *diag.Diag {
		return in.Caller.fail(v, given, "", "%s", why).Hintf("the rule is at %s", r.Pos)
	})
	return x, valid
}

// fail says at the call what is wrong with an input, or with the part of it at
// path, and where its variable is.
func (c *Caller) fail(v *Variable, x ir.Value, path, format string, args ...any) *diag.Diag {
	at := x.Pos
	if !at.Known() {
		at = c.Pos
	}
	if path != "" && !strings.HasPrefix(path, "[") {
		path = "." + path
	}
	return c.Diags.Addf(at, "%s.inputs.%s%s: %s", c.Name, v.Name, path, fmt.Sprintf(format, args...)).Hintf("%s", v.declared())
}

// declared says where a variable is and what it takes.
func (v *Variable) declared() string {
	text := fmt.Sprintf("the variable is declared at %s", v.Pos)
	if !v.Type.any() {
		text += " with type " + v.Type.String()
	}
	if v.Description != "" {
		text += ": " + v.Description
	}
	return text
}

// reportUnknown reports inputs that no variable has.
func (in *Inputs) reportUnknown() {
	if in.Cut {
		return
	}
	names := in.names()
	for _, name := range slices.Sorted(maps.Keys(in.Caller.Inputs)) {
		if slices.Contains(names, name) {
			continue
		}
		at := in.Caller.Inputs[name].Pos
		if !at.Known() {
			at = in.Caller.Pos
		}
		m := in.Caller.Diags.Addf(at, "%s.inputs: the module has no variable %q", in.Caller.Name, name).DidYouMean(name, names)
		switch {
		case m.Hint != "":
		case len(names) == 0:
			m.Hintf("it has none")
		default:
			m.Hintf("its variables are %s", strings.Join(names, ", "))
		}
	}
}
