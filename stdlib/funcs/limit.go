package funcs

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Limits of one call. Files are at most 1 MiB, so that honest work stays far
// below; without them a line of a program could eat all memory.
const (
	maxBytes = 8 << 20 // of all texts in the arguments, and of the result
	maxNodes = 200_000 // of values in the arguments, each element for itself
	maxRange = 10_000  // of the numbers of a range
)

// bounded refuses arguments that are too large, and turns a panic within f,
// which go-cty hands out as an error with a stack trace, into a plain error.
func bounded(f function.Function) function.Function {
	plain := func(err error) error {
		var p function.PanicError
		if errors.As(err, &p) {
			return fmt.Errorf("cannot work with these arguments: %v", p.Value)
		}
		return err
	}
	return function.New(&function.Spec{
		Params:   f.Params(),
		VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			b := budget{bytes: maxBytes, nodes: maxNodes}
			for _, a := range args {
				if !b.spend(a) {
					return cty.NilType, fmt.Errorf("the arguments are too large: at most %d MiB of text and %d values", maxBytes>>20, maxNodes)
				}
			}
			t, err := f.ReturnTypeForValues(args)
			return t, plain(err)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f.Call(args)
			return v, plain(err)
		},
	})
}

// budget is what is left to spend on arguments. A value that holds another one
// twice pays twice, as do the functions that walk it.
type budget struct{ bytes, nodes int }

func (b *budget) spend(v cty.Value) bool {
	v, _ = v.Unmark()
	b.nodes--
	if b.nodes < 0 {
		return false
	}
	if v.IsNull() || !v.IsKnown() {
		return true
	}
	if v.Type() == cty.String {
		b.bytes -= len(v.AsString())
		return b.bytes >= 0
	}
	if !v.CanIterateElements() {
		return true
	}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if k.Type() == cty.String && !v.Type().IsSetType() {
			b.bytes -= len(k.AsString())
		}
		if !b.spend(e) {
			return false
		}
	}
	return b.bytes >= 0
}

// sized refuses arguments whose result would be too large. size returns a
// bound of the result in bytes; it is asked only about known arguments.
func sized(f function.Function, size func(args []cty.Value) int) function.Function {
	return function.New(&function.Spec{
		Params:   f.Params(),
		VarParam: f.VarParam(),
		Type:     f.ReturnTypeForValues,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			plain := unmarkDeep(args)
			for _, a := range plain {
				if !a.IsWhollyKnown() {
					return f.Call(args)
				}
			}
			if size(plain) > maxBytes {
				return cty.NilVal, fmt.Errorf("the result would be larger than %d MiB", maxBytes>>20)
			}
			return f.Call(args)
		},
	})
}

var width = regexp.MustCompile(`[0-9]+`)

// formatSize counts the widths and precisions in a format and the arguments.
// Each verb can show an argument anew.
func formatSize(args []cty.Value) int {
	format := args[0].AsString()
	n := len(format)
	for _, w := range width.FindAllString(format, -1) {
		k, err := strconv.Atoi(w)
		if err != nil || k > maxBytes {
			return maxBytes + 1
		}
		n += k
	}
	b := budget{bytes: maxBytes, nodes: maxNodes}
	for _, a := range args[1:] {
		b.spend(a)
	}
	rows := 1
	for _, a := range args[1:] {
		if a.CanIterateElements() {
			rows = max(rows, a.LengthInt())
		}
	}
	return times(rows, n) + times(strings.Count(format, "%"), maxBytes-b.bytes)
}

// indentSize counts the spaces of one line too: go-cty makes them before it looks
// for lines.
func indentSize(args []cty.Value) int {
	return len(args[1].AsString()) + times(whole(args[0]), 1+strings.Count(args[1].AsString(), "\n"))
}

func joinSize(args []cty.Value) int {
	n := 0
	for _, list := range args[1:] {
		b := budget{bytes: maxBytes, nodes: maxNodes}
		b.spend(list)
		n += maxBytes - b.bytes + times(len(args[0].AsString()), list.LengthInt())
	}
	return n
}

// parseintSize lets through what any program needs: math/big takes seconds
// for a million digits.
func parseintSize(args []cty.Value) int {
	if args[0].Type() == cty.String && len(args[0].AsString()) > 1000 {
		return maxBytes + 1
	}
	return 0
}

func productSize(args []cty.Value) int {
	n := 1
	for _, list := range args {
		n = times(n, list.LengthInt())
	}
	return times(n, len(args)*64)
}

// replaceSize bounds what replace makes. The groups of all matches together
// are no longer than the text.
func replaceSize(args []cty.Value) int {
	s, old, by := args[0].AsString(), args[1].AsString(), args[2].AsString()
	if isPattern(old) {
		return len(s) + times(len(s)+1, len(by)) + times(strings.Count(by, "$"), len(s))
	}
	return len(s) + times(strings.Count(s, old), len(by))
}

// times multiplies bounds and stays within them.
func times(a, b int) int {
	if a > 0 && b > maxBytes/a {
		return maxBytes + 1
	}
	return a * b
}

// whole returns a number as an int, at most just above the limit.
func whole(v cty.Value) int {
	if v.AsBigFloat().Cmp(big.NewFloat(maxBytes)) > 0 {
		return maxBytes + 1
	}
	n, _ := v.AsBigFloat().Int64()
	return int(n)
}
