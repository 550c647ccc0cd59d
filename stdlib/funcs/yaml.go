package funcs

import (
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"go.yaml.in/yaml/v3"
)

// yamldecode is go-cty's, which has no limit of its own: a few lines of
// aliases to aliases stand for more values than any memory holds.
var yamldecode = function.New(&function.Spec{
	Params: []function.Parameter{text("text")},
	Type: func(args []cty.Value) (cty.Type, error) {
		if args[0].IsKnown() {
			if err := checkAliases(args[0].AsString()); err != nil {
				return cty.NilType, err
			}
		}
		return ctyyaml.YAMLDecodeFunc.ReturnTypeForValues(args)
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return ctyyaml.YAMLDecodeFunc.Call(args) },
})

func checkAliases(src string) error {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(src), &doc); err != nil {
		return nil // go-cty's decoder says it in its own words
	}
	if n := expanded(&doc, map[*yaml.Node]int{}); n > maxNodes {
		return function.NewArgErrorf(0, "the document stands for more than %d values", maxNodes)
	}
	return nil
}

// expanded counts the values that n stands for, at most just above maxNodes.
// The decoder refuses an alias that contains itself.
func expanded(n *yaml.Node, seen map[*yaml.Node]int) int {
	if count, ok := seen[n]; ok {
		return count
	}
	seen[n] = 0
	count := 1
	if n.Alias != nil {
		count = expanded(n.Alias, seen)
	}
	for _, e := range n.Content {
		count = min(count+expanded(e, seen), maxNodes+1)
	}
	seen[n] = count
	return count
}
