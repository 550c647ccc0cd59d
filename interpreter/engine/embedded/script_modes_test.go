package embedded

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// shape is a container that is made, looked at and removed.
type shape struct {
	name string
	cfg  container.Config
	host container.HostConfig
}

// see is what a container was asked for, without its life.
func see(name string) step {
	return step{"see " + name, func(ctx context.Context, c *client.Client) (any, error) {
		got, err := c.ContainerInspect(ctx, named(name))
		if err != nil {
			return nil, err
		}
		return said(map[string]any{"Config": got.Config, "HostConfig": got.HostConfig, "Mounts": got.Mounts, "Networks": got.NetworkSettings.Networks, "Platform": got.Platform})
	}}
}

// said is x as JSON has it, without what says nothing.
func said(x any) (any, error) {
	data, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	return telling(tree), nil
}

func telling(x any) any {
	switch x := x.(type) {
	case map[string]any:
		for k, v := range x {
			if v == nil || v == false || v == "" || v == 0.0 {
				delete(x, k)
			} else {
				x[k] = telling(v)
			}
		}
	case []any:
		for i := range x {
			x[i] = telling(x[i])
		}
	}
	return x
}

// looked makes, looks at and removes shapes. Without a network they are on none.
func looked(shapes ...shape) []step {
	var all []step
	for _, s := range shapes {
		if s.host.NetworkMode == "" {
			s.host.NetworkMode = "none"
		}
		if s.cfg.Cmd == nil {
			s.cfg.Cmd = []string{"serve"}
		}
		all = append(all, create(s.name, s.cfg, s.host, nil), see(s.name), remove(s.name))
	}
	return all
}

// apart are containers that are set apart from host and others in all ways.
func apart() []step {
	on := func(p string) step {
		return step{"create for " + p, func(ctx context.Context, c *client.Client) (any, error) {
			parts := strings.Split(p+"//", "/")
			resp, err := c.ContainerCreate(ctx, &container.Config{Image: named("probe:1"), Cmd: []string{"serve"}}, &container.HostConfig{NetworkMode: "none"}, nil,
				&ocispec.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}, named("for"))
			return resp.Warnings, err
		}}
	}
	all := looked(
		shape{"spaces", container.Config{}, container.HostConfig{UTSMode: "host", UsernsMode: "host", CgroupnsMode: "private", IpcMode: "shareable", PidMode: "host"}},
		shape{"ipcnone", container.Config{}, container.HostConfig{IpcMode: "none"}},
		shape{"ipclabel", container.Config{}, container.HostConfig{IpcMode: "host", SecurityOpt: []string{"label=user:x"}}},
		shape{"ipccolon", container.Config{}, container.HostConfig{IpcMode: "host", SecurityOpt: []string{"label:disable"}}},
		shape{"secured", container.Config{}, container.HostConfig{SecurityOpt: []string{"no-new-privileges:true", "seccomp=unconfined", "label=disable"}, MaskedPaths: []string{}, ReadonlyPaths: []string{}}},
		shape{"masked", container.Config{}, container.HostConfig{MaskedPaths: []string{"/proc/kcore"}, ReadonlyPaths: []string{"/proc/sys", "/proc/bus"}}},
		shape{"privileged", container.Config{}, container.HostConfig{Privileged: true, MaskedPaths: []string{"/proc/kcore"}, CgroupnsMode: "private"}},
		shape{"openly", container.Config{}, container.HostConfig{Privileged: true, SecurityOpt: []string{"label=user:x"}}},
		shape{"terminal", container.Config{Tty: true, OpenStdin: true, Shell: []string{"/probe", "-c"}}, container.HostConfig{ConsoleSize: [2]uint{24, 80}}},
		shape{"runtime", container.Config{}, container.HostConfig{Runtime: "io.containerd.runc.v2"}},
		shape{"annotated", container.Config{}, container.HostConfig{Annotations: map[string]string{"a": "b"}}},
		shape{"resolving", container.Config{}, container.HostConfig{DNS: []string{}, DNSOptions: []string{}, DNSSearch: []string{"."}, GroupAdd: []string{"audio", "7"}}},
		shape{"exposing", container.Config{ExposedPorts: nat.PortSet{"80/tcp": {}}}, container.HostConfig{PublishAllPorts: true}},
		shape{"driven", container.Config{Volumes: map[string]struct{}{"/own": {}}}, container.HostConfig{VolumeDriver: "local"}},
	)
	for _, p := range []string{"linux", "linux/amd64", "linux/arm64", "linux/amd64/v8", "windows/amd64", "nix"} {
		all = append(all, on(p), see("for"), remove("for"))
	}
	open := container.Config{Cmd: []string{"serve"}, ExposedPorts: nat.PortSet{"8080/tcp": {}}}
	return append(all,
		newNetwork("an", network.CreateOptions{IPAM: subnet("10.213.7.0/24")}),
		create("all", open, container.HostConfig{NetworkMode: container.NetworkMode(named("an")), PublishAllPorts: true}, nil), see("all"), start("all"),
		step{"ports of all", func(ctx context.Context, c *client.Client) (any, error) {
			got, err := c.ContainerInspect(ctx, named("all"))
			if err != nil {
				return nil, err
			}
			var lines []string
			for p, bound := range got.NetworkSettings.Ports {
				for _, b := range bound {
					lines = append(lines, string(p)+" "+b.HostIP+" published")
				}
				if len(bound) == 0 {
					lines = append(lines, string(p))
				}
			}
			slices.Sort(lines)
			return lines, nil
		}},
		remove("all"), removeNetwork("an"),
	)
}

