package container

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
)

// Modes is how a container is set apart from its host and from others, and
// how people attach to it.
type Modes struct {
	TTY, StdinOpen, StdinOnce bool
	Expose                    []string // "80/tcp", beside what ports publish and the image says
	PublishAll                bool
	Shell                     []string // what runs a healthcheck that is text
	Console                   *Console
	Annotations               map[string]string
	DNSOpt, DNSSearch         []string
	GroupAdd                  []string
	IPC                       string     // none, private, shareable, host; "" is the engine's
	IPCJoins                  schema.Ref // the container whose IPC namespace it shares
	PID                       string     // host; "" is its own
	PIDJoins                  schema.Ref
	UTS, UserNS               string // host; "" is its own
	CgroupNS                  string // host, private; "" is the engine's
	SecurityOpt               []string
	Seccomp                   string // unconfined, or a profile in JSON; "" is the engine's
	MaskedPaths               []string
	ReadonlyPaths             []string
	StorageOpt                map[string]string
	Runtime                   string
	Platform                  string
	Links                     []Link
	VolumesFrom               []From
}

// bind says which attributes modes have.
func (s *Modes) bind(f *schema.Set) {
	f.Bool(&s.TTY, "tty", schema.Replace, "It has a terminal.").From("Config.Tty")
	f.Bool(&s.StdinOpen, "stdin_open", schema.Replace, "Its standard input stays open, so that people can attach to it.").From("Config.OpenStdin")
	f.Bool(&s.StdinOnce, "stdin_once", schema.Replace, "Its standard input is closed when the first who attached has left.").From("Config.StdinOnce")
	schema.Object(f, &s.Console, "console_size", schema.Replace, "Size of its terminal when it starts: { height, width }.", schema.Short[Console]{}).From("HostConfig.ConsoleSize").Min("1.42")
	f.StringSet(&s.Expose, "expose", schema.Replace, `Ports that it listens on, for publish_all_ports and for people to read: "80", "53/udp".`, parseExposed).From("Config.ExposedPorts").OpenKeys()
	f.Bool(&s.PublishAll, "publish_all_ports", schema.Replace, "Every exposed port is published on a port that the engine picks.").From("HostConfig.PublishAllPorts")
	f.Strings(&s.Shell, "shell", schema.Replace, "What runs a healthcheck that is text; /bin/sh -c by default.").From("Config.Shell")
	f.PlainMap(&s.Annotations, "annotations", schema.Replace, "Annotations for the OCI runtime.").From("HostConfig.Annotations").OpenKeys().Min("1.43")
	f.Strings(&s.DNSOpt, "dns_opt", schema.Replace, "Options in resolv.conf, such as \"ndots:1\".").From("HostConfig.DnsOptions")
	f.Strings(&s.DNSSearch, "dns_search", schema.Replace, "Domains in which short names are looked up.").From("HostConfig.DnsSearch")
	f.StringSet(&s.GroupAdd, "group_add", schema.Replace, "Further groups of its user, by name or number.", nil).From("HostConfig.GroupAdd")
	f.WordOrRef(&s.IPC, &s.IPCJoins, "ipc", "container", "container:", schema.Replace, "Shared memory and semaphores: private, shareable, host, none, or a container whose it shares.", "private", "shareable", "host", "none").From("HostConfig.IpcMode").ByEngine()
	f.WordOrRef(&s.PID, &s.PIDJoins, "pid", "container", "container:", schema.Replace, "Processes that it sees: host, or a container whose it shares; its own by default.", "host").From("HostConfig.PidMode")
	f.Enum(&s.UTS, "uts", schema.Replace, "host: it has the host's name.", "host").From("HostConfig.UTSMode")
	f.Enum(&s.UserNS, "userns_mode", schema.Replace, "host: its users are the host's, where the engine maps them.", "host").From("HostConfig.UsernsMode")
	f.Enum(&s.CgroupNS, "cgroup", schema.Replace, "Cgroup namespace: host or private.", "host", "private").From("HostConfig.CgroupnsMode").ByEngine()
	f.StringSet(&s.SecurityOpt, "security_opt", schema.Replace, `"no-new-privileges", "apparmor=PROFILE", "label=disable", "label=type:TYPE".`, parseSecurity).From("HostConfig.SecurityOpt").OpenKeys()
	f.Parsed(&s.Seccomp, "seccomp", "text", `"unconfined", or a profile as JSON`, schema.Replace, `System calls that it may make: "unconfined", or a profile as JSON, such as file("seccomp.json").`, parseSeccomp).From("HostConfig.SecurityOpt")
	f.StringSet(&s.MaskedPaths, "masked_paths", schema.Replace, "Paths that are hidden from it; an empty list hides none.", parsePath).From("HostConfig.MaskedPaths").ByEngine()
	f.StringSet(&s.ReadonlyPaths, "readonly_paths", schema.Replace, "Paths that it can only read; an empty list is none.", parsePath).From("HostConfig.ReadonlyPaths").ByEngine()
	f.PlainMap(&s.StorageOpt, "storage_opt", schema.Replace, "Options of the storage driver, such as size.").From("HostConfig.StorageOpt")
	f.String(&s.Runtime, "runtime", schema.Replace, "OCI runtime; the engine's by default.").From("HostConfig.Runtime").ByEngine()
	f.Parsed(&s.Platform, "platform", "platform", `a platform such as "linux/arm64"`, schema.Replace, "Platform of the image, such as linux/arm64: a reference in `image` is pulled for it. The engine tells it of no container, so that a change is seen by what was set.", schema.Platform).ByRoom()
	schema.Objects(f, &s.Links, "links", schema.Replace, `With network_mode = "bridge", where names do not resolve: "db:database", or { container, alias }.`, Link.key, schema.Short[Link]{As: "container", Text: parseLink}).From("HostConfig.Links")
	schema.Objects(f, &s.VolumesFrom, "volumes_from", schema.Replace, `Containers whose mounts it gets: a handle, "NAME", "NAME:ro", or { container, read_only }.`, From.key, schema.Short[From]{As: "container", Text: parseFrom}).From("HostConfig.VolumesFrom")
	for name, hint := range modesElsewhere {
		f.Elsewhere(name, hint)
	}
}

