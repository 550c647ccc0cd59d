package value

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// VariableAttrs are what a variable's declaration says, beside its rules, and
// OutputAttrs an output's.
var (
	VariableAttrs = []string{"type", "default", "description", "sensitive", "nullable"}
	OutputAttrs   = []string{"value", "description", "sensitive"}
)

// Variable is an input of a module, as either language declares it.
type Variable struct {
	Name        string
	Pos         diag.Pos
	Type        Type
	Default     ir.Value // converted by Check; counts if HasDefault
	HasDefault  bool
	Description string
	Sensitive   bool
	NotNull     bool // `nullable = false`: null gives the default
	Rules       []Rule
	Broken      bool // it was not understood, and that was reported: it has no value

	// Ask, where it is set, does what Refuses does: of a variable whose rules are
	// in another process.
	Ask func(text string) *diag.Diag
}

// Rule is a validation of a variable.
type Rule struct {
	Pos diag.Pos

	// Holds is given the plain value, also of one that is sensitive, which is said
	// beside it: of that, nothing is printed.
	Holds func(v ir.Value, secret bool) (bool, *diag.Diag)

	// Message says what is wrong. The value is marked if it is sensitive, and
	// a sensitive message is not shown. One that is broken was reported.
	Message func(ir.Value) (ir.Value, *diag.Diag)
}

// Given is the value of a variable from outside of the program: as text, or of
// a file that has types.
type Given struct {
	Text string
	From string   // for messages, such as "--var", "BAY_VAR_replicas", or a file's name
	Pos  diag.Pos // in the file; unknown where there is none

	Typed bool     // Value counts and not Text
	Value ir.Value // with positions
}

// where says where the value comes from.
func (g Given) where() string {
	if g.Pos.Known() {
		return g.Pos.String()
	}
	return g.From
}

// Caller is the declaration of a module whose variables get their values from it.
type Caller struct {
	Name   string // such as module.db["eu"]
	Pos    diag.Pos
	Inputs map[string]ir.Value
	Diags  *diag.List // the caller's: what is wrong with an input is said there
}

// Inputs gives variables their values. One Inputs serves one evaluation of a
// module: Resolve is called for each variable, then Report once.
type Inputs struct {
	// Caller gives the values; nil for the root module, which gets them as text.
	Caller *Caller

	// Lookup returns the value given for a variable. It may be nil.
	Lookup func(name string) (Given, bool)

	// Named are the names for which a value was given explicitly. One that no
	// variable has is an error.
	Named []Named

	// Cut says that the body was not evaluated to its end, so that there may be
	// more variables than were resolved.
	Cut bool

	// Lost says that some values that were given could not be read, so that a
	// variable without one is no mistake.
	Lost bool

	// Opaque lets a sensitive variable without a value be one that cannot be
	// looked into, for commands that create nothing.
	Opaque bool

	// Secret is told each value of a sensitive variable, as soon as it is known
	// and whatever is wrong with it, so that no message shows it. It may be nil.
	Secret func(ir.Value)

	// Taken are the variables that a value was given for, and Missing those that
	// have none. They are complete after the evaluation.
	Taken   []Taken
	Missing []*Variable

	declared []*Variable
}

// Taken is a variable with the text that was given for it.
type Taken struct {
	Name      string
	Given     // without text and value if Sensitive
	Sensitive bool
}

// Resolve returns the value of v, or false if it has none. What is wrong goes
// to ds, at once or with Report. Where the result is false, the value is a
// stand-in that is Opaque: messages about it would only repeat the first.
func (in *Inputs) Resolve(v *Variable, ds *diag.List) (ir.Value, bool) {
	in.declared = append(in.declared, v)
	x, ok := in.resolve(v, ds)
	if !ok {
		return v.Type.opaque(), false
	}
	if v.Sensitive {
		x = x.AsSensitive()
	}
	return x, true
}

func (in *Inputs) resolve(v *Variable, ds *diag.List) (ir.Value, bool) {
	if v.Broken {
		return ir.Value{}, false
	}
	if d := v.check(); d != nil {
		in.hide(v, v.Default)
		*ds = append(*ds, *d)
		return ir.Value{}, false
	}
	if in.Caller != nil {
		return in.called(v, ds)
	}
	x, from, d := in.find(v)
	switch {
	case d != nil:
		*ds = append(*ds, *d)
		return ir.Value{}, false
	case from != "":
		return x, v.validate(x, ds, v.byText(from, ds))
	case in.Opaque && v.Sensitive:
		return v.Type.opaque(), true
	case in.Lost:
		return ir.Value{}, false
	}
	in.Missing = append(in.Missing, v)
	return ir.Value{}, false
}

