// Package kind is the contract of a resource kind: how its objects are read,
// compared and changed. A room in stdlib writes a Def over its own Spec;
// Define hides the Go type, so that world, plan and apply treat all kinds
// alike and none of them by name.
//
// Reading is the only part that asks an engine. Everything else is a pure
// function of what was read and what is wanted, and answers with calls as data.
package kind

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Want is one resource of the program with its attributes decoded.
type Want struct {
	Res  *ir.Resource
	Spec schema.Binder
}

// Scope is what a kind is asked to read.
type Scope struct {
	Reader   engine.Reader
	Info     engine.Info
	Stack    string
	Dir      string                              // of the root module, absolute; "" without a program
	Wants    []*Want                             // of this kind, in order of address
	Now      func(ir.Addr) ir.Addr               // the address in the program of what was made at another; nil if nothing has moved
	BuildKit func(context.Context) (bool, error) // whether the engine has it; may be nil
	Idle     bool                                // look for what the stack brought and nothing needs any more
	Adopts   map[Use]ir.Addr                     // objects that become resources without having been made by the stack
	Anew     func(ir.Addr) bool                  // somebody wants it made anew whatever has changed; nil for none

	Pins    map[string]string // what the lock file says that a reference stands for
	Offline bool              // nothing may be asked for elsewhere than on the engine
	Closed  []string          // hosts that are not asked: who asks them holds a sensitive input that was not given
	Lenient bool              // nothing will be made: what nobody elsewhere tells is no error
	Locked  bool              // what is asked for elsewhere has to stand in Pins
	Task    Task              // what the plan is about; "" is the whole
	Tag     string            // of Push: the one tag that is pushed; "" is all
}

// Task is one part of what caches are kept for, where a plan is about that alone.
type Task string

// Tasks. A plan that is about the whole has none.
const (
	Pull  Task = "pull"  // what comes from elsewhere is as it is there now
	Build Task = "build" // what is made here is there
	Push  Task = "push"  // what is to be elsewhere is there
)

// Found is what a kind has read. All of it is data.
type Found struct {
	Live  []*Live           // objects of the stack, in order of address, then of name
	Idle  []*Live           // of a cache: what the stack brought and nothing needs any more
	Once  []*Live           // objects that are made after the stack's, run once, and are none of it
	Taken map[string]Holder // by name: objects that are not ours
	Held  map[string]Holder // by claim: what objects that are not ours hold now
	Known map[ir.Addr]any   // what the room learned about a want, such as the digest behind a reference
	Notes diag.List         // what an author should know, and what makes a plan impossible
}

// Holder is somebody else's object.
type Holder struct {
	ID   string
	What string // for people: `container 4be1… of stack "blog"`, `container 4be1…, made by Compose project "web"`
}

// Live is one object of ours.
type Live struct {
	Kind     string
	ID       string // the engine's; equal to Name for kinds without IDs
	Name     string // on the engine now
	Identity engine.Identity
	Was      ir.Addr             // the address that its labels say, if the program has moved it since; else zero
	Adopted  string              // whose it is, for people, if it bears none of our labels and is the stack's by its name alone; else ""
	Record   schema.Record       // what the program set when it was made
	Spec     schema.Binder       // what lives, in canonical form
	Attrs    map[string]ir.Value // what only the engine knows, by path below the handle: "ip", `ips["shop-back"]`
	Status   string              // for people: "running (healthy)", "exited (1)"; "" where there is nothing to say
	Unready  string              // for people: how it shows that it does not serve, or not yet: "is unhealthy"; "" where nothing says so
	Fitness  int                 // of two at one address the greater one stays; 0 where the kind cannot tell
	Uses     []Use               // objects that it holds on to now
	Claims   []string            // what only one object can hold, and it holds now: "port 0.0.0.0:80/tcp"
	Guests   []string            // names of containers that are not ours and hold on to it
	Left     bool                // of Found.Once: it is over, or nobody waits for it any more
	Old      *Live               // the one that it was about to replace, if that was cut short
	Failed   string              // with Old: how it has shown that it does not serve, for people: "exited with code 3"; nothing goes on with it. "" if it may serve
	Object   any                 // the room's own view of the engine's answer
}

