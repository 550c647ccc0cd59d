package container

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/distribution/reference"
)

// Finish says what the container needs that nobody declared, makes its short
// forms long, and reports what no engine could do.
func (s *Spec) Finish(f *schema.Finishing) {
	s.finishReference(f, "image", &s.Image, s.Platform)
	s.finishNetworks(f)
	for i := range s.Ports {
		s.Ports[i].finish(f)
		if slices.ContainsFunc(s.Ports[:i], s.Ports[i].blurs) {
			f.Errorf("ports", "%s is published twice on one address with host ports of the engine's choice, and nothing tells which is which", s.Ports[i].key()).
				Hintf("give one of them a host port or another host_ip")
		}
	}
	for i := range s.Mounts {
		s.Mounts[i].finish(f)
		if s.Mounts[i].Type == "image" {
			s.finishReference(f, "mounts", &s.Mounts[i].Image, "")
		}
	}
	for i := range s.Networks {
		s.Networks[i].finish(f)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		s.finishFile(f, name)
	}
	s.Limits.finish(f)
	s.Modes.finish(f, s.Mode)
	for _, list := range []*[]string{&s.DNS, &s.DNSOpt, &s.DNSSearch} {
		if len(*list) == 0 {
			*list = nil // to the engine, an empty list is none
		}
	}
	finishCaps(f, "cap_add", s.CapAdd)
	finishCaps(f, "cap_drop", s.CapDrop)
	s.finishHealthcheck(f)
	s.finishProcess(f)
	s.finishTexts(f)
}

// finishReference turns a reference into the image that pulls it, unless it is
// a tag of the stack's own. For each platform that is asked for it is another.
func (s *Spec) finishReference(f *schema.Finishing, attr string, ref *schema.Ref, platform string) {
	text := ref.Name
	if text == "" || !ref.Addr.IsZero() {
		return
	}
	full, err := f.Canonical(text, canonicalReference)
	if err != nil {
		f.Errorf(attr, "%q is no image reference: %v", text, err).Hintf(`write one such as "caddy:2.9", or the handle of an image: image.NAME`)
		return
	}
	addr, ok := f.Named("image", text)
	if !ok {
		addr, ok = f.Named("image", full)
	}
	if implied := addr.Label == ""; !ok || implied {
		said := func(name, at, value string) ir.Attr {
			return ir.Attr{Name: name, Pos: f.Res.AttrPos(at), Value: ir.StringVal(value).At(f.Res.AttrPos(at))}
		}
		key, attrs := full, []ir.Attr{said("pull", attr, full)}
		if platform != "" {
			key, attrs = full+" "+platform, append(attrs, said("platform", "platform", platform))
		}
		addr = f.Imply(ir.Addr{Kind: "image", Key: key, Keyed: true}, attrs...).Addr
	}
	*ref = schema.Ref{Addr: addr, Pos: ref.Pos}
}

// canonicalReference is a reference in full: docker.io/library/caddy:latest.
func canonicalReference(text string) (string, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return "", err
	}
	return reference.TagNameOnly(named).String(), nil
}

