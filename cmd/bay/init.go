package main

import (
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/interpreter/show"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

// templateFiles holds a folder for each template, with a body in each language,
// and what all of them share. A file gitignore becomes .gitignore.
//
//go:embed templates
var templateFiles embed.FS

// What stands in templates for what a new stack has of its own.
const (
	templateStack    = "my-stack"
	templatePassword = "my-password"
)

// A scaffold is a template: a first stack.
type scaffold struct {
	name, says string
	first      string // what has to be run before it can be applied; "" is nothing
	secret     string // a file that only its owner may read; "" for none
}

// templates are all of them; the first is the default.
func templates() []scaffold {
	return []scaffold{
		{name: "web", says: "a page served by Caddy, from a Dockerfile, with a volume and a network"},
		{name: "services", says: "a web server, PostgreSQL and Redis on a private network", secret: "bay.vars.hcl"},
		{name: "program", says: "a Go program of your own in an empty image; asks no registry", first: "CGO_ENABLED=0 GOOS=linux go build -o app/bin/app app/main.go"},
	}
}

// bodyNames are the names of a stack's file, by language.
var bodyNames = map[string]string{"hcl": "main.bay.hcl", "star": "main.bay.star"}

type initFlags struct {
	lang, template string
	list           bool
}

func (a *app) initCmd() *cobra.Command {
	var o initFlags
	var names []string
	for _, t := range templates() {
		names = append(names, t.name+"\t"+t.says)
	}
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Begin a stack from a template",
		Long: `Init writes a first stack into DIR, which it makes if need be: a file in the
language that you like, and what the stack builds. It plans at once, and is meant
to be edited. It asks no engine, and no file that is there already is changed.

The stack is called as the directory is, or as --stack says.`,
		Example: `  bay init                             # here, in HCL
  bay init shop --lang star            # in a new directory shop, in Starlark
  bay init --list                      # the templates
  bay init shop --template services    # a web server, a database and a cache
  bay init ~/src/shop --stack my-shop  # with another name than the directory's`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			if o.list {
				return a.listTemplates()
			}
			return a.initStack(a.where(args), o)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.lang, "lang", "hcl", "`LANGUAGE` of the stack: hcl or star")
	f.StringVar(&o.template, "template", templates()[0].name, "the template's `NAME`")
	f.BoolVar(&o.list, "list", false, "list the templates, and write nothing")
	completeFlag(cmd, "lang", "hcl\tas Terraform is written", "star\tStarlark, as Python is written")
	completeFlag(cmd, "template", names...)
	return cmd
}

func (a *app) listTemplates() error {
	table := show.NewTable("TEMPLATE", "WHAT IT IS")
	for _, t := range templates() {
		table.Row(t.name, t.says)
	}
	return table.Write(a.out, a.look())
}

// initStack writes a template's files into dir, or none of them.
func (a *app) initStack(dir string, o initFlags) error {
	t, err := templateNamed(o.template)
	if err != nil {
		return err
	}
	if bodyNames[o.lang] == "" {
		return misuse("--lang is %q, want hcl or star", o.lang)
	}
	stack, err := a.newStackName(dir)
	if err != nil {
		return err
	}
	files, err := t.files(o.lang, stack)
	if err != nil {
		return err
	}
	kept, err := a.roomFor(dir, files)
	if err != nil {
		return err
	}
	if kept {
		delete(files, ".gitignore")
	}
	if err := layDown(dir, files, t.secret); err != nil {
		return err
	}
	return a.tellMade(dir, stack, t, slices.Sorted(maps.Keys(files)), kept)
}

func templateNamed(name string) (scaffold, error) {
	var names []string
	for _, t := range templates() {
		if t.name == name {
			return t, nil
		}
		names = append(names, t.name)
	}
	f := &failure{err: fmt.Errorf("there is no template %q", name), hint: "there are " + strings.Join(names, ", ")}
	if near := diag.Nearest(name, names); near != "" {
		f.hint = fmt.Sprintf("did you mean --template %s?", near)
	}
	return scaffold{}, f
}

// newStackName is what --stack says, or else what the directory's name can be made to.
func (a *app) newStackName(dir string) (string, error) {
	if name := a.common.stack; name != "" {
		if !ir.IsStackName(name) {
			return "", misuse("--stack is %q, want small letters, digits and -, 31 at most and no - first or last", name)
		}
		return name, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the directory's name: %w", err)
	}
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(filepath.Base(abs)))
	name = strings.Trim(name, "-")
	if name = strings.TrimRight(name[:min(len(name), 31)], "-"); name == "" {
		return "", &failure{err: fmt.Errorf("no stack can be called as the directory %s is", abs), hint: "say its name: bay init --stack NAME"}
	}
	return name, nil
}

