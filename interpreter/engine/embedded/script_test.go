package embedded

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
	"github.com/docker/go-units"
	"github.com/google/go-cmp/cmp"
)

// mark begins the name of everything that the test makes on the real engine.
const mark = "embedded-real-"

// recordedVersion is the API version of the recording, which a real engine
// made: TestRecording, with the build tag realengine.
const (
	recordedVersion = "1.41"
	recordingPath   = "testdata/recorded-1.41.json"
)

// answer is what an engine made of one step.
type answer struct {
	Step string
	Got  []string // its lines
}

// part is a piece of the script that stands alone.
type part struct {
	name  string
	steps []step
}

// TestAsRecorded makes the script's calls on the embedded engine, and compares
// the answers with those of a real one, but for what no two engines share:
// IDs, times, paths of layers, the daemon's own log options.
func TestAsRecorded(t *testing.T) {
	recorded := recording(t)
	_, c := open(t, t.TempDir(), recordedVersion)
	for _, p := range script(archive(t, map[string]string{"probe": "it is not run"})) {
		got := answers(t, c, p)
		want := recorded[p.name]
		if len(got) != len(want) {
			t.Errorf("%s: the recording has %d answers, the script %d steps: record anew", p.name, len(want), len(got))
			continue
		}
		for i := range got {
			if d := cmp.Diff(want[i], got[i]); d != "" {
				t.Errorf("%s, %s: the engines differ (-real +embedded):\n%s", p.name, got[i].Step, d)
			}
		}
	}
}

func recording(t *testing.T) map[string][]answer {
	data, err := os.ReadFile(recordingPath)
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string][]answer
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	return recorded
}

// answers makes a part's calls.
func answers(t *testing.T, c *client.Client, p part) []answer {
	var all []answer
	for _, s := range p.steps {
		all = append(all, answer{Step: s.name, Got: strings.Split(result(t, c, s), "\n")})
	}
	return all
}

// step is one call; what it returns is compared between the two engines.
type step struct {
	name string
	do   func(ctx context.Context, c *client.Client) (any, error)
}

