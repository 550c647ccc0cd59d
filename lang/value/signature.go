package value

import (
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Signature says how a function is called. Types are written as in the type of
// a variable.
type Signature struct {
	Params  []Param
	Returns string // "any" where it depends on the arguments
}

// Param is a parameter.
type Param struct {
	Name string
	Type string
	Rest bool // none or any number of arguments; it is the last one
}

// SignatureOf returns the signature of a function of the registry.
func SignatureOf(f function.Function) Signature {
	var s Signature
	var types []cty.Type
	for _, p := range f.Params() {
		s.Params = append(s.Params, Param{Name: p.Name, Type: typeexpr.TypeString(p.Type)})
		types = append(types, p.Type)
	}
	if p := f.VarParam(); p != nil {
		s.Params = append(s.Params, Param{Name: p.Name, Type: typeexpr.TypeString(p.Type), Rest: true})
		types = append(types, p.Type)
	}
	s.Returns = typeexpr.TypeString(resultOf(f, types))
	return s
}

// resultOf returns the type of f's results for arguments of these types: any,
// where it is another one for other arguments.
func resultOf(f function.Function, types []cty.Type) cty.Type {
	result := cty.NilType
	for _, some := range []cty.Type{
		cty.String, cty.Number, cty.List(cty.String), cty.List(cty.Number), cty.Map(cty.String), cty.Map(cty.Number), cty.Tuple([]cty.Type{cty.Bool}),
	} {
		args := make([]cty.Type, len(types))
		for i, t := range types {
			if args[i] = t; t == cty.DynamicPseudoType {
				args[i] = some // of any type itself, nothing would be asked
			}
		}
		switch t, err := f.ReturnType(args); {
		case err != nil: // it takes no such thing
		case result == cty.NilType:
			result = t
		case !t.Equals(result):
			return cty.DynamicPseudoType
		}
	}
	if result == cty.NilType {
		return cty.DynamicPseudoType
	}
	return result
}

// Call returns the names of the parameters as in a call.
func (s Signature) Call() string {
	return s.list(func(p Param) string { return p.Name })
}

// String returns all of the signature but the function's name.
func (s Signature) String() string {
	return s.list(func(p Param) string { return p.Name + ": " + p.Type }) + " → " + s.Returns
}

func (s Signature) list(show func(Param) string) string {
	var parts []string
	for _, p := range s.Params {
		text := show(p)
		if p.Rest {
			text += "..."
		}
		parts = append(parts, text)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