// files returns what the template holds for one language, by path.
func (t scaffold) files(lang, stack string) (map[string]string, error) {
	out := map[string]string{}
	shared, err := templateFiles.ReadFile("templates/gitignore")
	if err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	out[".gitignore"] = string(shared)
	root := "templates/" + t.name + "/"
	err = fs.WalkDir(templateFiles, strings.TrimSuffix(root, "/"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := templateFiles.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		for other, body := range bodyNames {
			if name == body && other != lang {
				return nil
			}
		}
		if name == "gitignore" {
			name = ".gitignore"
		}
		out[name] = strings.NewReplacer(templateStack, stack, templatePassword, rand.Text()).Replace(string(text))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	return out, nil
}

// roomFor refuses a directory that holds a stack, or one of the files. Only a
// .gitignore may be there, and is kept.
func (a *app) roomFor(dir string, files map[string]string) (kept bool, err error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return false, &failure{err: fmt.Errorf("%s is a file", dir), hint: "name the directory of the new stack"}
	}
	if body := bodyIn(dir); body != "" {
		return false, &failure{
			err:  fmt.Errorf("%s holds a stack already: %s", dirNamed(dir), body),
			hint: "`bay plan" + dirArg(dir) + "` shows what it would do; `bay init DIR` begins another one in a directory of its own",
		}
	}
	var there []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); err == nil && name == ".gitignore" {
			kept = true
		} else if err == nil {
			there = append(there, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("looking at the directory: %w", err)
		}
	}
	if len(there) > 0 {
		return false, &failure{
			err:  fmt.Errorf("%s has %s already, and no file is overwritten", dirNamed(dir), strings.Join(there, ", ")),
			hint: "nothing was written; take another directory: bay init DIR",
		}
	}
	return kept, nil
}

// bodyIn returns the name of a file that makes a directory a stack or a module; ""
// if there is none.
func bodyIn(dir string) string {
	entries, _ := os.ReadDir(dir) // where nobody may look is none, and what reads or writes there says so
	for _, e := range entries {
		if e.Name() == bodyNames["star"] || strings.HasSuffix(e.Name(), ".bay.hcl") {
			return e.Name()
		}
	}
	return ""
}

// layDown writes files that are not there yet. If one cannot be written, none is left.
func layDown(dir string, files map[string]string, secret string) (err error) {
	var made []string
	defer func() {
		if err != nil {
			for _, path := range made {
				_ = os.Remove(path) // the error is about why
			}
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making a directory: %w", err)
		}
		mode := fs.FileMode(0o644)
		if name == secret {
			mode = 0o600
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return fmt.Errorf("writing a file: %w", err)
		}
		made = append(made, path)
		_, err = f.WriteString(files[name])
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("writing a file: %w", err)
		}
	}
	return nil
}

// tellMade says what was written, and what to do next.
func (a *app) tellMade(dir, stack string, t scaffold, names []string, kept bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Stack %s begins in %s: %s.\n\n", stack, dirNamed(dir), t.says)
	for _, name := range names {
		fmt.Fprintf(&b, "  %s\n", diag.Escape(filepath.Join(dir, filepath.FromSlash(name))))
	}
	if kept {
		b.WriteString("\n.gitignore was there and is as it was; it should name *.plan")
		if t.secret != "" {
			fmt.Fprintf(&b, ", and %s, which holds a password", t.secret)
		}
		b.WriteString(".\n")
	}
	b.WriteString("\nNext:\n\n")
	if t.first != "" && dir != "." {
		fmt.Fprintf(&b, "  (cd%s && %s)\n", dirArg(dir), t.first)
	} else if t.first != "" {
		fmt.Fprintf(&b, "  %s\n", t.first)
	}
	fmt.Fprintf(&b, "  bay plan%[1]s\n  bay apply%[1]s\n", dirArg(dir))
	_, err := fmt.Fprint(a.out, b.String())
	return err
}

// dirNamed names a directory for people.
func dirNamed(dir string) string {
	if dir == "." {
		return "this directory"
	}
	return diag.Escape(dir)
}

// dirArg is a directory as an argument of a command, with the space before it.
func dirArg(dir string) string {
	if dir == "." {
		return ""
	}
	return " " + diag.Escape(shellWord(dir))
}