func (s *Spec) finishNetworks(f *schema.Finishing) {
	other := s.Mode != "" || !s.Joins.IsZero()
	switch {
	case other && len(s.Networks) > 0:
		f.Errorf("network_mode", "a container with a network_mode is on no network").Hintf("take `network_mode` or `networks` away")
	case other:
	case s.Networks != nil && len(s.Networks) == 0:
		f.Errorf("networks", "the list is empty").
			Hintf(`write network_mode = "none" for a container without a network, or leave networks out: it then joins the stack's network default`)
	case s.Networks == nil:
		n := f.Imply(ir.Addr{Kind: "network", Label: "default"})
		s.Networks = []Net{{Network: schema.Ref{Addr: n.Addr, Name: n.Name}}}
	}
	for _, n := range s.Networks {
		if slices.Contains([]string{"none", "host", "bridge"}, n.Network.Name) && n.Network.Addr.IsZero() {
			f.Errorf("networks", "%q is no network to be on beside others", n.Network.Name).Hintf("write network_mode = %q", n.Network.Name)
		}
	}
	shared := s.Mode == "host" || s.Mode == "none" || !s.Joins.IsZero()
	if shared && len(s.Ports) > 0 {
		f.Errorf("ports", "a container without a network of its own can publish no ports").
			Hintf("take `ports` away: with host it is on the host's ports already, with container: the other container publishes them")
	}
	if shared && s.PublishAll {
		f.Errorf("publish_all_ports", "a container without a network of its own can publish no ports").Hintf("take it away")
	}
	if s.UTS == "host" && s.Hostname != "" {
		f.Errorf("hostname", "with uts = \"host\" it has the host's name").Hintf("take `hostname` or `uts` away")
	}
	if s.Joins.IsZero() {
		return
	}
	for _, a := range []struct {
		name string
		set  bool
	}{{"hostname", s.Hostname != ""}, {"domainname", s.Domainname != ""}, {"dns", s.DNS != nil}, {"dns_opt", s.DNSOpt != nil}, {"dns_search", s.DNSSearch != nil}, {"expose", s.Expose != nil}, {"extra_hosts", s.ExtraHosts != nil}} {
		if a.set {
			f.Errorf(a.name, "a container that shares another's network has its %s too", a.name).Hintf("set it on the other container")
		}
	}
}

func (p *Port) finish(f *schema.Finishing) {
	if p.Protocol == "" {
		p.Protocol = "tcp"
	}
	if p.Host != 0 && p.HostRange != "" {
		f.Errorf("ports", "%s has both host and host_range", p.key()).Hintf("host is one port, host_range lets the engine pick one of several")
	}
}

func (s *Spec) finishFile(f *schema.Finishing, name string) {
	x := s.Files[name]
	switch {
	case !strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") || path.Clean(name) != name:
		f.Errorf("files", "%q is no path of a file", name).Hintf(`write an absolute path such as "/etc/app.conf"`)
	case x.Source != "" && !x.Content.IsNull():
		f.Errorf("files", "%s has both content and source", name).Hintf("take one of them away")
	case x.Source == "" && x.Content.IsNull():
		f.Errorf("files", "%s has neither content nor source", name).Hintf(`write content = "…", which may be empty`)
	}
	if !x.Content.IsNull() && len(x.Content.Template()) > maxFile {
		f.Errorf("files", "%s is longer than %s", name, schema.Size(maxFile)).Hintf("put it into an image or a volume")
	}
	if x.Source != "" {
		x.Source = f.Path("files", x.Source)
	}
	s.Files[name] = x
	m := s.mountOf(name)
	switch {
	case m != nil && m.Type == "tmpfs":
		f.Errorf("files", "%s lies in the tmpfs at %s, which is empty at each start", name, m.Target).Hintf("put it outside")
	case m != nil && m.Type == "bind":
		f.Errorf("files", "%s lies in the host's directory that is mounted at %s", name, m.Target).Hintf("put it outside, or keep the file in that directory")
	case m != nil && m.Type == "image":
		f.Errorf("files", "%s lies in the image that is mounted at %s, which is read-only", name, m.Target).Hintf("put it outside")
	case m != nil && m.ReadOnly:
		f.Errorf("files", "%s lies in the read-only mount at %s", name, m.Target).Hintf("put it outside, or make the mount writable")
	case m == nil && s.ReadOnly:
		f.Errorf("files", "%s cannot be put into a read_only container", name).Hintf("put it into a volume, bind it from the host, or take read_only away")
	}
}

// mountOf returns the innermost mount that a path lies in, or nil.
func (s *Spec) mountOf(name string) *Mount {
	var in *Mount
	for i, m := range s.Mounts {
		if below(name, m.Target) && (in == nil || len(m.Target) > len(in.Target)) {
			in = &s.Mounts[i]
		}
	}
	return in
}

