package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bayplan/interpreter"
	"bayplan/interpreter/show"
	"bayplan/lang/lock"

	"github.com/spf13/cobra"
)

func (a *app) updateCmd() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "update [DIR] [IMAGE...]",
		Short: "Pin in " + lock.Name + " what references stand for now",
		Long: `Update asks the registries what the references to pull stand for now, and writes
it into ` + lock.Name + ` beside the files of the stack: from then on every plan takes just
that, wherever it is made, and asks no registry for it. Nothing else writes that
file. It is meant to be committed; its lines are sorted, so that branches merge.

Without IMAGE it is about all, and lines of what the files no longer name go. An
IMAGE is an address or a reference.`,
		Example: `  bay update                   # all of the stack in this directory
  bay update image.postgres    # one
  bay update caddy:2.9-alpine  # also one that only a container names
  bay update --check           # write nothing; end with 2 if something has moved
  bay plan --locked            # refuse what is not pinned`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, names := a.dirFirst(args)
			return a.update(cmd.Context(), dir, names, check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing, and end with 2 if something has moved")
	cmd.ValidArgsFunction = a.completePatterns("image")
	return cmd
}

// dirFirst takes the directory, or the body, that may stand before other
// arguments. A directory that holds no stack is one if it is written as a path:
// web may be an image that is built from ./web.
func (a *app) dirFirst(args []string) (dir string, rest []string) {
	if len(args) > 0 {
		at := a.path(args[0])
		if info, err := os.Stat(at); err == nil && (info.IsDir() && (isPath(args[0]) || bodyIn(at) != "") || isBody(at)) {
			return at, args[1:]
		}
	}
	return a.where(nil), args
}

func (a *app) update(ctx context.Context, path string, names []string, check bool) error {
	prog, err := a.load(path, false)
	if err != nil {
		return err
	}
	e, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	dir := path
	if isBody(path) {
		dir = filepath.Dir(path)
	}
	pins, write, err := a.bay.Update(ctx, e, prog.Program, dir, names)
	if err != nil {
		return withSources(err, prog.sources)
	}
	moved, err := a.showPins(pins)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, lock.Name)
	switch {
	case moved == 0 && len(pins) == 0:
		_, err = fmt.Fprintf(a.out, "Nothing to pin: stack %s pulls nothing by a tag.\n", prog.Stack)
		return err
	case moved == 0:
		_, err = fmt.Fprintf(a.out, "Nothing to do: %s pins what the registries have (%s).\n", escape(file, ""), show.Plural(len(pins), "reference"))
		return err
	case check:
		if _, err := fmt.Fprintf(a.out, "\n%s would change; nothing was written.\n", escape(file, "")); err != nil {
			return err
		}
		return ended(exitChanges)
	}
	if err := write(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "\nWritten: %s. `bay plan` shows what that changes.\n", escape(file, ""))
	return err
}

// showPins prints what moves, and returns how many that are.
func (a *app) showPins(pins []interpreter.Pinning) (moved int, err error) {
	wide := 0
	for _, p := range pins {
		if p.Changed() {
			wide = max(wide, len(p.Ref))
		}
	}
	for _, p := range pins {
		if !p.Changed() {
			continue
		}
		moved++
		sign, color, what := "~", "33", shortDigest(p.Was)+" → "+shortDigest(p.Is)
		switch "" {
		case p.Was:
			sign, color, what = "+", "32", shortDigest(p.Is)
		case p.Is:
			sign, color, what = "-", "31", shortDigest(p.Was)+", which the files no longer name"
		}
		if a.ascii() {
			what = strings.ReplaceAll(what, "→", "->")
		}
		if _, err := fmt.Fprintf(a.out, "  %s %-*s  %s\n", a.paint(a.out, color, sign), wide, escape(p.Ref, ""), what); err != nil {
			return 0, err
		}
	}
	return moved, nil
}

// shortDigest is how people see a digest.
func shortDigest(d string) string { return d[:min(len("sha256:")+12, len(d))] }