func archive(t testing.TB, files map[string]string) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range sorted(files) {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Typeflag: tar.TypeReg, Size: int64(len(files[name])), ModTime: time.Unix(1700000000, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// result is what a step gave, in a form that can be compared.
func result(t *testing.T, c *client.Client, s step) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got, err := s.do(ctx, c)
	if err != nil {
		return plain("error: " + err.Error())
	}
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(normal("", tree), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	info, err := c.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return plain(strings.ReplaceAll(string(text), `"Hostname": "`+info.Name+`"`, `"Hostname": "<host>"`))
}

var unlike = []struct {
	is   *regexp.Regexp
	then string
}{
	{regexp.MustCompile(`"Up [^"(]*`), `"Up <time>`},
	{regexp.MustCompile(`"(Exited \(\d+\)) [^"]*`), `"$1 <time>`},
	{regexp.MustCompile(`0001-01-01T00:00:00Z`), "<never>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`), "<time>"},
	{regexp.MustCompile(`(sha256:)?\b[0-9a-f]{64}\b`), "<id>"},
	{regexp.MustCompile(`\b[0-9a-f]{12}\b`), "<short>"},
}

func plain(s string) string {
	for _, u := range unlike {
		s = u.is.ReplaceAllString(s, u.then)
	}
	return s
}

// unshared are the fields that no two engines share: their storage, their
// daemon's log options, their clock.
var unshared = []string{"GraphDriver", "DockerVersion", "Metadata", "Container", "ContainerConfig", "ParentId", "Parent", "LogConfig"}

// normal leaves out or evens out what no two engines share.
func normal(key string, x any) any {
	switch x := x.(type) {
	case map[string]any:
		for k, v := range x {
			switch n, number := v.(float64); {
			case slices.Contains(unshared, k), k == "Driver" && x["Path"] != nil:
				delete(x, k)
			case slices.Contains([]string{"Pid", "Created", "Size", "VirtualSize"}, k) && number && n > 0:
				x[k] = "<number>"
			default:
				x[k] = normal(k, v)
			}
		}
	case []any:
		for i := range x {
			x[i] = normal("", x[i])
		}
		if key == "Mounts" || key == "Ports" {
			slices.SortFunc(x, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return x
}

func named(name string) string { return mark + name }

func create(name string, cfg container.Config, host container.HostConfig, nets map[string]*network.EndpointSettings) step {
	return step{"create " + name, func(ctx context.Context, c *client.Client) (any, error) {
		if cfg.Image == "" {
			cfg.Image = named("probe:1")
		}
		cfg, host := *copied(&cfg), *copied(&host)
		var n *network.NetworkingConfig
		if nets != nil {
			n = &network.NetworkingConfig{EndpointsConfig: *copied(&nets)}
		}
		resp, err := c.ContainerCreate(ctx, &cfg, &host, n, nil, named(name))
		return resp.Warnings, err
	}}
}

func look(name string) step {
	return step{"inspect " + name, func(ctx context.Context, c *client.Client) (any, error) {
		return c.ContainerInspect(ctx, named(name))
	}}
}

func do(name string, f func(ctx context.Context, c *client.Client) error) step {
	return step{name, func(ctx context.Context, c *client.Client) (any, error) { return nil, f(ctx, c) }}
}

func start(name string) step {
	return do("start "+name, func(ctx context.Context, c *client.Client) error {
		return c.ContainerStart(ctx, named(name), container.StartOptions{})
	})
}

func stop(name string) step {
	return do("stop "+name, func(ctx context.Context, c *client.Client) error {
		return c.ContainerStop(ctx, named(name), container.StopOptions{})
	})
}

func remove(name string) step {
	return do("remove "+name, func(ctx context.Context, c *client.Client) error {
		return c.ContainerRemove(ctx, named(name), container.RemoveOptions{Force: true, RemoveVolumes: true})
	})
}

func waited(name string) step {
	return step{"wait " + name, func(ctx context.Context, c *client.Client) (any, error) {
		done, errs := c.ContainerWait(ctx, named(name), container.WaitConditionNotRunning)
		select {
		case r := <-done:
			return r, nil
		case err := <-errs:
			return nil, err
		}
	}}
}

// settle gives a real container's program the time to listen to signals.
func settle() step {
	return do("settle", func(_ context.Context, c *client.Client) error {
		if c.DaemonHost() != "http://embedded" {
			time.Sleep(500 * time.Millisecond)
		}
		return nil
	})
}

func update(name string, u container.UpdateConfig) step {
	return step{"update " + name, func(ctx context.Context, c *client.Client) (any, error) {
		return c.ContainerUpdate(ctx, named(name), u)
	}}
}

func connect(net, name string, ep *network.EndpointSettings) step {
	return do("connect "+net+" "+name, func(ctx context.Context, c *client.Client) error {
		return c.NetworkConnect(ctx, named(net), named(name), copied(ep))
	})
}

func disconnect(net, name string) step {
	return do("disconnect "+net+" "+name, func(ctx context.Context, c *client.Client) error {
		return c.NetworkDisconnect(ctx, named(net), named(name), false)
	})
}

func newNetwork(name string, o network.CreateOptions) step {
	return step{"network " + name, func(ctx context.Context, c *client.Client) (any, error) {
		return c.NetworkCreate(ctx, named(name), o)
	}}
}

func lookNetwork(name string) step {
	return step{"inspect network " + name, func(ctx context.Context, c *client.Client) (any, error) {
		return c.NetworkInspect(ctx, named(name), network.InspectOptions{})
	}}
}

func removeNetwork(name string) step {
	return do("remove network "+name, func(ctx context.Context, c *client.Client) error { return c.NetworkRemove(ctx, named(name)) })
}

func newVolume(name string, o volume.CreateOptions) step {
	return step{"volume " + name, func(ctx context.Context, c *client.Client) (any, error) {
		o.Name = named(name)
		return c.VolumeCreate(ctx, o)
	}}
}

func removeVolume(name string, force bool) step {
	return do("remove volume "+name, func(ctx context.Context, c *client.Client) error { return c.VolumeRemove(ctx, named(name), force) })
}

func logs(name string) step {
	return step{"logs " + name, func(ctx context.Context, c *client.Client) (any, error) {
		r, err := c.ContainerLogs(ctx, named(name), container.LogsOptions{ShowStdout: true, ShowStderr: true})
		if err != nil {
			return nil, err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		return string(data), err
	}}
}

func subnet(s string) *network.IPAM { return &network.IPAM{Config: []network.IPAMConfig{{Subnet: s}}} }

func serving() container.Config { return container.Config{Cmd: []string{"serve"}} }

// script is the calls, in order. They never use the default bridge.
func script(root []byte) []part {
	return []part{
		{"images", images(root)}, {"configs", configs()}, {"volumes", volumes()}, {"networks", networks()},
		{"ports", ports()}, {"lives", lives()}, {"told", told()}, {"mac", mac()}, {"builds", builds()}, {"mistakes", mistakes()},
		{"apart", apart()}, {"mounted", mounted()}, {"joined", joined()}, {"linked", linked()}, {"refused", refused()}, {"settings", settings()}, {"gone", removed()},
	}
}

func images(root []byte) []step {
	ref := named("probe:1")
	return []step{
		{"import", func(ctx context.Context, c *client.Client) (any, error) {
			r, err := c.ImageImport(ctx, image.ImportSource{Source: bytes.NewReader(root), SourceName: "-"}, ref, image.ImportOptions{Changes: []string{`ENTRYPOINT ["/probe"]`, "ENV A=image B=image", "LABEL from=image", "EXPOSE 9999"}})
			if err != nil {
				return nil, err
			}
			defer r.Close()
			data, err := io.ReadAll(r)
			return string(data), err
		}},
		{"inspect image", func(ctx context.Context, c *client.Client) (any, error) { return c.ImageInspect(ctx, ref) }},
		{"tag", func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.ImageTag(ctx, ref, named("probe:2"))
		}},
		{"list images", func(ctx context.Context, c *client.Client) (any, error) {
			return c.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", named("*")))})
		}},
		{"untag", func(ctx context.Context, c *client.Client) (any, error) {
			return c.ImageRemove(ctx, named("probe:2"), image.RemoveOptions{})
		}},
		{"missing image", func(ctx context.Context, c *client.Client) (any, error) { return c.ImageInspect(ctx, named("nix")) }},
		{"remove missing image", func(ctx context.Context, c *client.Client) (any, error) {
			return c.ImageRemove(ctx, named("nix:3"), image.RemoveOptions{})
		}},
		{"tag missing image", func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.ImageTag(ctx, named("nix:3"), named("nix:4"))
		}},
		{"push missing image", func(ctx context.Context, c *client.Client) (any, error) {
			r, err := c.ImagePush(ctx, "fails.invalid/nix:3", image.PushOptions{})
			if err != nil {
				return nil, err
			}
			defer r.Close()
			data, err := io.ReadAll(r)
			return string(data), err
		}},
	}
}

// configs are containers of all shapes, as they are right after creation.
func configs() []step {
	yes, pids, swap := true, int64(50), int64(10)
	timeout := 7
	shapes := []struct {
		name string
		cfg  container.Config
		host container.HostConfig
	}{
		{"bare", serving(), container.HostConfig{}},
		{"full", container.Config{
			Hostname: "h", Domainname: "d.example", User: "1:2", Env: []string{"A=own", "C=own"}, Cmd: []string{"print", "a b"}, WorkingDir: "/w/../x", Labels: map[string]string{"k": "v", "from": "own"},
			StopSignal: "SIGINT", StopTimeout: &timeout, ExposedPorts: nat.PortSet{"80/tcp": {}, "53/udp": {}}, Tty: true, OpenStdin: true, StdinOnce: true,
			Healthcheck: &container.HealthConfig{Test: []string{"CMD", "/probe", "health"}, Interval: time.Second, Retries: 2, StartPeriod: time.Second, Timeout: time.Second},
			Volumes:     map[string]struct{}{"/anon": {}},
		}, container.HostConfig{
			NetworkMode: "none", RestartPolicy: container.RestartPolicy{Name: "on-failure", MaximumRetryCount: 3},
			CapAdd: []string{"NET_ADMIN"}, CapDrop: []string{"ALL"}, DNS: []string{"9.9.9.9"}, DNSSearch: []string{"x.example"}, DNSOptions: []string{"ndots:2"}, ExtraHosts: []string{"a:1.2.3.4", "gw:host-gateway"},
			GroupAdd: []string{"7"}, ReadonlyRootfs: true, ShmSize: 1 << 20, Sysctls: map[string]string{"net.ipv4.ip_forward": "1"}, Tmpfs: map[string]string{"/run": "size=1m"}, Init: &yes,
			OomScoreAdj: 5, SecurityOpt: []string{"no-new-privileges"}, UTSMode: "", PidMode: "",
			Resources: container.Resources{
				Memory: 64 << 20, MemoryReservation: 32 << 20, NanoCPUs: 5e8, CPUShares: 512, PidsLimit: &pids, CpusetCpus: "0", MemorySwappiness: &swap,
				Ulimits: []*units.Ulimit{{Name: "nofile", Soft: 100, Hard: 200}}, Devices: []container.DeviceMapping{{PathOnHost: "/dev/null", PathInContainer: "/dev/x", CgroupPermissions: "r"}},
			},
		}},
		{"priv", serving(), container.HostConfig{NetworkMode: "host", Privileged: true, PidMode: "host", IpcMode: "host", UTSMode: "host"}},
		{"hostnet", container.Config{Cmd: []string{"serve"}, ExposedPorts: nat.PortSet{"80/tcp": {}}}, container.HostConfig{NetworkMode: "host", PortBindings: nat.PortMap{"80/tcp": {{HostPort: "18999"}}}}},
		{"swap", serving(), container.HostConfig{NetworkMode: "none", Resources: container.Resources{Memory: 64 << 20, MemorySwap: -1}}},
		{"entry", container.Config{Entrypoint: []string{"/probe", "print"}}, container.HostConfig{NetworkMode: "none"}},
		{"cleared", container.Config{Entrypoint: []string{""}, Cmd: []string{"/probe", "env"}}, container.HostConfig{NetworkMode: "none"}},
		{"nocheck", container.Config{Cmd: []string{"serve"}, Healthcheck: &container.HealthConfig{Test: []string{"NONE"}}}, container.HostConfig{NetworkMode: "none"}},
		{"quota", serving(), container.HostConfig{NetworkMode: "none", Resources: container.Resources{CPUPeriod: 100000, CPUQuota: 50000}}},
		{"emptyport", serving(), container.HostConfig{NetworkMode: "none", PortBindings: nat.PortMap{"80/tcp": {}}}},
		{"joins", serving(), container.HostConfig{NetworkMode: container.NetworkMode("container:" + named("swap")), PidMode: container.PidMode("container:" + named("swap")), IpcMode: container.IpcMode("container:" + named("swap"))}},
	}
	var all []step
	for _, s := range shapes {
		all = append(all, create(s.name, s.cfg, s.host, nil), look(s.name))
	}
	all = append(all, step{"list", func(ctx context.Context, c *client.Client) (any, error) {
		return c.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("name", mark))})
	}})
	// joins holds the ID of swap, so that it goes first.
	all = append(all, remove("joins"))
	for _, s := range shapes[:len(shapes)-1] {
		all = append(all, remove(s.name))
	}
	return all
}

func volumes() []step {
	bind := "/tmp"
	return []step{
		newVolume("v1", volume.CreateOptions{Labels: map[string]string{"a": "b"}}),
		newVolume("v1", volume.CreateOptions{Labels: map[string]string{"c": "d"}}),
		newVolume("v2", volume.CreateOptions{DriverOpts: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}}),
		newVolume("v3", volume.CreateOptions{Driver: "nix"}),
		newVolume("v 4", volume.CreateOptions{}),
		newVolume("v5", volume.CreateOptions{DriverOpts: map[string]string{"x": "y"}}),
		newVolume("v6", volume.CreateOptions{DriverOpts: map[string]string{"type": "nfs"}}),
		create("mounts", container.Config{Cmd: []string{"serve"}, Volumes: map[string]struct{}{"/anon": {}, "/covered": {}}}, container.HostConfig{
			NetworkMode: "none",
			Binds:       []string{named("v1") + ":/data", named("auto") + ":/auto:ro", bind + ":/b:ro,rslave", bind + ":/b2", named("v2") + ":/covered:nocopy"},
			Mounts: []mount.Mount{
				{Type: mount.TypeVolume, Source: named("v1"), Target: "/m1", ReadOnly: true},
				{Type: mount.TypeVolume, Target: "/m2"},
				{Type: mount.TypeVolume, Source: named("auto2"), Target: "/m5", VolumeOptions: &mount.VolumeOptions{NoCopy: true, Labels: map[string]string{"l": "m"}}},
				{Type: mount.TypeBind, Source: bind, Target: "/m3", BindOptions: &mount.BindOptions{Propagation: mount.PropagationRPrivate}},
				{Type: mount.TypeTmpfs, Target: "/m4", TmpfsOptions: &mount.TmpfsOptions{SizeBytes: 1 << 20, Mode: 0o700}},
			},
		}, nil),
		look("mounts"),
		create("from", serving(), container.HostConfig{NetworkMode: "none", VolumesFrom: []string{named("mounts") + ":ro"}}, nil),
		look("from"),
		{"list volumes", func(ctx context.Context, c *client.Client) (any, error) {
			got, err := c.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", mark))})
			slices.SortFunc(got.Volumes, func(a, b *volume.Volume) int { return strings.Compare(a.Name, b.Name) })
			return got, err
		}},
		removeVolume("v1", false), removeVolume("auto", true), removeVolume("nix", false), removeVolume("nix", true),
		{"missing volume", func(ctx context.Context, c *client.Client) (any, error) { return c.VolumeInspect(ctx, named("nix")) }},
		remove("from"), remove("mounts"),
		removeVolume("v1", false), removeVolume("v2", false), removeVolume("auto", false), removeVolume("auto2", false),
	}
}

func networks() []step {
	fixed := func(ip string) map[string]*network.EndpointSettings {
		return map[string]*network.EndpointSettings{named("n1"): {IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: ip}, Aliases: []string{"a1"}}}
	}
	on := container.HostConfig{NetworkMode: container.NetworkMode(named("n1"))}
	yes := true
	return []step{
		newNetwork("n1", network.CreateOptions{Driver: "bridge", IPAM: subnet("10.213.1.0/24"), Labels: map[string]string{"a": "b"}, Options: map[string]string{"com.docker.network.bridge.enable_icc": "true"}}),
		lookNetwork("n1"),
		newNetwork("n1", network.CreateOptions{}),
		newNetwork("n2", network.CreateOptions{IPAM: subnet("10.213.1.128/25")}),
		newNetwork("n2", network.CreateOptions{Internal: true, Attachable: true, IPAM: &network.IPAM{Driver: "default", Config: []network.IPAMConfig{{Subnet: "10.213.2.0/24", IPRange: "10.213.2.64/26", Gateway: "10.213.2.1", AuxAddress: map[string]string{"x": "10.213.2.64"}}}}}),
		lookNetwork("n2"),
		newNetwork("n3", network.CreateOptions{EnableIPv6: &yes, IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "10.213.3.0/24"}, {Subnet: "fd00:213::/64"}}}}),
		lookNetwork("n3"),
		newNetwork("n4", network.CreateOptions{Driver: "nix"}),
		create("c1", serving(), on, fixed("10.213.1.9")), look("c1"), start("c1"), look("c1"), lookNetwork("n1"),
		create("c2", container.Config{Cmd: []string{"serve"}, Hostname: "own"}, on, fixed("10.213.1.9")), start("c2"), look("c2"),
		connect("n2", "c2", &network.EndpointSettings{Aliases: []string{"q"}}), look("c2"),
		connect("n2", "c2", &network.EndpointSettings{Aliases: []string{"r"}}), look("c2"),
		disconnect("n1", "c2"), look("c2"), start("c2"), look("c2"), lookNetwork("n2"),
		connect("n3", "c2", nil), look("c2"), connect("n3", "c2", nil), disconnect("n3", "c2"), disconnect("n3", "c2"), look("c2"),
		connect("nix", "c2", nil), disconnect("nix", "c2"), connect("n1", "nix", nil),
		removeNetwork("n1"), removeNetwork("nix"),
		stop("c1"), look("c1"), removeNetwork("n1"), start("c1"), look("c1"),
		newNetwork("n1", network.CreateOptions{IPAM: subnet("10.213.1.0/24")}), start("c1"), disconnect("n1", "c1"), connect("n1", "c1", &network.EndpointSettings{}), look("c1"),
		create("c3", container.Config{Cmd: []string{"serve", ":8081"}}, container.HostConfig{NetworkMode: container.NetworkMode("container:" + named("c2"))}, nil), start("c3"), look("c3"),
		stop("c2"), stop("c3"), start("c3"),
		create("c4", serving(), container.HostConfig{NetworkMode: "none"}, nil), start("c4"), look("c4"), connect("n1", "c4", nil),
		create("c5", serving(), container.HostConfig{NetworkMode: "host"}, nil), look("c5"), connect("n1", "c5", nil),
		{"list networks", func(ctx context.Context, c *client.Client) (any, error) {
			got, err := c.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", mark))})
			slices.SortFunc(got, func(a, b network.Summary) int { return strings.Compare(a.Name, b.Name) })
			return got, err
		}},
		remove("c1"), remove("c2"), remove("c3"), remove("c4"), remove("c5"), removeNetwork("n1"), removeNetwork("n2"), removeNetwork("n3"),
	}
}