// below reports whether a path is dir or lies in it.
func below(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

func (s *Spec) finishHealthcheck(f *schema.Finishing) {
	h := s.Healthcheck
	if h == nil {
		return
	}
	if len(h.Test) == 1 && h.Test[0].Str == "NONE" {
		h.Test, h.Disable = nil, true
	}
	if h.Disable && (h.Test != nil || h.Interval+h.Timeout+h.StartPeriod+h.StartInterval != 0 || h.Retries != 0) {
		f.Errorf("healthcheck", "it is off, and yet says how to check").Hintf("write healthcheck = { disable = true } alone")
	}
	if h.Test != nil && (len(h.Test) < 2 || h.Test[0].Str != "CMD" && h.Test[0].Str != "CMD-SHELL") {
		f.Errorf("healthcheck", "test begins with neither CMD nor CMD-SHELL").
			Hintf(`write ["CMD", "prog", "arg"], or text for the shell: test = "curl -f http://localhost/"`)
	}
	for _, d := range []time.Duration{h.Interval, h.Timeout, h.StartPeriod, h.StartInterval} {
		if d != 0 && d < time.Millisecond {
			f.Errorf("healthcheck", "%s is less than the engine takes", d).Hintf("write at least 1ms")
		}
	}
	if h.StartInterval != 0 && h.StartPeriod == 0 {
		f.Errorf("healthcheck", "start_interval says nothing without start_period").Hintf("set start_period")
	}
}

// finishProcess reports what no engine could run.
func (s *Spec) finishProcess(f *schema.Finishing) {
	if s.Entrypoint != nil && len(s.Entrypoint) == 0 && len(s.Command) == 0 {
		f.Errorf("entrypoint", "an empty entrypoint leaves nothing to run").Hintf("set `command`: an entrypoint drops the image's")
	}
	if s.Command != nil && len(s.Command) == 0 && s.Entrypoint == nil {
		f.Errorf("command", "the engine reads an empty command as the image's").Hintf("set `entrypoint`: that drops the image's command")
	}
	if s.State == completed && s.Restart != "" && s.Restart != "no" && !strings.HasPrefix(s.Restart, "on-failure") {
		f.Errorf("restart", "a job that is restarted whenever it ends never completes").Hintf(`write "no" or "on-failure:3"`)
	}
	for _, k := range slices.Sorted(maps.Keys(s.Env)) {
		if k == "" || strings.Contains(k, "=") {
			f.Errorf("env", "%q is no name of a variable", k).Hintf(`write env = { NAME = "value" }`)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.Labels)) {
		if engine.IsLabel(k) {
			f.Errorf("labels", "%q is one of bay's own labels", k).Hintf("choose a name that does not begin with bayplan.")
		}
	}
}

// finishTexts refuses values that only the engine knows where a plan is
// decided by the text.
func (s *Spec) finishTexts(f *schema.Finishing) {
	refuse := func(attr string, v ir.Value) {
		if v.HasEngine() {
			f.Errorf(attr, "%s is known only to a running engine and cannot be used here", v.Show()).
				Hintf("such a value may stand in env, command, entrypoint, extra_hosts, files and outputs")
		}
	}
	if s.Healthcheck != nil {
		for _, v := range s.Healthcheck.Test {
			refuse("healthcheck", v)
		}
	}
	if s.Logging != nil {
		for _, k := range slices.Sorted(maps.Keys(s.Logging.Options)) {
			refuse("logging", s.Logging.Options[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.ExtraHosts)) {
		if k == "" || strings.ContainsAny(k, ": =") {
			f.Errorf("extra_hosts", "%q is no host name", k).Hintf(`write extra_hosts = { "db.local" = "10.0.0.2" }`)
		}
	}
}

// tag is the temporary name of a container that takes part in a replacement.
// The first characters of the old one's ID tell replacements apart.
func tag(name, word, oldID string) string {
	return fmt.Sprintf("%s.%s-%.12s", name, word, oldID)
}

// finishCaps reports capabilities that Linux does not have.
func finishCaps(f *schema.Finishing, attr string, caps []string) {
	for _, c := range caps {
		name := strings.TrimPrefix(c, "CAP_")
		if name == "ALL" || slices.Contains(capNames, name) {
			continue
		}
		m := f.Errorf(attr, "there is no capability %s", name).DidYouMean(name, capNames)
		if m.Hint == "" {
			m.Hintf("the capabilities are %s", strings.Join(capNames, ", "))
		}
	}
}

// capNames are the capabilities of Linux: capabilities(7).
var capNames = strings.Fields(`
	AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH
	FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN
	NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT
	SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM`)
