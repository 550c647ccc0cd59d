package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/interpreter/show"
	"bayplan/lang/diag"
	"bayplan/lang/schema"

	"github.com/spf13/cobra"
)

func (a *app) docCmd() *cobra.Command {
	var asJSON, markdown bool
	cmd := &cobra.Command{
		Use:   "doc [NAME|DIR]",
		Short: "Print the reference of the language, or of a module",
		Long: `Doc prints what can be written: for each attribute its type, what a change does
to a living object, the engine's field, and what it says. NAME is a kind, an
attribute of one, a function, or a word of the language such as stack, variable,
lifecycle, for_each or healthy. It needs no files and no engine.

Of the module in DIR, or of one that comes with bay (std/postgres), it prints a
page of Markdown: inputs, outputs and resources, as its files declare them. A DIR
that has the name of something else is written ./DIR.`,
		Example: `  bay doc                   # everything
  bay doc container         # a kind
  bay doc container.ports   # an attribute, with what is in it
  bay doc variable          # a word of the language
  bay doc --markdown
  bay doc ./modules/db > modules/db/README.md
  bay doc std/postgres`,
		Args: atMost(1, "one NAME or DIR at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			if path := a.moduleIn(args); path != "" {
				if asJSON {
					return misuse("--json is for the reference of the language: of a module there is a page of Markdown")
				}
				return a.docModule(path)
			}
			d, err := docNamed(a.bay.Universe(), args)
			switch {
			case err != nil:
				return err
			case asJSON:
				return show.WriteJSON(a.out, d)
			case markdown:
				return show.DocMarkdown(a.out, d)
			}
			return show.DocText(a.out, d, a.look())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "as JSON, format "+show.DocFormat)
	f.BoolVar(&markdown, "markdown", false, "as tables of Markdown")
	cmd.MarkFlagsMutuallyExclusive("json", "markdown")
	return cmd
}

// moduleIn returns where the module is that the arguments can only mean, or what
// it is called if it comes with bay; "" where they mean something else.
func (a *app) moduleIn(args []string) string {
	if len(args) == 0 {
		return a.common.dir
	}
	arg := args[0]
	switch _, err := docNamed(a.bay.Universe(), args); {
	case strings.HasPrefix(arg, "std/"):
		return arg
	case isPath(arg):
		return a.path(arg)
	case err == nil:
		return ""
	}
	if info, err := os.Stat(a.path(arg)); err != nil || !info.IsDir() {
		return ""
	}
	return a.path(arg)
}

// docModule prints the page of a module.
func (a *app) docModule(path string) error {
	m, diags, sources, err := a.bay.Outline(path)
	if err != nil {
		return noChild(err)
	}
	if len(diags) > 0 {
		return &mistakes{list: diags, sources: sources}
	}
	name := filepath.ToSlash(filepath.Clean(path))
	if !strings.HasPrefix(name, "std/") {
		abs, err := filepath.Abs(path)
		if err != nil {
			return fmt.Errorf("finding the module's name: %w", err)
		}
		if isBody(abs) {
			abs = filepath.Dir(abs)
		}
		name = filepath.Base(abs)
	}
	return show.ModuleMarkdown(a.out, name, m)
}

// docNamed returns the part of the reference that a name asks for.
func docNamed(u *schema.Universe, args []string) (*show.Doc, error) {
	all := show.DocOf(u)
	if len(args) == 0 {
		return all, nil
	}
	name, path, nested := strings.Cut(args[0], ".")
	d := show.NoDoc()
	if k, into := u.Kind(name), &d.Kinds; k != nil || form(name) != nil {
		if k == nil {
			k, into = form(name), &d.Forms
		}
		doc := show.DocOfKind(k)
		if nested {
			all := doc
			if doc.Attributes = attrsAt(all, path); len(doc.Attributes) == 0 {
				return nil, noAttribute(k, all, path)
			}
		}
		*into = append(*into, doc)
		return d, nil
	}
	for _, w := range all.Words {
		if w.Name == args[0] {
			d.Words = append(d.Words, w)
			return d, nil
		}
	}
	for _, f := range all.Functions {
		if f.Name == args[0] {
			d.Functions = append(d.Functions, f)
			return d, nil
		}
	}
	return nil, noName(all, args[0])
}

// form returns the form with this name, or nil.
func form(name string) *schema.Kind {
	for _, f := range schema.Forms() {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// attrsAt returns the attribute at a path, and those in it. Brackets may be
// left out.
func attrsAt(k show.DocKind, path string) []show.DocAttr {
	want := unbracketed(path)
	var out []show.DocAttr
	for _, attr := range k.Attributes {
		got := unbracketed(attr.Path)
		if got == want || strings.HasPrefix(got, want+".") {
			out = append(out, attr)
		}
	}
	return out
}

func unbracketed(path string) string {
	return strings.NewReplacer("[]", "", "[KEY]", "").Replace(path)
}

// noAttribute says what another tool's name for a thing is here, or else which
// attribute looks like it.
func noAttribute(k *schema.Kind, doc show.DocKind, path string) error {
	f := &failure{err: fmt.Errorf("%s has no attribute %q", k.Name, path), hint: fmt.Sprintf("`bay doc %s` lists them", k.Name)}
	var paths []string
	for _, attr := range doc.Attributes {
		paths = append(paths, unbracketed(attr.Path))
	}
	if hint := schema.Bind(k.New()).Hint(path); hint != "" {
		f.hint = hint
	} else if near := diag.Nearest(path, paths); near != "" {
		f.hint = fmt.Sprintf("did you mean `bay doc %s.%s`?", k.Name, near)
	}
	return f
}

func noName(all *show.Doc, name string) error {
	f := &failure{err: fmt.Errorf("there is no kind, no function and no word %q", name), hint: "`bay doc` lists them"}
	var names []string
	for _, k := range slices.Concat(all.Kinds, all.Forms) {
		names = append(names, k.Name)
	}
	for _, w := range all.Words {
		names = append(names, w.Name)
	}
	for _, fn := range all.Functions {
		names = append(names, fn.Name)
	}
	for _, k := range slices.Concat(all.Kinds, all.Forms) {
		for _, attr := range attrsAt(k, name) {
			f.hint = fmt.Sprintf("did you mean `bay doc %s.%s`?", k.Name, unbracketed(attr.Path))
			return f
		}
	}
	if near := diag.Nearest(name, names); near != "" {
		f.hint = fmt.Sprintf("did you mean `bay doc %s`?", near)
	}
	return f
}