// find returns the plain value of v and where it comes from: "" if there is none.
func (in *Inputs) find(v *Variable) (x ir.Value, from string, d *diag.Diag) {
	if in.Lookup != nil {
		if g, found := in.Lookup(v.Name); found {
			x, err := v.Type.read(g, v.Default)
			if err != nil {
				in.hide(v, g.Value)
				in.hide(v, ir.StringVal(g.Text))
				return ir.Value{}, "", v.refuse(g, err)
			}
			if !x.IsNull() || !v.NotNull {
				in.hide(v, x)
				in.take(v, g)
				return x, g.where(), nil
			}
		}
	}
	if v.HasDefault {
		in.hide(v, v.Default)
		return v.Default, "the default", nil
	}
	return ir.Value{}, "", nil
}

// hide tells of a value that is not to be shown.
func (in *Inputs) hide(v *Variable, x ir.Value) {
	if v.Sensitive && in.Secret != nil {
		in.Secret(x.AsSensitive())
	}
}

func (in *Inputs) take(v *Variable, g Given) {
	if v.Sensitive {
		g.Text, g.Value = "", ir.Value{}
	}
	in.Taken = append(in.Taken, Taken{Name: v.Name, Given: g, Sensitive: v.Sensitive})
}

// Refuses returns what is wrong with text as the value of v; nil if it will do.
func (v *Variable) Refuses(text string) *diag.Diag {
	if v.Ask != nil {
		return v.Ask(text)
	}
	var wrong diag.List
	in := Inputs{Lookup: func(string) (Given, bool) { return Given{Text: text, From: "the terminal"}, true }}
	if _, ok := in.Resolve(v, &wrong); ok {
		return nil
	}
	in.Report(&wrong) // of null where there shall be something
	return &wrong[0]
}

// check converts the default to the type.
func (v *Variable) check() *diag.Diag {
	if !v.HasDefault {
		return nil
	}
	if v.Default.Any(isRef) {
		return (&diag.Diag{Pos: v.Default.Pos, Msg: fmt.Sprintf("variable %q: the default refers to a resource", v.Name)}).
			Hintf("a default is a plain value, since variables come before resources")
	}
	got, err := v.Type.Convert(v.Default)
	if err != nil {
		at := v.Default.Pos
		if m, ok := errors.AsType[*Mismatch](err); ok && m.Pos.Known() {
			at = m.Pos
		}
		d := &diag.Diag{Pos: at, Msg: fmt.Sprintf("variable %q: the default is not of its type: %v", v.Name, v.hide(err))}
		if want := v.Type.want(); !strings.Contains(d.Msg, want) {
			return d.Hintf("want %s", want)
		}
		return d.Hintf("the type that stands beside it is %s", v.Type)
	}
	if got.IsNull() && v.NotNull {
		return &diag.Diag{Pos: v.Default.Pos, Msg: fmt.Sprintf("variable %q: the default is null, and nullable is false", v.Name), Hint: "give it another default, or leave nullable out"}
	}
	v.Default = got
	return nil
}

// complaint reports that a value does not pass a rule.
type complaint func(r Rule, why string) *diag.Diag

// byText complains about a value that comes from outside of the program, or
// about the default.
func (v *Variable) byText(from string, ds *diag.List) complaint {
	return func(r Rule, why string) *diag.Diag {
		return ds.Addf(r.Pos, "variable %q: %s", v.Name, why).Hintf("the value comes from %s", from)
	}
}

// validate reports whether all rules hold for the plain value.
func (v *Variable) validate(x ir.Value, ds *diag.List, complain complaint) bool {
	if x.Any(func(v ir.Value) bool { return v.Opaque }) {
		return true // there is nothing to look at
	}
	secret := v.Sensitive || x.HasSensitive()
	valid := true
	for _, r := range v.Rules {
		ok, d := r.Holds(bare(x), secret)
		if ok {
			continue
		}
		valid = false
		if d != nil && x.HasEngine() {
			complain(r, engineValueIn(x)+" is known only to a running engine, and a validation decides on it")
			continue
		}
		if d != nil {
			*ds = append(*ds, v.withheld(*d, secret))
			continue
		}
		shown := x
		if v.Sensitive {
			shown = x.AsSensitive()
		}
		msg, d := r.Message(shown)
		if d == nil && !msg.IsBroken() {
			msg, d = Text(msg)
		}
		switch {
		case d != nil:
			*ds = append(*ds, v.withheld(*d, secret))
		case msg.IsBroken():
		case msg.HasSensitive():
			m := complain(r, "the value does not pass the validation, and its message would show a sensitive value")
			m.Hintf("write the message without the value; %s", m.Hint)
		default:
			complain(r, msg.Template())
		}
	}
	return valid
}

