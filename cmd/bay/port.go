package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

// portFormat is the version of `bay port --json`.
const portFormat = "bayplan.ports/1"

func (a *app) portCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "port [ADDRESS] [PORT[/PROTOCOL]]",
		Short: "Print where published ports are on the host",
		Long: `Port prints which ports of the host lead to containers. With PORT it prints that
one alone, as HOST:PORT, for scripts; of a port on several addresses of the host
each on a line. Ports are there while a container runs.

` + aimHelp,
		Example: `  bay port
  bay port web
  curl "http://$(bay port web 80)"`,
		Args: atMost(2, "ADDRESS and PORT at most"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.port(cmd.Context(), args, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+portFormat)
	addrs := a.completeAddrs(verb.Choice{Runs: true})
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return a.completePorts(args), cobra.ShellCompDirectiveNoFileComp
		}
		return addrs(cmd, args, begun)
	}
	return cmd
}

// completePorts completes the ports that the container at an address publishes.
func (a *app) completePorts(args []string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	if len(args) > 1 {
		return nil
	}
	at, err := a.aim(ctx)
	if err != nil {
		return nil
	}
	defer at.engine.Close()
	o, err := a.chooseOne(at, verb.Choice{Runs: true, Words: args})
	if err != nil {
		return nil
	}
	ports, err := verb.Ports(ctx, at.engine.Reader(), o)
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range ports {
		out = append(out, fmt.Sprintf("%d/%s\t%s", p.Port, p.Protocol, p.Host()))
	}
	return out
}

// portDocument is `bay port --json`.
type portDocument struct {
	Format string      `json:"format"`
	Stack  string      `json:"stack"`
	Ports  []verb.Port `json:"ports"`
}

func (a *app) port(ctx context.Context, args []string, asJSON bool) error {
	at, err := a.aim(ctx)
	if err != nil {
		return err
	}
	defer at.engine.Close()
	if len(args) == 2 {
		return a.onePort(ctx, at, args[0], args[1])
	}
	objects, err := a.choose(at, verb.Choice{Runs: true, Words: args})
	if err != nil {
		return err
	}
	doc := portDocument{portFormat, at.stack, []verb.Port{}}
	for _, o := range objects {
		ports, err := verb.Ports(ctx, at.engine.Reader(), o)
		if err != nil {
			return err
		}
		doc.Ports = append(doc.Ports, ports...)
	}
	switch {
	case asJSON:
		return show.WriteJSON(a.out, doc)
	case len(doc.Ports) == 0 && len(args) == 1:
		return &failure{err: fmt.Errorf("%s publishes no port now", listedAddrs(objects)), hint: publishHint}
	case len(doc.Ports) == 0:
		if err := a.nothing(at); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.err, "Stack %s publishes no port now.\n", at.stack)
		return err
	}
	table := show.NewTable("ADDRESS", "PORT", "HOST")
	for _, p := range doc.Ports {
		table.Row(diag.Escape(p.Address.String()), fmt.Sprintf("%d/%s", p.Port, p.Protocol), p.Host())
	}
	return table.Write(a.out, a.look())
}

const publishHint = "only what runs has ports on the host, and of these only what `ports` publishes"

func listedAddrs(objects []verb.Object) string {
	var all []string
	for _, o := range objects {
		all = append(all, o.String())
	}
	return strings.Join(all, ", ")
}

// onePort prints where a single port is.
func (a *app) onePort(ctx context.Context, at *aim, word, port string) error {
	number, proto, _ := strings.Cut(port, "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		return misuse("want a PORT such as 80 or 53/udp, got %q", port)
	}
	o, err := a.chooseOne(at, verb.Choice{Runs: true, Words: []string{word}})
	if err != nil {
		return err
	}
	ports, err := verb.Ports(ctx, at.engine.Reader(), o)
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(slices.Clone(ports), func(p verb.Port) bool { return p.Port != n || p.Protocol != proto && proto != "" })
	if len(found) == 0 {
		f := &failure{err: fmt.Errorf("%s does not publish port %s now", o, port), hint: publishHint}
		if len(ports) > 0 {
			f.hint = fmt.Sprintf("it publishes %d/%s", ports[0].Port, ports[0].Protocol)
		}
		return f
	}
	for _, p := range found {
		if _, err := fmt.Fprintln(a.out, p.Host()); err != nil {
			return err
		}
	}
	return nil
}
