// Command floor sends the bare engine calls for the work of the bench, side by
// side, through docker's own client, and nothing else: what no tool can be much
// faster than. It reads no files, compares nothing and waits for nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"
)

const usage = `usage: floor [-k N] [-each N] [-net N] [-parallel N] VERB NAME IMAGE
  look      what a plan has to ask: ping, info, lists, an inspect for each container and image
  make      networks, volumes and containers, created and started
  change    every tenth container replaced, by the calls of the same protocol as bay's
  destroy   all of it removed
`

func main() {
	f := new(floor)
	flag.IntVar(&f.k, "k", 10, "containers")
	flag.IntVar(&f.each, "each", 10, "containers of one network and one volume")
	flag.IntVar(&f.net, "net", 210, "networks are 10.N.0.0/24, 10.N.1.0/24, …")
	flag.IntVar(&f.parallel, "parallel", 8, "calls at once")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	verb := map[string]func(context.Context) error{"look": f.look, "make": f.make, "change": f.change, "destroy": f.destroy}[flag.Arg(0)]
	if flag.NArg() != 3 || verb == nil {
		flag.Usage()
		os.Exit(1)
	}
	f.name, f.image = flag.Arg(1), flag.Arg(2)
	if err := f.run(verb); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// floor is the work, and who does it.
type floor struct {
	*client.Client
	name, image            string
	k, each, net, parallel int
}

func (f *floor) run(verb func(context.Context) error) error {
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return err
	}
	defer c.Close()
	f.Client = c
	return verb(context.Background())
}

// groups is how many networks and volumes there are.
func (f *floor) groups() int { return (f.k + f.each - 1) / f.each }

func (f *floor) container(i int) string { return f.name + "-c" + strconv.Itoa(i) }
func (f *floor) network(g int) string   { return f.name + "-back" + strconv.Itoa(g) }
func (f *floor) volume(g int) string    { return f.name + "-data" + strconv.Itoa(g) }