// modesElsewhere is what other tools call modes.
var modesElsewhere = map[string]string{
	"t": "`t` is `tty` here", "i": "`i` is `stdin_open` here", "stdin": "`stdin` is `stdin_open` here", "interactive": "`interactive` is `stdin_open` here",
	"dns_opts": "`dns_opts` is `dns_opt` here", "dns_options": "`dns_options` is `dns_opt` here", "ipc_mode": "`ipc_mode` is `ipc` here", "pid_mode": "`pid_mode` is `pid` here",
	"uts_mode": "`uts_mode` is `uts` here", "userns": "`userns` is `userns_mode` here", "cgroupns": "`cgroupns` is `cgroup` here", "cgroupns_mode": "`cgroupns_mode` is `cgroup` here",
	"security_opts": "`security_opts` is `security_opt` here", "storage_opts": "`storage_opts` is `storage_opt` here", "annotation": "`annotation` is `annotations` here",
	"external_links": "`external_links` is `links` here: containers on one network find each other by name without it",
	"P":              "write publish_all_ports = true, or name the ports: ports = [\"80\"] lets the engine pick a port on the host",
	"auto_remove":    "a container that runs once is state = \"completed\"; it stays, so that its exit code and output can be read",
	"cidfile":        "the ID is container.NAME.id: an output can show it",
	"tmpfs":          "write mounts = [{ type = \"tmpfs\", target = \"/run\", size = \"64m\" }]",
	"volume_from":    "`volume_from` is `volumes_from` here", "link": "`link` is `links` here", "dns_option": "`dns_option` is `dns_opt` here",
	"systempaths": "write masked_paths = [] and readonly_paths = []",
	"isolation":   "that is for Windows", "credential_spec": "that is for Windows",
	"volume_driver":    "the driver belongs to a volume: volume \"NAME\" { driver = … }",
	"network_disabled": "write network_mode = \"none\"",
	"group":            "`group` is `group_add` here",
	"use_api_socket":   "mount it: mounts = [\"/var/run/docker.sock:/var/run/docker.sock\"]",
	"read_only_paths":  "`read_only_paths` is `readonly_paths` here",
	"publish_all":      "`publish_all` is `publish_all_ports` here",
	"exposed_ports":    "`exposed_ports` is `expose` here",
	"label_file":       "read the file into labels: labels = dotenvdecode(file(\"labels.env\"))",
}

