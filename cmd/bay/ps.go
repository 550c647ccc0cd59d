package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

// psFormat is the version of `bay ps --json`.
const psFormat = "bayplan.ps/1"

type psFlags struct {
	all, asJSON, quiet bool
	watch, drift       bool
	format             string
}

func (a *app) psCmd() *cobra.Command {
	var o psFlags
	cmd := &cobra.Command{
		Use:   "ps [ADDRESS...]",
		Short: "List the stack's containers: state, health, image, ports",
		Long: `Ps lists the containers of a stack that run, and those that failed: what has ended
with 0, or was never started, is left out unless -a or an ADDRESS asks for it.

IMAGE is marked with * where its tag stands for another image on this engine by
now, so that the container is behind. AGE counts from when it was made; STATE
tells since when it is so. Of a replacement that is not over both halves are
shown; what ` + "`bay run`" + ` runs stands below the rest, by its name. --drift compares
with the files, and says what was changed by hand.

` + aimHelp,
		Example: `  bay ps
  bay ps -a --watch
  bay ps web --json | jq -r '.containers[].state'
  bay ps --format '{{.Address}} {{.State}}'`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.ps(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.BoolVarP(&o.all, "all", "a", false, "also containers that have ended with 0, or never started")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "only the engine's IDs")
	f.BoolVarP(&o.watch, "watch", "w", false, "show it anew whenever it changes, until Ctrl-C")
	f.BoolVar(&o.drift, "drift", false, "say what was changed by hand; asks as much as a plan does")
	f.BoolVar(&o.asJSON, "json", false, "as JSON, format "+psFormat)
	f.StringVar(&o.format, "format", "", templateHelp)
	cmd.MarkFlagsMutuallyExclusive("json", "format", "quiet", "watch")
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{Runs: true})
	return cmd
}

// psDocument is `bay ps --json`.
type psDocument struct {
	Format     string           `json:"format"`
	Stack      string           `json:"stack"`
	Containers []verb.Container `json:"containers"`
}

func (a *app) ps(ctx context.Context, words []string, o psFlags) error {
	t, err := templateOf(o.format)
	if err != nil {
		return err
	}
	at, err := a.aim(ctx)
	if err != nil {
		return err
	}
	defer at.engine.Close()
	if o.watch {
		return a.watchPs(ctx, at, words, o)
	}
	list, err := a.containers(ctx, at, words, o)
	if err != nil {
		return err
	}
	switch {
	case o.asJSON:
		return show.WriteJSON(a.out, psDocument{psFormat, at.stack, list})
	case o.quiet:
		for _, c := range list {
			if _, err := fmt.Fprintln(a.out, c.ID); err != nil {
				return err
			}
		}
		return nil
	case t != nil:
		return fillIn(a.out, t, list)
	case len(list) == 0:
		return a.nobody(at)
	}
	return a.psTable(list, time.Now(), o.drift).Write(a.out, a.look())
}

// nobody says that there is nothing to list.
func (a *app) nobody(at *aim) error {
	if err := a.nothing(at); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.err, "Nothing of stack %s runs; `bay ps -a` shows what has ended.\n", at.stack)
	return err
}

// containers looks at those that are meant.
func (a *app) containers(ctx context.Context, at *aim, words []string, o psFlags) ([]verb.Container, error) {
	chosen, err := a.choose(at, verb.Choice{Runs: true, Words: words})
	if err != nil {
		return nil, err
	}
	chosen = verb.WithTwins(at.all, chosen)
	if len(words) == 0 {
		chosen = append(chosen, verb.Onces(at.all, at.stack)...)
	}
	list, err := verb.Containers(ctx, at.engine.Reader(), at.all, chosen)
	if err != nil {
		return nil, err
	}
	if !o.all && len(words) == 0 {
		list = slices.DeleteFunc(list, over)
	}
	if o.drift {
		return list, a.markDrift(ctx, at, list)
	}
	return list, nil
}

// over reports whether a container has done what it was there for, or was only
// made.
func over(c verb.Container) bool {
	return c.State == "created" && c.Error == "" || c.State == "exited" && c.ExitCode != nil && *c.ExitCode == 0
}

