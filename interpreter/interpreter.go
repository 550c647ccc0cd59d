// Package interpreter is the story of bay in one file: a program is loaded,
// planned against what lives on an engine, and applied.
//
// What kinds and functions there are it is told; it knows none by name.
package interpreter

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/evaluate"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/schema"
)

// Bay is what programs can name.
type Bay struct {
	Kinds   []kind.Kind
	Funcs   []*schema.Func
	Modules fs.FS // those that come with bay, a directory for each; nil has none

	// Apart evaluates programs in a process of its own, with limits; the program
	// that runs has to call evaluate.Child where evaluate.IsChild says so. Nil
	// evaluates in this process, which a program can take with it.
	Apart *evaluate.Options
}

// Universe returns what programs can name, as the languages see it.
func (b *Bay) Universe() *schema.Universe {
	u := &schema.Universe{Funcs: b.Funcs}
	for _, k := range b.Kinds {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	return u
}

// Program says what to load.
type Program struct {
	Path   string     // a directory, or the body in it that is meant; "" is the current directory
	Shown  string     // the directory as messages and positions name it; "" is as Path does
	Stack  string     // overrides the stack's name, if not empty
	Vars   []load.Var // later ones win
	Files  []string   // of values for variables, as paths; later ones win, and Vars over all
	Opaque bool       // sensitive inputs need no value, since nothing will be made

	Secret func(ir.Value) // told each value of a sensitive input before anything is said that could show it; may be nil

	// Env looks up an environment variable; nil is the environment of bay.
	Env func(string) (string, bool)
}

// Load evaluates a program. It asks no engine. An error is about the process
// that evaluates, never about the program.
func (b *Bay) Load(p Program) (load.Result, error) { return b.load(p, nil) }

// Decide evaluates a program again with what an engine has told about one of its
// resources, and returns what of the resource's postconditions does not hold. What
// the program prints was said before.
func (b *Bay) Decide(p Program, told ir.Told) (diag.List, error) {
	got, err := b.load(p, &told)
	return slices.DeleteFunc(got.Diags, func(d diag.Diag) bool { return d.Warning }), err
}

func (b *Bay) load(p Program, told *ir.Told) (load.Result, error) {
	if p.Env == nil {
		p.Env = os.LookupEnv
	}
	o := load.Options{
		Universe: b.Universe(), Modules: b.Modules, Path: p.Path, Shown: p.Shown, Stack: p.Stack, Vars: p.Vars, VarFiles: p.Files, Env: p.Env, Opaque: p.Opaque, Secret: p.Secret,
		Told: told,
	}
	if b.Apart != nil {
		return evaluate.Load(o, *b.Apart)
	}
	return load.Load(o), nil
}

// Outline tells what the module at a path declares, which may be std/NAME,
// without its inputs.
func (b *Bay) Outline(path string) (schema.Outline, diag.List, diag.Sources, error) {
	o := load.Options{Universe: b.Universe(), Modules: b.Modules, Path: path}
	if b.Apart != nil {
		return evaluate.Outline(o, *b.Apart)
	}
	out, diags, sources := load.Outline(o)
	return out, diags, sources, nil
}

// Format returns a file in the canonical form of its language, or what is wrong
// with it.
func (b *Bay) Format(f schema.File) ([]byte, diag.List, error) {
	if b.Apart != nil {
		return evaluate.Format(f, *b.Apart)
	}
	out, diags := load.Format(f)
	return out, diags, nil
}

// Check reports what no engine could make of a program. Load has found other
// mistakes, and Plan finds those that are about an engine.
func (b *Bay) Check(prog *ir.Program) diag.List { return plan.Check(b.Kinds, prog) }

// Puts returns the paths of files that a program puts into the object at an address.
func (b *Bay) Puts(prog *ir.Program, a ir.Addr) []string {
	return said(b, prog, a, kind.Kind.Puts)
}

// Pushes returns the tags that a program has pushed of the image at an address.
func (b *Bay) Pushes(prog *ir.Program, a ir.Addr) []string {
	return said(b, prog, a, kind.Kind.Pushes)
}

// Builds returns the addresses of what a resource needs and a program builds.
func (b *Bay) Builds(prog *ir.Program, r *ir.Resource) []ir.Addr {
	var out []ir.Addr
	for _, d := range r.Deps {
		if said(b, prog, d.To, func(k kind.Kind, s schema.Binder) bool { return k.Does(s, kind.Build, "") }) {
			out = append(out, d.To)
		}
	}
	return out
}

// said returns what a program says of the resource at an address.
func said[T any](b *Bay, prog *ir.Program, a ir.Addr, what func(kind.Kind, schema.Binder) T) (none T) {
	r := prog.Resource(a)
	for _, k := range b.Kinds {
		if r != nil && k.Schema().Name == a.Kind {
			return what(k, world.Decode(k.Schema(), r, r.Attrs))
		}
	}
	return none
}

// Connect reaches an engine: host is a DOCKER_HOST value, the name of a docker
// context, or `embedded`, `embedded:NAME`, `embedded:NAME@API`. "" follows the
// docker command.
func Connect(ctx context.Context, host string) (*engine.Engine, error) {
	return ConnectWithin(ctx, host, 0)
}

// ConnectWithin is Connect for those who wait longer than the few seconds that
// Connect does for another command that is at work on an embedded engine.
func ConnectWithin(ctx context.Context, host string, wait time.Duration) (*engine.Engine, error) {
	name, api, ok := embeddedName(host)
	if !ok {
		return engine.Connect(ctx, host)
	}
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	w, err := embedded.OpenWithin(dir, name, api, max(wait, embedded.Patience))
	if err != nil {
		return nil, fmt.Errorf("opening the embedded engine %s: %w", name, err)
	}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) { return w.Dial(ctx, network, addr) }
	e, err := engine.Through(ctx, dial, engine.Options{Local: true, Sleep: w.Sleep, Close: w.Close})
	if err != nil {
		_ = w.Close() // the first error says more
		return nil, err
	}
	return e, nil
}

