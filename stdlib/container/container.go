// Package container is the room of the kind container: a process in a box, from
// an image, with everything that Docker lets one say about it.
//
// What the engine can change in a living container is changed there: limits,
// restart policy, name, networks, files. Anything else puts a new container in
// the place of the old one, by a protocol that can be cut at any point.
package container

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Spec is what a program can say about a container.
type Spec struct {
	Name        string
	Image       schema.Ref          // engine: Config.Image; compared by the ID behind it
	Command     []ir.Value          // nil is the image's; engine: Config.Cmd
	Entrypoint  []ir.Value          // nil is the image's, empty is none; engine: Config.Entrypoint
	Env         map[string]ir.Value // over the image's; engine: Config.Env
	User        string              // "" is the image's
	WorkingDir  string              // absolute; "" is the image's
	Hostname    string              // "" is the short ID
	Domainname  string              // "" is none
	Labels      map[string]string   // the user's, over the image's
	Ports       []Port              // engine: HostConfig.PortBindings
	Networks    []Net               // the first is where ip is read; engine: NetworkSettings.Networks
	Mode        string              // none, host, bridge; "" where it has networks or joins another container
	Joins       schema.Ref          // the container whose network it shares; engine: HostConfig.NetworkMode
	State       string              // running, completed, created; "" is running
	Mounts      []Mount             // engine: HostConfig.Mounts
	Files       map[string]File     // by path within
	Restart     string              // no, always, unless-stopped, on-failure, on-failure:N; "" is no
	StopSignal  string              // "" is the image's, else SIGTERM
	StopTimeout *time.Duration      // whole seconds; nil is the engine's 10 s
	Healthcheck *Healthcheck        // field by field over the image's
	Limits
	Modes
	ReadOnly   bool  // engine: HostConfig.ReadonlyRootfs
	Init       *bool // nil is the engine's default
	Privileged bool
	CapAdd     []string
	CapDrop    []string
	ExtraHosts map[string]ir.Value // addresses by name, joined with commas
	DNS        []string
	Sysctls    map[string]string
	Logging    *Logging
}

// States a container can be asked to have.
const (
	running   = "running"
	completed = "completed"
	created   = "created"
)

// Port is one published port, or one that the engine publishes somewhere.
type Port struct {
	Container int64  // 1 to 65535
	Host      int64  // 0: the engine picks
	HostRange string // "8000-8010": the engine picks one of these
	HostIP    string // "" is all addresses
	Protocol  string // tcp, udp, sctp; "" is tcp
}

// Bind says which attributes a port has.
func (p *Port) Bind(f *schema.Set) {
	f.Int(&p.Container, "container", schema.Range{Min: 1, Max: 65535}, schema.Replace, "Port within the container.").From("HostConfig.PortBindings").Required().Meant(meantPort)
	f.Int(&p.Host, "host", schema.Range{Min: 1, Max: 65535}, schema.Replace, "Port on the host; left out, the engine picks one.").From("HostPort").Meant(meantHost)
	f.Parsed(&p.HostRange, "host_range", "range", `a range such as "8000-8010"`, schema.Replace, "Ports on the host of which the engine picks one.", parseRange).From("HostPort")
	f.Parsed(&p.HostIP, "host_ip", "address", "an IP address", schema.Replace, "Address on the host; left out, all.", parseIP).From("HostIp")
	f.Enum(&p.Protocol, "protocol", schema.Replace, "tcp (default), udp or sctp.", "tcp", "udp", "sctp").From("HostConfig.PortBindings")
	f.Elsewhere("target", "`target` is `container` here")
	f.Elsewhere("internal", "`internal` is `container` here")
	f.Elsewhere("published", "`published` is `host` here, or `host_range` for a range")
	f.Elsewhere("external", "`external` is `host` here")
	f.Elsewhere("ip", "`ip` is `host_ip` here")
}

// File is a file that is put into the container before it starts.
type File struct {
	Content  ir.Value
	Source   string // a path below the stack's directory; read when a plan is made
	Mode     string // octal; "" is 0644
	UID, GID int64
	OnChange string // restart, none, or a signal; "" is restart
}