// markDrift adds what was changed by hand.
func (a *app) markDrift(ctx context.Context, at *aim, list []verb.Container) error {
	if at.prog == nil {
		return &failure{err: fmt.Errorf("what was changed by hand is told by comparing with the files, and there are none that can be evaluated"), hint: "see `bay validate`, or leave --drift away"}
	}
	p, err := a.bay.Plan(ctx, at.engine, at.prog, interpreter.PlanOptions{Lenient: true})
	if err != nil {
		return err
	}
	byAddr := map[ir.Addr][]string{}
	for _, d := range plan.Drift(p) {
		for _, c := range d.Changes {
			byAddr[d.Addr] = append(byAddr[d.Addr], c.Name())
		}
	}
	for i := range list {
		list[i].Drift = byAddr[list[i].Address]
	}
	return nil
}

// psTable is containers for people.
func (a *app) psTable(list []verb.Container, now time.Time, drift bool) *show.Table {
	head := []string{"ADDRESS", "IMAGE", "STATE", "HEALTH", "PORTS", "AGE", "RESTARTS"}
	give := []string{"AGE", "RESTARTS", "IMAGE"}
	if drift {
		head = append(head, "DRIFT")
	}
	t := show.NewTable(head...).Give(give...).Whole("ADDRESS", "STATE", "HEALTH", "PORTS")
	for _, c := range list {
		t.Cells(a.psRow(c, now, drift)...)
	}
	return t
}

func (a *app) psRow(c verb.Container, now time.Time, drift bool) []show.Cell {
	addr := show.Cell{Text: diag.Escape(c.Address.String())}
	switch c.Half {
	case "":
	case "one-off": // what it answers to is its name
		addr = show.Cell{Text: diag.Escape(c.Name + " (one-off of " + verb.Short(c.Address) + ")"), Color: "36"}
	default:
		addr = show.Cell{Text: addr.Text + diag.Escape(" ("+c.Half+")"), Color: "33"}
	}
	img := show.Cell{Text: diag.Escape(c.Image)}
	if c.Behind {
		img = show.Cell{Text: img.Text + "*", Color: "33"}
	}
	restarts := show.Cell{Text: strconv.Itoa(c.Restarts)}
	if c.Restarts > 0 {
		restarts.Color = "33"
	}
	row := []show.Cell{addr, img, stateCell(c, now), healthCell(c.Health), {Text: ports(c)}, {Text: since(now, c.Created)}, restarts}
	if drift {
		row = append(row, show.Cell{Text: diag.Escape(strings.Join(c.Drift, ", ")), Color: "33"})
	}
	return row
}

// stateCell is a container's state and since when it is so.
func stateCell(c verb.Container, now time.Time) show.Cell {
	switch {
	case c.Running() && c.Started != nil:
		color := "32"
		if c.State == "paused" {
			color = "33"
		}
		return show.Cell{Text: c.State + " " + since(now, *c.Started), Color: color}
	case c.Error != "":
		return show.Cell{Text: c.State + ": its start failed", Color: "31"}
	case c.ExitCode == nil || c.Finished == nil:
		return show.Cell{Text: c.State, Color: "2"}
	}
	cell := show.Cell{Text: fmt.Sprintf("%s (%d) %s ago", c.State, *c.ExitCode, since(now, *c.Finished)), Color: "2"}
	if c.OOM {
		cell.Text = fmt.Sprintf("%s (out of memory) %s ago", c.State, since(now, *c.Finished))
	}
	if *c.ExitCode != 0 || c.State == "restarting" {
		cell.Color = "31"
	}
	return cell
}

func healthCell(health string) show.Cell {
	return show.Cell{Text: health, Color: map[string]string{"healthy": "32", "unhealthy": "31", "starting": "33"}[health]}
}

// ports lists where a container's ports are on the host. The same port on all
// addresses of the host, of IPv4 and of IPv6, stands once.
func ports(c verb.Container) string {
	var out []string
	for _, p := range c.Ports {
		host := p.Host()
		if p.HostIP == "0.0.0.0" || p.HostIP == "::" || p.HostIP == "" {
			host = strconv.Itoa(p.HostPort)
		}
		text := fmt.Sprintf("%s→%d", host, p.Port)
		if p.Protocol != "tcp" {
			text += "/" + p.Protocol
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// since is how long ago something was, in its greatest unit: 5s, 3m, 2h, 4d.
func since(now, then time.Time) string {
	d := max(now.Sub(then), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
