package container

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/mount"
	units "github.com/docker/go-units"
)

// Mount puts storage at a path within the container.
type Mount struct {
	Type           string // volume, bind, tmpfs, image; "" is what the other attributes mean
	Volume         schema.Ref
	Image          schema.Ref
	Source         string // of a bind, absolute
	Target         string
	ReadOnly       bool
	Consistency    string
	NoCopy         bool              // of a volume
	Subpath        string            // of a volume or an image
	Labels         map[string]string // of an unnamed volume
	Driver         string            // of an unnamed volume
	DriverOptions  map[string]string // of an unnamed volume
	Propagation    string            // of a bind
	Recursive      string            // of a bind: disabled, writable, readonly; "" is as far as the kernel goes
	CreateHostPath bool              // of a bind
	SELinux        string            // of a bind or a volume: z, Z
	Size           int64             // of a tmpfs, in bytes; 0 is no limit
	FileMode       string            // of a tmpfs, octal
	Options        []string          // of a tmpfs
}

// Bind says which attributes a mount has.
func (m *Mount) Bind(f *schema.Set) {
	f.Enum(&m.Type, "type", schema.Replace, "volume, bind, tmpfs or image; it follows from `volume`, `source` and `image`.", "volume", "bind", "tmpfs", "image", "cluster", "npipe").From("Type")
	f.Ref(&m.Volume, "volume", "volume", schema.Replace, "The volume; with type = \"volume\" and without it, an unnamed one that goes with the container.").From("Source")
	f.Ref(&m.Image, "image", "image", schema.Replace, "The image whose files are mounted.").From("Source").Min("1.48").ByRoom()
	f.String(&m.Source, "source", schema.Replace, "Path on the host, of a bind; a relative one starts at the module's directory.").From("Source")
	f.Parsed(&m.Target, "target", "path", "an absolute path", schema.Replace, "Path within the container.", parsePath).From("Target").Required()
	f.Bool(&m.ReadOnly, "read_only", schema.Replace, "The container cannot write to it.").From("ReadOnly")
	f.Enum(&m.Consistency, "consistency", schema.Replace, "How soon host and container see each other's writes; only Docker Desktop on a Mac ever looked at it.", "consistent", "cached", "delegated").From("Consistency")
	f.Bool(&m.NoCopy, "no_copy", schema.Replace, "An empty volume does not get what the image has there.").From("VolumeOptions.NoCopy")
	f.String(&m.Subpath, "subpath", schema.Replace, "A directory within the volume or the image.").From("VolumeOptions.Subpath").Min("1.45")
	f.PlainMap(&m.Labels, "labels", schema.Replace, "Labels of an unnamed volume.").From("VolumeOptions.Labels")
	f.String(&m.Driver, "driver", schema.Replace, "Driver of an unnamed volume.").From("VolumeOptions.DriverConfig.Name")
	f.PlainMap(&m.DriverOptions, "driver_options", schema.Replace, "Options of that driver.").From("VolumeOptions.DriverConfig.Options")
	f.Enum(&m.Propagation, "propagation", schema.Replace, "How mounts below a bind spread.", propagations...).From("BindOptions.Propagation")
	f.Enum(&m.Recursive, "recursive", schema.Replace, "Mounts below a bind: enabled (default) takes them along, and makes them read-only too where engine and kernel can; disabled leaves them out; writable (1.44) leaves them writable in a read_only bind; readonly (1.44) makes them read-only or fails.", "enabled", "disabled", "writable", "readonly").From("BindOptions")
	f.Bool(&m.CreateHostPath, "create_host_path", schema.Replace, "The engine makes a directory on the host where the source is missing; otherwise that is an error.").From("BindOptions.CreateMountpoint").Min("1.42")
	f.Enum(&m.SELinux, "selinux", schema.Replace, "The source is labelled for SELinux: z for many containers, Z for this one alone.", "z", "Z").From("HostConfig.Binds")
	f.Bytes(&m.Size, "size", schema.Replace, "Size of a tmpfs.").From("TmpfsOptions.SizeBytes")
	f.Parsed(&m.FileMode, "mode", "mode", `an octal mode such as "1777"`, schema.Replace, "Mode of a tmpfs.", parseMode).From("TmpfsOptions.Mode")
	f.StringSet(&m.Options, "options", schema.Replace, "Options of a tmpfs: \"exec\" or \"noexec\"; the engine takes no other.", parseTmpfsOption).From("TmpfsOptions.Options").Min("1.46")
	f.Elsewhere("nocopy", "`nocopy` is `no_copy` here")
	f.Elsewhere("readonly", "`readonly` is `read_only` here")
	f.Elsewhere("ro", "`ro` is `read_only` here")
	f.Elsewhere("bind", "the options of a bind stand in the mount itself: propagation, recursive, create_host_path, selinux")
	f.Elsewhere("bind_options", "the options of a bind stand in the mount itself: propagation, recursive, create_host_path, selinux")
	f.Elsewhere("tmpfs", "the options of a tmpfs are `size`, `mode` and `options` here")
	f.Elsewhere("tmpfs_options", "the options of a tmpfs are `size`, `mode` and `options` here")
	f.Elsewhere("volume_options", "the options of a volume stand in the mount itself: no_copy, subpath")
	f.Elsewhere("selinux_relabel", "`selinux_relabel` is `selinux` here")
	f.Elsewhere("destination", "`destination` is `target` here")
	f.Elsewhere("dst", "`dst` is `target` here")
	f.Elsewhere("src", "`src` is `volume` or `source` here")
}

