package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/interpreter"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/value"

	"github.com/moby/sys/atomicwriter"
)

// originOf returns what a program was evaluated with.
func (a *app) originOf(p interpreter.Program, taken []value.Taken) show.Origin {
	out := show.Origin{Program: filepath.ToSlash(filepath.Clean(p.Path)), Stack: a.common.stack, Files: p.Files}
	for _, t := range taken {
		in := show.Input{Name: t.Name, Value: givenText(t.Given), From: t.From, File: t.Pos.Known(), Sensitive: t.Sensitive}
		if t.Sensitive {
			in.From, in.File = "", false // it is taken anew, from wherever it then comes
		}
		out.Inputs = append(out.Inputs, in)
	}
	return out
}

// givenText returns the value that was given for a variable as text.
func givenText(g value.Given) string {
	switch {
	case !g.Typed:
		return g.Text
	case g.Value.IsNull():
		return ""
	case g.Value.Kind == ir.String:
		return g.Value.Str
	}
	data, err := json.Marshal(show.Plain(g.Value))
	if err != nil {
		panic(err) // plain values can always be written
	}
	return string(data)
}

// origin returns what a plan is made from. prog is nil where labels are enough.
func (a *app) origin(prog *program, o interpreter.PlanOptions) show.Origin {
	out := show.Origin{Stack: a.common.stack}
	if prog != nil {
		out = prog.origin
	}
	out.Bay = built().Version
	out.Asked = show.Asked{
		Volumes: o.Volumes, RemoveVolumes: texts(o.Remove), ReplaceVolumes: texts(o.ReplaceData), ReconnectForeign: o.Reconnect,
		Offline: o.Offline, Locked: o.Locked,
		Part: o.Part,
	}
	return out
}

func texts(addrs []ir.Addr) []string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

// savePlan writes the document of a plan to a file that only its owner reads:
// the whole of it, or what was there stays.
func savePlan(file string, p *plan.Plan, from show.Origin) error {
	if isBody(file) {
		return misuse("--out %s: that is the name of a program, which would be overwritten", file)
	}
	data, err := show.Encode(p, from)
	if err != nil {
		return err
	}
	if err := atomicwriter.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("saving the plan in %s: %w", file, err)
	}
	return nil
}

// isSaved reports whether the first argument of apply is a file, and not one of
// a program.
func isSaved(args []string) bool {
	if len(args) == 0 || isBody(args[0]) {
		return false
	}
	info, err := os.Stat(args[0])
	return err == nil && info.Mode().IsRegular()
}

// isBody reports whether a path can only be a file of a program.
func isBody(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".hcl" || ext == ".star"
}

// applySaved carries out a plan that was saved, if it is still the plan.
// args are its file and perhaps the directory of the program.
func (a *app) applySaved(ctx context.Context, args []string, o applyFlags) error {
	s, err := a.openSaved(args[0])
	if err != nil {
		return err
	}
	what, err := a.adopt(s, o)
	if err != nil {
		return err
	}
	prog, err := a.loadSaved(s, args[1:])
	if err != nil {
		return err
	}
	e, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := s.sameEngine(e.Info); err != nil {
		return err
	}
	p, err := a.plan(ctx, e, prog, what)
	if err != nil {
		return err
	}
	if err := a.stillSo(s, p, a.origin(prog, what), o.verbose); err != nil {
		return err
	}
	if err := a.announce(e, prog, p, o.verbose, o.yes); err != nil {
		return err
	}
	if p.Empty() {
		return a.outputs(interpreter.Outputs(ctx, e, p))
	}
	if err := a.agreeSaved(p, a.host(e), o); err != nil {
		return err
	}
	return a.carryOut(ctx, e, work{p, prog, what, o.lock, o.noRollback, o.verbose})
}

// agreeSaved asks where a saved plan takes what cannot be had again. To
// whatever else it does, whoever applies it has agreed.
func (a *app) agreeSaved(p *plan.Plan, host string, o applyFlags) error {
	if p.Mode == plan.Apply {
		if err := a.agreeMost(p, host, o); err != nil {
			return err
		}
	}
	n := show.CountsOf(p).VolumesRemoved
	if n == 0 && o.confirm == "" {
		return nil
	}
	lost := fmt.Sprintf("This carries out the saved plan for stack %s on %s, and the data of %s is lost for good.", p.Stack, host, show.Plural(n, "volume"))
	return a.agreeLoss(p, o.confirm, o.yes, lost)
}

// adopt makes what the saved plan was asked for what is asked now. Flags that
// say something else are refused: nobody could tell which is meant.
func (a *app) adopt(s *saved, o applyFlags) (interpreter.PlanOptions, error) {
	from := s.doc.Origin
	var what interpreter.PlanOptions
	switch {
	case s.doc.Mode != plan.Apply && s.doc.Mode != plan.Destroy:
		return what, s.broken(fmt.Errorf("it is of the mode %q", s.doc.Mode))
	case o.data.any() || o.part.any() || o.from.any():
		return what, misuse("%s is a saved plan, which says itself what it is about, what it does to data and where it asks: give such flags to bay plan", s.file)
	case len(a.common.varFiles) > 0:
		return what, misuse("%s is a saved plan, which reads the files again that it was made with: leave --var-file out", s.file)
	case a.common.stack != "" && a.common.stack != s.doc.Stack:
		return what, misuse("--stack %s: %s is a plan for stack %s", a.common.stack, s.file, s.doc.Stack)
	}
	a.common.stack = from.Stack
	if from.Program == "" {
		a.common.stack = s.doc.Stack
	}
	what = interpreter.PlanOptions{Mode: s.doc.Mode, Part: from.Part, Volumes: from.Volumes, Reconnect: from.ReconnectForeign,
		Offline: from.Offline, Locked: from.Locked}
	var err error
	if what.Remove, err = addresses("remove_volumes", from.RemoveVolumes); err != nil {
		return what, s.broken(err)
	}
	if what.ReplaceData, err = addresses("replace_volumes", from.ReplaceVolumes); err != nil {
		return what, s.broken(err)
	}
	return what, nil
}

