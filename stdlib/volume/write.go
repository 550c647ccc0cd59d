package volume

import (
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
	op.Call = &engine.VolumeCreate{Options: o}
	return kind.Work{Ops: []engine.Op{op}, Facts: []engine.Fact{{
		Source: engine.Source{Read: engine.Read{Call: "VolumeInspect", Arg: o.Name}}, Absent: true,
	}}}
}

// nothing is what an update does: adjust has refused it.
func nothing(kind.In[Spec], []schema.Change) kind.Work { return kind.Work{} }
