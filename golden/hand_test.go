package golden

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"
	"text/tabwriter"

	"bayplan/interpreter/engine/embedded"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/docker/go-units"
	"github.com/rogpeppe/go-internal/testscript"
)

// handed is what somebody can do by hand, behind bay's back.
var handed = map[string]struct {
	usage string
	args  int // at least
	do    func(context.Context, *client.Client, []string) error
}{
	"run":    {"NAME IMAGE [env=NAME=VALUE|label=NAME=VALUE|labels=CONTAINER|volume=NAME:PATH|network=NAME|ip=ADDRESS|alias=NAME|restart=POLICY|rm=true]...", 2, run1},
	"update": {"CONTAINER memory=SIZE|restart=POLICY|cpus=N", 2, update1},
	"rm": {"CONTAINER", 1, func(ctx context.Context, c *client.Client, args []string) error {
		return c.ContainerRemove(ctx, args[0], container.RemoveOptions{Force: true})
	}},
	"stop": {"CONTAINER", 1, func(ctx context.Context, c *client.Client, args []string) error {
		return c.ContainerStop(ctx, args[0], container.StopOptions{}) // with its own grace
	}},
	"start": {"CONTAINER", 1, func(ctx context.Context, c *client.Client, args []string) error {
		return c.ContainerStart(ctx, args[0], container.StartOptions{})
	}},
	"pause": {"CONTAINER", 1, func(ctx context.Context, c *client.Client, args []string) error {
		return c.ContainerPause(ctx, args[0])
	}},
	"rename": {"CONTAINER NAME", 2, func(ctx context.Context, c *client.Client, args []string) error {
		return c.ContainerRename(ctx, args[0], args[1])
	}},
	"disconnect": {"CONTAINER NETWORK", 2, func(ctx context.Context, c *client.Client, args []string) error {
		return c.NetworkDisconnect(ctx, args[1], args[0], true)
	}},
	"connect": {"CONTAINER NETWORK", 2, func(ctx context.Context, c *client.Client, args []string) error {
		return c.NetworkConnect(ctx, args[1], args[0], nil)
	}},
	"network": {"NAME", 1, func(ctx context.Context, c *client.Client, args []string) error {
		_, err := c.NetworkCreate(ctx, args[0], network.CreateOptions{})
		return err
	}},
	"volume": {"NAME", 1, func(ctx context.Context, c *client.Client, args []string) error {
		_, err := c.VolumeCreate(ctx, volume.CreateOptions{Name: args[0]})
		return err
	}},
	"untag": {"NAME", 1, func(ctx context.Context, c *client.Client, args []string) error {
		_, err := c.ImageRemove(ctx, args[0], image.RemoveOptions{})
		return err
	}},
	"tag": {"IMAGE NAME", 2, func(ctx context.Context, c *client.Client, args []string) error {
		return c.ImageTag(ctx, args[0], args[1])
	}},
}

// hands is what can be done on a dock: what needs no more than a client, and a
// push to its registry.
func (d dock) hands(verb string) (do func(context.Context, *client.Client, []string) error, usage string, args int) {
	if verb == "push" {
		return d.push1, "IMAGE REFERENCE", 2
	}
	h := handed[verb]
	return h.do, h.usage, h.args
}

// handCmd changes the engine behind bay's back: hand VERB ARGS...
func handCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || neg {
		ts.Fatalf("usage: hand VERB ARGS..., where VERB is one of %s", strings.Join(slices.Sorted(maps.Keys(handed)), ", "))
	}
	r := runOf(ts)
	do, usage, least := r.hands(args[0])
	if do == nil || len(args)-1 < least {
		ts.Fatalf("usage: hand %s %s", args[0], usage)
	}
	var words []string
	for _, arg := range args[1:] {
		words = append(words, r.out(arg))
	}
	ts.Check(r.with(func(ctx context.Context, c *client.Client) error { return do(ctx, c, words) }))
}