// SetOut begins to connect, and to read what every plan is made from. arrive waits
// for the engine, as ConnectWithin does; leave, which is called at the end, takes
// away what has begun, and the engine too if nobody has arrived.
//
// It begins at once only where that takes nothing of anybody: on the way to another
// machine somebody may be asked for a password, and an embedded engine is held by
// who has it open.
func SetOut(ctx context.Context, host string, wait time.Duration) (arrive func() (*engine.Engine, error), leave func()) {
	if _, _, ok := embeddedName(host); ok || !engine.Local(host) {
		return func() (*engine.Engine, error) { return ConnectWithin(ctx, host, wait) }, func() {}
	}
	type reached struct {
		e   *engine.Engine
		err error
	}
	there, arrived := make(chan reached, 1), false
	ctx, stop := context.WithCancel(ctx)
	go func() {
		e, err := ConnectWithin(ctx, host, wait)
		if err == nil {
			e.LookAhead(ctx)
		}
		there <- reached{e, err}
	}()
	arrive = func() (*engine.Engine, error) {
		arrived = true
		r := <-there
		return r.e, r.err
	}
	leave = func() {
		stop()
		if arrived {
			return
		}
		if r := <-there; r.e != nil {
			_ = r.e.Close() // nobody has asked it for anything
		}
	}
	return arrive, leave
}

// embeddedName reads embedded[:NAME][@API].
func embeddedName(host string) (name, api string, ok bool) {
	head, api, _ := strings.Cut(host, "@")
	head, name, named := strings.Cut(head, ":")
	if head != "embedded" {
		return "", "", false
	}
	if !named {
		name = "default"
	}
	return name, api, true
}

// stateDir is where the worlds of the embedded engine lie.
func stateDir() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding a place for the embedded engine's state: %w", err)
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "bay", "embedded"), nil
}

// PlanOptions says what to plan.
type PlanOptions struct {
	Mode    plan.Mode // "" is plan.Apply
	Stack   string    // counts where there is no program
	Part    plan.Part // what of the stack, and what is done to it whatever has changed
	Volumes bool      // of plan.Destroy: data goes too
	Remove  []ir.Addr // of plan.Apply: data that goes

	ReplaceData []ir.Addr // of plan.Apply: data that is lost where its object has to be made anew
	Reconnect   bool      // of plan.Apply: what is not the program's is taken along where it is in the way

	Of     ir.Addr     // of plan.Once: the resource
	OneOff kind.OneOff // of plan.Once: what it has otherwise

	Offline bool // nothing is asked for elsewhere than on the engine
	Lenient bool // nothing will be made of it: what nobody elsewhere tells is no error
	Locked  bool // what is asked for elsewhere has to be pinned

	Decide func(ir.Told) diag.List // Bay.Decide of the program; one without postconditions that an engine decides needs none
}