// mounted are mounts in all their spellings.
func mounted() []step {
	serve := container.Config{Cmd: []string{"serve"}}
	all := []step{
		newVolume("mv", volume.CreateOptions{}),
		create("spelled", container.Config{Cmd: []string{"serve"}, Volumes: map[string]struct{}{"/own": {}, "/also": {}}}, container.HostConfig{
			NetworkMode: "none",
			Binds:       []string{"/tmp:/a:z", "/tmp:/b:ro,Z", "/tmp:/c:rslave,cached", named("mv") + ":/d:ro,nocopy", "/tmp/../tmp:/e/../f"},
			Tmpfs:       map[string]string{"/t1": "", "/t2": "size=64m,mode=1777,ro,uid=7"},
			Mounts: []mount.Mount{
				{Type: mount.TypeBind, Source: "/tmp", Target: "/m1", ReadOnly: true, Consistency: mount.ConsistencyCached, BindOptions: &mount.BindOptions{NonRecursive: true, ReadOnlyNonRecursive: true, CreateMountpoint: true}},
				{Type: mount.TypeBind, Source: "/tmp/", Target: "/m2/", Consistency: mount.ConsistencyDefault},
				{Type: mount.TypeVolume, Target: "/m3", VolumeOptions: &mount.VolumeOptions{NoCopy: true, Labels: map[string]string{named("l"): "1"}, DriverConfig: &mount.Driver{Name: "local", Options: map[string]string{"type": "tmpfs", "device": "tmpfs"}}}},
				{Type: mount.TypeVolume, Target: "/also"},
				{Type: mount.TypeTmpfs, Target: "/m4", ReadOnly: true, TmpfsOptions: &mount.TmpfsOptions{Options: [][]string{{"exec"}}}},
			},
		}, nil),
		see("spelled"),
		{"labelled volumes", func(ctx context.Context, c *client.Client) (any, error) {
			return c.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", named("l")))})
		}},
		create("source", serve, container.HostConfig{NetworkMode: "none", Binds: []string{"/tmp:/a:rslave"}, Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: named("mv"), Target: "/v"}, {Type: mount.TypeVolume, Target: "/own"}}}, nil),
	}
	all = append(all, looked(
		shape{"from1", container.Config{}, container.HostConfig{VolumesFrom: []string{named("source")}}},
		shape{"from2", container.Config{}, container.HostConfig{VolumesFrom: []string{named("source") + ":ro"}, Binds: []string{"/var:/a"}}},
		shape{"from3", container.Config{}, container.HostConfig{VolumesFrom: []string{named("source") + ":rw", named("source") + ":z"}, Mounts: []mount.Mount{{Type: mount.TypeTmpfs, Target: "/v"}}}},
		shape{"from4", container.Config{Volumes: map[string]struct{}{"/own": {}}}, container.HostConfig{VolumesFrom: []string{named("source")}}},
		shape{"from5", container.Config{}, container.HostConfig{VolumesFrom: []string{named("source") + ":nix"}}},
		shape{"from6", container.Config{}, container.HostConfig{VolumesFrom: []string{named("source") + ":nocopy"}}},
		shape{"from7", container.Config{}, container.HostConfig{VolumesFrom: []string{""}}},
		shape{"from8", container.Config{}, container.HostConfig{VolumesFrom: []string{named("spelled")}}},
		shape{"cluster", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeCluster, Source: "x", Target: "/x"}}}},
		shape{"npipe", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeNamedPipe, Source: "x", Target: "/x"}}}},
		shape{"image", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeImage, Source: named("probe:1"), Target: "/x"}}}},
		shape{"unnamedro", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Target: "/x", ReadOnly: true}}}},
		shape{"bindoptions", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Target: "/x", BindOptions: &mount.BindOptions{NonRecursive: true}}}}},
		shape{"volumeoptions", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeBind, Source: "/tmp", Target: "/x", VolumeOptions: &mount.VolumeOptions{NoCopy: true}}}}},
		shape{"tmpfsoptions", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Target: "/x", TmpfsOptions: &mount.TmpfsOptions{SizeBytes: 1}}}}},
		shape{"propagation", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeBind, Source: "/tmp", Target: "/x", BindOptions: &mount.BindOptions{Propagation: "nix"}}}}},
		shape{"nodriver", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Target: "/x", VolumeOptions: &mount.VolumeOptions{DriverConfig: &mount.Driver{Name: "nix"}}}}}},
		shape{"driveropt", container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Target: "/x", VolumeOptions: &mount.VolumeOptions{DriverConfig: &mount.Driver{Options: map[string]string{"nix": "1"}}}}}}},
		shape{"tmpfsroot", container.Config{}, container.HostConfig{Tmpfs: map[string]string{"/": ""}}},
		shape{"tmpfsrelative", container.Config{}, container.HostConfig{Tmpfs: map[string]string{"x": ""}}},
		shape{"tmpfstwice", container.Config{}, container.HostConfig{Tmpfs: map[string]string{"/x": ""}, Mounts: []mount.Mount{{Type: mount.TypeVolume, Target: "/x"}}}},
		shape{"twomodes", container.Config{}, container.HostConfig{Binds: []string{"/tmp:/x:ro,rw"}}},
		shape{"twolabels", container.Config{}, container.HostConfig{Binds: []string{"/tmp:/x:z,Z"}}},
		shape{"anonbind", container.Config{}, container.HostConfig{Binds: []string{"/x"}}},
		shape{"parts", container.Config{}, container.HostConfig{Binds: []string{"a:/b:c:d"}}},
		shape{"pathmode", container.Config{}, container.HostConfig{Binds: []string{"/x:rw"}}},
	)...)
	return append(all, remove("spelled"), remove("source"), removeVolume("mv", false))
}