// loseCmd lets the embedded engine lose hold of a container's process, as a
// daemon that is killed can: lose CONTAINER, or what its name begins with up to
// a hash. A Docker Engine does so when it likes, which the tests of a daemon of
// their own come upon.
func loseCmd(ts *testscript.TestScript, neg bool, args []string) {
	r := runOf(ts)
	if len(args) != 1 || neg || *lane != "embedded" || r.wire != nil {
		ts.Fatalf("usage: lose CONTAINER, on the embedded engine, before listen")
	}
	w, err := embedded.Open(ts.Getenv("XDG_STATE_HOME")+"/bay/embedded", "default", "")
	ts.Check(err)
	name, lost := r.out(args[0]), errors.New("there is no such container")
	w.Direct().With(func(s *embedded.State) {
		for id, c := range s.Containers {
			if c.Name == name || strings.HasSuffix(name, "-") && strings.HasPrefix(c.Name, name) {
				lost = s.Lose(s.Now, id)
			}
		}
	})
	ts.Check(errors.Join(lost, w.Close()))
}

// run1 is docker run -d.
func run1(ctx context.Context, c *client.Client, args []string) error {
	cfg, host := &container.Config{Image: args[1], Labels: map[string]string{}}, &container.HostConfig{NetworkMode: "none"}
	ep := &network.EndpointSettings{}
	for _, arg := range args[2:] {
		switch key, value, _ := strings.Cut(arg, "="); key {
		case "env":
			cfg.Env = append(cfg.Env, value)
		case "label":
			name, value, _ := strings.Cut(value, "=")
			cfg.Labels[name] = value
		case "labels": // as a container has that is run from one that was committed
			of, err := c.ContainerInspect(ctx, value)
			if err != nil {
				return err
			}
			maps.Copy(cfg.Labels, of.Config.Labels)
		case "volume":
			host.Binds = append(host.Binds, value)
		case "network":
			host.NetworkMode = container.NetworkMode(value)
		case "ip":
			ep.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: value}
		case "alias":
			ep.Aliases = append(ep.Aliases, value)
		case "restart":
			host.RestartPolicy.Name = container.RestartPolicyMode(value)
		case "rm":
			host.AutoRemove = value == "true"
		default:
			return fmt.Errorf("nobody runs a container with %s here", key)
		}
	}
	on := &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{string(host.NetworkMode): ep}}
	made, err := c.ContainerCreate(ctx, cfg, host, on, nil, args[0])
	if err != nil {
		return err
	}
	return c.ContainerStart(ctx, made.ID, container.StartOptions{})
}

func update1(ctx context.Context, c *client.Client, args []string) error {
	var u container.UpdateConfig
	key, value, _ := strings.Cut(args[1], "=")
	switch key {
	case "memory":
		n, err := units.RAMInBytes(value)
		if err != nil {
			return err
		}
		u.Memory, u.MemorySwap = n, 2*n
	case "restart":
		u.RestartPolicy.Name = container.RestartPolicyMode(value)
	default:
		return fmt.Errorf("nobody updates %s by hand here", key)
	}
	_, err := c.ContainerUpdate(ctx, args[0], u)
	return err
}

// broughtMark is the piece of a hash in a tag that says what came with a pin.
var broughtMark = regexp.MustCompile(`\.brought(-[0-9a-f]{8})+`)

// imagesCmd prints the names of images that bear the script's word.
func imagesCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 || neg {
		ts.Fatalf("usage: images")
	}
	r := runOf(ts)
	ts.Check(r.with(func(ctx context.Context, c *client.Client) error {
		list, err := c.ImageList(ctx, image.ListOptions{})
		var names []string
		for _, x := range list {
			for _, name := range slices.Concat(x.RepoTags, x.RepoDigests) {
				if strings.Contains(name, r.word) {
					names = append(names, broughtMark.ReplaceAllString(r.in(name), ".brought-<hash>"))
				}
			}
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintln(ts.Stdout(), name)
		}
		return err
	}))
}