// Console is the size of a terminal, in characters.
type Console struct{ Height, Width int64 }

// Bind says which attributes a terminal's size has.
func (c *Console) Bind(f *schema.Set) {
	f.Int(&c.Height, "height", schema.Range{Min: 1, Max: 10000}, schema.Replace, "Lines.").Required()
	f.Int(&c.Width, "width", schema.Range{Min: 1, Max: 10000}, schema.Replace, "Columns.").Required()
}

// From is a container whose mounts another one gets.
type From struct {
	Container schema.Ref
	ReadOnly  bool
}

// Bind says which attributes it has.
func (x *From) Bind(f *schema.Set) {
	f.Ref(&x.Container, "container", "container", schema.Replace, "The other container.").Required()
	f.Bool(&x.ReadOnly, "read_only", schema.Replace, "It cannot write to them.")
}

func (x From) key() string { return x.Container.Name }

func parseFrom(text string) ([]From, error) {
	name, mode, _ := strings.Cut(text, ":")
	if name == "" || mode != "" && mode != "ro" && mode != "rw" {
		return nil, fmt.Errorf("got %q, want \"NAME\" or \"NAME:ro\"", text)
	}
	return []From{{Container: schema.Ref{Name: name}, ReadOnly: mode == "ro"}}, nil
}

// parseExposed writes a port as 80/tcp, or a range of them as 8000-8010/tcp.
func parseExposed(text string) (string, error) {
	ports, proto, ok := strings.Cut(strings.ToLower(text), "/")
	if !ok {
		proto = "tcp"
	}
	from, to, err := nat.ParsePortRangeToInt(ports)
	if err != nil || from == 0 || !slices.Contains([]string{"tcp", "udp", "sctp"}, proto) {
		return "", fmt.Errorf("got %q, want a port such as \"80\" or \"53/udp\", or a range such as \"8000-8010\"", text)
	}
	if to-from >= 1024 {
		return "", fmt.Errorf("got %q, a range of %d ports: 1024 is the limit here", text, to-from+1)
	}
	if from == to {
		return fmt.Sprintf("%d/%s", from, proto), nil
	}
	return fmt.Sprintf("%d-%d/%s", from, to, proto), nil
}

// single makes single ports of ranges; nil stays nil.
func single(list []string) []string {
	if list == nil {
		return nil
	}
	out := []string{}
	for _, e := range list {
		ports, proto, _ := strings.Cut(e, "/")
		from, to, err := nat.ParsePortRangeToInt(ports)
		if err != nil {
			panic("container: an exposed port is not canonical: " + e)
		}
		for p := from; p <= to; p++ {
			out = append(out, fmt.Sprintf("%d/%s", p, proto))
		}
	}
	return out
}