// joined are containers that share what is others'.
func joined() []step {
	host := func(h container.HostConfig) container.HostConfig {
		h.NetworkMode = "none"
		return h
	}
	of := func(name string) string { return "container:" + named(name) }
	rename := func(from, to string) step {
		return do("rename "+from, func(ctx context.Context, c *client.Client) error {
			return c.ContainerRename(ctx, named(from), named(to))
		})
	}
	state := func(name string) step {
		return step{"state of " + name, func(ctx context.Context, c *client.Client) (any, error) {
			got, err := c.ContainerInspect(ctx, named(name))
			if err != nil {
				return nil, err
			}
			return []any{got.State.Status, got.State.ExitCode, got.HostConfig.IpcMode.IsContainer(), got.HostConfig.PidMode.IsContainer(), got.HostConfig.SecurityOpt}, nil
		}}
	}
	return []step{
		create("jp", serving(), host(container.HostConfig{}), nil),
		create("js", serving(), host(container.HostConfig{IpcMode: "shareable"}), nil),
		create("j1", serving(), host(container.HostConfig{IpcMode: container.IpcMode(of("js"))}), nil), see("j1"), start("j1"), state("j1"),
		create("j2", serving(), host(container.HostConfig{PidMode: container.PidMode(of("js"))}), nil), see("j2"), start("j2"), state("j2"),
		create("j3", serving(), host(container.HostConfig{IpcMode: container.IpcMode(of("jp"))}), nil), start("jp"), start("j3"), state("j3"),
		start("js"), settle(), start("j1"), start("j2"), settle(), state("j1"), state("j2"),
		rename("js", "jt"), see("j1"),
		stop("jt"), waited("j2"), state("j1"), state("j2"),
		remove("jt"), stop("j1"), start("j1"), start("j2"), state("j1"), state("j2"),
		remove("j1"), remove("j2"), remove("j3"), remove("jp"),
	}
}

