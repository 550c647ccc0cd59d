package container

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/strslice"
	"github.com/docker/go-connections/nat"
)

// perEndpoint is the API version from which a create call takes several
// endpoints, and a MAC address for each.
const perEndpoint = "1.44"

// birth is what making a container needs beside its spec.
type birth struct {
	name     string            // its first name
	restart  string            // its first restart policy
	replaces *kind.Live        // nil for a creation
	carried  map[string]string // unnamed volumes of the one that it replaces, by their place within
	oneOff   *kind.OneOff      // it runs once beside the program's; nil for the program's own
}

// make returns the ops that make a container, from nothing to ready to start.
func (b birth) make(in kind.In[Spec]) []engine.Op {
	w := writing{in: in, spec: expect(in)}
	ops := []engine.Op{w.create(b)}
	if !in.Env.Info.Has(perEndpoint) {
		for _, n := range rest(w.spec.Networks) {
			ops = append(ops, connect(n, made(in), true))
		}
	}
	names := slices.Sorted(maps.Keys(w.spec.Files))
	return append(ops, copies(made(in), w.spec, w.spec.Files, names, in.Env.Source)...)
}

func rest(nets []Net) []Net {
	if len(nets) == 0 {
		return nil
	}
	return nets[1:]
}

// made names the container that this step makes.
func made(in kind.In[Spec]) func(*engine.Blanks) string {
	return func(b *engine.Blanks) string { return b.MadeID(in.Res.Addr.String()) }
}

// living names a container that is there.
func living(l *kind.Live) func(*engine.Blanks) string {
	return func(*engine.Blanks) string { return l.ID }
}

// writing is one create call in the making.
type writing struct {
	in   kind.In[Spec]
	spec *Spec // as expected
	op   engine.Op
}

func (w *writing) create(b birth) engine.Op {
	w.op.Makes = w.in.Res.Addr.String()
	call := &engine.ContainerCreate{Name: b.name, Platform: w.in.Want.Platform, Config: w.config(b), HostConfig: w.host(b), Networking: w.networking()}
	w.in.Want.Modes.write(call.Config, call.HostConfig)
	call.HostConfig.VolumesFrom = w.froms()
	if len(w.spec.Networks) > 0 && !w.in.Env.Info.Has(perEndpoint) {
		//lint:ignore SA1019 what engines before API 1.44 know
		call.Config.MacAddress = w.spec.Networks[0].MAC
	}
	call.HostConfig.AutoRemove = b.oneOff != nil && !b.oneOff.Kept
	w.op.Call = call
	return w.op
}

func (w *writing) text(v ir.Value) string { return w.op.Blanks.Text(v, w.in.Env.Source) }

func (w *writing) texts(vs []ir.Value) []string {
	if vs == nil {
		return nil
	}
	out := []string{}
	for _, v := range vs {
		out = append(out, w.text(v))
	}
	return out
}

func (w *writing) config(b birth) *api.Config {
	s := w.in.Want
	c := &api.Config{
		Image: w.in.Env.Outcome(s.Image.Addr).Ref, Hostname: s.Hostname, Domainname: s.Domainname, User: s.User, WorkingDir: s.WorkingDir,
		Cmd: w.texts(s.Command), Entrypoint: w.entrypoint(), StopSignal: s.StopSignal, Healthcheck: w.healthcheck(),
		Labels: w.labels(b),
	}
	maps.Copy(c.Labels, s.Labels)
	for _, k := range slices.Sorted(maps.Keys(s.Env)) {
		c.Env = append(c.Env, k+"="+w.text(s.Env[k]))
	}
	if s.StopTimeout != nil {
		n := int(*s.StopTimeout / time.Second)
		c.StopTimeout = &n
	}
	for _, p := range s.Ports {
		if c.ExposedPorts == nil {
			c.ExposedPorts = nat.PortSet{}
		}
		c.ExposedPorts[nat.Port(p.key())] = struct{}{}
	}
	return c
}

// labels are bay's own.
func (w *writing) labels(b birth) map[string]string {
	if b.oneOff != nil {
		return engine.OneOff{Stack: w.in.Env.Stack, Addr: w.in.Res.Addr, Holder: b.oneOff.Holder}.Labels(&w.op.Blanks)
	}
	id := w.in.Identity()
	if b.replaces != nil {
		id.Replaces = b.replaces.ID
	}
	return id.Labels(&w.op.Blanks)
}