// parseSecurity writes an option as KEY=VALUE.
func parseSecurity(text string) (string, error) {
	key, value, ok := strings.Cut(strings.Replace(text, ":", "=", 1), "=")
	switch {
	case key == "no-new-privileges":
		if !ok {
			value = "true"
		}
		if value != "true" && value != "false" {
			break
		}
		return key + "=" + value, nil
	case key == "seccomp":
		return "", fmt.Errorf("got %q: seccomp is an attribute of its own here: seccomp = \"unconfined\", or seccomp = file(\"profile.json\")", text)
	case key == "systempaths":
		return "", fmt.Errorf("got %q: write masked_paths = [] and readonly_paths = []", text)
	case ok && value != "" && slices.Contains([]string{"apparmor", "label", "writable-cgroups"}, key):
		return key + "=" + value, nil
	}
	return "", fmt.Errorf("got %q, want \"no-new-privileges\", \"apparmor=PROFILE\" or \"label=…\"", text)
}

// parseSeccomp writes a profile without spaces that mean nothing.
func parseSeccomp(text string) (string, error) {
	if text == "unconfined" || text == "builtin" {
		return text, nil
	}
	var b bytes.Buffer
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Compact(&b, []byte(text)) != nil {
		return "", fmt.Errorf("want \"unconfined\", or a profile as JSON: seccomp = file(\"profile.json\")")
	}
	return b.String(), nil
}

// finish completes what was written, and reports what no engine takes.
func (s *Modes) finish(f *schema.Finishing, networkMode string) {
	finishLinks(s.Links)
	s.Expose = single(s.Expose)
	if len(s.Links) > 0 && networkMode != "bridge" {
		f.Errorf("links", "on a network of the stack's own, containers find each other by name").
			Hintf("take it away; a name of this container's own for another is networks = [{ network = …, links = [\"db:database\"] }]")
	}
	if s.StdinOnce && !s.StdinOpen {
		f.Errorf("stdin_once", "without stdin_open there is nobody to wait for").Hintf("add stdin_open = true")
	}
	if s.Console != nil && !s.TTY {
		f.Errorf("console_size", "without a terminal there is no size").Hintf("add tty = true")
	}
	if s.Shell != nil && len(s.Shell) == 0 {
		f.Errorf("shell", "the list is empty").Hintf(`write shell = ["/bin/sh", "-c"], or leave it out`)
	}
}

// modesOf reads modes in the form that programs have.
func (r *reading) modesOf(o *object, rec schema.Record) Modes {
	c, h := o.Config, o.HostConfig
	s := Modes{
		TTY: c.Tty, StdinOpen: c.OpenStdin, StdinOnce: c.StdinOnce, Shell: list(c.Shell), PublishAll: h.PublishAllPorts, Annotations: some(h.Annotations),
		DNSOpt: list(h.DNSOptions), DNSSearch: list(h.DNSSearch), GroupAdd: list(h.GroupAdd), UTS: string(h.UTSMode), UserNS: string(h.UsernsMode), CgroupNS: string(h.CgroupnsMode),
		MaskedPaths: h.MaskedPaths, ReadonlyPaths: h.ReadonlyPaths, StorageOpt: some(h.StorageOpt), Runtime: h.Runtime, Platform: rec["platform"].Str,
		Links: linksOf(h.Links),
	}
	for port := range c.ExposedPorts {
		s.Expose = append(s.Expose, string(port))
	}
	if h.ConsoleSize != [2]uint{} {
		s.Console = &Console{Height: int64(h.ConsoleSize[0]), Width: int64(h.ConsoleSize[1])}
	}
	s.IPC, s.IPCJoins = r.joined(string(h.IpcMode))
	s.PID, s.PIDJoins = r.joined(string(h.PidMode))
	for _, o := range h.SecurityOpt {
		if profile, is := strings.CutPrefix(o, "seccomp="); is {
			s.Seccomp = profile
			if canon, err := parseSeccomp(profile); err == nil {
				s.Seccomp = canon
			}
			continue
		}
		if canon, err := parseSecurity(o); err == nil {
			o = canon
		}
		s.SecurityOpt = append(s.SecurityOpt, o)
	}
	for _, text := range h.VolumesFrom {
		if from, err := parseFrom(text); err == nil {
			from[0].Container.Name = r.nameBehind(from[0].Container.Name)
			s.VolumesFrom = append(s.VolumesFrom, from...)
		}
	}
	return s
}