var propagations = []string{"private", "rprivate", "shared", "rshared", "slave", "rslave"}

func (m Mount) key() string { return m.Target }

// unnamed reports whether the engine chooses the volume's name.
func (m Mount) unnamed() bool { return m.Type == "volume" && m.Volume.IsZero() }

// finish tells what sort of mount it is, and refuses what does not go together.
func (m *Mount) finish(f *schema.Finishing) {
	report := func(format string, args ...any) *diag.Diag {
		return f.Errorf("mounts", "%s%s", m.Target, fmt.Sprintf(format, args...))
	}
	switch m.Type {
	case "cluster":
		report(" is a cluster volume, which only services of a swarm mount: engines take none for a container").Hintf("mount a `volume`")
		return
	case "npipe":
		report(" is a named pipe of Windows").Hintf(`bay speaks to engines on Linux, where a socket is a bind: { source = "/run/x.sock", target = "/run/x.sock" }`)
		return
	}
	var means []string
	for of, is := range map[string]bool{"volume": !m.Volume.IsZero(), "bind": m.Source != "", "image": !m.Image.IsZero()} {
		if is {
			means = append(means, of)
		}
	}
	slices.Sort(means)
	switch {
	case len(means) > 1:
		report(" has more than one source: it is a %s", strings.Join(means, " and a ")).Hintf("volume is a volume, source is a path on the host, image is an image: take all but one away")
		return
	case m.Type == "" && len(means) == 0:
		report(" does not say what is mounted there").Hintf(`write volume = volume.NAME, source = "./PATH", or type = "tmpfs"`)
		return
	case m.Type == "":
		m.Type = means[0]
	}
	needs := map[string]string{"bind": "bind", "image": "image", "volume": "volume"}[m.Type]
	if len(means) == 1 && means[0] != needs || len(means) == 0 && m.Type != "tmpfs" && m.Type != "volume" {
		report(" is a %s, but its other attributes do not say so", m.Type).Hintf("a volume needs `volume`, a bind `source`, an image `image`, a tmpfs none of them")
	}
	for _, of := range []struct {
		attr  string
		set   bool
		kinds []string
	}{
		{"no_copy", m.NoCopy, []string{"volume"}}, {"subpath", m.Subpath != "", []string{"volume", "image"}}, {"propagation", m.Propagation != "", []string{"bind"}},
		{"recursive", m.Recursive != "", []string{"bind"}}, {"create_host_path", m.CreateHostPath, []string{"bind"}}, {"selinux", m.SELinux != "", []string{"bind", "volume"}},
		{"size", m.Size != 0, []string{"tmpfs"}}, {"mode", m.FileMode != "", []string{"tmpfs"}}, {"options", m.Options != nil, []string{"tmpfs"}},
		{"labels", m.Labels != nil, []string{"volume"}}, {"driver", m.Driver != "", []string{"volume"}}, {"driver_options", m.DriverOptions != nil, []string{"volume"}},
	} {
		if of.set && !slices.Contains(of.kinds, m.Type) {
			report(": %s is for a %s, and this is a %s", of.attr, strings.Join(of.kinds, " or a "), m.Type).Hintf("take it away")
		}
	}
	m.finishOptions(report)
	if m.Source != "" {
		m.Source = filepath.ToSlash(f.Path("mounts", m.Source))
	}
}

