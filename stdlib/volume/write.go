package volume

import (
	"cmp"
	"maps"
	"slices"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/volume"
)

func create(in kind.In[Spec]) kind.Work {
	op := engine.Op{Makes: in.Res.Addr.String()}
	o := api.CreateOptions{Name: in.Want.Name, Driver: in.Want.Driver, Labels: in.Identity().Labels(&op.Blanks)}
	maps.Copy(o.Labels, in.Want.Labels)
	if len(in.Want.Options) > 0 {
		o.DriverOpts = map[string]string{}
		for _, k := range slices.Sorted(maps.Keys(in.Want.Options)) {
			o.DriverOpts[k] = op.Blanks.Text(in.Want.Options[k], in.Env.Source)
		}
	}
	o.ClusterVolumeSpec = in.Want.Cluster.engine()
	op.Call = &engine.VolumeCreate{Options: o}
	return kind.Work{Ops: []engine.Op{op}, Facts: []engine.Fact{{
		Source: engine.Source{Read: engine.Read{Call: "VolumeInspect", Arg: o.Name}}, Absent: true,
	}}}
}

// nothing is what an update does: adjust has refused it.
func nothing(kind.In[Spec], []schema.Change) kind.Work { return kind.Work{} }

// engine writes what is said of a volume of a swarm.
func (c *Cluster) engine() *api.ClusterVolumeSpec {
	if c == nil {
		return nil
	}
	out := &api.ClusterVolumeSpec{
		Group: c.Group, Availability: api.Availability(cmp.Or(c.Availability, "active")),
		AccessMode: &api.AccessMode{Scope: api.Scope(cmp.Or(c.Scope, "single")), Sharing: api.SharingMode(cmp.Or(c.Sharing, "none"))},
	}
	if c.Type == "block" {
		out.AccessMode.BlockVolume = &api.TypeBlock{}
	} else {
		out.AccessMode.MountVolume = &api.TypeMount{FsType: c.FSType, MountFlags: c.MountFlags}
	}
	if c.Required != nil || c.Preferred != nil {
		out.AccessibilityRequirements = &api.TopologyRequirement{Requisite: places(c.Required), Preferred: places(c.Preferred)}
	}
	if c.MinBytes != 0 || c.MaxBytes != 0 {
		out.CapacityRange = &api.CapacityRange{RequiredBytes: c.MinBytes, LimitBytes: c.MaxBytes}
	}
	for _, k := range slices.Sorted(maps.Keys(c.Secrets)) {
		out.Secrets = append(out.Secrets, api.Secret{Key: k, Secret: c.Secrets[k]})
	}
	return out
}

func places(list []Topology) []api.Topology {
	var out []api.Topology
	for _, x := range list {
		out = append(out, api.Topology{Segments: x.Segments})
	}
	return out
}