// joined reads a mode that may name another container.
func (r *reading) joined(mode string) (word string, other schema.Ref) {
	if id, is := strings.CutPrefix(mode, "container:"); is {
		return "", schema.Ref{Name: r.nameBehind(id)}
	}
	return mode, other
}

// nameBehind returns the name of a container that is named by its ID or name.
func (r *reading) nameBehind(id string) string {
	if name, ok := r.names[id]; ok {
		return name
	}
	return id
}

// write puts modes into a create call.
func (s *Modes) write(c *api.Config, h *api.HostConfig) {
	c.Tty, c.OpenStdin, c.StdinOnce, c.Shell = s.TTY, s.StdinOpen, s.StdinOnce, s.Shell
	for _, p := range s.Expose {
		if c.ExposedPorts == nil {
			c.ExposedPorts = nat.PortSet{}
		}
		c.ExposedPorts[nat.Port(p)] = struct{}{}
	}
	h.PublishAllPorts, h.Annotations, h.DNSOptions, h.DNSSearch = s.PublishAll, s.Annotations, s.DNSOpt, s.DNSSearch
	h.GroupAdd = slices.Sorted(slices.Values(s.GroupAdd))
	h.IpcMode, h.PidMode = api.IpcMode(mode(s.IPC, s.IPCJoins)), api.PidMode(mode(s.PID, s.PIDJoins))
	h.UTSMode, h.UsernsMode, h.CgroupnsMode = api.UTSMode(s.UTS), api.UsernsMode(s.UserNS), api.CgroupnsMode(s.CgroupNS)
	h.SecurityOpt = slices.Sorted(slices.Values(s.SecurityOpt))
	if s.Seccomp != "" {
		h.SecurityOpt = append(h.SecurityOpt, "seccomp="+s.Seccomp)
	}
	h.MaskedPaths, h.ReadonlyPaths, h.StorageOpt, h.Runtime, h.Links = s.MaskedPaths, s.ReadonlyPaths, s.StorageOpt, s.Runtime, linkTexts(s.Links)
	if s.Console != nil {
		h.ConsoleSize = [2]uint{uint(s.Console.Height), uint(s.Console.Width)}
	}
}

// froms writes the containers whose mounts a new one gets, by their IDs: the
// engine keeps what it was sent, and a name would be another's after a renaming.
func (w *writing) froms() []string {
	var out []string
	for _, x := range w.in.Want.VolumesFrom {
		text := w.idOf(x.Container)
		if x.ReadOnly {
			text += ":ro"
		}
		out = append(out, text)
	}
	return out
}

// idOf returns the ID that a container of the stack has when this one is made,
// or the name of another.
func (w *writing) idOf(r schema.Ref) string {
	addr, ok := w.in.Env.Named("container", r.Name)
	if !ok {
		return r.Name
	}
	switch out := w.in.Env.Outcome(addr); {
	case out == nil:
	case out.ID != "":
		return out.ID
	case out.Verb == kind.Create || out.Verb == kind.Replace:
		return w.op.Blanks.MadeID(addr.String())
	}
	return r.Name
}

// mode writes a mode that may name another container.
func mode(word string, other schema.Ref) string {
	if other.IsZero() {
		return word
	}
	return "container:" + other.Name
}

// exposed completes ports that the program no longer names, and that image or
// published ports bring all the same.
func (s *Spec) exposed(rec schema.Record, img *kind.ImageConfig) {
	for _, v := range rec["expose"].List {
		published := slices.ContainsFunc(s.Ports, func(p Port) bool { return p.key() == v.Str })
		if (published || img != nil && slices.Contains(img.Ports, v.Str)) && !slices.Contains(s.Expose, v.Str) {
			s.Expose = append(slices.Clone(s.Expose), v.Str)
		}
	}
}

