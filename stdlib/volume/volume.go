// Package volume is the room of the kind volume: a named place for data that
// outlives containers.
//
// The engine has no call that changes a volume, and making one anew would lose
// its data. So any change of a living volume is an error that says what to do,
// unless somebody has agreed in as many words to losing the data; and a volume
// whose declaration is gone is kept.
package volume

import (
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Spec is what a program can say about a volume.
type Spec struct {
	Name    string              // engine: Name
	Driver  string              // "" is local; engine: Driver
	Options map[string]ir.Value // of the driver, may be sensitive; engine: DriverOpts
	Labels  map[string]string   // the user's; engine: Labels
	Cluster *Cluster            // nil is a volume of one engine; engine: ClusterVolumeSpec
}

// Cluster is a volume of a swarm.
type Cluster struct {
	Group               string
	Scope               string // single, multi
	Sharing             string // none, readonly, onewriter, all
	Type                string // mount, block
	FSType              string // of a mount
	MountFlags          []string
	Required, Preferred []Topology
	MinBytes, MaxBytes  int64
	Secrets             map[string]string // names of secrets, by what the driver calls them
	Availability        string            // active, pause, drain
}

// Topology is where a volume of a swarm can be reached from.
type Topology struct{ Segments map[string]string }

// Bind says which attributes a topology has.
func (x *Topology) Bind(f *schema.Set) {
	f.PlainMap(&x.Segments, "segments", schema.Replace, "What the place is called, such as { zone = \"a\" }.").From("Segments").Required()
}

// Bind says which attributes a volume of a swarm has.
func (c *Cluster) Bind(f *schema.Set) {
	key := func(x Topology) string { return ir.MapVal(texts(x.Segments)).Show() }
	f.String(&c.Group, "group", schema.Replace, "Volumes of one group stand for each other.").From("Group")
	f.Enum(&c.Scope, "scope", schema.Replace, "single (default) or multi: on how many nodes it can be used at once.", "single", "multi").From("AccessMode.Scope")
	f.Enum(&c.Sharing, "sharing", schema.Replace, "none (default), readonly, onewriter or all: how tasks share it.", "none", "readonly", "onewriter", "all").From("AccessMode.Sharing")
	f.Enum(&c.Type, "type", schema.Replace, "mount or block.", "mount", "block").From("AccessMode").Required()
	f.String(&c.FSType, "fs_type", schema.Replace, "File system of a mount.").From("AccessMode.MountVolume.FsType")
	f.Strings(&c.MountFlags, "mount_flags", schema.Replace, "Flags of a mount.").From("AccessMode.MountVolume.MountFlags")
	schema.Objects(f, &c.Required, "topology_required", schema.Replace, "Places of which one has to reach it.", key, schema.Short[Topology]{}).From("AccessibilityRequirements.Requisite")
	schema.Objects(f, &c.Preferred, "topology_preferred", schema.Replace, "Places that are tried first.", key, schema.Short[Topology]{}).From("AccessibilityRequirements.Preferred")
	f.Bytes(&c.MinBytes, "required_bytes", schema.Replace, "At least this size.").From("CapacityRange.RequiredBytes")
	f.Bytes(&c.MaxBytes, "limit_bytes", schema.Replace, "At most this size.").From("CapacityRange.LimitBytes")
	f.PlainMap(&c.Secrets, "secrets", schema.Replace, "Names of the swarm's secrets, by what the driver calls them.").From("Secrets")
	f.Enum(&c.Availability, "availability", schema.Replace, "active (default), pause or drain.", "active", "pause", "drain").From("Availability")
}

// Bind says which attributes a volume has.
func (s *Spec) Bind(f *schema.Set) {
	f.Name(&s.Name, schema.Replace, "Name on the engine. By default it follows from stack and label.").From("Name")
	f.String(&s.Driver, "driver", schema.Replace, "Volume driver; local by default.").From("Driver")
	f.TextMap(&s.Options, "options", schema.Replace, "Options of the driver, such as type, o and device.").From("DriverOpts")
	f.PlainMap(&s.Labels, "labels", schema.Replace, "Labels of the volume.").From("Labels").OpenKeys()
	schema.Object(f, &s.Cluster, "cluster", schema.Replace, "It is a volume of the swarm that the engine is part of; its driver is a CSI plugin.", schema.Short[Cluster]{}).From("ClusterVolumeSpec").Min("1.42")
	f.Elsewhere("driver_opts", "`driver_opts` is `options` here")
	f.Elsewhere("external", "a volume that exists already is used by its name in `mounts`: { volume = \"NAME\", target = \"/data\" }")
}

// Kind is the kind volume.
var Kind = kind.Define(kind.Def[Spec]{
	Name:    "volume",
	Doc:     "A named place for data that outlives containers.",
	New:     func() schema.Binder { return new(Spec) },
	Data:    true,
	Read:    read,
	Expect:  expect,
	Adjust:  adjust,
	Create:  create,
	Update:  nothing,
	Replace: replace,
	Remove:  remove,
})