func (m *Mount) finishOptions(report func(string, ...any) *diag.Diag) {
	if m.Recursive == "enabled" {
		m.Recursive = "" // what the engine does by itself
	}
	switch {
	case (m.Recursive == "writable" || m.Recursive == "readonly") && !m.ReadOnly:
		report(": recursive = %q is about a read_only bind", m.Recursive).Hintf("add read_only = true")
	case m.Recursive == "readonly" && m.Propagation != "" && m.Propagation != "rprivate":
		report(": recursive = \"readonly\" does not go with propagation = %q", m.Propagation).Hintf("what spreads cannot be kept read-only: take `propagation` away")
	case m.Subpath != "" && !filepath.IsLocal(m.Subpath):
		report(": subpath %q leads out of the %s", m.Subpath, m.Type).Hintf(`write one such as "data/www"`)
	case m.SELinux != "" && strings.Contains(m.Source+m.Target, ":"):
		report(": the engine takes selinux only in a text that is split at colons, and there is one in a path").Hintf("choose another path")
	case m.SELinux != "" && (m.Recursive != "" || m.CreateHostPath || m.Subpath != "" || m.Consistency != ""):
		report(": the engine takes selinux only in the short form of a mount, which has no recursive, create_host_path, subpath and consistency").Hintf("take one of them away")
	case !m.Volume.IsZero() && (m.Labels != nil || m.Driver != "" || m.DriverOptions != nil):
		report(": labels and driver are for a volume without a name").Hintf("they belong to the volume's own declaration")
	case m.FileMode == "0000":
		report(": mode 0 is to the engine as if it was not said, and the tmpfs gets 1777").Hintf("write another mode, or take it away")
	case m.unnamed() && (m.ReadOnly || m.Subpath != "" || m.SELinux != ""):
		report(": a volume without a name is neither read_only nor has it a subpath or selinux").Hintf("declare a volume, and name it: volume = volume.NAME")
	}
}

// parseTmpfsOption takes the options that engines take.
func parseTmpfsOption(text string) (string, error) {
	if text == "exec" || text == "noexec" {
		return text, nil
	}
	return "", fmt.Errorf("got %q, want exec or noexec: engines take no other option of a tmpfs; size and mode are attributes", text)
}

// options reads what stands after the second colon of the short form.
func (m *Mount) option(o string) error {
	switch {
	case o == "ro":
		m.ReadOnly = true
	case o == "rw" || o == "":
	case o == "nocopy" && m.Type == "volume":
		m.NoCopy = true
	case o == "z" || o == "Z":
		m.SELinux = o
	case slices.Contains(propagations, o) && m.Type == "bind":
		m.Propagation = o
	case slices.Contains([]string{"consistent", "cached", "delegated"}, o):
		m.Consistency = o
	default:
		return fmt.Errorf("%q is no option of a %s mount here: want ro, rw, z, Z, nocopy (volume), or how a bind spreads (%s)", o, m.Type, strings.Join(propagations, ", "))
	}
	return nil
}