// holding is one way in which a container holds on to another one.
type holding struct {
	attr    string
	other   schema.Ref
	restart bool   // it has to start again when the other one has
	note    string // why it is made anew with the other one
}

// holdings returns the containers that a container holds on to by their IDs.
func (s *Spec) holdings() []holding {
	var out []holding
	add := func(attr string, other schema.Ref, restart bool, note string) {
		if !other.IsZero() {
			out = append(out, holding{attr, other, restart, note})
		}
	}
	add("network_mode", s.Joins, true, "it holds the ID of the container whose network it shares")
	add("ipc", s.IPCJoins, true, "it holds the ID of the container whose shared memory it shares")
	add("pid", s.PIDJoins, true, "it holds the ID of the container whose processes it sees")
	for _, x := range s.VolumesFrom {
		add("volumes_from", x.Container, false, "it has the mounts of the container that was")
	}
	for _, l := range s.Links {
		add("links", l.Container, false, "it holds the ID of the container that it is linked to")
	}
	return out
}

// platformChange compares with what was set when the container was made: the
// engine does not tell.
func platformChange(in kind.In[Spec]) []schema.Change {
	was, is := in.Live.Record["platform"], ir.Value{}
	if in.Want.Platform != "" {
		is = ir.StringVal(in.Want.Platform)
	}
	if was.Equal(is) || in.Live.Adopted != "" {
		return nil
	}
	return []schema.Change{{Attr: "platform", Old: was, New: is, Effect: schema.Replace, Pos: in.Res.AttrPos("platform")}}
}

// checkModes reports what this engine would do otherwise than the program says.
func checkModes(in *kind.In[Spec]) {
	i := in.Env.Info
	for _, k := range slices.Sorted(maps.Keys(in.Want.Sysctls)) {
		if i.Has("1.46") && strings.HasPrefix(k, "net.") && strings.Contains(k, ".eth") {
			in.Errorf("sysctls", "%s is about one interface, and from Docker 27.0 on belongs to the network that it is on", k).
				Hintf("write networks = [{ network = …, sysctls = { %q = %q } }]", interfaceless(k), in.Want.Sysctls[k])
		}
	}
	for _, x := range []struct {
		set             bool
		attr, what, api string
	}{
		{in.Want.Seccomp == "builtin", "seccomp", `seccomp = "builtin"`, "1.42"},
		{slices.Contains(in.Want.SecurityOpt, "writable-cgroups=true"), "security_opt", "writable-cgroups", "1.48"},
	} {
		if x.set && !i.Has(x.api) {
			in.Errorf(x.attr, "%s needs %s (API %s), and the engine here speaks API %s", x.what, engine.Release(x.api), x.api, i.API).Hintf("take it away, or upgrade the engine")
		}
	}
	if r := in.Want.Runtime; r != "" && len(i.Runtimes) > 0 && !slices.Contains(i.Runtimes, r) && !strings.HasPrefix(r, "io.containerd.") {
		in.Errorf("runtime", "the engine has no runtime %s", r).Hintf("it has %s", strings.Join(i.Runtimes, ", "))
	}
	for _, m := range in.Want.Mounts {
		needs := func(what, api string) {
			if !i.Has(api) {
				in.Errorf("mounts", "%s: %s needs %s (API %s), and the engine here speaks API %s", m.Target, what, engine.Release(api), api, i.API).
					Hintf("take it away, or upgrade the engine: an older one would leave it out without a word")
			}
		}
		switch {
		case m.Type == "image":
			needs("an image mount", "1.48")
		case m.Recursive == "writable" || m.Recursive == "readonly":
			needs(fmt.Sprintf("recursive = %q", m.Recursive), "1.44")
		}
	}
}

// interfaceless puts IFNAME in the place of an interface's name.
func interfaceless(sysctl string) string {
	parts := strings.Split(sysctl, ".")
	for i, p := range parts {
		if strings.HasPrefix(p, "eth") {
			parts[i] = "IFNAME"
		}
	}
	return strings.Join(parts, ".")
}
