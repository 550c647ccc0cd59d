// Command bare evaluates the programs of the bench with what both languages are
// made of, hclsyntax and go.starlark.net, and nothing around it: no schema, no
// positions, no messages, no plan. It prints how many containers there are.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: bare DIR")
		os.Exit(1)
	}
	n, err := evaluate(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
	fmt.Println(n)
}

func evaluate(dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, starBody)); err == nil {
		s := &star{compiled: map[string]*starlark.Program{}}
		err := s.run(dir, nil)
		return len(s.made), err
	}
	h := &hclBody{bodies: map[string][]*hclsyntax.Body{}}
	err := h.run(dir, nil)
	return len(h.made), err
}

const starBody = "main.bay.star"

// hclBody evaluates HCL. A directory is parsed once.
type hclBody struct {
	bodies map[string][]*hclsyntax.Body
	made   []map[string]cty.Value
}

var rangeOf = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "n", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.List(cty.Number)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		n, _ := args[0].AsBigFloat().Int64()
		out := make([]cty.Value, n)
		for i := range out {
			out[i] = cty.NumberIntVal(int64(i))
		}
		return cty.ListVal(out), nil
	},
})

func (h *hclBody) run(dir string, inputs map[string]cty.Value) error {
	bodies, err := h.parse(dir)
	if err != nil {
		return err
	}
	vars := map[string]cty.Value{}
	named := map[string]map[string]cty.Value{"network": {}, "volume": {}}
	for _, body := range bodies {
		for _, b := range body.Blocks {
			if kind := named[b.Type]; kind != nil {
				kind[b.Labels[0]] = cty.StringVal(b.Labels[0])
			}
		}
	}
	vars["var"] = cty.ObjectVal(inputs)
	for kind, all := range named {
		vars[kind] = cty.ObjectVal(all)
	}
	ctx := &hcl.EvalContext{Variables: vars, Functions: map[string]function.Function{"range": rangeOf}}
	for _, body := range bodies {
		for _, b := range body.Blocks {
			if err := h.block(dir, b, ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *hclBody) parse(dir string) ([]*hclsyntax.Body, error) {
	if got, ok := h.bodies[dir]; ok {
		return got, nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.bay.hcl"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
		if diags.HasErrors() {
			return nil, diags
		}
		h.bodies[dir] = append(h.bodies[dir], f.Body.(*hclsyntax.Body))
	}
	return h.bodies[dir], nil
}

// block evaluates a block, once for each key that it has.
func (h *hclBody) block(dir string, b *hclsyntax.Block, ctx *hcl.EvalContext) error {
	each := b.Body.Attributes["for_each"]
	if each == nil {
		return h.instance(dir, b, ctx)
	}
	keys, diags := each.Expr.Value(ctx)
	if diags.HasErrors() {
		return diags
	}
	for it := keys.ElementIterator(); it.Next(); {
		_, v := it.Element()
		within := ctx.NewChild()
		within.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(v.AsBigFloat().String())})}
		if err := h.instance(dir, b, within); err != nil {
			return err
		}
	}
	return nil
}

func (h *hclBody) instance(dir string, b *hclsyntax.Block, ctx *hcl.EvalContext) error {
	if b.Type == "variable" {
		return nil
	}
	attrs := make(map[string]cty.Value, len(b.Body.Attributes))
	for name, a := range b.Body.Attributes {
		if name == "for_each" {
			continue
		}
		v, diags := a.Expr.Value(ctx)
		if diags.HasErrors() {
			return diags
		}
		attrs[name] = v
	}
	switch b.Type {
	case "module":
		return h.run(filepath.Join(dir, attrs["source"].AsString()), attrs["inputs"].AsValueMap())
	case "container":
		h.made = append(h.made, attrs)
	}
	return nil
}

// star evaluates Starlark. A file is compiled once.
type star struct {
	compiled map[string]*starlark.Program
	made     [][]starlark.Tuple
}

func (s *star) compile(file string, names starlark.StringDict) (*starlark.Program, error) {
	if p := s.compiled[file]; p != nil {
		return p, nil
	}
	_, p, err := starlark.SourceProgramOptions(new(syntax.FileOptions), file, nil, names.Has)
	s.compiled[file] = p
	return p, err
}

func (s *star) run(dir string, inputs *starlark.Dict) error {
	builtin := func(name string, f func(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)) starlark.Value {
		return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			return f(args, kwargs)
		})
	}
	handle := func(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		if len(args) == 0 {
			return starlark.None, nil
		}
		return args[0], nil
	}
	names := starlark.StringDict{
		"stack": builtin("stack", handle), "network": builtin("network", handle), "volume": builtin("volume", handle),
		"container": builtin("container", func(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			s.made = append(s.made, kwargs)
			return args[0], nil
		}),
		"variable": builtin("variable", func(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			v, _, err := inputs.Get(args[0])
			return v, err
		}),
		"module": builtin("module", func(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			in, source := new(starlark.Dict), ""
			for _, kw := range kwargs {
				switch v := kw[1].(type) {
				case *starlark.Dict:
					in = v
				case starlark.String:
					if kw[0] == starlark.String("source") {
						source = string(v)
					}
				}
			}
			return starlark.None, s.run(filepath.Join(dir, source), in)
		}),
	}
	p, err := s.compile(filepath.Join(dir, starBody), names)
	if err != nil {
		return err
	}
	_, err = p.Init(new(starlark.Thread), names)
	return err
}
