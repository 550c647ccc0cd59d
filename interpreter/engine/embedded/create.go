//lint:file-ignore SA1019 old API versions speak with fields that are deprecated today

package embedded

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

const nameChars = "[a-zA-Z0-9][a-zA-Z0-9_.-]"

var validName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// Create makes a container. The request's API version decides what is dropped
// from it or refused.
func (s *State) Create(now time.Time, v Version, name, platform string, req container.CreateRequest) (container.CreateResponse, error) {
	s.at(now)
	if req.Config == nil {
		return container.CreateResponse{}, bad("config cannot be empty in order to create a container")
	}
	cfg, host := req.Config, req.HostConfig
	if host == nil {
		host = &container.HostConfig{}
	}
	dropUnknown(s.Version, v, cfg, host, req.NetworkingConfig)
	if s.Version >= 44 && host.RestartPolicy.Name == "" {
		host.RestartPolicy.Name = container.RestartPolicyDisabled
	}
	if err := s.validate(v, cfg, host, req.NetworkingConfig); err != nil {
		return container.CreateResponse{}, err
	}
	warnings, err := s.validateResources(&host.Resources, host)
	if err != nil {
		return container.CreateResponse{}, err
	}
	if err := validatePlatform(platform); err != nil {
		return container.CreateResponse{}, err
	}
	im, err := s.imageFor(cfg.Image, platform)
	if err != nil {
		return container.CreateResponse{}, err
	}
	if err := mergeImage(cfg, im.Config); err != nil {
		return container.CreateResponse{}, err
	}
	id := s.newID("container")
	if name, err = s.reserve(name, id); err != nil {
		return container.CreateResponse{}, err
	}
	for _, m := range host.Mounts {
		if m.Type == mount.TypeImage {
			warnings = append(warnings, "Image mount is an experimental feature")
		}
	}
	if im.Architecture != architecture && platform == "" {
		warnings = append(warnings, fmt.Sprintf("The requested image's platform (%s) does not match the detected host platform (%s) and no specific platform was requested",
			im.Os+"/"+im.Architecture, "linux/"+architecture))
	}
	c := &Container{ID: id, Name: name, Created: s.Now, Image: im.ID, Platform: im.Os, Config: cfg, Host: host, Files: map[string]File{}}
	if err := s.settle(c); err != nil {
		return container.CreateResponse{}, err
	}
	if err := s.link(c); err != nil {
		return container.CreateResponse{}, err
	}
	if err := s.mount(c); err != nil {
		s.releaseVolumes(c)
		return container.CreateResponse{}, err
	}
	s.plug(c, req.NetworkingConfig)
	s.Containers[c.ID] = c
	s.containerEvent(c, "create")
	if warnings == nil {
		warnings = []string{}
	}
	return container.CreateResponse{ID: c.ID, Warnings: warnings}, nil
}

// dropUnknown takes out of a request what its API version does not know, or the
// release, by the newest version that it speaks; the engine does so without a
// word.
func dropUnknown(release, v Version, cfg *container.Config, host *container.HostConfig, nets *network.NetworkingConfig) {
	if v < 42 {
		for i := range host.Mounts {
			if b := host.Mounts[i].BindOptions; b != nil {
				b.CreateMountpoint = false
			}
		}
	}
	if v < 42 && release >= 42 {
		host.ConsoleSize = [2]uint{}
	}
	if v < 43 {
		host.Annotations = nil
	}
	if release < 46 {
		for i := range host.Mounts {
			if t := host.Mounts[i].TmpfsOptions; t != nil {
				t.Options = nil
			}
		}
	}
	if v < 44 {
		if cfg.Healthcheck != nil {
			cfg.Healthcheck.StartInterval = 0
		}
		for i := range host.Mounts {
			if b := host.Mounts[i].BindOptions; b != nil {
				b.ReadOnlyNonRecursive = release >= 44 && host.Mounts[i].ReadOnly // as it was before there was a word for it
			}
		}
	}
	if v >= 42 {
		host.KernelMemory = 0
		host.KernelMemoryTCP = 0
	}
	if nets == nil {
		return
	}
	for _, ep := range nets.EndpointsConfig {
		if ep != nil && v < 44 {
			ep.MacAddress = ""
		}
		if ep != nil && v < 48 {
			ep.GwPriority = 0
		}
	}
}

