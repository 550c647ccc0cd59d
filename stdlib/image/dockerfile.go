package image

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/schema"

	"github.com/containerd/platforms"
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
	d := newDockerfile(parsed, src, b)
	for _, node := range parsed.AST.Children {
		if err := d.instruction(node); err != nil {
			return nil, "", fmt.Errorf("%s:%d: %w", shown, node.StartLine, err)
		}
		if what := onlyBuildKit(node); what != "" && modern == "" {
			modern = fmt.Sprintf("%s:%d: %s", shown, node.StartLine, what)
		}
	}
	for _, u := range d.uses {
		if u.ref != "" {
			bases = append(bases, u.ref)
		}
	}
	slices.Sort(bases)
	return slices.Compact(bases), modern, nil
}

// usesOf returns the places at which a Dockerfile that basesOf has read names an
// image from elsewhere.
func usesOf(src []byte, b *Build) []use {
	parsed, err := parser.Parse(bytes.NewReader(src))
	if err != nil {
		return nil
	}
	d := newDockerfile(parsed, src, b)
	for _, node := range parsed.AST.Children {
		if d.instruction(node) != nil {
			return nil
		}
	}
	return d.uses
}

// pinned returns a Dockerfile with digests at the references that have one, and
// which of these it names: what stands there is replaced by what it stands for.
func pinned(src []byte, b *Build, digests map[string]string) ([]byte, map[string]string) {
	lines, done := bytes.SplitAfter(src, []byte("\n")), map[string]string{}
	for _, u := range usesOf(src, b) {
		digest := digests[u.ref]
		if digest == "" || digestIn(u.ref) != "" {
			continue
		}
		token := regexp.MustCompile(`(` + u.before + `)` + regexp.QuoteMeta(u.raw) + `($|[\s,])`)
		for i := u.line - 1; i < min(u.end, len(lines)); i++ {
			at := token.FindSubmatchIndex(lines[i])
			if at == nil {
				continue
			}
			lines[i] = slices.Concat(lines[i][:at[3]], []byte(familiar(u.ref)+"@"+digest), lines[i][at[4]:])
			done[u.ref] = digest
			break
		}
	}
	return bytes.Join(lines, nil), done
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
	uses   []use
}

// use is a place at which a Dockerfile names an image from elsewhere.
type use struct {
	before    string // an expression for what stands right before it: elsewhere in the line the same word can be a user or a path
	raw       string // as it stands there
	ref       string // canonical; "" where only the builder knows what it is
	line, end int    // of the instruction
}

func newDockerfile(parsed *parser.Result, src []byte, b *Build) *dockerfile {
	d := &dockerfile{lex: shell.NewLex(parsed.EscapeToken), given: b.Args, stages: map[string]bool{"scratch": true}, other: otherSyntax(src)}
	if len(b.Platforms) == 1 {
		d.target(b.Platforms[0])
	}
	for name := range b.Contexts {
		d.stages[strings.ToLower(name)] = true
	}
	if syntax, _, at, ok := parser.DetectSyntax(src); ok && len(at) > 0 {
		d.base(use{before: `=\s*`, raw: syntax, line: at[0].Start.Line, end: at[0].Start.Line}, syntax)
	}
	return d
}

// target gives what a builder says of a platform that is declared. Of the engine's
// own, and of the builder's, only the builder knows it.
func (d *dockerfile) target(platform string) {
	p, err := platforms.Parse(platform)
	if err != nil {
		return // the builder says so
	}
	p = platforms.Normalize(p)
	for _, arg := range [][2]string{{"TARGETPLATFORM", platforms.Format(p)}, {"TARGETOS", p.OS}, {"TARGETARCH", p.Architecture}, {"TARGETVARIANT", p.Variant}} {
		d.arg(arg[0] + "=" + arg[1])
	}
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
			d.base(use{before: `--from=`, raw: from, line: n.StartLine, end: n.EndLine}, from)
		}
		if mount, ok := strings.CutPrefix(flag, "--mount="); ok {
			for option := range strings.SplitSeq(mount, ",") {
				if from, ok := strings.CutPrefix(option, "from="); ok {
					d.base(use{before: `(?:^|[=,])from=`, raw: from, line: n.StartLine, end: n.EndLine}, from)
				}
			}
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
	d.base(use{before: `^|\s`, raw: n.Next.Value, line: n.StartLine, end: n.EndLine}, name)
	if as := n.Next.Next; as != nil && strings.EqualFold(as.Value, "as") && as.Next != nil {
		d.stages[strings.ToLower(as.Next.Value)] = true
	}
	return nil
}

// base adds a place that refers to name, unless that is a stage by name or by
// number.
func (d *dockerfile) base(u use, name string) {
	if d.stages[strings.ToLower(name)] || name != "" && strings.Trim(name, "0123456789") == "" {
		return
	}
	if named, err := reference.ParseNormalizedNamed(name); err == nil {
		u.ref = reference.TagNameOnly(named).String()
	}
	d.uses = append(d.uses, u)
}