// removed are networks that went while containers that do not run were on them.
func removed() []step {
	on := container.HostConfig{NetworkMode: container.NetworkMode(named("g1"))}
	return []step{
		newNetwork("g1", network.CreateOptions{IPAM: subnet("10.213.7.0/24")}), newNetwork("g2", network.CreateOptions{IPAM: subnet("10.213.8.0/24")}),
		create("g", serving(), on, nil), create("h", serving(), on, nil), start("h"), connect("g2", "h", nil), stop("h"),
		removeNetwork("g1"), start("g"), start("h"), disconnect("g1", "none"),
		disconnect("g1", "g"), disconnect("g1", "g"), look("g"), connect("g2", "g", nil), start("g"), look("g"),
		disconnect("g1", "h"), look("h"), start("h"), look("h"), disconnect("g1", "h"),
		remove("g"), remove("h"), removeNetwork("g2"),
	}
}

// settings are networks that only hold settings, and what needs a swarm.
func settings() []step {
	from := &network.ConfigReference{Network: named("s1")}
	return []step{
		newNetwork("s1", network.CreateOptions{ConfigOnly: true, Internal: true}),
		newNetwork("s1", network.CreateOptions{ConfigOnly: true, Attachable: true}),
		newNetwork("s1", network.CreateOptions{ConfigOnly: true, Ingress: true}),
		newNetwork("s1", network.CreateOptions{ConfigOnly: true, Scope: "local"}),
		newNetwork("s1", network.CreateOptions{ConfigOnly: true, Driver: "macvlan", Options: map[string]string{"a": "b"}, Labels: map[string]string{"c": "d"}, IPAM: subnet("10.213.30.0/24")}),
		lookNetwork("s1"),
		newNetwork("s2", network.CreateOptions{IPAM: subnet("10.213.30.0/24")}), removeNetwork("s2"),
		newNetwork("s3", network.CreateOptions{ConfigFrom: from, Labels: map[string]string{"x": "y"}}),
		newNetwork("s4", network.CreateOptions{ConfigFrom: &network.ConfigReference{Network: named("nix")}}),
		newNetwork("s5", network.CreateOptions{Scope: "swarm"}), newNetwork("s6", network.CreateOptions{Scope: "global"}),
		newNetwork("s7", network.CreateOptions{Ingress: true}), newNetwork("s8", network.CreateOptions{Driver: "overlay"}),
		removeNetwork("s1"), lookNetwork("s1"),
	}
}