// Bind says which attributes a file has.
func (x *File) Bind(f *schema.Set) {
	f.Text(&x.Content, "content", schema.Restart, "What it holds.")
	f.String(&x.Source, "source", schema.None, "A file that holds it, instead of `content`; a relative path starts at the module's directory.")
	f.Parsed(&x.Mode, "mode", "mode", `an octal mode such as "0644"`, schema.Restart, "Permissions; 0644 by default.", parseMode)
	f.Int(&x.UID, "uid", schema.Range{Min: 0, Max: math.MaxInt32}, schema.Restart, "Its owner; 0 by default.")
	f.Int(&x.GID, "gid", schema.Range{Min: 0, Max: math.MaxInt32}, schema.Restart, "Its group; 0 by default.")
	f.Parsed(&x.OnChange, "on_change", "text", "restart, none or a signal", schema.None, "What a changed file does to the container: restart (default), none, or a signal such as SIGHUP.", parseOnChange)
	f.Elsewhere("permissions", "`permissions` is `mode` here")
	f.Elsewhere("executable", "write mode = \"0755\"")
	f.Elsewhere("file", "the path is the key: files = { \"/etc/app.conf\" = … }")
}

// Healthcheck says how to tell whether the container works.
type Healthcheck struct {
	Test          []ir.Value // CMD and arguments, or CMD-SHELL and one text
	Interval      time.Duration
	Timeout       time.Duration
	StartPeriod   time.Duration
	StartInterval time.Duration
	Retries       int64
	Disable       bool
}

// Bind says which attributes a healthcheck has.
func (h *Healthcheck) Bind(f *schema.Set) {
	f.Texts(&h.Test, "test", schema.Replace, "The command: a list that begins with CMD or CMD-SHELL, or text for the shell.", shellTest).From("Test")
	f.Duration(&h.Interval, "interval", schema.Replace, "Time between two checks; 30s by default.").From("Interval")
	f.Duration(&h.Timeout, "timeout", schema.Replace, "Time that a check may take; 30s by default.").From("Timeout")
	f.Duration(&h.StartPeriod, "start_period", schema.Replace, "Time in which failures do not count.").From("StartPeriod")
	f.Duration(&h.StartInterval, "start_interval", schema.Replace, "Time between two checks within start_period.").From("StartInterval").Min("1.44")
	f.Int(&h.Retries, "retries", schema.Range{Min: 1, Max: math.MaxInt32}, schema.Replace, "Failures in a row that make it unhealthy; 3 by default.").From("Retries")
	f.Bool(&h.Disable, "disable", schema.Replace, "The image's healthcheck is off.").From("Test")
}

// Logging says where the container's output goes.
type Logging struct {
	Driver  string // "" is the engine's default
	Options map[string]ir.Value
}

// Bind says which attributes logging has.
func (l *Logging) Bind(f *schema.Set) {
	f.String(&l.Driver, "driver", schema.Replace, "Log driver; the engine's default by default.").From("HostConfig.LogConfig.Type")
	f.TextMap(&l.Options, "options", schema.Replace, "Options of the driver, such as max-size.").From("HostConfig.LogConfig.Config").ByEngine().OpenKeys()
}