// linked are containers that have names for others.
func linked() []step {
	bridge := func(links ...string) container.HostConfig {
		return container.HostConfig{NetworkMode: "bridge", Links: links}
	}
	links := func(name string) step {
		return step{"links of " + name, func(ctx context.Context, c *client.Client) (any, error) {
			got, err := c.ContainerInspect(ctx, named(name))
			if err != nil {
				return nil, err
			}
			slices.Sort(got.HostConfig.Links)
			return got.HostConfig.Links, nil
		}}
	}
	on := container.HostConfig{NetworkMode: container.NetworkMode(named("kn"))}
	own := map[string]*network.EndpointSettings{named("kn"): {Links: []string{named("k5") + ":db", "nix:x"}}}
	linksOn := container.HostConfig{NetworkMode: on.NetworkMode, Links: []string{named("k5") + ":db"}}
	return []step{
		create("k1", serving(), bridge(), nil), create("k2", serving(), bridge(), nil),
		create("k3", serving(), bridge(named("k1")+":one", named("k2")), nil), see("k1"), links("k3"),
		create("k4", serving(), bridge(named("nix")+":x"), nil), create("k4", serving(), bridge(named("k1")+":a:b"), nil), create("k4", serving(), bridge(""), nil), links("k4"),
		do("rename k1", func(ctx context.Context, c *client.Client) error {
			return c.ContainerRename(ctx, named("k1"), named("k9"))
		}), links("k3"),
		remove("k9"), links("k3"), remove("k2"), links("k3"), remove("k3"), remove("k4"),
		newNetwork("kn", network.CreateOptions{IPAM: subnet("10.213.8.0/24")}),
		create("k5", serving(), on, nil), create("k6", serving(), on, own), see("k6"), start("k6"), see("k6"),
		create("k7", serving(), linksOn, nil), links("k7"),
		remove("k5"), remove("k6"), remove("k7"), removeNetwork("kn"),
	}
}

// refused are ways to set a container apart that are refused.
func refused() []step {
	container1 := container.NetworkMode("container:" + named("r"))
	c := func(mode container.NetworkMode, h container.HostConfig) container.HostConfig {
		h.NetworkMode = mode
		return h
	}
	cfg := func(x container.Config) container.Config { return x }
	return append(append([]step{create("r", serving(), container.HostConfig{NetworkMode: "none"}, nil)}, looked(
		shape{"ipc", cfg(container.Config{}), container.HostConfig{IpcMode: "nix"}},
		shape{"ipcempty", cfg(container.Config{}), container.HostConfig{IpcMode: "container:"}},
		shape{"ipcmissing", cfg(container.Config{}), container.HostConfig{IpcMode: container.IpcMode("container:" + named("nix"))}},
		shape{"pid", cfg(container.Config{}), container.HostConfig{PidMode: "nix"}},
		shape{"pidmissing", cfg(container.Config{}), container.HostConfig{PidMode: container.PidMode("container:" + named("nix"))}},
		shape{"uts", cfg(container.Config{}), container.HostConfig{UTSMode: "nix"}},
		shape{"userns", cfg(container.Config{}), container.HostConfig{UsernsMode: "nix"}},
		shape{"cgroupns", cfg(container.Config{}), container.HostConfig{CgroupnsMode: "nix"}},
		shape{"isolation", cfg(container.Config{}), container.HostConfig{Isolation: "hyperv"}},
		shape{"utsname", cfg(container.Config{Hostname: "h"}), container.HostConfig{UTSMode: "host"}},
		shape{"hostname", cfg(container.Config{Hostname: "h"}), c(container1, container.HostConfig{})},
		shape{"dns", cfg(container.Config{}), c(container1, container.HostConfig{DNS: []string{"1.1.1.1"}})},
		shape{"dnssearch", cfg(container.Config{}), c(container1, container.HostConfig{DNSSearch: []string{"x"}, DNSOptions: []string{"y"}})},
		shape{"hosts", cfg(container.Config{}), c(container1, container.HostConfig{ExtraHosts: []string{"a:1.1.1.1"}})},
		shape{"ports", cfg(container.Config{}), c(container1, container.HostConfig{PortBindings: nat.PortMap{"80/tcp": {{HostPort: "1"}}}})},
		shape{"all", cfg(container.Config{}), c(container1, container.HostConfig{PublishAllPorts: true})},
		shape{"expose", cfg(container.Config{ExposedPorts: nat.PortSet{"80/tcp": {}}}), c(container1, container.HostConfig{})},
		shape{"links", cfg(container.Config{}), c(container1, container.HostConfig{Links: []string{"a"}})},
		shape{"hostlinks", cfg(container.Config{}), c("host", container.HostConfig{Links: []string{"a"}})},
		shape{"nocontainer", cfg(container.Config{}), c("container:", container.HostConfig{})},
		shape{"privileges", cfg(container.Config{}), container.HostConfig{SecurityOpt: []string{"no-new-privileges=x"}}},
		shape{"label", cfg(container.Config{}), container.HostConfig{SecurityOpt: []string{"label=nix"}}},
		shape{"paths", cfg(container.Config{}), container.HostConfig{SecurityOpt: []string{"systempaths=unconfined"}}},
	)...), remove("r"))
}