func ports() []step {
	on := container.NetworkMode(named("p"))
	serving := func() container.Config {
		return container.Config{Cmd: []string{"serve"}, ExposedPorts: nat.PortSet{"8080/tcp": {}, "53/udp": {}}}
	}
	publish := func(m nat.PortMap) container.HostConfig {
		return container.HostConfig{NetworkMode: on, PortBindings: m}
	}
	return []step{
		newNetwork("p", network.CreateOptions{IPAM: subnet("10.213.4.0/24")}),
		create("p1", serving(), publish(nat.PortMap{"8080/tcp": {{HostPort: "18971"}}, "53/udp": {{HostIP: "127.0.0.1", HostPort: "18972"}}}), nil), start("p1"), look("p1"),
		create("p3", serving(), publish(nat.PortMap{"8080/tcp": {{HostPort: "18971-18972"}}}), nil), start("p3"), look("p3"),
		{"list", func(ctx context.Context, c *client.Client) (any, error) {
			return c.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("name", mark))})
		}},
		create("p2", serving(), publish(nat.PortMap{"8080/tcp": {{HostPort: "18971"}}}), nil), start("p2"), look("p2"),
		create("p4", serving(), publish(nat.PortMap{"8080/tcp": {{HostIP: "127.0.0.1", HostPort: "18971"}}}), nil), start("p4"),
		stop("p1"), start("p2"), look("p2"),
		create("p5", container.Config{Cmd: []string{"serve"}}, publish(nat.PortMap{"8080/tcp": {{HostPort: "18979"}}}), nil), start("p5"), look("p5"),
		remove("p1"), remove("p2"), remove("p3"), remove("p4"), remove("p5"), removeNetwork("p"),
	}
}