// parseMount reads what `docker run -v` takes: SOURCE:TARGET[:OPTION,…], where
// SOURCE is a volume's name or a path.
func parseMount(text string) ([]Mount, error) {
	parts := strings.Split(text, ":")
	if len(parts) == 1 {
		return nil, fmt.Errorf("got %q, want SOURCE:TARGET: a volume without a name would be lost with the container; declare one, and write { volume = volume.NAME, target = %q }", text, text)
	}
	if len(parts) > 3 || parts[0] == "" {
		return nil, fmt.Errorf("got %q, want SOURCE:TARGET or SOURCE:TARGET:ro", text)
	}
	target, err := parsePath(parts[1])
	if err != nil {
		return nil, err
	}
	m := Mount{Type: "volume", Target: target}
	switch source := parts[0]; {
	case strings.HasPrefix(source, "~"):
		return nil, fmt.Errorf("got %q: bay does not know whose home ~ is; write the whole path", text)
	case strings.HasPrefix(source, ".") || strings.Contains(source, "/"):
		m.Type, m.Source = "bind", source
	default:
		m.Volume = schema.Ref{Name: source}
	}
	if len(parts) == 3 {
		for _, o := range strings.Split(parts[2], ",") {
			if err := m.option(o); err != nil {
				return nil, fmt.Errorf("got %q: %w", text, err)
			}
		}
	}
	return []Mount{m}, nil
}

// mountsOf reads what create was asked for, in all of its spellings. An unnamed
// volume that came along with its data is not part of it, unless record or
// program have a mount there: what the image says now tells nothing, since it may
// have asked for the volume when it was another.
func mountsOf(o *object, rec schema.Record, want *Spec) []Mount {
	var out []Mount
	add := func(m Mount) {
		if m, ok := m.asSaid(rec, want); ok {
			out = append(out, m)
		}
	}
	for _, m := range o.HostConfig.Mounts {
		add(mountOf(m))
	}
	for _, text := range o.HostConfig.Binds {
		if m, ok := bindOf(text); ok {
			add(m)
		}
	}
	for target, options := range o.HostConfig.Tmpfs {
		out = append(out, tmpfsOf(target, options))
	}
	for target := range o.Config.Volumes { // docker run -v /path
		covered := slices.ContainsFunc(out, func(m Mount) bool { return m.Target == path.Clean(target) })
		if o.image != nil && !slices.Contains(o.image.Volumes, target) && !covered {
			out = append(out, Mount{Type: "volume", Target: path.Clean(target)})
		}
	}
	slices.SortFunc(out, func(a, b Mount) int { return strings.Compare(a.Target, b.Target) })
	return out
}

// volumesSaid are the mounts of volumes that record or program have.
func volumesSaid(rec schema.Record, want *Spec) []Mount {
	var out []Mount
	for _, e := range rec["mounts"].List {
		if e.Map["type"].Str == "volume" {
			out = append(out, Mount{Type: "volume", Target: e.Map["target"].Str, Volume: schema.Ref{Name: e.Map["volume"].Str}})
		}
	}
	if want != nil {
		out = append(out, want.Mounts...)
	}
	return out
}

// asSaid returns a mount as record or program say it: that of a volume whose name
// the engine chose by that name, or as one without. It reports whether they do.
func (m Mount) asSaid(rec schema.Record, want *Spec) (Mount, bool) {
	if !isUnnamed(m.Volume.Name) {
		return m, true
	}
	said := volumesSaid(rec, want)
	is := func(s Mount) bool {
		return s.Type == "volume" && s.Target == m.Target && s.Volume.Name == m.Volume.Name
	}
	if slices.ContainsFunc(said, is) {
		return m, true
	}
	m.Volume = schema.Ref{}
	return m, slices.ContainsFunc(said, is)
}

