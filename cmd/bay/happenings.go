package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

func (a *app) eventsCmd() *cobra.Command {
	var asJSON, all bool
	var since, until string
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Tell what happens to a stack as it happens",
		Long: `Events tells what happens to the containers, networks and volumes of a stack, until
Ctrl-C or --until. With --since it begins with what an engine still remembers. An engine
that is started anew meanwhile is waited for.
Health checks that change nothing are left out, unless -a asks for them.

` + instantHelp + `

The stack is that of the files in this directory (-C DIR for another one), or
--stack NAME, which needs no files.`,
		Example: `  bay events --since 1h
  bay events --json | jq -c 'select(.action == "die")'`,
		Args: atMost(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := instant("--since", since)
			if err != nil {
				return err
			}
			to, err := instant("--until", until)
			if err != nil {
				return err
			}
			return a.events(cmd.Context(), from, to, asJSON, all)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "as a JSON object a line: at, kind, action, address, name, id, detail")
	f.BoolVarP(&all, "all", "a", false, "also the commands that health checks run")
	f.StringVar(&since, "since", "", "from a `TIME` on: 10m ago, or 2026-01-02T15:04:05Z")
	f.StringVar(&until, "until", "", "to a `TIME`, and end then")
	return cmd
}

func (a *app) events(ctx context.Context, since, until string, asJSON, all bool) error {
	at, err := a.aim(ctx)
	if err != nil {
		return err
	}
	defer at.engine.Close()
	a.signals.looking()
	look := func(ctx context.Context) ([]verb.Object, error) {
		err := a.survey(ctx, at)
		return at.all, err
	}
	emit := func(h verb.Happening) error {
		if !all && strings.HasPrefix(h.Action, "exec_") {
			return nil
		}
		if at.prog != nil {
			h.Address = at.prog.Now(h.Address)
		}
		if asJSON {
			return show.WriteJSONLine(a.out, h)
		}
		var words []string
		for _, k := range slices.Sorted(maps.Keys(h.Detail)) {
			v := h.Detail[k]
			if k == "container" {
				v = a.nameFor(at, v)
			}
			words = append(words, k+"="+v)
		}
		_, err := fmt.Fprintln(a.out, strings.TrimRight(strings.Join([]string{
			a.paint(a.out, "2", h.At.Format("2006-01-02T15:04:05.000Z")),
			a.paint(a.out, actionColor(h), fmt.Sprintf("%-12s", diag.Escape(strings.TrimPrefix(h.Action, "health_status: ")))),
			diag.Escape(h.Address.String()),
			a.paint(a.out, "2", diag.Escape(strings.Join(words, " "))),
		}, "  "), " "))
		return err
	}
	return verb.Events(ctx, verb.Listening{Engine: at.engine, Stack: at.stack, Since: since, Until: until, Look: look, Emit: emit, Lost: a.waits})
}

// nameFor names a container by its address, if it has one.
func (a *app) nameFor(at *aim, id string) string {
	for _, o := range at.all {
		if o.ID == id {
			return o.Addr.String()
		}
	}
	return id[:min(len(id), 12)]
}

func actionColor(h verb.Happening) string {
	switch {
	case h.Action == "die" && h.Detail["exitCode"] != "0", h.Action == "oom", strings.HasSuffix(h.Action, "unhealthy"):
		return "31"
	case h.Action == "start", strings.HasSuffix(h.Action, "healthy"):
		return "32"
	case h.Action == "destroy", h.Action == "stop", h.Action == "die", h.Action == "kill":
		return "33"
	}
	return ""
}