// entrypoint writes "none" as the engine takes it: one empty word drops the
// image's entrypoint and its command, an empty list only the former.
func (w *writing) entrypoint() strslice.StrSlice {
	s := w.in.Want
	if s.Entrypoint != nil && len(s.Entrypoint) == 0 {
		return strslice.StrSlice{""}
	}
	return w.texts(s.Entrypoint)
}

func (w *writing) healthcheck() *api.HealthConfig {
	h := w.in.Want.Healthcheck
	switch {
	case h == nil:
		return nil
	case h.Disable:
		return &api.HealthConfig{Test: []string{"NONE"}}
	}
	return &api.HealthConfig{
		Test: w.texts(h.Test), Interval: h.Interval, Timeout: h.Timeout,
		StartPeriod: h.StartPeriod, StartInterval: h.StartInterval, Retries: int(h.Retries),
	}
}

func (w *writing) host(b birth) *api.HostConfig {
	s := w.in.Want
	h := &api.HostConfig{
		NetworkMode: w.mode(), RestartPolicy: restartPolicy(b.restart), ReadonlyRootfs: s.ReadOnly, Init: s.Init, Privileged: s.Privileged,
		CapAdd: slices.Sorted(slices.Values(s.CapAdd)), CapDrop: slices.Sorted(slices.Values(s.CapDrop)), DNS: s.DNS, Sysctls: s.Sysctls,
	}
	s.Limits.write(h)
	for _, p := range s.Ports {
		if h.PortBindings == nil {
			h.PortBindings = nat.PortMap{}
		}
		key := nat.Port(p.key())
		h.PortBindings[key] = append(h.PortBindings[key], nat.PortBinding{HostIP: p.HostIP, HostPort: p.hostPort()})
	}
	h.Mounts, h.Binds = w.mounts(b)
	for _, name := range slices.Sorted(maps.Keys(s.ExtraHosts)) {
		h.ExtraHosts = append(h.ExtraHosts, w.hosts(name)...)
	}
	if l := s.Logging; l != nil {
		h.LogConfig.Type = l.Driver
		for _, k := range slices.Sorted(maps.Keys(l.Options)) {
			if h.LogConfig.Config == nil {
				h.LogConfig.Config = map[string]string{}
			}
			h.LogConfig.Config[k] = w.text(l.Options[k])
		}
	}
	return h
}

// hosts writes one host's addresses. Several stand in one text, with commas.
func (w *writing) hosts(name string) []string {
	v := w.in.Want.ExtraHosts[name]
	if v.Kind != ir.String || v.Sensitive {
		return []string{name + ":" + w.text(v)}
	}
	var out []string
	for _, addr := range strings.Split(v.Str, ",") {
		out = append(out, name+":"+strings.TrimSpace(addr))
	}
	return out
}

func (w *writing) mode() api.NetworkMode {
	s := w.in.Want
	switch {
	case !s.Joins.IsZero():
		return api.NetworkMode("container:" + s.Joins.Name)
	case s.Mode != "":
		return api.NetworkMode(s.Mode)
	}
	return api.NetworkMode(w.spec.first())
}

// networking holds every endpoint that the engine takes at creation: one
// before API 1.44.
func (w *writing) networking() *network.NetworkingConfig {
	nets := w.spec.Networks
	older := !w.in.Env.Info.Has(perEndpoint)
	if older {
		nets = nets[:min(1, len(nets))]
	}
	if len(nets) == 0 {
		return nil
	}
	cfg := &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{}}
	for _, n := range nets {
		cfg.EndpointsConfig[n.Network.Name] = n.endpoint(older)
	}
	return cfg
}

func restartPolicy(text string) api.RestartPolicy {
	name, count, _ := strings.Cut(text, ":")
	if name == "" {
		name = "no"
	}
	n, _ := strconv.Atoi(count) // canonical, or none
	return api.RestartPolicy{Name: api.RestartPolicyMode(name), MaximumRetryCount: n}
}
