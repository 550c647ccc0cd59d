//lint:file-ignore SA1019 old API versions speak with fields that are deprecated today

package embedded

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/storage"
	"github.com/docker/go-connections/nat"
	"github.com/docker/go-units"
)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// Inspect tells all of a container, as an API version shows it.
func (s *State) Inspect(now time.Time, v Version, ref string) (container.InspectResponse, error) {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return container.InspectResponse{}, err
	}
	base := &container.ContainerJSONBase{
		ID: c.ID, Created: stamp(c.Created), Path: c.Path, Args: c.Args, State: c.state(), Image: c.Image, Name: "/" + c.Name,
		RestartCount: c.Restarts, Driver: s.storage(), Platform: c.Platform, HostConfig: s.hostConfig(c), GraphDriver: s.layers(c.ID),
		ExecIDs: s.execsOf(c), AppArmorProfile: appArmor(c.Host.SecurityOpt),
	}
	s.paths(c, base)
	return container.InspectResponse{
		ContainerJSONBase: base, Mounts: append([]container.MountPoint{}, c.Mounts...), Config: s.config(v, c), NetworkSettings: s.networkSettings(v, c),
	}, nil
}

// appArmor is the profile that security options name; the last counts.
func appArmor(opts []string) string {
	profile := ""
	for _, o := range opts {
		if i := strings.IndexAny(o, "=:"); i > 0 && o[:i] == "apparmor" {
			profile = o[i+1:]
		}
	}
	return profile
}

// paths shows where a container's own files lie, once there are any. Those of
// its network are the files of the container whose network it shares.
func (s *State) paths(c *Container, base *container.ContainerJSONBase) {
	dir := "/var/lib/docker/containers/" + c.ID
	if !c.Run.Started.IsZero() && c.Host.LogConfig.Type == "json-file" {
		base.LogPath = dir + "/" + c.ID + "-json.log"
	}
	owner := c
	if p := c.parent(); p != "" {
		owner = s.Containers[p]
	}
	if owner == nil {
		return
	}
	dir = "/var/lib/docker/containers/" + owner.ID
	if !c.Run.Started.IsZero() {
		base.HostnamePath = dir + "/hostname"
	}
	if c.Sandbox != "" || (owner != c && !c.Run.Started.IsZero()) {
		base.ResolvConfPath, base.HostsPath = dir+"/resolv.conf", dir+"/hosts"
	}
}

// parent is the ID of the container whose network this one shares.
func (c *Container) parent() string { return c.Host.NetworkMode.ConnectedContainer() }

func (c *Container) state() *container.State {
	r := c.Run
	st := &container.State{
		Status: c.status(), Running: r.Running || r.Restarting, Paused: r.Paused, Restarting: r.Restarting,
		ExitCode: r.ExitCode, Error: r.Error, StartedAt: stamp(r.Started), FinishedAt: stamp(r.Finished), Health: copied(c.Health),
	}
	if r.Running {
		st.Pid = c.pid()
	}
	return st
}

// pid is a number that looks like a process's and stays the same while it runs.
func (c *Container) pid() int {
	return 1000 + int(hash(c.ID, stamp(c.Run.Started))[0])*251 + len(c.Log)
}