// Use is an object by kind and engine name.
type Use struct{ Kind, Name string }

// Verb is what a step does to a resource.
type Verb string

// Verbs. Keep and Same are no steps.
const (
	Same    Verb = ""
	Create  Verb = "create"
	Update  Verb = "update"  // in place
	Restart Verb = "restart" // the same object, stopped and started
	Replace Verb = "replace"
	Remove  Verb = "remove"
	Keep    Verb = "keep"    // no longer in the program, not removed
	Finish  Verb = "finish"  // a replacement that was cut short goes on
	Restore Verb = "restore" // a replacement that was cut short is taken back
)

// Outcome is what a plan makes of a resource, for those that use it.
type Outcome struct {
	Verb  Verb
	Name  string       // the engine's name to use
	Ref   string       // of images: what a create call names
	ID    string       // "" until it is made
	Image *ImageConfig // of images: what containers inherit; nil until it is made

	Platform string // of images: what they are for, such as linux/arm64; "" where that is not known
	Why      string // for people, where Verb is not Same: what moved, such as "main.go changed"

	// Is tells the object from the next one that takes its place: its ID, or the
	// hash of what it is made from. "" is not known, or nothing tells. Made says
	// that it is the ID which a step of this plan yields.
	Is   string
	Made bool

	// Attrs is what only the engine knows of it and the plan knows too, whatever
	// it does: as Live's.
	Attrs map[string]ir.Value

	// Subnets are those of a network from which addresses can be asked for; nil
	// where it has none.
	Subnets []netip.Prefix
}

// Disturbed reports whether values that only the engine knows may change.
func (o *Outcome) Disturbed() bool { return o.Verb != Same && o.Verb != Keep }

// ImageConfig is what a container inherits from its image.
type ImageConfig struct {
	Env         []string
	Cmd         []string
	Entrypoint  []string
	User        string
	WorkingDir  string
	StopSignal  string
	Labels      map[string]string
	Ports       []string // "80/tcp"
	Volumes     []string // container paths
	Healthcheck *Healthcheck
}

// Healthcheck is an image's healthcheck; durations in nanoseconds, zero is not said.
type Healthcheck struct {
	Test                                          []string
	Interval, Timeout, StartPeriod, StartInterval int64
	Retries                                       int
}

// Env is what a room may ask while it plans.
type Env struct {
	Info    engine.Info
	Stack   string
	Outcome func(ir.Addr) *Outcome                  // nil for what is not in the program
	Named   func(kind, name string) (ir.Addr, bool) // the stack's own resource by its engine name
	Taken   func(kind, name string) (Holder, bool)  // somebody else's object by its name
	Live    func(kind, name string) *Live           // ours by its engine name now; nil if there is none
	Source  func(ir.Ref) *engine.Source             // where a value that only the engine knows is read
	Fate    func(kind, id string) Fate              // what becomes of a living object
	Agreed  func(ir.Addr) bool                      // its data may be lost
	Along   bool                                    // what is not the program's may be taken along where it is in the way
}

// Fate is what a plan makes of a living object, for those who would take
// something from it.
type Fate uint8

// Fates.
const (
	LeftAlone Fate = iota // it is not the stack's, or kept: no step gives anything back to it
	Goes                  // a step of its own removes it, before anything that it holds on to is made anew
	GoesOn                // the program has it: its own step gives back what it needs
)