func lives() []step {
	none := container.HostConfig{NetworkMode: "none"}
	words := func(w ...string) container.Config { return container.Config{Cmd: w} }
	rename := func(from, to string) step {
		return do("rename "+from, func(ctx context.Context, c *client.Client) error {
			return c.ContainerRename(ctx, named(from), named(to))
		})
	}
	kill := func(name, signal string) step {
		return do("kill "+name, func(ctx context.Context, c *client.Client) error { return c.ContainerKill(ctx, named(name), signal) })
	}
	pause := func(name string) step {
		return do("pause "+name, func(ctx context.Context, c *client.Client) error { return c.ContainerPause(ctx, named(name)) })
	}
	unpause := func(name string) step {
		return do("unpause "+name, func(ctx context.Context, c *client.Client) error { return c.ContainerUnpause(ctx, named(name)) })
	}
	removeSoft := func(name string) step {
		return do("remove running "+name, func(ctx context.Context, c *client.Client) error {
			return c.ContainerRemove(ctx, named(name), container.RemoveOptions{})
		})
	}
	restart := func(name string) step {
		return do("restart "+name, func(ctx context.Context, c *client.Client) error {
			return c.ContainerRestart(ctx, named(name), container.StopOptions{})
		})
	}
	short := 1
	deaf := words("deaf")
	deaf.StopTimeout = &short
	always, auto := none, none
	always.RestartPolicy.Name, auto.AutoRemove = "always", true
	return []step{
		create("l1", words("exit", "3"), none, nil), start("l1"), waited("l1"), look("l1"), stop("l1"),
		create("l2", deaf, none, nil), start("l2"), settle(), stop("l2"), look("l2"),
		create("l3", words("serve"), none, nil), start("l3"), settle(), start("l3"), removeSoft("l3"), pause("l3"), pause("l3"), start("l3"), look("l3"), removeSoft("l3"), unpause("l3"), unpause("l3"),
		rename("l3", "l4"), rename("l4", "l4"), rename("l4", "l2"), rename("l4", "$"), kill("l4", "NIX"), kill("l4", "HUP"), waited("l4"), look("l4"), kill("l4", "HUP"), logs("l4"),
		restart("l4"), look("l4"), settle(), stop("l4"), stop("l4"), look("l4"), logs("l4"),
		create("l5", words("print", "some", "words"), none, nil), start("l5"), waited("l5"), logs("l5"),
		create("l6", words("env"), none, nil), start("l6"), waited("l6"), logs("l6"),
		create("l7", words("nonsense"), none, nil), start("l7"), waited("l7"), look("l7"),
		create("l8", words("serve"), always, nil), start("l8"), update("l8", container.UpdateConfig{Resources: container.Resources{Memory: 64 << 20}}),
		update("l8", container.UpdateConfig{Resources: container.Resources{Memory: 64 << 20, MemorySwap: 128 << 20, CPUShares: 100}, RestartPolicy: container.RestartPolicy{Name: "no"}}), look("l8"),
		update("l8", container.UpdateConfig{Resources: container.Resources{Memory: 256 << 20}}), update("l8", container.UpdateConfig{Resources: container.Resources{Memory: 1}}),
		update("l8", container.UpdateConfig{Resources: container.Resources{NanoCPUs: 5e8}}), update("l8", container.UpdateConfig{Resources: container.Resources{CPUQuota: 50000}}),
		update("l8", container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: "sometimes"}}), look("l8"),
		create("l9", words("serve"), auto, nil), start("l9"), settle(), update("l9", container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: "always"}}), stop("l9"),
		remove("l1"), remove("l2"), remove("l4"), remove("l5"), remove("l6"), remove("l7"), remove("l8"), look("l8"), remove("l8"),
	}
}