// reserve returns the name for a container, one of the engine's own if none
// was asked for.
func (s *State) reserve(name, id string) (string, error) {
	name = strings.TrimPrefix(name, "/")
	if name == "" {
		return inventedName(id), nil
	}
	if !validName.MatchString(name) {
		return "", bad("Invalid container name (%s), only %s are allowed", name, nameChars)
	}
	if other := s.named(name); other != nil {
		return "", conflict("%s", nameTaken(name, other.ID))
	}
	return name, nil
}

// inventedName is what a container without a name is called.
func inventedName(id string) string { return "nameless_" + id[:12] }

// mergeImage fills what the container does not set itself from its image.
func mergeImage(cfg *container.Config, from container.Config) error {
	if cfg.User == "" {
		cfg.User = from.User
	}
	if cfg.WorkingDir == "" {
		cfg.WorkingDir = from.WorkingDir
	}
	if cfg.StopSignal == "" {
		cfg.StopSignal = from.StopSignal
	}
	cfg.ExposedPorts = union(cfg.ExposedPorts, from.ExposedPorts)
	cfg.Volumes = union(cfg.Volumes, from.Volumes)
	mergeEnv(cfg, from.Env)
	if cfg.Labels == nil {
		cfg.Labels = map[string]string{}
	}
	for k, v := range from.Labels {
		if _, ok := cfg.Labels[k]; !ok {
			cfg.Labels[k] = v
		}
	}
	if len(cfg.Entrypoint) == 0 {
		if len(cfg.Cmd) == 0 {
			cfg.Cmd = from.Cmd
		}
		if cfg.Entrypoint == nil {
			cfg.Entrypoint = from.Entrypoint
		}
	}
	mergeHealth(cfg, from.Healthcheck)
	if len(cfg.Entrypoint) == 1 && cfg.Entrypoint[0] == "" {
		cfg.Entrypoint = nil
	}
	if len(cfg.Entrypoint) == 0 && len(cfg.Cmd) == 0 {
		return bad("No command specified")
	}
	return nil
}

func union[M ~map[K]struct{}, K comparable](own, from M) M {
	if len(own) == 0 {
		return maps.Clone(from)
	}
	maps.Copy(own, from)
	return own
}

func mergeEnv(cfg *container.Config, from []string) {
	own := map[string]bool{}
	for _, e := range cfg.Env {
		k, _, _ := strings.Cut(e, "=")
		own[k] = true
	}
	for _, e := range from {
		if k, _, _ := strings.Cut(e, "="); !own[k] {
			cfg.Env = append(cfg.Env, e)
		}
	}
}

// mergeHealth fills a healthcheck field by field; zero inherits.
func mergeHealth(cfg *container.Config, from *container.HealthConfig) {
	switch {
	case from == nil:
		return
	case cfg.Healthcheck == nil:
		h := *from
		cfg.Healthcheck = &h
		return
	}
	h := cfg.Healthcheck
	if len(h.Test) == 0 {
		h.Test = from.Test
	}
	h.Interval = orElse(h.Interval, from.Interval)
	h.Timeout = orElse(h.Timeout, from.Timeout)
	h.StartPeriod = orElse(h.StartPeriod, from.StartPeriod)
	h.StartInterval = orElse(h.StartInterval, from.StartInterval)
	if h.Retries == 0 {
		h.Retries = from.Retries
	}
}