// In is one resource before a room, typed.
type In[S any] struct {
	Res     *ir.Resource
	Want    *S
	Live    *Live         // nil if there is none
	Have    *S            // Live's spec; nil if there is none
	Discard *Live         // a half-made successor of Live that is not wanted; nil if there is none
	Known   any           // what Read learned about the want; nil if nothing
	Asked   schema.Effect // Restart or Replace where somebody wants that whatever has changed; else None
	Env     *Env
	left    *[]schema.Change
	Diags   *diag.List // what makes the plan impossible, or what an author should know
}

// Heed returns changes without those that the program's lifecycle ignores. Plan
// does so before Adjust and after; a room that weighs what it has added itself
// does so before that.
func (in *In[S]) Heed(cs []schema.Change) []schema.Change { return heed(in.Res, cs, in.left) }

// Errorf reports that the plan is impossible, at an attribute.
func (in *In[S]) Errorf(attr, format string, args ...any) *diag.Diag {
	return report(in.Diags, in.Res, false, attr, format, args...)
}

// Warnf tells the author something, at an attribute.
func (in *In[S]) Warnf(attr, format string, args ...any) *diag.Diag {
	return report(in.Diags, in.Res, true, attr, format, args...)
}

// CheckVersion reports the attributes that the connected engine is too old for:
// it would leave them out without a word.
func (in *In[S]) CheckVersion() {
	each := func(path string, f *schema.Field) {
		attr, _, _ := strings.Cut(path, "[")
		attr, _, _ = strings.Cut(attr, ".")
		in.Errorf(attr, "%s needs %s (API %s), and the engine here speaks API %s", path, engine.Release(f.Since), f.Since, in.Env.Info.API).
			Hintf("take it away, or upgrade the engine: an older one would leave it out without a word")
	}
	schema.View(any(in.Want).(schema.Binder), func(s *schema.Set) { s.Newer(in.Env.Info.Has, each) })
}

// Identity returns the labels' content for a new object of this resource. attrs
// is what the program set.
func (in *In[S]) Identity() engine.Identity {
	var deps []ir.Addr
	for _, d := range in.Res.Deps {
		if len(deps) == 0 || deps[len(deps)-1] != d.To {
			deps = append(deps, d.To)
		}
	}
	said, made := in.recorded()
	return engine.Identity{
		Stack: in.Env.Stack, Addr: in.Res.Addr, Name: in.Res.Name, Deps: deps, Keep: in.Res.Guard.Keep,
		Spec: schema.EncodeRecord(said), Made: made,
	}
}

// Recorded returns what a new object remembers of its resource, as attributes.
func (in *In[S]) Recorded() []ir.Attr {
	said, _ := in.recorded()
	return said
}

// recorded is Recorded with the addresses whose IDs apply fills in: by these the
// object remembers which of the resources that are a reason to make it anew it
// was made with.
func (in *In[S]) recorded() (said []ir.Attr, made []ir.Addr) {
	with := map[string]ir.Value{}
	for _, t := range in.Res.Guard.ReplaceOn {
		switch o := in.Env.Outcome(t.On); {
		case o == nil:
		case o.Made:
			with[t.On.String()] = ir.StringVal(engine.Awaited(len(made)))
			made = append(made, t.On)
		case o.Is != "":
			with[t.On.String()] = ir.StringVal(o.Is)
		}
	}
	return schema.Recorded(in.Res, with), made
}

// Work is what a step does, in order: Ops, then Wait, then Commit. If
// something fails before Commit has begun, Undo.
type Work struct {
	Asks     []ir.Dep // conditions on others that nobody wrote, and that are true before it begins
	Facts    []engine.Fact
	Ops      []engine.Op
	Wait     *engine.Wait
	Commit   []engine.Op
	Undo     []engine.Op
	Strategy string // of a replacement: "stop-first", "start-first"
	Impact   string // for people: what is interrupted, for how long about; "" for nothing
	Cutover  string // of a replacement that interrupts nothing for long, for people: what little it does; else ""
	Now      string // of a replacement that was cut short, for people: what became of both until now; else ""
	Then     string // and what becomes of both
	Early    bool   // it disturbs nothing, and comes before anything that does: pulls and builds
	Beside   bool   // of an update: a new object is made beside the old one, which stays
}

