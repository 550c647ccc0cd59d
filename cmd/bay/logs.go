package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

type logsFlags struct {
	follow, stamps     bool
	noPrefix           bool
	tail, since, until string
}

func (a *app) logsCmd() *cobra.Command {
	var o logsFlags
	cmd := &cobra.Command{
		Use:   "logs [ADDRESS...]",
		Short: "Print what containers have printed, or print now",
		Long: `Logs prints the lines of containers in the order in which they were printed, each
behind the address that it is of, without its kind. What a container prints to
standard error goes there. A single container has no prefix, nor has --no-prefix.

With -f it goes on as lines come: after a restart, with the new container that
takes the place of one, and when the engine itself is started anew. It ends when
nothing that is meant runs any more, and at the TIME of --until.

` + instantHelp + `

On a terminal, colours of programs are kept, unless there are to be none, and all
other control characters are shown escaped. Elsewhere lines come as they are.

` + aimHelp,
		Example: `  bay logs
  bay logs web db -f --tail 20
  bay logs web --since 10m | grep -i error
  bay logs web -f --until 2026-01-02T16:00`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.logs(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on as lines come")
	f.BoolVarP(&o.stamps, "timestamps", "t", false, "when each line was printed, in UTC")
	f.BoolVar(&o.noPrefix, "no-prefix", false, "the lines alone, also of several containers")
	f.StringVarP(&o.tail, "tail", "n", "all", "`N` lines at the end of each container's, or all")
	f.StringVar(&o.since, "since", "", "lines from a `TIME` on: 10m ago, or 2026-01-02T15:04:05Z")
	f.StringVar(&o.until, "until", "", "lines before a `TIME`; -f ends then")
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{Runs: true})
	return cmd
}

func (a *app) logs(ctx context.Context, words []string, o logsFlags) error {
	if n, err := strconv.Atoi(o.tail); o.tail != "all" && (err != nil || n < 0) {
		return misuse("--tail is %q, want a number of lines, or all", o.tail)
	}
	what := verb.LogOptions{Tail: o.tail}
	var err error
	if what.Since, err = instant("--since", o.since); err != nil {
		return err
	}
	if what.Until, err = instant("--until", o.until); err != nil {
		return err
	}
	at, chosen, err := a.aimAt(ctx, verb.Choice{Runs: true, Words: words})
	if err != nil {
		return err
	}
	defer at.engine.Close()
	if err := a.nothing(at); err != nil && !o.follow {
		return err
	}
	a.signals.looking()
	p := &printer{app: a, o: o}
	p.name(chosen, len(words) == 0 && o.follow)
	if !o.follow {
		return verb.Logs(ctx, at.engine.Reader(), verb.WithTwins(at.all, chosen), what, p.line)
	}
	return a.followLogs(ctx, at, words, chosen, what, p)
}

func (a *app) followLogs(ctx context.Context, at *aim, words []string, chosen []verb.Object, what verb.LogOptions, p *printer) error {
	meant, once := map[ir.Addr]bool{}, map[string]bool{}
	for _, o := range chosen {
		if o.Once {
			once[o.ID] = true
		} else {
			meant[o.Addr] = true
		}
	}
	return verb.Follow(ctx, verb.Following{
		Engine: at.engine, Stack: at.stack, Chosen: verb.WithTwins(at.all, chosen),
		Means: func(o verb.Object) bool {
			if o.Once {
				return once[o.ID]
			}
			return len(words) == 0 || meant[o.Addr]
		},
		Look: func(ctx context.Context) ([]verb.Object, error) {
			err := a.survey(ctx, at)
			return at.all, err
		},
		Emit: p.line,
		Lost: a.waits,
	}, what)
}

// waits says that an engine has let go, and is waited for.
func (a *app) waits(err error) {
	_, _ = fmt.Fprintf(a.err, "%s the engine does not answer (%s); going on when it does\n", a.paint(a.err, "33", "waiting:"), escape(err.Error(), "  ")) // nobody has to read it
}

// printer prints lines of containers.
type printer struct {
	app   *app
	o     logsFlags
	width int       // of the prefix; 0 for none
	order []ir.Addr // by which colours are given
}

// name decides on the prefix: none for a single container, unless others may come.
func (p *printer) name(chosen []verb.Object, more bool) {
	for _, o := range chosen {
		p.order = append(p.order, o.Addr)
	}
	if p.o.noPrefix || len(chosen) < 2 && !more {
		return
	}
	for _, o := range chosen {
		p.width = max(p.width, show.Columns(prefix(o.Addr)))
	}
	p.width = max(p.width, 1)
}

// prefix is an address without its kind, which is clear.
func prefix(a ir.Addr) string { return diag.Escape(verb.Short(a)) }

// prefixColors are by turns for addresses: none that errors have.
var prefixColors = []string{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}

// line prints a line, all of it at once.
func (p *printer) line(l verb.Line) error {
	to := p.app.out
	if l.Stderr {
		to = p.app.err
	}
	var b strings.Builder
	if p.width > 0 {
		i := slices.Index(p.order, l.Address)
		if i < 0 {
			i, p.order = len(p.order), append(p.order, l.Address)
		}
		name := prefix(l.Address)
		pad := strings.Repeat(" ", max(p.width-show.Columns(name), 0))
		b.WriteString(p.app.paint(to, prefixColors[i%len(prefixColors)], name+pad+" |") + " ")
	}
	if p.o.stamps {
		b.WriteString(p.app.paint(to, "2", l.At.UTC().Format("2006-01-02T15:04:05.000000000Z")) + " ")
	}
	text := l.Text
	if to.terminal {
		text = tame(text, p.app.color(to))
	}
	b.WriteString(text + "\n")
	_, err := io.WriteString(to, b.String())
	return err
}

// sgr is a control sequence that does no more than colour.
var sgr = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// tame makes a program's line fit to be shown on a terminal: with its colours,
// if there are to be any, which end with it, and other control characters but
// tabs escaped.
func tame(text string, color bool) string {
	var b strings.Builder
	plain := func(s string) {
		for i, part := range strings.Split(s, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(diag.Escape(part))
		}
	}
	last, open := 0, false
	for _, m := range sgr.FindAllStringIndex(text, -1) {
		plain(text[last:m[0]])
		if last = m[1]; color {
			code := text[m[0]:m[1]]
			b.WriteString(code)
			open = code != "\x1b[m" && code != "\x1b[0m"
		}
	}
	plain(text[last:])
	if open {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}
