package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"
)

// statsFormat is the version of `bay stats --json`.
const statsFormat = "bayplan.stats/1"

type statsFlags struct {
	once, asJSON bool
	format       string
}

func (a *app) statsCmd() *cobra.Command {
	var o statsFlags
	cmd := &cobra.Command{
		Use:   "stats [ADDRESS...]",
		Short: "Show what containers use: CPU, memory, network, disks",
		Long: `Stats shows what running containers use, once a second until Ctrl-C; containers
that come and go do so in the table. CPU is of one CPU: 200% is two CPUs. MEMORY is
without the cache of files, as docker stats counts it, and the bar shows how much
of its limit a container uses. Without a terminal it shows the figures once.

` + aimHelp,
		Example: `  bay stats
  bay stats web --no-stream
  bay stats --json | jq '.containers[] | {address, memory}'`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.stats(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.once, "no-stream", false, "once, and end")
	f.BoolVar(&o.asJSON, "json", false, "once, as JSON, format "+statsFormat)
	f.StringVar(&o.format, "format", "", "once, "+templateHelp)
	cmd.MarkFlagsMutuallyExclusive("json", "format")
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{Runs: true})
	return cmd
}

// statsDocument is `bay stats --json`.
type statsDocument struct {
	Format     string       `json:"format"`
	Stack      string       `json:"stack"`
	Containers []verb.Usage `json:"containers"`
}

func (a *app) stats(ctx context.Context, words []string, o statsFlags) error {
	t, err := templateOf(o.format)
	if err != nil {
		return err
	}
	at, chosen, err := a.aimAt(ctx, verb.Choice{Runs: true, Words: words})
	if err != nil {
		return err
	}
	defer at.engine.Close()
	if !o.once && !o.asJSON && t == nil && a.out.terminal {
		return a.liveStats(ctx, at, words)
	}
	list, err := verb.Usages(ctx, at.engine.Reader(), verb.Active(chosen), nil, false)
	switch {
	case err != nil:
		return err
	case o.asJSON:
		return show.WriteJSON(a.out, statsDocument{statsFormat, at.stack, list})
	case t != nil:
		return fillIn(a.out, t, list)
	case len(list) == 0:
		return a.nobody(at)
	}
	return a.statsTable(list).Write(a.out, a.look())
}

func (a *app) liveStats(ctx context.Context, at *aim, words []string) error {
	before := map[string]verb.Usage{}
	return a.every(ctx, time.Second, func(ctx context.Context) ([]string, error) {
		if err := a.survey(ctx, at); err != nil {
			return nil, err
		}
		chosen, err := verb.Select(at.all, verb.Choice{Stack: at.stack, Runs: true, Words: words})
		if err != nil {
			return []string{nothingNow}, nil
		}
		list, err := verb.Usages(ctx, at.engine.Reader(), verb.Active(verb.WithTwins(at.all, chosen)), before, true)
		if err != nil {
			return nil, err
		}
		before = map[string]verb.Usage{}
		for _, u := range list {
			before[u.ID] = u
		}
		if len(list) == 0 {
			return []string{fmt.Sprintf("nothing of stack %s runs", at.stack)}, nil
		}
		return a.statsTable(list).Lines(a.lookAgain()), nil
	})
}

func (a *app) statsTable(list []verb.Usage) *show.Table {
	t := show.NewTable("ADDRESS", "CPU", "MEMORY", "OF LIMIT", "NET I/O", "BLOCK I/O", "PIDS").
		Give("PIDS", "BLOCK I/O", "NET I/O").Whole("ADDRESS", "CPU", "MEMORY", "OF LIMIT")
	for _, u := range list {
		cpu := show.Cell{}
		if u.CPU != nil && u.Known {
			cpu = show.Cell{Text: fmt.Sprintf("%.2f%%", *u.CPU), Color: heat(*u.CPU, 80, 200)}
		}
		if !u.Known { // it has ended meanwhile
			t.Cells(append([]show.Cell{{Text: diag.Escape(u.Address.String())}}, make([]show.Cell, 6)...)...)
			continue
		}
		share := u.MemoryPercent()
		t.Cells(show.Cell{Text: diag.Escape(u.Address.String())}, cpu,
			show.Cell{Text: fmt.Sprintf("%s / %s", size(u.Memory), size(u.MemoryLimit))},
			show.Cell{Text: a.bar(share, 10) + fmt.Sprintf(" %5.1f%%", share), Color: heat(share, 75, 90)},
			show.Cell{Text: size(u.NetIn) + " / " + size(u.NetOut)}, show.Cell{Text: size(u.BlockIn) + " / " + size(u.BlockOut)},
			show.Cell{Text: strconv.FormatUint(u.Pids, 10)})
	}
	return t
}

// heat is the colour of a figure.
func heat(x, warm, hot float64) string {
	switch {
	case x >= hot:
		return "31"
	case x >= warm:
		return "33"
	}
	return ""
}

// bar draws a share in percent as so many columns.
func (a *app) bar(share float64, columns int) string {
	full := min(max(int(share/100*float64(columns)+0.5), 0), columns)
	return strings.Repeat(a.pick("█", "#"), full) + strings.Repeat(a.pick("░", "."), columns-full)
}

// size is bytes for people, in powers of 1024.
func size(n uint64) string { return units.BytesSize(float64(n)) }