func mountOf(m mount.Mount) Mount {
	x := Mount{Type: string(m.Type), Target: path.Clean(m.Target), ReadOnly: m.ReadOnly, Consistency: string(m.Consistency)}
	switch {
	case m.Type == mount.TypeImage:
		x.Image = schema.Ref{Name: m.Source}
	case m.Type != mount.TypeVolume && m.Type != mount.TypeCluster:
		x.Source = m.Source
	case m.Source != "":
		x.Volume = schema.Ref{Name: m.Source}
	}
	if x.Consistency == "default" {
		x.Consistency = ""
	}
	if v := m.VolumeOptions; v != nil {
		x.NoCopy, x.Subpath, x.Labels = v.NoCopy, v.Subpath, some(v.Labels)
		if d := v.DriverConfig; d != nil {
			x.Driver, x.DriverOptions = d.Name, some(d.Options)
		}
	}
	if i := m.ImageOptions; i != nil {
		x.Subpath = i.Subpath
	}
	if b := m.BindOptions; b != nil {
		x.Propagation, x.CreateHostPath = string(b.Propagation), b.CreateMountpoint
		switch {
		case b.NonRecursive:
			x.Recursive = "disabled"
		case b.ReadOnlyNonRecursive:
			x.Recursive = "writable"
		case b.ReadOnlyForceRecursive:
			x.Recursive = "readonly"
		}
	}
	if t := m.TmpfsOptions; t != nil {
		x.Size = t.SizeBytes
		if t.Mode != 0 {
			x.FileMode = fmt.Sprintf("%04o", uint32(t.Mode))
		}
		for _, o := range t.Options {
			x.Options = append(x.Options, strings.Join(o, "="))
		}
	}
	return x
}

// some returns a map, or nil if it is empty.
func some(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

// bindOf reads a mount in the engine's short form.
func bindOf(text string) (Mount, bool) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return Mount{}, false
	}
	m := Mount{Type: "volume", Target: path.Clean(parts[1]), Volume: schema.Ref{Name: parts[0]}}
	if strings.HasPrefix(parts[0], "/") {
		m = Mount{Type: "bind", Target: path.Clean(parts[1]), Source: path.Clean(parts[0])}
	}
	if len(parts) == 3 {
		for _, o := range strings.Split(parts[2], ",") {
			_ = m.option(o) // what programs do not say is not compared
		}
	}
	return m, true
}

// tmpfsOf reads a tmpfs in the engine's short form.
func tmpfsOf(target, options string) Mount {
	m := Mount{Type: "tmpfs", Target: path.Clean(target)}
	for _, o := range strings.Split(options, ",") {
		key, value, _ := strings.Cut(o, "=")
		size, sizeErr := units.RAMInBytes(value)
		mode, modeErr := parseMode(value)
		switch {
		case o == "ro":
			m.ReadOnly = true
		case o == "rw":
		case key == "size" && sizeErr == nil:
			m.Size = size
		case key == "mode" && modeErr == nil:
			m.FileMode = mode
		case o != "":
			m.Options = append(m.Options, o)
		}
	}
	return m
}

// isUnnamed reports whether a volume's name is one that the engine chose.
func isUnnamed(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// mounts writes the mounts of a new container: as objects, but for those that
// only the short form can say. Unnamed volumes of the one that it replaces are
// among them.
func (w *writing) mounts(b birth) (objects []mount.Mount, binds []string) {
	for _, m := range w.in.Want.Mounts {
		if m.SELinux != "" {
			binds = append(binds, m.bind())
			continue
		}
		x := m.engine()
		if m.Type == "image" {
			x.Source = w.in.Env.Outcome(m.Image.Addr).Ref
		}
		if m.unnamed() {
			x.Source = b.carries(m.Target)
		}
		objects = append(objects, x)
	}
	return append(objects, b.carriedBeside(w.in.Want.Mounts)...), binds
}

// bind writes a mount in the engine's short form.
func (m Mount) bind() string {
	opts := []string{m.SELinux}
	if m.ReadOnly {
		opts = append(opts, "ro")
	}
	if m.NoCopy {
		opts = append(opts, "nocopy")
	}
	if m.Propagation != "" {
		opts = append(opts, m.Propagation)
	}
	return fmt.Sprintf("%s:%s:%s", cmp.Or(m.Volume.Name, m.Source), m.Target, strings.Join(opts, ","))
}

func (m Mount) engine() mount.Mount {
	out := mount.Mount{
		Type: mount.Type(m.Type), Source: cmp.Or(m.Volume.Name, m.Source), Target: m.Target, ReadOnly: m.ReadOnly, Consistency: mount.Consistency(m.Consistency),
	}
	switch {
	case m.Type == "image" && m.Subpath != "":
		out.ImageOptions = &mount.ImageOptions{Subpath: m.Subpath}
	case m.NoCopy || m.Subpath != "" || m.Labels != nil || m.Driver != "" || m.DriverOptions != nil:
		out.VolumeOptions = &mount.VolumeOptions{NoCopy: m.NoCopy, Subpath: m.Subpath, Labels: m.Labels}
		if m.Driver != "" || m.DriverOptions != nil {
			out.VolumeOptions.DriverConfig = &mount.Driver{Name: m.Driver, Options: m.DriverOptions}
		}
	case m.Propagation != "" || m.Recursive != "" || m.CreateHostPath:
		out.BindOptions = &mount.BindOptions{
			Propagation: mount.Propagation(m.Propagation), CreateMountpoint: m.CreateHostPath, NonRecursive: m.Recursive == "disabled",
			ReadOnlyNonRecursive: m.Recursive == "writable", ReadOnlyForceRecursive: m.Recursive == "readonly",
		}
	case m.Size != 0 || m.FileMode != "" || m.Options != nil:
		mode, _ := strconv.ParseUint(m.FileMode, 8, 32) // canonical, or none
		out.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: m.Size, Mode: os.FileMode(mode)}
		for _, o := range slices.Sorted(slices.Values(m.Options)) {
			out.TmpfsOptions.Options = append(out.TmpfsOptions.Options, strings.SplitN(o, "=", 2))
		}
	}
	return out
}

