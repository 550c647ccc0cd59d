package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

// Versions of `bay images --json` and of the other two.
const (
	imagesFormat   = "bayplan.images/1"
	volumesFormat  = "bayplan.volumes/1"
	networksFormat = "bayplan.networks/1"
)

func (a *app) imagesCmd() *cobra.Command {
	ask := false
	cmd := a.listing("images", "List a stack's images: tag, digest, size, who uses them", `Images lists what the stack's containers were made from, and what bay holds for the
stack without a container: `+"`bay gc`"+` takes that away. SIZE counts layers that
images share for each. With --registry, REGISTRY says of tags that came from a
registry, or went to one, whether they stand for the same image there.`, imagesFormat,
		func(ctx context.Context, at *aim) (any, *show.Table, int, error) {
			list, err := verb.Images(ctx, at.engine.Reader(), at.stack, at.all)
			if ask {
				interpreter.LogIn(at.engine, at.prog)
				verb.AskRegistries(ctx, at.engine.Reader(), list)
				a.unanswered(list)
			}
			return struct {
				Format string       `json:"format"`
				Stack  string       `json:"stack"`
				Images []verb.Image `json:"images"`
			}{imagesFormat, at.stack, list}, imagesTable(list, ask), len(list), err
		})
	cmd.Example += "\n  bay images --registry   # whether there is something newer to pull"
	cmd.Flags().BoolVar(&ask, "registry", false, "ask registries whether the tags stand for the same images there")
	return cmd
}

// unanswered says why registries did not answer.
func (a *app) unanswered(list []verb.Image) {
	for _, x := range list {
		for _, in := range x.Registry {
			if in.Error != "" {
				fmt.Fprintf(a.err, "warning: how %s stands in its registry is not known: %s\n", diag.Escape(in.Tag), diag.Escape(in.Error))
			}
		}
	}
}

func imagesTable(list []verb.Image, registry bool) *show.Table {
	head, whole := []string{"IMAGE", "DIGEST", "SIZE", "AGE"}, []string{"IMAGE", "SIZE", "USED BY"}
	if registry {
		head, whole = append(head, "REGISTRY"), append(whole, "REGISTRY")
	}
	t := show.NewTable(append(head, "USED BY")...).Give("AGE", "DIGEST").Whole(whole...)
	for _, x := range list {
		var users []string
		for _, u := range x.UsedBy {
			users = append(users, u.String())
		}
		cells := []string{diag.Escape(cmp.Or(strings.Join(x.Tags, ", "), x.Pin)), diag.Escape(digestOf(x)), size(uint64(max(x.Size, 0))), since(time.Now(), x.Created)}
		if registry {
			cells = append(cells, diag.Escape(inRegistries(x)))
		}
		usedBy(t, users, cells...)
	}
	return t
}

// inRegistries says how the tags of an image stand in their registries: of several
// that differ each by its name.
func inRegistries(x verb.Image) string {
	var all []string
	same := true
	for _, in := range x.Registry {
		all, same = append(all, in.State), same && in.State == x.Registry[0].State
	}
	if same && len(all) > 0 {
		return all[0]
	}
	for i, in := range x.Registry {
		all[i] = in.Tag + " " + in.State
	}
	return strings.Join(all, ", ")
}

// digestOf is the digest by which a registry knows an image, else its ID, short.
func digestOf(x verb.Image) string {
	text := x.ID
	if len(x.Digests) > 0 {
		_, text, _ = strings.Cut(x.Digests[0], "@")
	}
	return text[:min(len(text), len("sha256:")+12)]
}

