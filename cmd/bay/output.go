package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/interpreter"
	"bayplan/interpreter/show"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

// outputFormat is the version of `bay output --json`.
const outputFormat = "bayplan.outputs/1"

func (a *app) outputCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "output [DIR] [NAME]",
		Short: "Print the stack's outputs as they are now",
		Long: `Output prints the values that the files declare as outputs, with what only the
engine knows read from it. With NAME it prints that value alone, as it is, for
scripts. A sensitive value is printed only when it is named.

A lone argument is a NAME, unless it is written as a path: ./shop, shop/, or a
body such as main.bay.star; or unless it is a directory, and there is no stack here.`,
		Example: `  bay output
  bay output url
  curl "$(bay output ./shop url)"
  bay output --json | jq -r .outputs.url`,
		Args: atMost(2, "DIR and NAME at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, name := a.outputArgs(args)
			return a.output(cmd.Context(), dir, name, asJSON)
		},
		ValidArgsFunction: a.completeOutputs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+outputFormat+"; with NAME the bare value")
	return cmd
}

// outputArgs tells a directory or body from the name of an output.
func (a *app) outputArgs(args []string) (dir, name string) {
	switch {
	case len(args) == 2:
		name = args[1]
	case len(args) == 1 && !isPath(args[0]) && !a.onlyThere(args[0]):
		args, name = nil, args[0]
	}
	return a.where(args), name
}

// onlyThere reports whether dir is a directory, and there is no stack here.
func (a *app) onlyThere(dir string) bool {
	here, err := filepath.Glob(filepath.Join(a.where(nil), "*.bay.*"))
	if err != nil || len(here) > 0 {
		return false
	}
	info, err := os.Stat(a.where([]string{dir}))
	return err == nil && info.IsDir()
}

func isPath(s string) bool {
	ext := filepath.Ext(s)
	return strings.ContainsAny(s, `/\`) || s == "." || s == ".." || ext == ".star" || ext == ".hcl"
}

func (a *app) output(ctx context.Context, dir, name string, asJSON bool) error {
	prog, err := a.load(dir, true)
	if err != nil {
		return err
	}
	if name != "" && !slices.ContainsFunc(prog.Outputs, func(o ir.Output) bool { return o.Name == name }) {
		return noOutput(prog, name)
	}
	e, p, err := a.planWithin(ctx, 0, prog, interpreter.PlanOptions{Lenient: true})
	if err != nil {
		return err
	}
	defer e.Close()
	values := interpreter.Outputs(ctx, e, p)
	switch {
	case name != "":
		return a.oneOutput(name, values[name], asJSON)
	case asJSON:
		return show.WriteJSON(a.out, outputsDocument(prog.Stack, values))
	case len(values) == 0:
		_, err := fmt.Fprintf(a.err, "Stack %s declares no outputs.\n", prog.Stack)
		return err
	}
	return show.Outputs(a.out, values, a.look())
}

func noOutput(prog *program, name string) error {
	var names []string
	for _, o := range prog.Outputs {
		names = append(names, o.Name)
	}
	f := &failure{err: fmt.Errorf("stack %s has no output %q", prog.Stack, name)}
	switch near := diag.Nearest(name, names); {
	case near != "":
		f.hint = fmt.Sprintf("did you mean %q?", near)
	case len(names) > 0:
		f.hint = "it has " + strings.Join(names, ", ")
	}
	return f
}

// oneOutput prints a value for scripts: text as it is, the rest as JSON.
func (a *app) oneOutput(name string, v ir.Value, asJSON bool) error {
	v = reveal(v)
	switch {
	case v.Any(func(v ir.Value) bool { return v.Opaque }):
		return &failure{
			err:  fmt.Errorf("output %s holds a sensitive input that was not given", name),
			hint: "give it, as when you apply: BAY_VAR_NAME=VALUE bay output " + name,
		}
	case v.HasEngine():
		return &failure{
			err:  fmt.Errorf("output %s is not known: the engine does not tell %s now", name, unknown(v)),
			hint: "it is known once the stack is applied and runs: bay apply",
		}
	case asJSON || !v.IsText():
		return show.WriteJSON(a.out.bare(), show.Plain(v))
	}
	text := v.ToText().Str
	if a.out.terminal {
		text = escape(text, "")
	}
	_, err := fmt.Fprintln(a.out.bare(), text)
	return err
}

// unknown lists the references in v.
func unknown(v ir.Value) string {
	var refs []string
	v.Refs(func(r ir.Ref, _ diag.Pos) {
		if r.Attr != "" && !slices.Contains(refs, r.String()) {
			refs = append(refs, r.String())
		}
	})
	return strings.Join(refs, ", ")
}

// reveal returns v with nothing in it sensitive: somebody asked for it by name.
func reveal(v ir.Value) ir.Value {
	v.Sensitive = false
	v.List = slices.Clone(v.List)
	for i, e := range v.List {
		v.List[i] = reveal(e)
	}
	v.Map = maps.Clone(v.Map)
	for k, e := range v.Map {
		v.Map[k] = reveal(e)
	}
	return v
}

// outputsDocument is `bay output --json`. A sensitive value is
// {"sensitive": true}; what the engine does not tell now is as plans print it.
func outputsDocument(stack string, values map[string]ir.Value) any {
	doc := struct {
		Format  string         `json:"format"`
		Stack   string         `json:"stack"`
		Outputs map[string]any `json:"outputs"`
	}{outputFormat, stack, map[string]any{}}
	for name, v := range values {
		doc.Outputs[name] = show.Plain(v)
	}
	return doc
}

func (a *app) completeOutputs(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	dir, name := a.outputArgs(args)
	if name != "" {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	vars, err := a.vars()
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	got, err := a.bay.Load(interpreter.Program{Path: dir, Stack: a.common.stack, Vars: vars, Opaque: true})
	if err != nil || got.Program == nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, o := range got.Program.Outputs {
		names = append(names, o.Name+"\t"+o.Description)
	}
	return names, cobra.ShellCompDirectiveDefault // a directory may come too
}
