package container

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// oneOff makes a container after the program's that runs once: from what it says,
// without what makes it the one that serves.
func oneOff(in kind.In[Spec], o kind.OneOff) kind.Work {
	s, res := *in.Want, *in.Res
	res.Alias = ""
	s.alone()
	s.overridden(o, in.Diags)
	s.TTY, s.StdinOpen, s.StdinOnce = o.TTY, o.Listens, o.Listens
	in.Want, in.Res = &s, &res
	w := kind.Work{Facts: append([]engine.Fact{free(o.Name)}, basis(in)...)}
	w.Ops = birth{name: o.Name, restart: "no", oneOff: &o}.make(in)
	w.Undo = []engine.Op{removal(made(in), true)}
	return w
}

// alone takes away what belongs to the container that serves: the names and
// addresses by which others find it, what tools read from its labels, its health,
// and its end.
func (s *Spec) alone() {
	s.Networks = slices.Clone(s.Networks)
	for i := range s.Networks {
		n := &s.Networks[i]
		n.Aliases, n.IPv4, n.IPv6, n.LinkLocal, n.MAC = nil, "", "", nil, ""
	}
	s.Labels, s.Restart, s.PublishAll, s.Console = nil, "no", false, nil
	s.Healthcheck = &Healthcheck{Disable: true}
}

// overridden puts what somebody wants otherwise over what the program says.
func (s *Spec) overridden(o kind.OneOff, diags *diag.List) {
	if !o.AllPorts {
		s.Ports = nil
	}
	for _, text := range o.Ports {
		ports, err := parsePorts(text)
		if err != nil {
			diags.Addf(diag.Pos{}, "--publish: %v", err)
		}
		s.Ports = append(slices.Clone(s.Ports), ports...)
	}
	if o.Entry != nil {
		entry, err := words(*o.Entry)
		if err != nil {
			diags.Addf(diag.Pos{}, "--entrypoint: %v", err)
		}
		s.Entrypoint, s.Command = texts(entry), nil
		if len(entry) == 0 {
			s.Entrypoint = []ir.Value{}
		}
	}
	if o.Words != nil {
		s.Command = texts(o.Words)
	}
	if o.User != "" {
		s.User = o.User
	}
	if o.Dir != "" {
		dir, err := parsePath(o.Dir)
		if err != nil {
			diags.Addf(diag.Pos{}, "--workdir: %v", err)
		}
		s.WorkingDir = dir
	}
	s.Env = maps.Clone(s.Env)
	for _, e := range o.Env {
		if s.Env == nil {
			s.Env = map[string]ir.Value{}
		}
		name, value, _ := strings.Cut(e, "=")
		s.Env[name] = ir.StringVal(value)
	}
	for _, text := range o.Volumes {
		if err := s.mountOver(text, o.Base); err != nil {
			diags.Addf(diag.Pos{}, "--volume: %v", err)
		}
	}
}

// mountOver adds a mount, in the place of the program's at the same path.
func (s *Spec) mountOver(text, base string) error {
	got, err := parseMount(text)
	if err != nil {
		return err
	}
	m := got[0]
	if m.Type == "bind" && !filepath.IsAbs(m.Source) {
		m.Source = filepath.Join(base, m.Source)
	}
	if m.Target == "/" {
		return fmt.Errorf("got %q: nothing can be mounted over the whole container", text)
	}
	s.Mounts = append(slices.DeleteFunc(slices.Clone(s.Mounts), func(x Mount) bool { return x.Target == m.Target }), m)
	return nil
}