// Removal is an object that shall go.
type Removal struct {
	Live    *Live
	Env     *Env
	Volumes bool       // unnamed volumes go with it
	Diags   *diag.List // what forbids it
}

// Kind is a kind with its Go type hidden.
type Kind interface {
	Schema() *schema.Kind
	Data() bool
	Read(context.Context, Scope) (*Found, error)

	// The rest is pure. have is the spec of a Live of the same kind.
	Expect(*Job) schema.Binder
	Adjust(*Job, []schema.Change) []schema.Change
	Create(*Job) Work
	Update(*Job, []schema.Change) Work
	Replace(*Job, []schema.Change) Work
	Finish(*Job, []schema.Change) Work
	Restore(*Job, []schema.Change) Work
	Remove(Removal) Work
	OneOff(*Job, OneOff) Work
	Lasts() bool
	Restarts() bool
	Drop(Removal) Work
	Dropped(*Live) []schema.Change
	Gate(*Job, ir.Dep) *engine.Wait
	Outcome(*Job, Verb, []schema.Change) Outcome
	Claims(schema.Binder) []string
	Puts(schema.Binder) []string
	Pushes(schema.Binder) []string
	Check(Scope) diag.List
	Source(spec schema.Binder, name, attr string) *engine.Source
	Succeeds() bool
	Does(b schema.Binder, t Task, tag string) bool
	Pins(Scope) map[ir.Addr][]string

	// Resolve asks what references stand for now; they are some of those that Pins
	// returns for Wants.
	Resolve(context.Context, Scope, map[ir.Addr][]string) (map[string]string, diag.List)
}

// Job is In with the type hidden.
type Job struct {
	Want    *Want
	Live    *Live
	Discard *Live
	Known   any
	Asked   schema.Effect
	Env     *Env
	Diags   *diag.List
	Left    []schema.Change // what Heed has left out so far
}

// Heed returns changes without those that the program's lifecycle ignores.
func (j *Job) Heed(cs []schema.Change) []schema.Change { return heed(j.Want.Res, cs, &j.Left) }

func heed(r *ir.Resource, cs []schema.Change, left *[]schema.Change) []schema.Change {
	var out []schema.Change
	for _, c := range cs {
		if slices.Contains(r.Guard.Ignore, c.Attr) && !c.Forced {
			*left = append(*left, c)
			continue
		}
		out = append(out, c)
	}
	return out
}