// unnamedVolumes are a container's own volumes whose names the engine chose, by
// their place within. One that somebody has called by that name is none of them,
// nor is one that it has of another container by volumes_from.
func unnamedVolumes(in kind.In[Spec]) map[string]string {
	out := map[string]string{}
	if in.Live == nil {
		return out
	}
	o := in.Live.Object.(*object)
	for _, m := range o.Mounts {
		named := slices.ContainsFunc(in.Have.Mounts, func(h Mount) bool { return h.Target == m.Destination && h.Volume.Name == m.Name })
		if m.Type == mount.TypeVolume && isUnnamed(m.Name) && !named && o.asks(m.Destination) && !lent(in, m.Name) {
			out[m.Destination] = m.Name
		}
	}
	return out
}

// lent reports whether a container has a volume of one whose mounts it gets: it shall
// have what that one has next, also where its own image has a volume at that place.
func lent(in kind.In[Spec], volume string) bool {
	return slices.ContainsFunc(in.Have.VolumesFrom, func(f From) bool {
		l := in.Env.Live("container", f.Container.Name)
		return l != nil && slices.Contains(l.Uses, kind.Use{Kind: "volume", Name: volume})
	})
}

// asks reports whether a container was made with a mount at a path, of its image
// or of its own.
func (o *object) asks(target string) bool {
	return o.declares(target) ||
		slices.ContainsFunc(o.HostConfig.Mounts, func(m mount.Mount) bool { return path.Clean(m.Target) == target }) ||
		slices.ContainsFunc(o.HostConfig.Binds, func(text string) bool { m, ok := bindOf(text); return ok && m.Target == target })
}

// declares reports whether a container has a volume at a path without a mount
// there: its image says so, or who made it by hand.
func (o *object) declares(target string) bool {
	for declared := range o.Config.Volumes {
		if path.Clean(declared) == target {
			return true
		}
	}
	return false
}

// carried are the unnamed volumes of the old container that the new one takes
// over, by their place within: their data would be lost to it otherwise.
func carried(in kind.In[Spec]) map[string]string {
	out := unnamedVolumes(in)
	maps.DeleteFunc(out, func(target, _ string) bool { return !takesOver(in, target) })
	return out
}

// takesOver reports whether an unnamed volume stays at its place: the program
// wants the same one there, or says nothing of the place and never has. An image
// that no longer asks for it takes nobody's data away.
func takesOver(in kind.In[Spec], target string) bool {
	w, wanted := mountAt(in.Want.Mounts, target)
	h, had := mountAt(in.Have.Mounts, target)
	if wanted { // the engine gives a volume that is there no other driver or labels
		return w.unnamed() && w.Driver == h.Driver && maps.Equal(w.DriverOptions, h.DriverOptions) && maps.Equal(w.Labels, h.Labels)
	}
	return !had || in.Live.Object.(*object).declares(target)
}