// mac is a container with a hardware address of its own.
func mac() []step {
	own := serving()
	own.MacAddress = "02:00:00:00:00:09" //lint:ignore SA1019 the recorded engine knows no other
	host := container.HostConfig{NetworkMode: container.NetworkMode(named("mn"))}
	return []step{
		newNetwork("mn", network.CreateOptions{IPAM: subnet("10.213.6.0/24")}),
		create("m", own, host, map[string]*network.EndpointSettings{named("mn"): {}}), look("m"), start("m"), look("m"), settle(), stop("m"), look("m"),
		start("m"), disconnect("mn", "m"), removeNetwork("mn"), newNetwork("mn", network.CreateOptions{IPAM: subnet("10.213.6.0/24")}),
		connect("mn", "m", &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: "10.213.6.9"}}), look("m"),
		stop("m"), disconnect("mn", "m"), connect("mn", "m", nil), look("m"), start("m"), look("m"),
		remove("m"), removeNetwork("mn"),
	}
}

// told is what the engines say of one container's life.
func told() []step {
	var from time.Time
	host := container.HostConfig{NetworkMode: container.NetworkMode(named("tn")), Binds: []string{named("tv") + ":/data"}}
	heard := func(typ, name string) step {
		return step{"events of " + typ, func(ctx context.Context, c *client.Client) (any, error) {
			return since(ctx, c, from, filters.NewArgs(filters.Arg("type", typ), filters.Arg(typ, named(name))))
		}}
	}
	return []step{
		do("begin", func(ctx context.Context, c *client.Client) error {
			info, err := c.Info(ctx)
			if err == nil {
				from, err = time.Parse(time.RFC3339Nano, info.SystemTime)
			}
			return err
		}),
		newNetwork("tn", network.CreateOptions{IPAM: subnet("10.213.5.0/24")}), newVolume("tv", volume.CreateOptions{}),
		create("t", container.Config{Cmd: []string{"serve"}, Labels: map[string]string{"a": "b"}}, host, nil), start("t"), settle(),
		do("exec", func(ctx context.Context, c *client.Client) error {
			e, err := c.ContainerExecCreate(ctx, named("t"), container.ExecOptions{Cmd: []string{"/probe", "print", "x"}})
			if err != nil {
				return err
			}
			return c.ContainerExecStart(ctx, e.ID, container.ExecStartOptions{Detach: true})
		}), settle(),
		disconnect("tn", "t"), connect("tn", "t", nil), update("t", container.UpdateConfig{Resources: container.Resources{CPUShares: 100}}),
		stop("t"), remove("t"), removeNetwork("tn"), removeVolume("tv", false),
		heard("container", "t"), heard("network", "tn"), heard("volume", "tv"),
	}
}