// Def is a kind as its room writes it. Functions that are nil have a default,
// which their comments say.
type Def[S any] struct {
	Name string
	Doc  string               // one sentence
	New  func() schema.Binder // returns a *S
	Data bool                 // it holds what cannot be made again: never removed unless somebody says so in as many words
	Runs bool                 // its objects run, and can be restarted in place

	// Show adds to what a handle shows what only the engine knows.
	Show func(spec *S, self ir.Addr, shown map[string]ir.Value)

	// Read lists and inspects. It must not change anything.
	Read func(context.Context, Scope) (*Found, error)

	// Expect returns the spec that a living object would have if it were as
	// wanted: what the program says over what image and engine bring. By
	// default that is the program's.
	Expect func(In[S]) *S

	// Adjust gets the changes that the table found, and returns them with
	// effects raised, changes added, reasons given. It also reports what the
	// engine cannot do. It is asked before a creation too: then in.Live is nil
	// and there are no changes. By default it returns them as they are.
	Adjust func(In[S], []schema.Change) []schema.Change

	// Create makes a new object. Update changes a living one in place or by a
	// restart, Replace puts a new one in its place.
	Create  func(In[S]) Work
	Update  func(In[S], []schema.Change) Work
	Replace func(In[S], []schema.Change) Work

	// Finish goes on with a replacement that was cut short: in.Live is the new
	// object, in.Live.Old the one that it replaces. Restore takes it back:
	// in.Live is the old one, in.Discard the new one. Only for kinds whose Read
	// sets Live.Old.
	Finish  func(In[S], []schema.Change) Work
	Restore func(In[S], []schema.Change) Work

	// Remove takes an object away. A kind without it is a cache, whose objects
	// planning neither removes nor mentions.
	Remove func(Removal) Work

	// OneOff makes an object after the resource that runs once beside its own, up to
	// its start. Only for kinds with Runs.
	OneOff func(In[S], OneOff) Work

	// Drop takes an idle object of a cache away, and Dropped says what goes with
	// it. Only for kinds without Remove, whose Read finds idle ones.
	Drop    func(Removal) Work
	Dropped func(*Live) []schema.Change

	// Gate returns what to wait for until the object is as a dependant asks,
	// which names a condition and perhaps a limit. It reports at the dependency's
	// position what can never become so. By default nothing can be waited for.
	Gate func(In[S], ir.Dep) *engine.Wait

	// Outcome says what others can rely on. By default only the name.
	Outcome func(In[S], Verb, []schema.Change) Outcome

	// Claims returns what only one object can hold. By default nothing.
	Claims func(*S) []string

	// Puts returns the paths of files that the program puts into the object. By
	// default none.
	Puts func(*S) []string

	// Pushes returns the tags that the program has pushed. By default none.
	Pushes func(*S) []string

	// Check reports what no engine could make of the program, beyond what its
	// evaluation finds: without a reader, from Wants and Dir alone. Planning
	// reports it too. By default nothing.
	Check func(Scope) diag.List

	// Does reports whether a task, of the one tag if that is not "", is about a
	// resource with this spec. By default none is.
	Does func(s *S, t Task, tag string) bool

	// Pins returns the references of Wants that the lock file can pin, and Resolve
	// asks what some of them stand for now. By default there are none.
	Pins    func(Scope) map[ir.Addr][]string
	Resolve func(context.Context, Scope, map[ir.Addr][]string) (map[string]string, diag.List)

	// Source tells where an attribute that only the engine knows is read of the
	// object with this engine name, made from this spec. Nil if there is none such.
	Source func(spec *S, name, attr string) *engine.Source
}

// Define hides the type of a Def.
func Define[S any](d Def[S]) Kind { return &erased[S]{d} }

type erased[S any] struct{ d Def[S] }

func (e *erased[S]) in(j *Job) In[S] {
	in := In[S]{Res: j.Want.Res, Live: j.Live, Discard: j.Discard, Known: j.Known, Asked: j.Asked, Env: j.Env, Diags: j.Diags, left: &j.Left}
	in.Want = any(j.Want.Spec).(*S)
	if j.Live != nil {
		in.Have = any(j.Live.Spec).(*S)
	}
	return in
}

func (e *erased[S]) Schema() *schema.Kind {
	k := &schema.Kind{Name: e.d.Name, Doc: e.d.Doc, New: e.d.New, Runs: e.d.Runs}
	if e.d.Show != nil {
		k.Show = func(b schema.Binder, self ir.Addr, shown map[string]ir.Value) { e.d.Show(any(b).(*S), self, shown) }
	}
	return k
}

func (e *erased[S]) Data() bool { return e.d.Data }

func (e *erased[S]) Read(ctx context.Context, s Scope) (*Found, error) { return e.d.Read(ctx, s) }

func (e *erased[S]) Expect(j *Job) schema.Binder {
	if e.d.Expect == nil {
		return j.Want.Spec
	}
	return any(e.d.Expect(e.in(j))).(schema.Binder)
}

func (e *erased[S]) Adjust(j *Job, cs []schema.Change) []schema.Change {
	if e.d.Adjust == nil {
		return cs
	}
	return e.d.Adjust(e.in(j), cs)
}