// Bind says which attributes a container has.
func (s *Spec) Bind(f *schema.Set) {
	f.Name(&s.Name, schema.Live, "Name on the engine. By default it follows from stack and label.").From("Name")
	f.Ref(&s.Image, "image", "image", schema.Replace, "The image: a handle, or a reference such as caddy:2.9, which is pulled when missing.").From("Config.Image").Required().ByRoom()
	f.Texts(&s.Command, "command", schema.Replace, "Command, as a list of words or as text; the image's by default.", words).From("Config.Cmd")
	f.Texts(&s.Entrypoint, "entrypoint", schema.Replace, "What runs the command; the image's by default. Setting it drops the image's command.", words).From("Config.Entrypoint")
	f.TextMap(&s.Env, "env", schema.Replace, "Environment variables, over those of the image.").From("Config.Env").OpenKeys()
	f.String(&s.User, "user", schema.Replace, "User, or user:group; the image's by default.").From("Config.User")
	f.Parsed(&s.WorkingDir, "working_dir", "path", "an absolute path", schema.Replace, "Directory in which the command starts.", parsePath).From("Config.WorkingDir")
	f.String(&s.Hostname, "hostname", schema.Replace, "Hostname within; the short ID by default.").From("Config.Hostname")
	f.String(&s.Domainname, "domainname", schema.Replace, "Domain name within.").From("Config.Domainname")
	f.PlainMap(&s.Labels, "labels", schema.Replace, "Labels of the container, over those of the image.").From("Config.Labels").OpenKeys()
	schema.Objects(f, &s.Ports, "ports", schema.Replace, `Published ports: "8080:80", "127.0.0.1:53:53/udp", "80", or objects.`, Port.full, schema.Short[Port]{Text: parsePorts}).From("HostConfig.PortBindings").ByRoom()
	schema.Objects(f, &s.Networks, "networks", schema.Reconnect, "Networks to be on; the stack's network `default` by default.", Net.key, schema.Short[Net]{As: "network", SkipOff: true}).From("NetworkSettings.Networks")
	f.WordOrRef(&s.Mode, &s.Joins, "network_mode", "container", "container:", schema.Replace, "Instead of networks: none, host, bridge, or a container whose network it shares.", "none", "host", "bridge").From("HostConfig.NetworkMode")
	f.Enum(&s.State, "state", schema.Live, "running (default), completed (a job that runs once), or created (never started).", running, completed, created).From("State.Status").ByRoom()
	schema.Objects(f, &s.Mounts, "mounts", schema.Replace, `Storage: { volume, target }, { source, target }, { type = "tmpfs", target }, or text as "./conf:/etc/conf:ro".`, Mount.key, schema.Short[Mount]{Text: parseMount, SkipOff: true}).From("HostConfig.Mounts")
	schema.ObjectMap(f, &s.Files, "files", schema.Restart, "Files to put in, by their absolute path: text, or { content or source, mode, uid, gid, on_change }.", schema.Short[File]{As: "content"})
	f.Parsed(&s.Restart, "restart", "policy", "no, always, unless-stopped or on-failure[:N]", schema.Live, "What the engine does when it exits: no (default), always, unless-stopped, on-failure[:N].", parseRestart).From("HostConfig.RestartPolicy")
	f.Parsed(&s.StopSignal, "stop_signal", "signal", "a signal such as SIGTERM", schema.Replace, "Signal that stops it; the image's, else SIGTERM, by default.", parseSignal).From("Config.StopSignal")
	f.OptDuration(&s.StopTimeout, "stop_timeout", schema.Replace, "Time between that signal and SIGKILL; 10s by default.").From("Config.StopTimeout")
	schema.Object(f, &s.Healthcheck, "healthcheck", schema.Replace, "How to tell whether it works, field by field over the image's.", schema.Short[Healthcheck]{As: "test"}).From("Config.Healthcheck")
	s.Limits.bind(f)
	s.Modes.bind(f)
	f.Bool(&s.ReadOnly, "read_only", schema.Replace, "The container cannot write outside of its mounts.").From("HostConfig.ReadonlyRootfs")
	f.OptBool(&s.Init, "init", schema.Replace, "A small init runs as process 1.").From("HostConfig.Init")
	f.Bool(&s.Privileged, "privileged", schema.Replace, "It may do on the host whatever root may.").From("HostConfig.Privileged")
	f.StringSet(&s.CapAdd, "cap_add", schema.Replace, "Capabilities beyond the default ones.", parseCap).From("HostConfig.CapAdd")
	f.StringSet(&s.CapDrop, "cap_drop", schema.Replace, "Default capabilities that it does not get.", parseCap).From("HostConfig.CapDrop")
	f.TextMap(&s.ExtraHosts, "extra_hosts", schema.Replace, "Addresses by host name for /etc/hosts; host-gateway is the host's; several are joined with commas.").From("HostConfig.ExtraHosts")
	f.Strings(&s.DNS, "dns", schema.Replace, "Name servers.").From("HostConfig.Dns")
	f.PlainMap(&s.Sysctls, "sysctls", schema.Replace, "Kernel settings of its namespaces.").From("HostConfig.Sysctls").OpenKeys()
	schema.Object(f, &s.Logging, "logging", schema.Replace, "Log driver and its options.", schema.Short[Logging]{As: "driver"}).From("HostConfig.LogConfig")
	elsewhere(f)
}

