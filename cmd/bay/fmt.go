package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/load"
	"bayplan/lang/schema"

	"github.com/moby/sys/atomicwriter"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
)

// fmtFlags is what is done with files that are not in their canonical form.
type fmtFlags struct {
	check, diff bool
	lang        string // of standard input: "hcl", "star", or "" for the one that reads it
}

func (a *app) fmtCmd() *cobra.Command {
	var o fmtFlags
	cmd := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Put files into their canonical form",
		Long: `Fmt rewrites files so that they look as all others do, and says which. They mean
what they meant before, which it checks, and comments stay. Of a directory, by
default the one you are in, it takes all *.bay.hcl, bay.vars.hcl and *.star, and
those below it but not in hidden ones; a file that you name may have another name
in *.hcl or *.star. A file that cannot be read stays as it is.

PATH may be - for standard input, whose form goes to standard output.`,
		Example: `  bay fmt
  bay fmt --check            # ends with 1 and the names of files that would change
  bay fmt --diff shop        # shows what would change
  bay fmt - < main.bay.hcl`,
		RunE: func(_ *cobra.Command, args []string) error { return a.fmt(args, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.check, "check", false, "change nothing; end with 1 if a file would change")
	f.BoolVar(&o.diff, "diff", false, "change nothing; show what would change")
	f.StringVar(&o.lang, "lang", "", "`LANGUAGE` of standard input, hcl or star, where it could be either")
	return cmd
}

// notFormatted are the files that one run could not format, and why.
type notFormatted struct {
	mistakes
	changed int // files that are not in their form
}

func (a *app) fmt(args []string, o fmtFlags) error {
	if len(args) == 1 && args[0] == "-" {
		return a.fmtInput(o)
	}
	if o.lang != "" {
		return misuse("--lang is for standard input: a file's name says its language")
	}
	paths := []string{a.where(nil)}
	if len(args) > 0 {
		paths = nil
	}
	for _, arg := range args {
		paths = append(paths, a.path(arg))
	}
	files, err := formattable(paths)
	if err != nil {
		return err
	}
	found := notFormatted{mistakes: mistakes{sources: diag.Sources{}}}
	for _, file := range files {
		if err := a.fmtFile(file, o, &found); err != nil {
			return err
		}
	}
	switch {
	case len(found.list) > 0:
		return &found.mistakes
	case o.check && found.changed > 0:
		return ended(exitError)
	}
	return nil
}

// formattable returns the files that paths name, each once.
func formattable(paths []string) ([]string, error) {
	var files []string
	seen := map[string]bool{}
	add := func(file string) {
		if !seen[file] {
			files, seen[file] = append(files, file), true
		}
	}
	for _, path := range paths {
		path = filepath.Clean(path)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, &failure{err: fmt.Errorf("there is no %s", path), hint: "name directories and files; - is standard input, alone"}
		case err != nil:
			return nil, fmt.Errorf("finding files: %w", err)
		case !info.IsDir():
			add(path)
			continue
		}
		err = filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && file != path && strings.HasPrefix(e.Name(), "."):
				return fs.SkipDir
			case e.Type().IsRegular() && load.IsProgram(e.Name()):
				add(file)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("finding files: %w", err)
		}
	}
	return files, nil
}

func (a *app) fmtFile(file string, o fmtFlags, found *notFormatted) error {
	src, err := load.Machine{}.Read(file, load.MaxFile)
	if err != nil {
		return fmt.Errorf("reading a file: %w", err)
	}
	out, ds, err := a.format(schema.File{Name: file, Src: src})
	if err != nil {
		return err
	}
	if len(ds) > 0 {
		found.list, found.sources[file] = append(found.list, ds...), src
		return nil
	}
	if bytes.Equal(out, src) {
		return nil
	}
	found.changed++
	if o.diff {
		return a.printDiff(file, src, out)
	}
	if !o.check {
		if err := rewrite(file, out); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(a.out, diag.Escape(file))
	return err
}

// rewrite puts text into a file that is there: all of it or nothing.
func rewrite(file string, text []byte) error {
	behind, err := filepath.EvalSymlinks(file) // the link stays one
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	info, err := os.Stat(behind)
	if err == nil {
		err = atomicwriter.WriteFile(behind, text, info.Mode().Perm())
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}

func (a *app) printDiff(file string, old, now []byte) error {
	for line := range strings.Lines(string(diff.Diff(file, old, file+" (formatted)", now))) {
		text := diag.Escape(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    "))
		code := ""
		switch line[0] {
		case '+':
			code = "32"
		case '-':
			code = "31"
		}
		if code != "" {
			text = a.paint(a.out, code, text)
		}
		if _, err := fmt.Fprintln(a.out, text); err != nil {
			return err
		}
	}
	return nil
}

// fmtInput formats standard input.
func (a *app) fmtInput(o fmtFlags) error {
	src, err := io.ReadAll(io.LimitReader(a.in, load.MaxFile+1))
	if err != nil {
		return fmt.Errorf("reading standard input: %w", err)
	}
	out, err := a.formText(src, o.lang)
	if err != nil {
		return err
	}
	switch same := bytes.Equal(out, src); {
	case o.diff && !same:
		err = a.printDiff("-", src, out)
	case !o.diff && !o.check:
		_, err = a.out.Write(out)
	}
	if err == nil && o.check && !bytes.Equal(out, src) {
		return ended(exitError)
	}
	return err
}

// formText formats a text in a language, or in the one that can read it.
func (a *app) formText(src []byte, lang string) ([]byte, error) {
	switch lang {
	case "hcl", "star":
		out, ds, err := a.format(inputFile(lang, src))
		return out, cmp.Or(err, wrongInput(ds, src))
	case "":
	default:
		return nil, misuse("--lang is %q, want hcl or star", lang)
	}
	hcl, notHCL, err1 := a.format(inputFile("hcl", src))
	star, notStar, err2 := a.format(inputFile("star", src))
	switch err := cmp.Or(err1, err2); {
	case err != nil:
		return nil, err
	case notHCL == nil && notStar == nil && !bytes.Equal(hcl, star):
		return nil, misuse("standard input could be in either language: say which with --lang")
	case notHCL == nil:
		return hcl, nil
	case notStar == nil:
		return star, nil
	}
	return nil, wrongInput(append(notHCL, notStar...), src)
}

// format formats a file in a process of its own, if one can be had.
func (a *app) format(f schema.File) ([]byte, diag.List, error) {
	out, ds, err := a.bay.Format(f)
	return out, ds, noChild(err)
}

// inputFile is standard input as a file in a language.
func inputFile(lang string, src []byte) schema.File {
	return schema.File{Name: "stdin." + lang, Src: src}
}

// wrongInput makes messages about standard input an error, or nil.
func wrongInput(ds diag.List, src []byte) error {
	if len(ds) == 0 {
		return nil
	}
	return &mistakes{list: ds, sources: diag.Sources{inputFile("hcl", nil).Name: src, inputFile("star", nil).Name: src}}
}