// settle writes the engine's own defaults into a container's configuration.
func (s *State) settle(c *Container) error {
	h := c.Host
	s.settleModes(h)
	if err := s.donors(h); err != nil {
		return err
	}
	settleHostname(c)
	if h.LogConfig.Type == "" {
		h.LogConfig.Type = "json-file"
	}
	if h.LogConfig.Config == nil {
		h.LogConfig.Config = map[string]string{}
	}
	if err := validateLog(h.LogConfig); err != nil {
		return err
	}
	if h.ShmSize == 0 {
		h.ShmSize = 64 << 20
	}
	if h.Memory > 0 && h.MemorySwap == 0 {
		h.MemorySwap = 2 * h.Memory
	}
	if h.Runtime == "" {
		h.Runtime = "runc"
	}
	if h.OomKillDisable == nil {
		h.OomKillDisable = new(bool)
	}
	if h.PidsLimit != nil && *h.PidsLimit <= 0 {
		h.PidsLimit = nil
	}
	if (h.Privileged || h.PidMode.IsHost() || h.IpcMode.IsHost()) && !namesLabel(h.SecurityOpt) {
		h.SecurityOpt = append(h.SecurityOpt, "label=disable")
	}
	if !h.Privileged {
		hidePaths(h)
	}
	if s.Version >= 44 {
		openPorts(h)
	}
	c.Platform = orWord(c.Platform, "linux")
	words := append(slices.Clone(c.Config.Entrypoint), c.Config.Cmd...)
	c.Path, c.Args = words[0], append([]string{}, words[1:]...)
	c.Config.WorkingDir = cleanDir(c.Config.WorkingDir)
	return nil
}

func cleanDir(dir string) string {
	if dir == "" {
		return ""
	}
	return path.Clean(dir)
}

func namesLabel(opts []string) bool {
	return slices.ContainsFunc(opts, func(o string) bool { return o == "label" || strings.HasPrefix(o, "label=") }) // label: is not seen
}

// settleModes fills the namespaces, and turns names of containers in them into
// IDs, which outlive a renaming.
func (s *State) settleModes(h *container.HostConfig) {
	if h.NetworkMode == "" {
		h.NetworkMode = "default"
	}
	if s.Version >= 45 && h.NetworkMode == "default" {
		h.NetworkMode = "bridge"
	}
	if h.IpcMode == "" {
		h.IpcMode = "private"
	}
	if h.CgroupnsMode == "" {
		h.CgroupnsMode = "host"
		if s.cgroup2() {
			h.CgroupnsMode = "private"
		}
	}
	resolved := func(mode string) string {
		if name, ok := strings.CutPrefix(mode, "container:"); ok {
			if c, err := s.Container(name); err == nil {
				return "container:" + c.ID
			}
		}
		return mode
	}
	h.NetworkMode = container.NetworkMode(resolved(string(h.NetworkMode)))
	h.IpcMode = container.IpcMode(resolved(string(h.IpcMode)))
	h.PidMode = container.PidMode(resolved(string(h.PidMode)))
}

// settleHostname gives a container its host name: the host's, or the first
// digits of its ID. One that shares another's network takes over that one's
// when it starts.
func settleHostname(c *Container) {
	switch {
	case c.Config.Hostname != "":
	case c.Host.NetworkMode.IsHost():
		c.Config.Hostname = hostName
	default:
		c.Config.Hostname = c.ID[:12]
	}
}

// openPorts makes of a port without a place on the host one that the engine
// picks; engines before 25 left it alone.
func openPorts(h *container.HostConfig) {
	for port, bindings := range h.PortBindings {
		if len(bindings) == 0 {
			h.PortBindings[port] = []nat.PortBinding{{}}
		}
	}
}

func hidePaths(h *container.HostConfig) {
	if h.MaskedPaths == nil {
		h.MaskedPaths = slices.Clone(maskedPaths)
	}
	if h.ReadonlyPaths == nil {
		h.ReadonlyPaths = slices.Clone(readonlyPaths)
	}
}

var (
	maskedPaths = []string{
		"/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
	}
	readonlyPaths = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)