// livingCmd prints what lives on the engine and bears the script's word, as a
// table that is the same on every engine.
func livingCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 || neg {
		ts.Fatalf("usage: living")
	}
	r := runOf(ts)
	var lines []string
	ts.Check(r.with(func(ctx context.Context, c *client.Client) (err error) {
		lines, err = r.living(ctx, c)
		return err
	}))
	w := tabwriter.NewWriter(ts.Stdout(), 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintln(w, r.in(line))
	}
	ts.Check(w.Flush())
}

// living returns a line for each object, its cells parted by tabs, in order.
func (d dock) living(ctx context.Context, c *client.Client) ([]string, error) {
	var lines []string
	containers, err := c.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, err
	}
	for _, x := range containers {
		if name := strings.TrimPrefix(x.Names[0], "/"); strings.Contains(name, d.word) {
			got, err := c.ContainerInspect(ctx, x.ID)
			if err != nil {
				return nil, err
			}
			lines = append(lines, "container\t"+name+"\t"+describe(got))
		}
	}
	networks, err := c.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", d.word))})
	if err != nil {
		return nil, err
	}
	for _, x := range networks {
		lines = append(lines, "network\t"+x.Name+"\t"+x.Driver)
	}
	volumes, err := c.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", d.word))})
	if err != nil {
		return nil, err
	}
	for _, x := range volumes.Volumes {
		lines = append(lines, "volume\t"+x.Name+"\t"+x.Driver)
	}
	sort.Strings(lines)
	return lines, nil
}

// describe says of a container what scripts look at.
func describe(c container.InspectResponse) string {
	words := []string{string(c.State.Status)}
	if c.State.Status == "exited" {
		words[0] += fmt.Sprintf("(%d)", c.State.ExitCode)
	}
	if c.State.Health != nil && c.State.Health.Status != "none" {
		words = append(words, string(c.State.Health.Status))
	}
	if m := c.HostConfig.Memory; m != 0 {
		words = append(words, "memory="+units.BytesSize(float64(m)))
	}
	if p := c.HostConfig.RestartPolicy.Name; p != "no" && p != "" {
		words = append(words, "restart="+string(p))
	}
	if nets := slices.Sorted(maps.Keys(c.NetworkSettings.Networks)); len(nets) > 0 {
		words = append(words, "on="+strings.Join(nets, ","))
	}
	return strings.Join(words, " ")
}

// endpointsCmd prints how a container is on its networks: endpoints CONTAINER.
func endpointsCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: endpoints CONTAINER")
	}
	r := runOf(ts)
	ts.Check(r.with(func(ctx context.Context, c *client.Client) error {
		got, err := c.ContainerInspect(ctx, r.out(args[0]))
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(got.NetworkSettings.Networks)) {
			ep := got.NetworkSettings.Networks[name]
			// Engines before 26.0 add the container's ID.
			names := slices.DeleteFunc(slices.Clone(ep.Aliases), func(a string) bool { return strings.HasPrefix(got.ID, a) })
			fmt.Fprintf(ts.Stdout(), "%s %s %v\n", r.in(name), ep.IPAddress, names)
		}
		return nil
	}))
}

// sameCmd holds that a container is the one that was there when somebody last
// looked, and was not restarted: same CONTAINER. The first look only notes who
// it is.
func sameCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: same CONTAINER")
	}
	r := runOf(ts)
	var now string
	ts.Check(r.with(func(ctx context.Context, c *client.Client) error {
		got, err := c.ContainerInspect(ctx, r.out(args[0]))
		if err == nil {
			now = got.ID + " started at " + got.State.StartedAt
		}
		return err
	}))
	old, looked := r.seen[args[0]]
	r.seen[args[0]] = now
	switch {
	case !looked && neg:
		ts.Fatalf("nobody has looked at %s before", args[0])
	case looked && (old == now) == neg:
		ts.Fatalf("%s was %s and is %s", args[0], old, now)
	}
}