// since returns the events from a time until now, each as one line.
func since(ctx context.Context, c *client.Client, from time.Time, f filters.Args) (any, error) {
	info, err := c.Info(ctx)
	if err != nil {
		return nil, err
	}
	var lines []string
	msgs, errs := c.Events(ctx, events.ListOptions{Since: from.Format(time.RFC3339Nano), Until: info.SystemTime, Filters: f})
	for {
		select {
		case m := <-msgs:
			lines = append(lines, fmt.Sprint(m.Action, " ", m.Actor.ID, " ", m.Actor.Attributes))
		case err := <-errs:
			if err == io.EOF {
				return lines, nil
			}
			return lines, err
		}
	}
}

func builds() []step {
	dockerfile := `ARG V=1
FROM scratch AS base
ARG V
ENV A=$V B="x y" PATH=/bin:$PATH
LABEL a=b "c d"="e f"
FROM base
COPY probe /probe
EXPOSE 8080 53/udp
VOLUME /data
VOLUME ["/d2"]
USER 1:2
WORKDIR /w
WORKDIR x
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1s --retries=2 CMD ["/probe","health"]
ENTRYPOINT ["/probe"]
CMD ["serve"]
`
	files := map[string]string{"probe": "not a program", "Dockerfile": dockerfile, "Bad": "FROM scratch\nCOPY nix /x\n", "Typo": "FROM scratch\nCOPPY a b\n", "Dead": "FROM fails.invalid/x\n", "Shell": "FROM scratch\nENTRYPOINT probe x\nCMD a b\nLABEL x=\"$PATH\"\nENV E=1 F=$E\nENV E=2 F=${E}3\nONBUILD RUN x\n"}
	one := func(name string, o build.ImageBuildOptions) step {
		return step{"build " + name, func(ctx context.Context, c *client.Client) (any, error) {
			var b testing.B
			o.Remove, o.ForceRemove, o.NoCache, o.Version = true, true, true, build.BuilderV1
			resp, err := c.ImageBuild(ctx, bytes.NewReader(archive(&b, files)), o)
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			data, err := io.ReadAll(resp.Body)
			return strings.Split(string(data), "\n"), err
		}}
	}
	v := "2"
	shown := func(ref string) step {
		return step{"inspect " + ref, func(ctx context.Context, c *client.Client) (any, error) { return c.ImageInspect(ctx, named(ref)) }}
	}
	return []step{
		one("good", build.ImageBuildOptions{Tags: []string{named("b:1"), named("b:2")}, Labels: map[string]string{"z": "1"}, BuildArgs: map[string]*string{"V": &v}}), shown("b:1"),
		one("target", build.ImageBuildOptions{Tags: []string{named("b:3")}, Target: "base"}), shown("b:3"),
		one("shell", build.ImageBuildOptions{Tags: []string{named("b:4")}, Dockerfile: "Shell"}), shown("b:4"),
		one("no target", build.ImageBuildOptions{Target: "nix"}),
		one("missing file", build.ImageBuildOptions{Dockerfile: "Bad"}),
		one("typo", build.ImageBuildOptions{Dockerfile: "Typo"}),
		one("no dockerfile", build.ImageBuildOptions{Dockerfile: "Nix"}),
		create("built", container.Config{Image: named("b:1")}, container.HostConfig{NetworkMode: "none"}, nil), look("built"), remove("built"),
	}
}

