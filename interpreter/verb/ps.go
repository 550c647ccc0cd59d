package verb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"golang.org/x/sync/errgroup"
)

// Container is what there is to say of a container at a glance.
type Container struct {
	Address  ir.Addr    `json:"address"`
	Name     string     `json:"name"`
	ID       string     `json:"id"`
	Image    string     `json:"image"`        // a tag that people gave it, else the name that it was made by, without a digest
	ImageID  string     `json:"image_id"`     // the engine's
	Behind   bool       `json:"image_behind"` // that tag stands for another image on the engine now
	State    string     `json:"state"`        // the engine's word: "running", "exited", "created", …
	Health   string     `json:"health"`       // "healthy", "unhealthy", "starting"; "" where nothing tells
	ExitCode *int       `json:"exit_code"`    // of the last run; nil while it runs and before it has
	OOM      bool       `json:"oom_killed"`   // it was killed since there was no memory left
	Error    string     `json:"error"`        // why the engine could not start it; "" if it could
	Ports    []Port     `json:"ports"`
	Exposed  []string   `json:"-"` // ports that lead nowhere on the host: "80/tcp"
	Created  time.Time  `json:"created"`
	Started  *time.Time `json:"started"`         // nil if never
	Finished *time.Time `json:"finished"`        // nil while it runs and before it has
	Restarts int        `json:"restarts"`        // by its policy, since it was last started
	Half     string     `json:"half"`            // of a replacement that is not over: "replaces NAME", "is replaced"; of a copy, "copy"; of what runs once, "one-off"; else ""
	Drift    []string   `json:"drift,omitempty"` // what was changed by hand, if somebody looked
}

// Running reports whether the container's process is there.
func (c Container) Running() bool { return c.State == running || c.State == "paused" }

// asking is how many containers are asked for at once.
const asking = 8

// Containers looks at containers, in their order. One that has gone meanwhile is
// left out. all is what List found, among which are the images' other halves.
func Containers(ctx context.Context, r engine.Reader, all, chosen []Object) ([]Container, error) {
	images, err := r.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	tags := tagsOf(images)
	found := make([]*Container, len(chosen))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(asking)
	for i, o := range chosen {
		g.Go(func() error {
			got, err := r.ContainerInspect(ctx, o.ID)
			switch {
			case errdefs.IsNotFound(err):
				return nil
			case err != nil:
				return fmt.Errorf("inspecting %s: %w", o, err)
			}
			found[i] = containerOf(o, got, tags)
			found[i].Half = half(all, o)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := []Container{}
	for _, c := range found {
		if c != nil {
			out = append(out, *c)
		}
	}
	return out, nil
}

// Onces returns what runs once beside the objects of a stack.
func Onces(all []Object, stack string) []Object {
	return matching(all, func(o Object) bool { return o.Once && o.Stack == stack })
}

// WithTwins returns chosen objects and, behind each, the other halves of its
// replacement and its copies.
func WithTwins(all, chosen []Object) []Object {
	var out []Object
	for _, o := range chosen {
		out = append(out, o)
		for _, x := range all {
			if x.Twin && !x.Once && x.Stack == o.Stack && x.Addr == o.Addr && !o.Twin {
				out = append(out, x)
			}
		}
	}
	return out
}

// half says which part of a replacement an object is.
func half(all []Object, o Object) string {
	if o.Once {
		return "one-off"
	}
	for _, x := range all {
		switch {
		case x.ID == "" || x.ID == o.ID:
		case o.Identity.Replaces == x.ID:
			return "replaces " + x.Name
		case x.Identity.Replaces == o.ID && o.ID != "":
			return "is replaced"
		}
	}
	if o.Twin {
		return "copy"
	}
	return ""
}

func containerOf(o Object, got container.InspectResponse, tags map[string]string) *Container {
	c := &Container{Address: o.Addr, Name: strings.TrimPrefix(got.Name, "/"), ID: got.ID, ImageID: got.Image, Restarts: got.RestartCount}
	c.Created, _ = time.Parse(time.RFC3339Nano, got.Created)
	c.Image, c.Behind = imageOf(got.Config.Image, got.Image, tags)
	if s := got.State; s != nil {
		c.State, c.OOM, c.Error = string(s.Status), s.OOMKilled, s.Error
		if s.Health != nil && s.Running && s.Health.Status != container.NoHealthcheck {
			c.Health = string(s.Health.Status)
		}
		c.Started = moment(s.StartedAt)
		if c.Started != nil && !s.Running {
			c.Finished, c.ExitCode = moment(s.FinishedAt), &s.ExitCode
		}
	}
	c.Ports = []Port{}
	if n := got.NetworkSettings; n != nil {
		c.Ports = portsOf(o, n.Ports)
		for p, b := range n.Ports {
			if len(b) == 0 {
				c.Exposed = append(c.Exposed, string(p))
			}
		}
		slices.Sort(c.Exposed)
	}
	return c
}

// moment reads a time of the engine; nil stands for its year 1.
func moment(text string) *time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() <= 1 {
		return nil
	}
	return &t
}

// pinned is where the tags lie by which bay holds on to images.
const pinned = "bayplan.invalid/"

// tagsOf returns which image each tag stands for.
func tagsOf(images []image.Summary) map[string]string {
	tags := map[string]string{}
	for _, x := range images {
		for _, t := range x.RepoTags {
			tags[t] = x.ID
		}
	}
	return tags
}

// imageOf returns how to call the image of a container made by the name ref, and
// whether that name's tag stands for another image by now. Of an image that bay
// built or pulled, ref is a pin, which never moves: a tag of people's says more.
func imageOf(ref, id string, tags map[string]string) (name string, behind bool) {
	name, _, digest := strings.Cut(ref, "@")
	if strings.HasPrefix(ref, pinned) {
		for _, t := range sortedKeys(tags) {
			if tags[t] == id && !strings.HasPrefix(t, pinned) {
				return t, false
			}
		}
		return strings.TrimPrefix(ref, pinned), false
	}
	now, some := tags[full(name)]
	if digest && !some {
		return name, false
	}
	return name, some && now != id
}

// full adds the tag that a name without one stands for.
func full(name string) string {
	if strings.LastIndex(name, ":") > strings.LastIndex(name, "/") {
		return name
	}
	return name + ":latest"
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
