package image

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/schema"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// bases returns what basesOf does of the Dockerfile of a build.
func (p *place) bases(on schema.Ground, root string, b *Build) (bases []string, modern string, err error) {
	src, err := p.source(on)
	if err != nil {
		return nil, "", err
	}
	return basesOf(src, p.shown(root), b)
}

// basesOf returns the references of the images that a Dockerfile builds upon or
// copies from, canonical and in order. What a stage, a further context, or
// nothing at all, stands for is left out. modern is what only BuildKit knows, for
// people; "" for nothing. shown is the file's name in errors.
func basesOf(src []byte, shown string, b *Build) (bases []string, modern string, err error) {
	parsed, err := parser.Parse(bytes.NewReader(src))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", shown, err)
	}
	d := dockerfile{lex: shell.NewLex(parsed.EscapeToken), given: b.Args, stages: map[string]bool{"scratch": true}, other: otherSyntax(src)}
	for name := range b.Contexts {
		d.stages[strings.ToLower(name)] = true
	}
	for _, node := range parsed.AST.Children {
		if err := d.instruction(node); err != nil {
			return nil, "", fmt.Errorf("%s:%d: %w", shown, node.StartLine, err)
		}
		if what := onlyBuildKit(node); what != "" && modern == "" {
			modern = fmt.Sprintf("%s:%d: %s", shown, node.StartLine, what)
		}
	}
	slices.Sort(d.bases)
	return slices.Compact(d.bases), modern, nil
}

// onlyBuildKit returns what of an instruction the classic builder does not know.
func onlyBuildKit(n *parser.Node) string {
	word := strings.ToUpper(n.Value)
	if len(n.Heredocs) > 0 {
		return word + " with a here-document"
	}
	known := map[string][]string{"COPY": {"from", "chown"}, "ADD": {"chown"}, "FROM": {"platform"}}[word]
	for _, flag := range n.Flags {
		name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		if word != "HEALTHCHECK" && !slices.Contains(known, name) {
			return word + " --" + name
		}
	}
	return ""
}

// otherSyntax reports whether a Dockerfile asks for another reader than
// docker's own, which may know other instructions.
func otherSyntax(src []byte) bool {
	syntax, _, _, ok := parser.DetectSyntax(src)
	return ok && !strings.HasPrefix(syntax, "docker/dockerfile")
}

type dockerfile struct {
	lex    *shell.Lex
	given  map[string]string // build arguments
	global []string          // KEY=value of ARG before the first FROM
	stages map[string]bool   // names of stages so far
	other  bool              // its instructions need not be docker's
	count  int               // of stages
	bases  []string
}

func (d *dockerfile) instruction(n *parser.Node) error {
	word := strings.ToLower(n.Value)
	if _, known := command.Commands[word]; !known && !d.other {
		return unknownInstruction(n.Value)
	}
	switch {
	case word == "arg" && d.count == 0:
		for a := n.Next; a != nil; a = a.Next {
			d.arg(a.Value)
		}
	case word == "from":
		return d.from(n)
	}
	for _, flag := range n.Flags {
		if from, ok := strings.CutPrefix(flag, "--from="); ok {
			d.base(from)
		}
	}
	return nil
}

func unknownInstruction(word string) error {
	known := slices.Sorted(maps.Keys(command.Commands))
	if near := diag.Nearest(strings.ToLower(word), known); near != "" {
		return fmt.Errorf("unknown instruction %s: did you mean %s?", word, strings.ToUpper(near))
	}
	return fmt.Errorf("unknown instruction %s", word)
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