func (s *State) execsOf(c *Container) []string {
	var ids []string
	for _, id := range sorted(s.Execs) {
		if e := s.Execs[id]; e.Container == c.ID && !e.Started {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *State) hostConfig(c *Container) *container.HostConfig {
	h := copied(c.Host)
	h.Links = c.shownLinks()
	if s.cgroup2() && !c.Run.Started.IsZero() {
		h.OomKillDisable = nil // cgroup v2 has none; the engine finds out at the start
	}
	return h
}

func (s *State) config(v Version, c *Container) *container.Config {
	cfg := copied(c.Config)
	if ep := c.Endpoints[c.Mode]; ep != nil {
		cfg.MacAddress = ep.AskedMac
	}
	if v < 44 && cfg.Healthcheck != nil {
		cfg.Healthcheck.StartInterval = 0
	}
	return cfg
}

func (s *State) networkSettings(v Version, c *Container) *container.NetworkSettings {
	set := &container.NetworkSettings{Networks: map[string]*network.EndpointSettings{}}
	if c.Sandbox != "" {
		set.SandboxID, set.SandboxKey = c.Sandbox, "/var/run/docker/netns/"+c.Sandbox[:12]
		if _, host := c.Endpoints["host"]; host {
			set.SandboxKey = "/var/run/docker/netns/default"
		}
	}
	set.Ports = nat.PortMap{}
	if c.Ports != nil {
		set.Ports = *copied(&c.Ports)
	}
	for name, ep := range c.Endpoints {
		set.Networks[name] = s.endpoint(v, c, ep)
	}
	if ep := c.Endpoints["bridge"]; ep != nil {
		set.EndpointID, set.Gateway, set.IPAddress, set.IPPrefixLen = ep.EndpointID, ep.Gateway, ep.IPAddress, ep.IPPrefixLen
		set.IPv6Gateway, set.GlobalIPv6Address, set.GlobalIPv6PrefixLen = ep.IPv6Gateway, ep.GlobalIPv6Address, ep.GlobalIPv6PrefixLen
		set.MacAddress = ep.MacAddress
	}
	return set
}

// endpoint shows a place on a network. Names that the engine adds stand among
// the aliases up to API 1.44, and apart from there on.
func (s *State) endpoint(v Version, c *Container, ep *Endpoint) *network.EndpointSettings {
	shown := copied(&ep.EndpointSettings)
	if s.Version >= 44 && v < 45 && len(shown.DNSNames) > 0 {
		shown.Aliases = appendNew(shown.Aliases, c.ID[:12])
		if c.Config.Hostname != c.ID[:12] {
			shown.Aliases = appendNew(shown.Aliases, c.Config.Hostname)
		}
	}
	if v < 44 {
		shown.DNSNames = nil
	}
	if v < 48 {
		shown.GwPriority = 0
	}
	return shown
}

// storage is the name of the engine's storage driver.
func (s *State) storage() string {
	if s.Containerd {
		return "overlayfs"
	}
	return "overlay2"
}

func (s *State) layers(id string) storage.DriverData {
	dir := "/var/lib/docker/" + s.storage() + "/" + hash("layer", id)
	return storage.DriverData{Name: s.storage(), Data: map[string]string{
		"LowerDir": dir + "-init/diff", "MergedDir": dir + "/merged", "UpperDir": dir + "/diff", "WorkDir": dir + "/work",
	}}
}

// Summary tells what a list shows of a container.
func (s *State) Summary(v Version, c *Container) container.Summary {
	sum := container.Summary{
		ID: c.ID, Names: []string{"/" + c.Name}, Image: s.shownImage(c), ImageID: c.Image, Command: shownCommand(c), Created: c.Created.Unix(),
		Ports: shownPorts(c), Labels: c.Config.Labels, State: c.status(), Status: s.statusLine(c),
		NetworkSettings: &container.NetworkSettingsSummary{Networks: map[string]*network.EndpointSettings{}},
		Mounts:          append([]container.MountPoint{}, c.Mounts...),
	}
	sum.HostConfig.NetworkMode = string(c.Host.NetworkMode)
	for i, m := range sum.Mounts {
		if slices.Contains(c.Anonymous, m.Name) && m.Mode == "" {
			sum.Mounts[i].Source = ""
		}
	}
	for name, ep := range c.Endpoints {
		shown := s.endpoint(v, c, ep)
		shown.Aliases, shown.Links, shown.DNSNames, shown.DriverOpts = nil, nil, nil, nil
		if s.Version < 44 {
			shown.IPAMConfig = copied(ep.IPAMConfig)
		}
		sum.NetworkSettings.Networks[name] = shown
	}
	return sum
}

// shownImage is the name that the container was made with, or the image's ID
// once the name has moved on.
func (s *State) shownImage(c *Container) string {
	if im, err := s.Image(c.Config.Image); err == nil && im.ID == c.Image {
		return c.Config.Image
	}
	return c.Image
}

func shownCommand(c *Container) string {
	words := []string{c.Path}
	for _, a := range c.Args {
		if strings.Contains(a, " ") {
			a = "'" + a + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

func shownPorts(c *Container) []container.Port {
	ports := []container.Port{}
	for _, p := range byNumber(c.Ports) {
		if len(c.Ports[p]) == 0 {
			ports = append(ports, container.Port{PrivatePort: uint16(p.Int()), Type: p.Proto()})
		}
		for _, b := range c.Ports[p] {
			public, _ := nat.ParsePort(b.HostPort) // we wrote it ourselves
			ports = append(ports, container.Port{IP: b.HostIP, PrivatePort: uint16(p.Int()), PublicPort: uint16(public), Type: p.Proto()})
		}
	}
	return ports
}

// statusLine is what docker ps shows.
func (s *State) statusLine(c *Container) string {
	ago := func(t time.Time) string { return units.HumanDuration(s.Now.Sub(t)) }
	switch r := c.Run; {
	case r.Paused:
		return "Up " + ago(r.Started) + " (Paused)"
	case r.Restarting:
		return fmt.Sprintf("Restarting (%d) %s ago", r.ExitCode, ago(r.Finished))
	case r.Running && c.Health != nil && c.Health.Status == container.Starting:
		return "Up " + ago(r.Started) + " (health: starting)"
	case r.Running && c.Health != nil:
		return "Up " + ago(r.Started) + " (" + c.Health.Status + ")"
	case r.Running:
		return "Up " + ago(r.Started)
	case r.Started.IsZero():
		return "Created"
	}
	return fmt.Sprintf("Exited (%d) %s ago", c.Run.ExitCode, ago(c.Run.Finished))
}

// inspectImage tells all of an image, as an API version shows it.
func (s *State) inspectImage(v Version, im *Image) map[string]any {
	tags, digests := s.names(im.ID)
	doc := map[string]any{
		"Id": im.ID, "RepoTags": tags, "RepoDigests": digests, "Parent": im.Parent, "Comment": im.Comment,
		"Created": stamp(im.Created), "DockerVersion": "", "Author": "", "Config": im.Config, "Architecture": im.Architecture, "Os": im.Os,
		"Size": im.Size, "GraphDriver": s.layers(im.ID), "RootFS": image.RootFS{Type: "layers", Layers: im.Layers},
		"Metadata": image.Metadata{LastTagTime: im.Tagged.UTC()},
	}
	if im.Variant != "" {
		doc["Variant"] = im.Variant
	}
	if v < 44 {
		doc["VirtualSize"] = im.Size
	}
	if v < 45 {
		doc["Container"], doc["ContainerConfig"] = "", container.Config{}
	}
	if v >= 50 {
		doc["Config"] = imageConfig(im.Config)
	}
	return doc
}

// imageConfig leaves out what says how to run a container, not what an image
// is; from API 1.50 on the engine does so.
func imageConfig(c container.Config) map[string]any {
	data, err := json.Marshal(c)
	doc := map[string]any{}
	if err == nil {
		err = json.Unmarshal(data, &doc)
	}
	if err != nil {
		panic("embedded: an image's configuration is no JSON: " + err.Error())
	}
	for _, k := range []string{
		"Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "Image", "NetworkDisabled", "MacAddress", "StopTimeout",
	} {
		delete(doc, k)
	}
	return doc
}

// imageSummary tells what a list shows of an image.
func (s *State) imageSummary(v Version, im *Image) image.Summary {
	tags, digests := s.names(im.ID)
	sum := image.Summary{
		ID: im.ID, ParentID: im.Parent, Created: im.Created.Unix(), Labels: im.Config.Labels, RepoTags: tags, RepoDigests: digests,
		Containers: -1, SharedSize: -1, Size: im.Size,
	}
	if v < 44 {
		sum.VirtualSize = im.Size
		if len(tags) == 0 && len(digests) == 0 {
			sum.RepoTags, sum.RepoDigests = []string{"<none>:<none>"}, []string{"<none>@<none>"}
		}
		if len(digests) == 0 && len(tags) > 0 {
			sum.RepoDigests = nil
		}
	}
	return sum
}
