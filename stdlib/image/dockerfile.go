package image

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// basesOf returns the references of the images that a Dockerfile builds upon or
// copies from, canonical and in order. What a stage, or nothing at all, stands
// for is left out.
func basesOf(path string, args map[string]string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile: %w", err)
	}
	defer file.Close()
	parsed, err := parser.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := dockerfile{lex: shell.NewLex(parsed.EscapeToken), given: args, stages: map[string]bool{"scratch": true}}
	for _, node := range parsed.AST.Children {
		if err := d.instruction(node); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, node.StartLine, err)
		}
	}
	slices.Sort(d.bases)
	return slices.Compact(d.bases), nil
}

type dockerfile struct {
	lex    *shell.Lex
	given  map[string]string // build arguments
	global []string          // KEY=value of ARG before the first FROM
	stages map[string]bool   // names of stages so far
	count  int               // of stages
	bases  []string
}

func (d *dockerfile) instruction(n *parser.Node) error {
	switch {
	case strings.EqualFold(n.Value, "arg") && d.count == 0:
		for a := n.Next; a != nil; a = a.Next {
			d.arg(a.Value)
		}
	case strings.EqualFold(n.Value, "from"):
		return d.from(n)
	}
	for _, flag := range n.Flags {
		if from, ok := strings.CutPrefix(flag, "--from="); ok {
			d.base(from)
		}
	}
	return nil
}

func (d *dockerfile) arg(text string) {
	key, value, ok := strings.Cut(text, "=")
	if given, yes := d.given[key]; yes {
		value, ok = given, true
	} else if ok {
		value, _, _ = d.lex.ProcessWord(value, shell.EnvsFromSlice(d.global)) // what cannot be read stays, and the builder says so
	}
	if ok {
		d.global = append(d.global, key+"="+value)
	}
}

func (d *dockerfile) from(n *parser.Node) error {
	d.count++
	if n.Next == nil {
		return fmt.Errorf("FROM names no image")
	}
	name, _, err := d.lex.ProcessWord(n.Next.Value, shell.EnvsFromSlice(d.global))
	if err != nil {
		return fmt.Errorf("FROM %s: %w", n.Next.Value, err)
	}
	d.base(name)
	if as := n.Next.Next; as != nil && strings.EqualFold(as.Value, "as") && as.Next != nil {
		d.stages[strings.ToLower(as.Next.Value)] = true
	}
	return nil
}

// base adds what name refers to, unless it is a stage by name or by number.
func (d *dockerfile) base(name string) {
	if d.stages[strings.ToLower(name)] || strings.Trim(name, "0123456789") == "" {
		return
	}
	if named, err := reference.ParseNormalizedNamed(name); err == nil {
		d.bases = append(d.bases, reference.TagNameOnly(named).String())
	}
}