// loadSaved evaluates the program of a saved plan again: in args, or where it
// was planned, with the inputs that are recorded. Positions are as they were.
func (a *app) loadSaved(s *saved, args []string) (*program, error) {
	from := s.doc.Origin
	if from.Program == "" {
		if len(args) > 0 {
			return nil, misuse("%s was planned without a program, by the labels on the engine: leave %s out", s.file, args[0])
		}
		return nil, nil
	}
	vars, err := a.varsOf(s)
	if err != nil {
		return nil, err
	}
	p := interpreter.Program{
		Path: filepath.FromSlash(from.Program), Stack: a.common.stack, Vars: vars, Files: from.Files, Env: envOf(from.Inputs), Opaque: s.doc.Mode == plan.Destroy,
	}
	if len(args) > 0 || a.common.dir != "" {
		p.Path, p.Shown = a.where(args), shownDir(from.Program)
	} else if _, err := os.Stat(p.Path); err != nil {
		return nil, &failure{
			err:  fmt.Errorf("there is no %s here, from which %s was planned", p.Path, s.file),
			hint: "run it in the directory in which it was planned, or name the program's: bay apply " + s.file + " DIR",
		}
	}
	for _, f := range from.Files {
		if _, err := os.Stat(f); err != nil {
			return nil, &failure{
				err:  fmt.Errorf("there is no %s here, with whose values %s was planned", f, s.file),
				hint: "run it in the directory in which it was planned, with the same files",
			}
		}
	}
	prog, err := a.evaluate(p)
	if err != nil {
		return nil, err
	}
	prog.origin.Program = from.Program
	return prog, nil
}

// shownDir is the directory of a program as its positions name it.
func shownDir(program string) string {
	if isBody(program) {
		program = path.Dir(program)
	}
	return filepath.FromSlash(program)
}

// varsOf returns the values of variables: those that are recorded, and of the
// command line those that are not.
func (a *app) varsOf(s *saved) ([]load.Var, error) {
	vars, err := a.vars()
	if err != nil {
		return nil, err
	}
	for _, in := range s.doc.Origin.Inputs {
		given := slices.ContainsFunc(vars, func(v load.Var) bool { return v.Name == in.Name })
		switch {
		case in.Sensitive || in.File && !given:
		case given:
			return nil, misuse("--var %s: %s was planned with %s = %s, and holds for that alone", in.Name, s.file, in.Name, ir.StringVal(in.Value).Show())
		case !strings.HasPrefix(in.From, envVar):
			vars = append(vars, load.Var{Name: in.Name, Value: in.Value, From: in.From})
		}
	}
	return vars, nil
}

// envVar begins the environment variable that holds the value of an input.
const envVar = "BAY_VAR_"

// envOf is the environment with the inputs that came from it when the plan was
// made. One that is there now counts, so that a plan with another is stale.
func envOf(inputs []show.Input) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := os.LookupEnv(name); ok {
			return v, true
		}
		i := slices.IndexFunc(inputs, func(in show.Input) bool { return in.From == name && strings.HasPrefix(name, envVar) })
		if i < 0 {
			return "", false
		}
		return inputs[i].Value, true
	}
}

// sameEngine refuses an engine that is another one than was planned for.
func (s *saved) sameEngine(now engine.Info) error {
	was := s.doc.Engines["default"]
	if was.ID == now.ID && was.API == now.API {
		return nil
	}
	return &failure{
		err:  fmt.Errorf("%s was planned for engine %s with API %s, and this is %s with API %s; nothing was changed", s.file, was.ID, was.API, now.ID, now.API),
		hint: "name the engine that it was planned for with --engine, or plan for this one: " + s.again(),
		code: exitStale,
	}
}

// stillSo compares a saved plan with the one that would be made now.
func (a *app) stillSo(s *saved, p *plan.Plan, from show.Origin, verbose bool) error {
	now, err := show.Encode(p, from)
	if err != nil {
		return err
	}
	ds, err := show.Differ(s.data, now)
	if err != nil || len(ds) == 0 {
		return err
	}
	f := &failure{
		err:  fmt.Errorf("%s is stale: this is no longer what would happen; nothing was changed", s.file),
		hint: "see what would happen now, and save that: " + s.again(), code: exitStale,
	}
	if p.Empty() {
		f.err = fmt.Errorf("%s is stale: nothing is left to do, as after it was carried out; nothing was changed", s.file)
		f.hint = "see whether that holds: bay plan; what differs from what was saved is shown with -v"
		if !verbose {
			return f // all that was to be done would be told of, as not there
		}
	}
	if err := a.differ(ds, verbose); err != nil {
		return err
	}
	return f
}

// differ shows in what the plan that was agreed to is another one now.
func (a *app) differ(ds []show.Difference, verbose bool) error {
	o := a.look()
	o.Color, o.Width, o.Verbose = a.color(a.err), a.err.width(), verbose
	return show.Differences(a.err, ds, o)
}

// again is the command that makes such a plan anew.
func (s *saved) again() string {
	words := append([]string{"bay", "plan"}, s.doc.Flags()...)
	for _, f := range s.doc.Origin.Files {
		words = append(words, "--var-file", f)
	}
	if from := s.doc.Origin.Program; from != "." && from != "" {
		words = append(words, from)
	}
	return strings.Join(append(words, "--out", s.file), " ")
}
