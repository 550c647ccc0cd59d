package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

// lsFormat is the version of `bay ls --json`.
const lsFormat = "bayplan.ls/1"

func (a *app) lsCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the stacks on an engine, and their objects",
		Long: `Ls lists what bay has made on an engine, stack by stack. It needs no files: each
object bears its stack and address as labels.`,
		Example: `  bay ls
  bay ls --stack shop
  bay ls --engine ssh://me@host --json`,
		Args: atMost(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.ls(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+lsFormat)
	return cmd
}

// lsDocument is `bay ls --json`: objects by stack and address.
type lsDocument struct {
	Format  string        `json:"format"`
	Objects []verb.Object `json:"objects"`
}

func (a *app) ls(ctx context.Context, asJSON bool) error {
	e, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	all, err := verb.List(ctx, e.Reader())
	if err != nil {
		return err
	}
	objects := []verb.Object{}
	for _, o := range all {
		if a.common.stack == "" || o.Stack == a.common.stack {
			objects = append(objects, o)
		}
	}
	switch {
	case asJSON:
		return show.WriteJSON(a.out, lsDocument{lsFormat, objects})
	case len(objects) == 0 && a.common.stack != "":
		return &failure{err: fmt.Errorf("nothing of stack %q is on %s", a.common.stack, a.host(e)), hint: nearStack(a.common.stack, all)}
	case len(objects) == 0:
		_, err := fmt.Fprintf(a.err, "No stacks on %s.\n", a.host(e))
		return err
	}
	return a.table(objects)
}

// nearStack suggests a stack that there is.
func nearStack(name string, all []verb.Object) string {
	var names []string
	for _, o := range all {
		names = append(names, o.Stack)
	}
	if near := diag.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

func (a *app) table(objects []verb.Object) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, o := range objects {
		addr := o.Addr.String()
		if o.Once {
			addr += " (one-off)"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\n", diag.Escape(addr), diag.Escape(o.Name), diag.Escape(o.Status))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	lines := strings.Split(b.String(), "\n")
	for i, o := range objects {
		if i == 0 || objects[i-1].Stack != o.Stack {
			if i > 0 {
				fmt.Fprintln(a.out)
			}
			fmt.Fprintln(a.out, a.paint(a.out, "1", diag.Escape(o.Stack)))
		}
		if _, err := fmt.Fprintln(a.out, strings.TrimRight(lines[i], " ")); err != nil {
			return err
		}
	}
	return nil
}