// Plan compares a program with what lives on e. It changes nothing: it is
// given a reader alone. prog may be nil to destroy a stack by its name. An
// error is a diag.List where the program cannot be had on this engine.
func (b *Bay) Plan(ctx context.Context, e *engine.Engine, prog *ir.Program, o PlanOptions) (*plan.Plan, error) {
	if prog != nil {
		o.Stack = prog.Stack
	}
	if o.Mode == "" {
		o.Mode = plan.Apply
	}
	known, closed := logins(prog)
	e.UseLogins(known)
	chosen, diags := b.choose(prog, o)
	if err := diags.Err(); err != nil {
		return nil, err
	}
	w, err := world.Read(ctx, world.Options{
		Kinds: b.Kinds, Reader: e.Snapshot(), Info: e.Info, BuildKit: e.BuildKit, Stack: o.Stack, Program: prog, Chosen: chosen,
		Leaving: o.Mode == plan.Destroy, Idle: o.Mode == plan.Collect, Offline: o.Offline, Closed: closed, Lenient: o.Lenient, Locked: o.Locked,
		Task: o.Part.Task, Tag: o.Part.Tag, Anew: o.Part.Anew, Only: o.Mode == plan.Once,
	})
	if err != nil {
		return nil, err
	}
	p, diags := plan.Make(w, prog, plan.Options{Mode: o.Mode, Kinds: b.Kinds, Part: o.Part, Volumes: o.Volumes, Remove: o.Remove, ReplaceData: o.ReplaceData, Reconnect: o.Reconnect, Of: o.Of, OneOff: o.OneOff})
	if err := diags.Err(); err != nil {
		return nil, err
	}
	return p, decide(ctx, e.Reader(), p, o.Decide)
}

// decide returns what of the postconditions does not hold of resources that a
// plan leaves as they are.
func decide(ctx context.Context, r engine.Reader, p *plan.Plan, by func(ir.Told) diag.List) error {
	var all diag.List
	for _, c := range p.Checks {
		values, err := engine.Tell(ctx, r, c.Sources)
		if err != nil {
			return fmt.Errorf("reading what the postconditions of %s need: %w", c.Addr, err)
		}
		all = append(all, c.Unmet(by(ir.Told{Addr: c.Addr, Values: values}))...)
	}
	all.Sort()
	return all.Err()
}

// LogIn lets registries be asked as the accounts that a program declares; prog may be
// nil. Update and Plan do so by themselves.
func LogIn(e *engine.Engine, prog *ir.Program) {
	known, _ := logins(prog)
	e.UseLogins(known)
}

// logins returns the accounts that a program declares, and the hosts of those that
// are not known: where nothing will be made, no sensitive input is asked for.
func logins(prog *ir.Program) (known []engine.Login, closed []string) {
	if prog == nil {
		return nil, nil
	}
	for _, l := range prog.Logins {
		if l.Username.Opaque || l.Password.Opaque {
			closed = append(closed, l.Host)
			continue
		}
		known = append(known, engine.Login{Host: l.Host, Username: l.Username.ToText().Str, Password: l.Password.ToText().Str})
	}
	return known, closed
}

// choose returns what a plan is about, before anything is asked for: no other
// context is hashed, and no other registry asked.
func (b *Bay) choose(prog *ir.Program, o PlanOptions) (func(ir.Addr) bool, diag.List) {
	switch o.Mode {
	case plan.Apply:
		return plan.Choose(b.Kinds, prog, o.Part)
	case plan.Once:
		return plan.Near(prog, o.Of), nil
	}
	return nil, nil
}

// Apply sends a plan to e. What it did is in the report, also where it failed.
func (b *Bay) Apply(ctx context.Context, e *engine.Engine, p *plan.Plan, o apply.Options) *apply.Report {
	return apply.Run(ctx, e, p, o)
}

// Outputs returns the outputs of a planned program as they are on e now. What
// the engine does not know yet stays as a reference.
func Outputs(ctx context.Context, e *engine.Engine, p *plan.Plan) map[string]ir.Value {
	out := map[string]ir.Value{}
	for _, o := range p.Outputs {
		out[o.Name] = apply.Resolve(ctx, e, o)
	}
	return out
}