// mistakes are refused, with the same words.
func mistakes() []step {
	none := container.NetworkMode("none")
	wrong := map[string]struct {
		cfg  container.Config
		host container.HostConfig
		nets map[string]*network.EndpointSettings
	}{
		"image":        {cfg: container.Config{Image: named("nix:1")}},
		"workdir":      {cfg: container.Config{WorkingDir: "x"}},
		"signal":       {cfg: container.Config{StopSignal: "NIX"}},
		"env":          {cfg: container.Config{Env: []string{"=x"}}},
		"interval":     {cfg: container.Config{Healthcheck: &container.HealthConfig{Test: []string{"CMD", "x"}, Interval: 1}}},
		"restart":      {host: container.HostConfig{RestartPolicy: container.RestartPolicy{Name: "sometimes"}}},
		"retries":      {host: container.HostConfig{RestartPolicy: container.RestartPolicy{Name: "always", MaximumRetryCount: 1}}},
		"auto":         {host: container.HostConfig{AutoRemove: true, RestartPolicy: container.RestartPolicy{Name: "always"}}},
		"memory":       {host: container.HostConfig{Resources: container.Resources{Memory: 1}}},
		"swap":         {host: container.HostConfig{Resources: container.Resources{Memory: 64 << 20, MemorySwap: 1}}},
		"onlyswap":     {host: container.HostConfig{Resources: container.Resources{MemorySwap: 64 << 20}}},
		"cpus":         {host: container.HostConfig{Resources: container.Resources{NanoCPUs: 1e9, CPUQuota: 5000}}},
		"weight":       {host: container.HostConfig{Resources: container.Resources{BlkioWeight: 1}}},
		"oom":          {host: container.HostConfig{OomScoreAdj: 5000}},
		"runtime":      {host: container.HostConfig{Runtime: "nix"}},
		"shm":          {host: container.HostConfig{ShmSize: -1}},
		"bind":         {host: container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeBind, Source: "/nix/nix", Target: "/x"}}}},
		"target":       {host: container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Target: "x"}}}},
		"root":         {host: container.HostConfig{Binds: []string{"/tmp:/"}}},
		"relative":     {host: container.HostConfig{Binds: []string{"/tmp:x"}}},
		"mode":         {host: container.HostConfig{Binds: []string{"/tmp:/x:nix"}}},
		"twice":        {host: container.HostConfig{Binds: []string{"/tmp:/x", "/var:/x"}}},
		"badvolume":    {host: container.HostConfig{Binds: []string{"a b:/x"}}},
		"mounttype":    {host: container.HostConfig{Mounts: []mount.Mount{{Type: "nix", Target: "/x"}}}},
		"tmpfssource":  {host: container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeTmpfs, Source: "x", Target: "/x"}}}},
		"port":         {host: container.HostConfig{PortBindings: nat.PortMap{"x/tcp": {{}}}}},
		"hostport":     {host: container.HostConfig{PortBindings: nat.PortMap{"80/tcp": {{HostPort: "x"}}}}},
		"extrahost":    {host: container.HostConfig{ExtraHosts: []string{"x"}}},
		"extraip":      {host: container.HostConfig{ExtraHosts: []string{"x:y"}}},
		"networks":     {nets: map[string]*network.EndpointSettings{named("a"): {}, named("b"): {}}},
		"badip":        {nets: map[string]*network.EndpointSettings{named("a"): {IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: "x"}}}},
		"volumesfrom":  {host: container.HostConfig{VolumesFrom: []string{named("nix")}}},
		"netcontainer": {host: container.HostConfig{NetworkMode: container.NetworkMode("container:" + named("nix"))}},
		"logdriver":    {host: container.HostConfig{LogConfig: container.LogConfig{Type: "nix"}}},
		"loption":      {host: container.HostConfig{LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"nix": "1"}}}},
		"capability":   {host: container.HostConfig{CapAdd: []string{"NIX"}}},
		"ulimit":       {host: container.HostConfig{Resources: container.Resources{Ulimits: []*units.Ulimit{{Name: "nix", Soft: 1, Hard: 1}}}}},
		"sysctl":       {host: container.HostConfig{Sysctls: map[string]string{"nix": "1"}}},
		"security":     {host: container.HostConfig{SecurityOpt: []string{"nix"}}},
	}
	var all []step
	for _, name := range sorted(wrong) {
		w := wrong[name]
		if w.host.NetworkMode == "" {
			w.host.NetworkMode = none
		}
		if w.cfg.Cmd == nil {
			w.cfg.Cmd = []string{"serve"}
		}
		all = append(all, create("wrong-"+name, w.cfg, w.host, w.nets), look("wrong-"+name), remove("wrong-"+name))
	}
	return append(all, step{"create without a mark", func(ctx context.Context, c *client.Client) (any, error) {
		resp, err := c.ContainerCreate(ctx, &container.Config{Image: named("probe:1")}, nil, nil, nil, "$")
		return resp, err
	}})
}