// side does something for each of n, at most so many at once as may be.
func (f *floor) side(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(f.parallel)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

func (f *floor) look(ctx context.Context) error {
	if _, err := f.Info(ctx); err != nil { // the client pings before it
		return err
	}
	var all []container.Summary
	lists := []func(context.Context) error{
		func(ctx context.Context) (err error) {
			all, err = f.ContainerList(ctx, container.ListOptions{All: true})
			return err
		},
		func(ctx context.Context) error { _, err := f.NetworkList(ctx, network.ListOptions{}); return err },
		func(ctx context.Context) error { _, err := f.VolumeList(ctx, volume.ListOptions{}); return err },
		func(ctx context.Context) error { _, err := f.ImageList(ctx, image.ListOptions{}); return err },
	}
	if err := f.side(ctx, len(lists), func(ctx context.Context, i int) error { return lists[i](ctx) }); err != nil {
		return err
	}
	var ours []string
	for _, c := range all {
		if c.Labels["bayplan.bench"] == f.name {
			ours = append(ours, c.ID)
		}
	}
	return f.side(ctx, len(ours)+1, func(ctx context.Context, i int) error {
		if i == len(ours) {
			_, err := f.ImageInspect(ctx, f.image)
			return err
		}
		_, err := f.ContainerInspect(ctx, ours[i])
		return err
	})
}

// create makes the i-th container.
func (f *floor) create(ctx context.Context, i, turn int, name string, restart container.RestartPolicyMode) (string, error) {
	got, err := f.ContainerCreate(ctx, &container.Config{
		Image: f.image, StopSignal: "SIGKILL",
		Env:    []string{"INDEX=" + strconv.Itoa(i), "TURN=" + strconv.Itoa(turn)},
		Labels: map[string]string{"bayplan.bench": f.name, "bench.index": strconv.Itoa(i)},
	}, &container.HostConfig{
		NetworkMode:   container.NetworkMode(f.network(i / f.each)),
		Resources:     container.Resources{Memory: 32 << 20},
		RestartPolicy: container.RestartPolicy{Name: restart},
		Mounts:        []mount.Mount{{Type: mount.TypeVolume, Source: f.volume(i / f.each), Target: "/data"}},
	}, nil, nil, name)
	return got.ID, err
}

// make creates each container as soon as its network and its volume are there.
func (f *floor) make(ctx context.Context) error {
	labels := map[string]string{"bayplan.bench": f.name}
	there := make([]sync.WaitGroup, f.groups())
	steps, ctx := errgroup.WithContext(ctx)
	steps.SetLimit(f.parallel)
	for g := range f.groups() {
		there[g].Add(2)
		steps.Go(func() error {
			defer there[g].Done()
			ipam := &network.IPAM{Config: []network.IPAMConfig{{Subnet: fmt.Sprintf("10.%d.%d.0/24", f.net, g)}}}
			_, err := f.NetworkCreate(ctx, f.network(g), network.CreateOptions{Labels: labels, IPAM: ipam})
			return err
		})
		steps.Go(func() error {
			defer there[g].Done()
			_, err := f.VolumeCreate(ctx, volume.CreateOptions{Name: f.volume(g), Labels: labels})
			return err
		})
	}
	for i := range f.k {
		steps.Go(func() error {
			there[i/f.each].Wait()
			id, err := f.create(ctx, i, 1, f.container(i), container.RestartPolicyUnlessStopped)
			if err != nil {
				return err
			}
			return f.ContainerStart(ctx, id, container.StartOptions{})
		})
	}
	return steps.Wait()
}

// change replaces every tenth container, stopping the old one first: the two
// share a volume that both write to.
func (f *floor) change(ctx context.Context) error {
	return f.side(ctx, (f.k+9)/10, func(ctx context.Context, n int) error {
		i := 10 * n
		name, old := f.container(i), f.container(i)+".old"
		id, err := f.create(ctx, i, 2, name+".new", container.RestartPolicyDisabled)
		if err != nil {
			return err
		}
		policy := func(p container.RestartPolicyMode) container.UpdateConfig {
			return container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: p}}
		}
		if _, err := f.ContainerUpdate(ctx, name, policy(container.RestartPolicyDisabled)); err != nil {
			return err
		}
		if err := f.ContainerStop(ctx, name, container.StopOptions{}); err != nil {
			return err
		}
		if err := f.ContainerRename(ctx, name, old); err != nil {
			return err
		}
		if err := f.ContainerRename(ctx, id, name); err != nil {
			return err
		}
		if err := f.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
			return err
		}
		if _, err := f.ContainerUpdate(ctx, id, policy(container.RestartPolicyUnlessStopped)); err != nil {
			return err
		}
		return f.ContainerRemove(ctx, old, container.RemoveOptions{})
	})
}

// destroy removes what bears the name, networks and volumes when the containers
// are gone.
func (f *floor) destroy(ctx context.Context) error {
	all, err := f.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", "bayplan.bench="+f.name))})
	if err != nil {
		return err
	}
	if err := f.side(ctx, len(all), func(ctx context.Context, i int) error {
		return f.ContainerRemove(ctx, all[i].ID, container.RemoveOptions{Force: true})
	}); err != nil {
		return err
	}
	return f.side(ctx, 2*f.groups(), func(ctx context.Context, i int) error {
		if i%2 == 0 {
			return f.removeNetwork(ctx, f.network(i/2))
		}
		return f.VolumeRemove(ctx, f.volume(i/2), false)
	})
}

// removeNetwork tries again where the engine has not let go yet of containers
// that are gone: a busy one answers too early.
func (f *floor) removeNetwork(ctx context.Context, name string) error {
	err := f.NetworkRemove(ctx, name)
	for range 50 {
		if err == nil || !errdefs.IsPermissionDenied(err) {
			break
		}
		time.Sleep(20 * time.Millisecond)
		err = f.NetworkRemove(ctx, name)
	}
	return err
}
