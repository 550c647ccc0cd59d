package volume

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

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
		live, err := fromEngine(v, s.Stack)
		if err != nil {
			return nil, fmt.Errorf("volume %s: %w", v.Name, err)
		}
		if live != nil {
			found.Live = append(found.Live, live)
		} else {
			found.Taken[v.Name] = holder(v)
		}
	}
	slices.SortFunc(found.Live, func(a, b *kind.Live) int {
		if c := a.Identity.Addr.Compare(b.Identity.Addr); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return found, nil
}

// fromEngine returns the volume if it is the stack's, or nil.
func fromEngine(v *api.Volume, stack string) (*kind.Live, error) {
	id, ours, err := engine.IdentityOf(v.Labels)
	if !ours || id.Stack != stack {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rec, err := schema.ParseRecord(id.Spec)
	if err != nil {
		return nil, err
	}
	spec := &Spec{Name: v.Name, Driver: v.Driver, Labels: engine.UserLabels(v.Labels)}
	if len(v.Options) > 0 {
		spec.Options = map[string]ir.Value{}
		for k, o := range v.Options {
			spec.Options[k] = ir.StringVal(o)
		}
	}
	l := &kind.Live{Kind: "volume", ID: v.Name, Name: v.Name, Identity: id, Record: rec, Spec: spec, Object: v}
	if v.CreatedAt != "" {
		l.Status = "made " + v.CreatedAt
	}
	return l, nil
}

func holder(v *api.Volume) kind.Holder {
	what := "volume " + v.Name
	switch {
	case v.Labels[engine.LabelStack] != "":
		what += fmt.Sprintf(" of stack %q", v.Labels[engine.LabelStack])
	case v.Labels["com.docker.compose.project"] != "":
		what += fmt.Sprintf(", made by Compose project %q", v.Labels["com.docker.compose.project"])
	default:
		what += ", which no stack made"
	}
	return kind.Holder{ID: v.Name, What: what}
}