func (a *app) volumesCmd() *cobra.Command {
	return a.listing("volumes", "List a stack's volumes, and who has them", "Volumes lists the stack's volumes, and at which place which container has them.", volumesFormat,
		func(ctx context.Context, at *aim) (any, *show.Table, int, error) {
			chosen, err := a.choose(at, verb.Choice{})
			if err != nil {
				return nil, nil, 0, err
			}
			list, err := verb.Volumes(ctx, at.engine.Reader(), at.all, chosen)
			t := show.NewTable("ADDRESS", "NAME", "DRIVER", "AGE", "USED BY").Give("DRIVER", "NAME", "AGE").Whole("ADDRESS", "USED BY")
			for _, v := range list {
				var users []string
				for _, u := range v.UsedBy {
					text := u.Address + ":" + u.Path
					if u.ReadOnly {
						text += " (read only)"
					}
					users = append(users, text)
				}
				age := ""
				if made, err := time.Parse(time.RFC3339, v.Created); err == nil {
					age = since(time.Now(), made)
				}
				usedBy(t, users, diag.Escape(v.Address.String()), diag.Escape(v.Name), diag.Escape(v.Driver), age)
			}
			return struct {
				Format  string        `json:"format"`
				Stack   string        `json:"stack"`
				Volumes []verb.Volume `json:"volumes"`
			}{volumesFormat, at.stack, list}, t, len(list), err
		})
}

func (a *app) networksCmd() *cobra.Command {
	return a.listing("networks", "List a stack's networks, and who is on them", "Networks lists the stack's networks, and which running containers are on them by which\naddress. Containers of others have their names.", networksFormat,
		func(ctx context.Context, at *aim) (any, *show.Table, int, error) {
			chosen, err := a.choose(at, verb.Choice{})
			if err != nil {
				return nil, nil, 0, err
			}
			list, err := verb.Networks(ctx, at.engine.Reader(), at.all, chosen)
			t := show.NewTable("ADDRESS", "NAME", "DRIVER", "SUBNET", "CONTAINER", "IP").Give("NAME", "DRIVER", "SUBNET").Whole("ADDRESS", "CONTAINER", "IP")
			for _, n := range list {
				driver := n.Driver
				if n.Internal {
					driver += ", internal"
				}
				row := []string{diag.Escape(n.Address.String()), diag.Escape(n.Name), diag.Escape(driver), diag.Escape(strings.Join(n.Subnets, ", "))}
				if len(n.Guests) == 0 {
					t.Row(append(row, "", "")...)
				}
				for _, g := range n.Guests {
					ip := strings.Trim(g.IPv4+", "+g.IPv6, ", ")
					t.Row(append(row[:4:4], diag.Escape(g.Address), diag.Escape(ip))...)
				}
			}
			return struct {
				Format   string         `json:"format"`
				Stack    string         `json:"stack"`
				Networks []verb.Network `json:"networks"`
			}{networksFormat, at.stack, list}, t, len(list), err
		})
}

// listing is a command that lists what a stack holds: as a document, or as a
// table with so many entries.
func (a *app) listing(name, short, long, format string, look func(context.Context, *aim) (any, *show.Table, int, error)) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     name,
		Short:   short,
		Long:    long + "\n\nThe stack is that of the files in this directory (-C DIR for another one), or\n--stack NAME, which needs no files.",
		Example: "  bay " + name + "\n  bay " + name + " --stack shop --json",
		Args:    atMost(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, err := a.aim(cmd.Context())
			if err != nil {
				return err
			}
			defer at.engine.Close()
			doc, table, n, err := look(cmd.Context(), at)
			switch {
			case err != nil:
				return err
			case asJSON:
				return show.WriteJSON(a.out, doc)
			case n > 0:
				return table.Write(a.out, a.look())
			}
			if err := a.nothing(at); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.err, "Stack %s has no %s on %s.\n", at.stack, name, a.host(at.engine))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+format)
	return cmd
}

// usedBy adds a row to a table whose last column is who uses what, and one more
// for each further user: so an address is cut last.
func usedBy(t *show.Table, users []string, cells ...string) {
	if len(users) == 0 {
		users = []string{""}
	}
	for i, u := range users {
		if i > 0 {
			for n := range cells {
				cells[n] = " " // nothing, where an empty cell would be a "-"
			}
		}
		t.Row(append(cells[:len(cells):len(cells)], diag.Escape(u))...)
	}
}