// elsewhere says what other tools call the attributes.
func elsewhere(f *schema.Set) {
	for name, here := range map[string]string{
		"environment": "env", "container_name": "name", "cmd": "command", "args": "command", "workdir": "working_dir",
		"restart_policy": "restart",
		"volumes":        "mounts", "volume": "mounts", "bind": "mounts", "port": "ports", "publish": "ports",
		"upload": "files", "configs": "files", "secrets": "files", "network": "networks", "networks_advanced": "networks", "net": "network_mode",
		"stop_grace_period": "stop_timeout", "destroy_grace_seconds": "stop_timeout", "host": "extra_hosts", "add_host": "extra_hosts",
		"sysctl": "sysctls", "label": "labels", "log_driver": "logging", "log_opts": "logging", "log_opt": "logging", "log": "logging",
		"capabilities": "cap_add", "readonly": "read_only", "read_only_rootfs": "read_only", "health_cmd": "healthcheck",
		"e": "env", "v": "mounts", "p": "ports", "w": "working_dir", "u": "user", "h": "hostname",
	} {
		f.Elsewhere(name, fmt.Sprintf("`%s` is `%s` here", name, here))
	}
	f.Elsewhere("env_file", "read the file into env: env = dotenvdecode(file(\".env\"))")
	f.Elsewhere("must_run", "write state = \"running\" (the default), \"completed\" for a job, or \"created\"")
	f.Elsewhere("start", "write state = \"running\" (the default) or \"created\"")
	f.Elsewhere("rm", "a container that runs once is state = \"completed\"; it stays, so that its exit code and output can be read")
	f.Elsewhere("attach", "a job is state = \"completed\": apply waits for it and shows what it said if it fails")
	f.Elsewhere("wait", "apply waits by itself: for health where there is a healthcheck, for the end of a job")
	f.Elsewhere("max_retry_count", "write restart = \"on-failure:3\"")
	f.Elsewhere("deploy", "limits are `memory` and `cpus` here; several of one container are for_each")
	f.Elsewhere("scale", "several of one container are for_each (HCL) or a loop (Starlark)")
	f.Elsewhere("build", "declare an image with `build`, and name it: image = image.NAME")
	f.Elsewhere("pull_policy", "`pull_policy` is the image's: declare an image with `pull`, and name it: image = image.NAME")
	f.Elsewhere("replicas", "several of one container are for_each (HCL) or a loop (Starlark)")
	f.Elsewhere("detach", "apply never stays attached: nothing has to be written")
	f.Elsewhere("resources", "limits are `memory` and `cpus` here")
	f.Elsewhere("livenessProbe", "write healthcheck = { test = [\"CMD\", …], interval = \"5s\" }")
	f.Elsewhere("readinessProbe", "write healthcheck = { test = [\"CMD\", …], interval = \"5s\" }")
	f.Elsewhere("provisioner", "what prepares a container is in its image, in `files`, or a job: state = \"completed\"")
	f.Elsewhere("profiles", "write enabled = …")
	f.Elsewhere("extends", "share values by locals or a module")
	f.Elsewhere("mac_address", "a MAC address belongs to an endpoint: networks = [{ network = …, mac_address = … }]")
	f.Elsewhere("ip", "an address belongs to an endpoint: networks = [{ network = …, ipv4_address = … }]")
	f.Elsewhere("network_alias", "an alias belongs to an endpoint: networks = [{ network = …, aliases = [\"db\"] }]")
}

// show adds what only the engine knows.
func show(s *Spec, self ir.Addr, shown map[string]ir.Value) {
	shown["id"] = ir.EngineVal(self, "id")
	shown["exit_code"] = ir.EngineVal(self, "exit_code")
	showPorts(s, self, shown)
	if s.Mode != "" && s.Mode != "bridge" || !s.Joins.IsZero() {
		return
	}
	shown["ip"] = ir.EngineVal(self, "ip")
	ips := map[string]ir.Value{}
	for _, n := range s.Networks {
		ips[n.Network.Name] = ir.EngineVal(self, fmt.Sprintf("ips[%q]", n.Network.Name))
	}
	shown["ips"] = ir.MapVal(ips)
}

func showPorts(s *Spec, self ir.Addr, shown map[string]ir.Value) {
	list := ir.ListVal()
	for i, v := range shown["ports"].List {
		v.Map = maps.Clone(v.Map)
		if s.Ports[i].Host == 0 {
			v.Map["host"] = ir.EngineVal(self, fmt.Sprintf("ports[%d].host", i))
		}
		list.List = append(list.List, v)
	}
	if len(list.List) > 0 {
		shown["ports"] = list
	}
}

