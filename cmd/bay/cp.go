package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

type cpFlags struct {
	follow bool
	owners bool
}

func (a *app) cpCmd() *cobra.Command {
	var o cpFlags
	cmd := &cobra.Command{
		Use:   "cp ADDRESS:SRC DST | SRC ADDRESS:DST",
		Short: "Copy files and directories out of a container, or into one",
		Long: `Cp copies a file or a directory between a container, running or not, and here; "-"
here is a tar on standard output, or from standard input, which is unpacked into
the directory DST. As with docker cp:

  SRC is a file        DST is written, or, if it is a directory, a file in it
  SRC is a directory   if DST is there, it is copied into that; else it becomes DST
  SRC ends with /.     what is in it is copied into DST

A link is copied as one, without -L. In a container files become root's, here yours,
without -a. Nothing is written outside of DST, whatever links lie in between.

Nothing changes of what the program says: what lies in the container itself, and not
in a volume, goes when the container is made anew.

` + aimHelp,
		Example: `  bay cp web:/var/log/app.log .
  bay cp ./fixtures/. web:/data
  bay cp 'web["0"]:/etc/app' ./etc-app
  bay cp db:/var/lib/data - | gzip > data.tar.gz
  tar -c . | bay cp - web:/srv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return misuse("want a SRC and a DST, got %q", args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.cp(cmd.Context(), o, args[0], args[1]) },
	}
	cmd.Flags().BoolVarP(&o.follow, "follow-link", "L", false, "copy what SRC points to, if it is a link")
	cmd.Flags().BoolVarP(&o.owners, "archive", "a", false, "files keep their owners, by number")
	addrs := a.completeAddrs(verb.Choice{Runs: true})
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 1 || strings.Contains(begun, ":") {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found, _ := addrs(cmd, nil, begun)
		for i, word := range found {
			found[i] = strings.Replace(word, "\t", ":\t", 1)
		}
		return found, cobra.ShellCompDirectiveNoSpace // a file here may come, too
	}
	return cmd
}

// inside splits "ADDRESS:PATH"; false for a path here. A key may hold a colon.
func inside(arg string) (word, at string, ok bool) {
	if arg == "-" || path.IsAbs(arg) || strings.HasPrefix(arg, ".") {
		return "", arg, false
	}
	if i := strings.LastIndex(arg, `"]:`); i >= 0 {
		return arg[:i+2], arg[i+3:], true
	}
	if word, at, ok = strings.Cut(arg, ":"); ok && word != "" {
		return word, at, true
	}
	return "", arg, false
}

func (a *app) cp(ctx context.Context, o cpFlags, from, to string) error {
	source, src, out := inside(from)
	target, dst, in := inside(to)
	word := source + target
	switch {
	case out && in:
		return &failure{err: errors.New("bay copies between a container and here, not from one container to another"), hint: "copy it by way of a tar: bay cp " + from + " - | bay cp - " + to}
	case !out && !in:
		return &failure{err: fmt.Errorf("neither %s nor %s names a container", from, to), hint: "write one as ADDRESS:PATH"}
	case src == "" || dst == "":
		return &failure{err: errors.New("a path is missing behind the colon"), hint: "write " + word + ":/ for the whole container"}
	case dst == "-" && a.out.terminal:
		return &failure{err: errors.New("this would write a tar to your terminal"), hint: "send it somewhere: bay cp " + from + " - | tar -t"}
	}
	at, obj, err := a.aimAtOne(ctx, verb.Choice{Runs: true, Words: []string{word}})
	if err != nil {
		return err
	}
	defer at.engine.Close()
	var put []string // files of the program's that were written over
	var declared []string
	if at.prog != nil && !obj.Twin {
		declared = a.bay.Puts(at.prog, obj.Addr)
	}
	how := verb.Copying{
		Follow: o.follow, Owners: o.owners,
		Wrote: func(path string) {
			if slices.Contains(declared, path) {
				put = append(put, path)
			}
		},
		Left: func(what string) {
			fmt.Fprintf(a.err, "%s %s, and was left out\n", a.paint(a.err, "33", "note:"), diag.Escape(what))
		},
	}
	ctx, off := context.WithCancel(ctx)
	defer off()
	a.signals.during(off, func() {
		switch {
		case out && dst == "-":
			err = verb.StreamOut(ctx, at.engine, obj, src, a.out.file, how)
		case out:
			err = verb.CopyOut(ctx, at.engine, obj, src, dst, how)
		case src == "-":
			err = verb.StreamIn(ctx, at.engine, obj, a.in, dst, how)
		default:
			err = verb.CopyIn(ctx, at.engine, obj, src, dst, how)
		}
	})
	if ctx.Err() != nil {
		return &failure{err: errors.New("interrupted: a part of it may have been copied"), code: exitInterrupted}
	}
	for _, name := range put {
		fmt.Fprintf(a.err, "%s %s is what the program puts there; the next `bay apply` puts that back\n", a.paint(a.err, "33", "note:"), diag.Escape(name))
	}
	return err
}