// engineValueIn names the first value within x that only the engine knows.
func engineValueIn(x ir.Value) (name string) {
	x.Refs(func(r ir.Ref, _ diag.Pos) {
		if name == "" && r.Attr != "" {
			name = r.String()
		}
	})
	return name
}

// withheld returns d without its text where that could show the value: a rule
// sees the plain value also of a sensitive variable.
func (v *Variable) withheld(d diag.Diag, secret bool) diag.Diag {
	if secret {
		d.Msg, d.Hint = fmt.Sprintf("variable %q: the validation fails on the value, which is sensitive", v.Name), ""
	}
	return d
}

// shown returns text as a message may hold it.
func (v *Variable) shown(text string) string {
	if v.Sensitive {
		return "a sensitive value"
	}
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

func (v *Variable) hide(err error) error {
	if v.Sensitive {
		return errors.New("it is not of the variable's type")
	}
	return err
}

// Report says which variables have no value, in one message, and which names
// were given that no variable has.
func (in *Inputs) Report(ds *diag.List) {
	if in.Caller != nil {
		in.reportUnknown()
		return
	}
	in.reportMissing(ds)
	if in.Cut {
		return
	}
	names := in.names()
	for _, n := range in.Named {
		if slices.Contains(names, n.Name) {
			continue
		}
		m := ds.Addf(n.Pos, "the program declares no variable %q", n.Name)
		if !n.Pos.Known() {
			m.Msg = fmt.Sprintf("--var %s: the program declares no such variable", n.Name)
		}
		m.DidYouMean(n.Name, names)
		if m.Hint == "" && len(names) > 0 {
			m.Hintf("its variables are %s", strings.Join(names, ", "))
		}
	}
}

func (in *Inputs) reportMissing(ds *diag.List) {
	if len(in.Missing) == 0 {
		return
	}
	var names, flags, env []string
	handed := "" // a variable that takes a resource, which only a caller can give
	for _, v := range in.Missing {
		names = append(names, v.Name)
		if v.Type.takesResources() {
			handed = v.Name
		} else if v.Sensitive { // what stands on a command line, others can read
			env = append(env, "BAY_VAR_"+v.Name)
		} else {
			flags = append(flags, fmt.Sprintf("--var %s=…", v.Name))
		}
	}
	word := "variable"
	if len(names) > 1 {
		word = "variables"
	}
	m := ds.Addf(in.Missing[0].Pos, "no value for the %s %s", word, strings.Join(names, ", "))
	var ways []string
	if handed != "" {
		ways = append(ways, handed+" takes a resource, which only one who uses this as a module can give: check it with a stack that does")
	}
	if len(flags) > 0 {
		first, _, _ := strings.Cut(strings.TrimPrefix(flags[0], "--var "), "=")
		ways = append(ways, fmt.Sprintf("give %s, or set BAY_VAR_%s in the environment, or write a default", strings.Join(flags, " "), first))
	}
	if len(env) > 0 {
		ways = append(ways, fmt.Sprintf("set %s in the environment, such as %s=\"$(cat FILE)\"; on a terminal bay plan and bay apply ask for it", strings.Join(env, " and "), env[0]))
	}
	m.Hintf("%s", strings.Join(ways, "\n"))
}

// parseText reads text as a constant expression, of which JSON is a part.
func parseText(text string) (ir.Value, error) {
	expr, err := parseExpr(text)
	if err != nil {
		return ir.Value{}, err
	}
	if vars := expr.Variables(); len(vars) > 0 {
		return ir.Value{}, fmt.Errorf("%q is not a value: text needs quotes here", vars[0].RootName())
	}
	got, diags := expr.Value(nil)
	if diags.HasErrors() {
		return ir.Value{}, firstError(diags)
	}
	return FromCty(got)
}

func parseExpr(text string) (hclsyntax.Expression, error) {
	tokens, _ := hclsyntax.LexExpression([]byte(text), "", hcl.InitialPos)
	if d := CheckNesting(tokens); d != nil {
		return nil, errors.New(d.Detail)
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, firstError(diags)
	}
	return expr, nil
}

// firstError returns HCL's first complaint in the form that messages have here.
func firstError(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return errors.New(Phrase(d))
		}
	}
	return nil
}
