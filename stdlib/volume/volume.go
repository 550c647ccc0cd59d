// Package volume is the room of the kind volume: a named place for data that
// outlives containers.
//
// The engine has no call that changes a volume, and making one anew would lose
// its data. So any change of a living volume is an error that says what to do,
// and a volume whose declaration is gone is kept.
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
}

// Bind says which attributes a volume has.
func (s *Spec) Bind(f *schema.Set) {
	f.Name(&s.Name, schema.Replace, "Name on the engine. By default it follows from stack and label.").From("Name")
	f.String(&s.Driver, "driver", schema.Replace, "Volume driver; local by default.").From("Driver")
	f.TextMap(&s.Options, "options", schema.Replace, "Options of the driver, such as type, o and device.").From("DriverOpts")
	f.PlainMap(&s.Labels, "labels", schema.Replace, "Labels of the volume.").From("Labels").OpenKeys()
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
	Replace: nothing,
	Remove:  remove,
})