func mountAt(mounts []Mount, target string) (m Mount, ok bool) {
	i := slices.IndexFunc(mounts, func(m Mount) bool { return m.Target == target })
	if i < 0 {
		return Mount{}, false
	}
	return mounts[i], true
}

// leftBehind warns of data in unnamed volumes that the new container does not
// get, by the name that the engine gave the volume: nothing else leads to it.
func leftBehind(in kind.In[Spec]) {
	all, stay := unnamedVolumes(in), carried(in)
	for _, target := range slices.Sorted(maps.Keys(all)) {
		byName := slices.ContainsFunc(in.Want.Mounts, func(w Mount) bool { return w.Volume.Name == all[target] })
		if stay[target] == "" && !byName {
			in.Warnf("mounts", "what is at %s stays behind in an unnamed volume, %s", target, all[target]).
				Hintf("adopt with that name makes it a volume of the program as it is; else copy what is still needed, or remove it with docker volume rm")
		}
	}
}

// unasked are the places at which a container keeps an unnamed volume that
// neither the program nor its image ask for, any more or ever.
func unasked(in kind.In[Spec], image *kind.ImageConfig) []string {
	var out []string
	for target := range carried(in) {
		_, wanted := mountAt(in.Want.Mounts, target)
		declared := slices.ContainsFunc(image.Volumes, func(p string) bool { return path.Clean(p) == target })
		if !wanted && !declared {
			out = append(out, target)
		}
	}
	slices.Sort(out)
	return out
}

// carries returns the unnamed volume that lies at a path, or "".
func (b birth) carries(target string) string { return b.carried[target] }

// carriedBeside returns mounts of the unnamed volumes that no mount covers.
func (b birth) carriedBeside(mounts []Mount) []mount.Mount {
	var out []mount.Mount
	for _, target := range slices.Sorted(maps.Keys(b.carried)) {
		if _, wanted := mountAt(mounts, target); !wanted {
			out = append(out, mount.Mount{Type: mount.TypeVolume, Source: b.carried[target], Target: target})
		}
	}
	return out
}

// imageMounts compares images that are mounted by what they are.
func imageMounts(in kind.In[Spec]) []schema.Change {
	var out []schema.Change
	for _, m := range in.Want.Mounts {
		i := slices.IndexFunc(in.Have.Mounts, func(h Mount) bool { return h.Target == m.Target && h.Type == "image" })
		image := in.Env.Outcome(m.Image.Addr)
		if m.Type != "image" || i < 0 || image == nil || in.Have.Mounts[i].Image.Name == image.Ref {
			continue
		}
		if id := in.Live.Object.(*object).mounted[in.Have.Mounts[i].Image.Name]; id != "" && id == image.ID {
			continue // by another reference
		}
		out = append(out, schema.Change{
			Attr: "mounts", Path: m.Target + " image", Old: ir.StringVal(in.Have.Mounts[i].Image.Name), New: ir.StringVal(image.Ref),
			Effect: schema.Replace, Cause: image.Why, Pos: in.Res.AttrPos("mounts"),
		})
	}
	return out
}

// lostVolumes are the mounts of a living container whose volumes this plan makes
// anew: it is taken away before, since the engine removes no volume that is
// mounted.
func lostVolumes(in kind.In[Spec]) []schema.Change {
	var out []schema.Change
	for _, m := range in.Live.Object.(*object).Mounts {
		l := in.Env.Live("volume", m.Name)
		if m.Type != mount.TypeVolume || l == nil {
			continue
		}
		if made := in.Env.Outcome(l.Identity.Addr); made != nil && made.Verb == kind.Replace {
			out = append(out, schema.Change{
				Attr: "mounts", Path: m.Destination, Effect: schema.Replace, Note: "what it holds is lost",
				Cause: fmt.Sprintf("%s is made anew", l.Identity.Addr), Pos: in.Res.AttrPos("mounts"),
			})
		}
	}
	return out
}
