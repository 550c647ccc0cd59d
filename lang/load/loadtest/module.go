package loadtest

import (
	"fmt"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"
)

// loader has one module and one library, for programs that use some. What real
// ones do, package load tests.
type loader struct{}

// Module evaluates ./box, as if it said
//
//	variable "size" { type = string }
//	variable "net" { type = network, default = null }
//	container "this" { memory = var.size }
//	output "container" { value = container.this }
//	output "size" { value = var.size }
func (loader) Module(m *schema.Module) {
	if m.Source != "./box" {
		m.Caller.Diags.Addf(m.SourcePos, "%s.source: there is no module %q", m.Addr, m.Source)
		return
	}
	at := func(line int) diag.Pos { return diag.Pos{File: "box/box.bay.hcl", Line: line, Col: 1} }
	in := &value.Inputs{Caller: &value.Caller{Name: m.Addr.String(), Pos: m.Pos, Inputs: m.Inputs, Diags: &m.Caller.Diags}}
	text, network := mustType("string"), mustType("network")
	size, ok := in.Resolve(&value.Variable{Name: "size", Pos: at(1), Type: text}, &m.Body.Diags)
	_, okNet := in.Resolve(&value.Variable{Name: "net", Pos: at(2), Type: network, HasDefault: true}, &m.Body.Diags)
	in.Report(&m.Body.Diags)
	if !ok || !okNet {
		return
	}
	a := m.Body.Addr("container", "this")
	m.Body.Declare(schema.Declaration{Addr: a, Pos: at(3), Attrs: []ir.Attr{{Name: "memory", Pos: at(3), Value: size.At(at(3))}}})
	m.Body.Output(ir.Output{Name: "container", Pos: at(4), Value: ir.HandleVal(a)})
	m.Body.Output(ir.Output{Name: "size", Pos: at(5), Value: size})
}

func mustType(text string) value.Type {
	t, err := value.ParseType(text, Universe().KindNames())
	if err != nil {
		panic(err)
	}
	return t
}

// Library reads ./text.star, which has one function: greet(name).
func (loader) Library(_ *schema.Builder, path string) (schema.Library, error) {
	if path != "./text.star" {
		return nil, fmt.Errorf("there is no file %q", path)
	}
	return greeter{}, nil
}

type greeter struct{}

func (greeter) Funcs() []schema.LibraryFunc {
	return []schema.LibraryFunc{{Name: "greet", Doc: "Says hello.", Params: []string{"name"}}}
}

func (greeter) Call(_, as string, at diag.Pos, args []ir.Value) (ir.Value, diag.List) {
	if len(args) != 1 {
		return ir.Value{}, diag.List{{Pos: at, Msg: as + ": it takes a name"}}
	}
	return ir.Concat(ir.StringVal("hello "), args[0]).At(at), nil
}

func (loader) Widen(path string) (string, error) {
	if path != ".." {
		return "", fmt.Errorf("%q is not above the directory of the stack", path)
	}
	return "/", nil
}