func (e *erased[S]) Create(j *Job) Work { return e.d.Create(e.in(j)) }

func (e *erased[S]) Update(j *Job, cs []schema.Change) Work { return e.d.Update(e.in(j), cs) }

func (e *erased[S]) Replace(j *Job, cs []schema.Change) Work { return e.d.Replace(e.in(j), cs) }

func (e *erased[S]) Finish(j *Job, cs []schema.Change) Work { return e.d.Finish(e.in(j), cs) }

func (e *erased[S]) Restore(j *Job, cs []schema.Change) Work { return e.d.Restore(e.in(j), cs) }

func (e *erased[S]) OneOff(j *Job, o OneOff) Work { return e.d.OneOff(e.in(j), o) }

// Succeeds reports whether a replacement makes a new object beside the old one,
// so that there is an order to choose.
func (e *erased[S]) Succeeds() bool { return e.d.Finish != nil }

func (e *erased[S]) Remove(r Removal) Work { return e.d.Remove(r) }

// Lasts reports whether objects of the kind are never removed.
func (e *erased[S]) Lasts() bool { return e.d.Remove == nil }

// Restarts reports whether objects of the kind can be restarted in place.
func (e *erased[S]) Restarts() bool { return e.d.Runs }

func (e *erased[S]) Drop(r Removal) Work { return e.d.Drop(r) }

func (e *erased[S]) Dropped(l *Live) []schema.Change { return e.d.Dropped(l) }

func (e *erased[S]) Gate(j *Job, d ir.Dep) *engine.Wait {
	if e.d.Gate == nil {
		j.Diags.Addf(d.Pos, "%s cannot be waited for: a %s is there or it is not", d.To, e.d.Name).
			Hintf("name it in depends_on without %s(…)", d.Cond)
		return nil
	}
	return e.d.Gate(e.in(j), d)
}

func (e *erased[S]) Outcome(j *Job, v Verb, cs []schema.Change) Outcome {
	if e.d.Outcome == nil {
		return Outcome{Verb: v, Name: j.Want.Res.Name}
	}
	return e.d.Outcome(e.in(j), v, cs)
}

func (e *erased[S]) Claims(b schema.Binder) []string {
	if e.d.Claims == nil {
		return nil
	}
	return e.d.Claims(any(b).(*S))
}

func (e *erased[S]) Puts(b schema.Binder) []string {
	if e.d.Puts == nil {
		return nil
	}
	return e.d.Puts(any(b).(*S))
}

func (e *erased[S]) Pushes(b schema.Binder) []string {
	if e.d.Pushes == nil {
		return nil
	}
	return e.d.Pushes(any(b).(*S))
}

func (e *erased[S]) Check(s Scope) diag.List {
	if e.d.Check == nil {
		return nil
	}
	return e.d.Check(s)
}

func (e *erased[S]) Does(b schema.Binder, t Task, tag string) bool {
	return e.d.Does != nil && e.d.Does(any(b).(*S), t, tag)
}

func (e *erased[S]) Pins(s Scope) map[ir.Addr][]string {
	if e.d.Pins == nil {
		return nil
	}
	return e.d.Pins(s)
}

func (e *erased[S]) Resolve(ctx context.Context, s Scope, refs map[ir.Addr][]string) (map[string]string, diag.List) {
	return e.d.Resolve(ctx, s, refs)
}

func (e *erased[S]) Source(b schema.Binder, name, attr string) *engine.Source {
	if e.d.Source == nil {
		return nil
	}
	return e.d.Source(any(b).(*S), name, attr)
}

func report(l *diag.List, r *ir.Resource, warning bool, attr, format string, args ...any) *diag.Diag {
	add := l.Addf
	if warning {
		add = l.Warnf
	}
	where := r.Addr.String()
	if attr != "" {
		where += "." + attr
	}
	m := add(r.AttrPos(attr), where+": "+format, args...)
	m.Calls = r.Calls
	return m
}
