package golden

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// A dock is the engine that one script runs on. All that a script makes bears
// the word harbour in its name. On a real engine, which others use too, another
// word of the same length, drawn for this run, stands in its place.
type dock struct {
	address string // for --engine
	word    string // in place of harbour
	hub     string // in place of the constant; "" until there is a registry
	account string // that it lets in: USER:PASSWORD
	open    func() (*client.Client, func() error, error)
}

const harbour = "harbour"

var unnamedVolume = regexp.MustCompile(`^[0-9a-f]{64}$`)

// newDock returns the engine of the lane. state is where the embedded one
// keeps its objects.
func newDock(state string) (dock, error) {
	switch *lane {
	case "embedded":
		return dock{address: "embedded", word: harbour, open: func() (*client.Client, func() error, error) {
			return openEmbedded(filepath.Join(state, "bay", "embedded"))
		}}, nil
	case "real":
		return dock{address: realHost(), word: "h" + letters(len(harbour)-1), open: func() (*client.Client, func() error, error) {
			c, err := client.NewClientWithOpts(client.WithHost(realHost()), client.WithAPIVersionNegotiation())
			if err != nil {
				return nil, nil, err
			}
			return c, c.Close, nil
		}}, nil
	}
	return dock{}, fmt.Errorf("-engine is %q, want embedded or real", *lane)
}

// openEmbedded opens the embedded engine's default world, as bay does.
func openEmbedded(dir string) (*client.Client, func() error, error) {
	w, err := embedded.Open(dir, "default", "")
	if err != nil {
		return nil, nil, err
	}
	c, err := client.NewClientWithOpts(client.WithHost("tcp://embedded"), client.WithDialContext(w.Dial), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	return c, func() error { return errors.Join(c.Close(), w.Close()) }, nil
}

func realHost() string {
	if h := os.Getenv(client.EnvOverrideHost); h != "" {
		return h
	}
	return client.DefaultDockerHost
}

// letters draws a word that reads like no hash.
func letters(n int) string {
	const of = "ghjkmnpqrstvwxyz"
	word := make([]byte, n)
	for i := range word {
		word[i] = of[rand.IntN(len(of))]
	}
	return string(word)
}

// out turns a script's text into what the engine sees, in back, with what
// differs from run to run made the same.
func (d dock) out(text string) string {
	text = strings.ReplaceAll(text, harbour, d.word)
	if d.hub != "" {
		text = strings.ReplaceAll(text, hub, d.hub)
	}
	return text
}

func (d dock) in(text string) string {
	if d.hub != "" {
		text = strings.ReplaceAll(text, d.hub, hub)
	}
	return normal(strings.ReplaceAll(text, d.word, harbour))
}

// with calls f with a client of the engine.
func (d dock) with(f func(context.Context, *client.Client) error) error {
	c, closing, err := d.open()
	if err != nil {
		return err
	}
	return errors.Join(f(context.Background(), c), closing())
}

// sweep takes away all that bears the dock's word, whoever made it.
func (d dock) sweep() error {
	if *lane != "real" {
		return nil
	}
	return d.with(func(ctx context.Context, c *client.Client) error {
		return errors.Join(d.sweepContainers(ctx, c), d.sweepNetworks(ctx, c), d.sweepVolumes(ctx, c), d.sweepImages(ctx, c))
	})
}

func (d dock) sweepContainers(ctx context.Context, c *client.Client) error {
	list, err := c.ContainerList(ctx, container.ListOptions{All: true})
	for _, x := range list {
		if strings.Contains(strings.Join(x.Names, " ")+x.Labels[engine.LabelLock], d.word) {
			rerr := c.ContainerRemove(ctx, x.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
			if !errdefs.IsNotFound(rerr) && !errdefs.IsConflict(rerr) { // a lock goes by itself
				err = errors.Join(err, rerr)
			}
			for _, m := range x.Mounts { // one that a replacement has taken over goes with nobody
				if unnamedVolume.MatchString(m.Name) {
					_ = c.VolumeRemove(ctx, m.Name, true)
				}
			}
		}
	}
	return err
}

func (d dock) sweepNetworks(ctx context.Context, c *client.Client) error {
	list, err := c.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", d.word))})
	for _, x := range list {
		err = errors.Join(err, c.NetworkRemove(ctx, x.ID))
	}
	return err
}

func (d dock) sweepVolumes(ctx context.Context, c *client.Client) error {
	list, err := c.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", d.word))})
	for _, x := range list.Volumes {
		err = errors.Join(err, c.VolumeRemove(ctx, x.Name, true))
	}
	return err
}

func (d dock) sweepImages(ctx context.Context, c *client.Client) error {
	list, err := c.ImageList(ctx, image.ListOptions{})
	for _, x := range list {
		for _, tag := range x.RepoTags {
			if strings.Contains(tag, d.word) {
				_, rerr := c.ImageRemove(ctx, tag, image.RemoveOptions{}) // what it was built on stays for the next build, until .ci/sweep
				err = errors.Join(err, rerr)
			}
		}
		for _, digest := range x.RepoDigests { // what was pulled or pushed, if its last tag has not taken it along
			if strings.Contains(digest, d.word) {
				_, rerr := c.ImageRemove(ctx, digest, image.RemoveOptions{})
				if !errdefs.IsNotFound(rerr) {
					err = errors.Join(err, rerr)
				}
			}
		}
	}
	return errors.Join(err, d.sweepUntagged(ctx, c))
}

// sweepUntagged takes away the images that bay built and that have lost their
// tags since. One that somebody else's build has taken as a step stays.
func (d dock) sweepUntagged(ctx context.Context, c *client.Client) error {
	list, err := c.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(
		filters.Arg("dangling", "true"), filters.Arg("label", engine.LabelImageStack+"="+d.word),
	)})
	for _, x := range list {
		_, rerr := c.ImageRemove(ctx, x.ID, image.RemoveOptions{})
		if !errdefs.IsNotFound(rerr) && !errdefs.IsConflict(rerr) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}