// source tells where the values of show are read.
func source(s *Spec, name, attr string) *engine.Source {
	at := func(path ...string) *engine.Source {
		return &engine.Source{Read: engine.Read{Call: "ContainerInspect", Arg: name}, Path: path}
	}
	switch attr {
	case "id":
		return at("Id")
	case "exit_code":
		return at("State", "ExitCode")
	case "ip":
		return at("NetworkSettings", "Networks", s.first(), address)
	}
	if net, ok := netOf(attr); ok {
		return at("NetworkSettings", "Networks", net, address)
	}
	if i, ok := portOf(attr); ok && i < len(s.Ports) {
		return at("NetworkSettings", "Ports", s.Ports[i].key(), engine.Where(s.publication(i)...), "HostPort")
	}
	return nil
}

// address is where an endpoint's address is read: its IPv6 one on a network that has
// no IPv4.
var address = engine.Either("IPAddress", "GlobalIPv6Address")

// first returns the name of the network on which the container's address is
// read.
func (s *Spec) first() string {
	if len(s.Networks) > 0 {
		return s.Networks[0].Network.Name
	}
	return s.Mode // the engine's network of that name
}

// publication tells what ports[i] asked for from what else the engine publishes of
// the same port. It lists that in an order of its own, and where no address was
// asked for, once for each family, or on the address that its daemon.json says.
func (s *Spec) publication(i int) []string {
	p, conds := s.Ports[i], []string{"HostPort!="}
	if host := p.hostPort(); host != "" {
		conds = append(conds, "HostPort="+host)
	}
	if p.HostIP != "" {
		conds = append(conds, "HostIp="+p.HostIP)
	}
	for j, q := range s.Ports {
		switch {
		case j == i || q.key() != p.key():
		case q.Host == 0 && p.HostIP == "" && q.HostIP != "":
			conds = append(conds, "HostIp!="+q.HostIP)
		case q.Host != 0 && p.Host == 0 && (p.HostIP == "" || q.HostIP == "" || p.HostIP == q.HostIP):
			conds = append(conds, "HostPort!="+q.hostPort())
		}
	}
	return conds
}

// blurs reports whether the engine picks the host ports of both, and nothing tells
// afterwards which is which.
func (p Port) blurs(q Port) bool {
	all := func(ip, other string) bool { return ip == "" && (other == "0.0.0.0" || other == "::") }
	if p.key() != q.key() || p.Host != 0 || q.Host != 0 || p.HostIP != q.HostIP && !all(p.HostIP, q.HostIP) && !all(q.HostIP, p.HostIP) {
		return false
	}
	return p.HostRange == "" || q.HostRange == "" || p.meets(q)
}

// netOf returns NAME of ips["NAME"].
func netOf(attr string) (string, bool) {
	quoted, ok := strings.CutPrefix(attr, "ips[")
	var name string
	if !ok || json.Unmarshal([]byte(strings.TrimSuffix(quoted, "]")), &name) != nil {
		return "", false
	}
	return name, true
}

// portOf returns I of ports[I].host.
func portOf(attr string) (int, bool) {
	inner, ok := strings.CutPrefix(attr, "ports[")
	inner, ok2 := strings.CutSuffix(inner, "].host")
	i, err := strconv.Atoi(inner)
	return i, ok && ok2 && err == nil && i >= 0
}

// Kind is the kind container.
var Kind = kind.Define(kind.Def[Spec]{
	Name:    "container",
	Doc:     "A process in a box, from an image.",
	Runs:    true,
	New:     func() schema.Binder { return new(Spec) },
	Show:    show,
	Read:    read,
	Expect:  expect,
	Adjust:  adjust,
	Create:  create,
	Update:  update,
	Replace: replace,
	Finish:  finish,
	Restore: restore,
	Remove:  remove,
	OneOff:  oneOff,
	Puts:    func(s *Spec) []string { return slices.Sorted(maps.Keys(s.Files)) },
	Gate:    gate,
	Outcome: outcome,
	Claims:  claims,
	Check:   checkAlone,
	Source:  source,
})
