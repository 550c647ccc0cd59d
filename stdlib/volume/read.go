package volume

import (
	"context"
	"fmt"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"

	api "github.com/docker/docker/api/types/volume"
)

// read lists all volumes: the list tells of each what inspect would.
func read(ctx context.Context, s kind.Scope) (*kind.Found, error) {
	list, err := s.Reader.VolumeList(ctx, api.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing volumes: %w", err)
	}
	found := &kind.Found{Taken: map[string]kind.Holder{}}
	for _, v := range list.Volumes {
		live, err := fromEngine(v, s)
		if err != nil {
			return nil, err
		}
		if live != nil {
			found.Live = append(found.Live, live)
		} else {
			found.Taken[v.Name] = kind.HolderOf("volume "+v.Name, v.Name, v.Labels)
		}
	}
	found.Sort()
	return found, nil
}

// fromEngine returns the volume if it is the stack's, or nil.
func fromEngine(v *api.Volume, s kind.Scope) (*kind.Live, error) {
	l, err := s.LiveOf("volume", v.Name, v.Name, v.Labels)
	if l == nil && err == nil {
		l = s.AdoptedOf("volume", v.Name, v.Name, v.Name, v.Labels)
	}
	if l == nil || err != nil {
		return nil, err
	}
	spec := &Spec{Name: v.Name, Driver: v.Driver, Labels: engine.UserLabels(v.Labels)}
	if len(v.Options) > 0 {
		spec.Options = map[string]ir.Value{}
		for k, o := range v.Options {
			spec.Options[k] = ir.StringVal(o)
		}
	}
	l.Spec, l.Object = spec, v
	if v.CreatedAt != "" {
		l.Status = "made " + v.CreatedAt
	}
	return l, nil
}
