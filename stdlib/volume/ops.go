package volume

import (
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
)

// remove takes the volume and its data away. Planning asks for it only where
// somebody has said so in as many words.
func remove(r kind.Removal) kind.Work {
	return kind.Work{
		Facts: []engine.Fact{{
			Source: engine.Source{
				Read: engine.Read{Call: "VolumeInspect", Arg: r.Live.Name},
				Path: []string{"Labels", engine.LabelUID},
			},
			Want: r.Live.Identity.UID,
		}},
		Ops: []engine.Op{{Call: &engine.VolumeRemove{Volume: r.Live.Name}}},
	}
}
