package volume

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/container"
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
		if live := fromEngine(v, s, found); live != nil {
			found.Live = append(found.Live, live)
		} else {
			found.Taken[v.Name] = kind.HolderOf("volume "+v.Name, v.Name, v.Labels)
		}
	}
	found.Sort()
	return found, readUsers(ctx, s, found.Live)
}

// object is a living volume with the containers that mount it. These are read
// only where the volume differs from what is wanted.
type object struct {
	*api.Volume
	users []user // that bear the stack's labels, in order of name
}

// user is a container that bears the stack's labels and mounts a volume.
type user struct {
	id, name string
	grace    time.Duration // to stop
}

// readUsers finds who mounts volumes that would have to be made anew. The
// engine counts stopped containers too.
func readUsers(ctx context.Context, s kind.Scope, live []*kind.Live) error {
	changed := map[string]*kind.Live{}
	for _, l := range live {
		if willChange(s, l) {
			changed[l.Name] = l
		}
	}
	if len(changed) == 0 {
		return nil
	}
	all, err := s.Reader.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return fmt.Errorf("listing containers: %w", err)
	}
	for _, c := range all {
		for _, m := range c.Mounts {
			l := changed[m.Name]
			if l == nil {
				continue
			}
			if err := join(ctx, s, l, c); err != nil {
				return err
			}
		}
	}
	for _, l := range changed {
		slices.Sort(l.Guests)
		slices.SortFunc(l.Object.(*object).users, func(a, b user) int { return strings.Compare(a.name, b.name) })
	}
	return nil
}

func join(ctx context.Context, s kind.Scope, l *kind.Live, c container.Summary) error {
	name := strings.TrimPrefix(slices.Min(append(slices.Clone(c.Names), "~")), "/")
	id, ours, _ := engine.IdentityOf(c.Labels)
	if !ours || id.Stack != s.Stack {
		l.Guests = append(l.Guests, name)
		return nil
	}
	u := user{id: c.ID, name: name, grace: 10 * time.Second}
	got, err := s.Reader.ContainerInspect(ctx, c.ID)
	switch {
	case engine.Gone(err):
		return nil
	case err != nil:
		return fmt.Errorf("inspecting container %s: %w", name, err)
	}
	if t := got.Config.StopTimeout; t != nil {
		u.grace = time.Duration(*t) * time.Second
	}
	o := l.Object.(*object)
	o.users = append(o.users, u)
	return nil
}

// willChange reports whether a volume differs from what is wanted.
func willChange(s kind.Scope, l *kind.Live) bool {
	i := slices.IndexFunc(s.Wants, func(w *kind.Want) bool { return w.Res.Addr == l.Identity.Addr })
	if i < 0 {
		return false
	}
	want := expect(kind.In[Spec]{Res: s.Wants[i].Res, Want: s.Wants[i].Spec.(*Spec), Live: l, Have: l.Spec.(*Spec)})
	return len(schema.Diff(want, l.Spec, l.Record)) > 0
}

func texts(m map[string]string) map[string]ir.Value {
	out := map[string]ir.Value{}
	for k, v := range m {
		out[k] = ir.StringVal(v)
	}
	return out
}

// clusterOf reads a volume of a swarm in the form that programs have.
func clusterOf(v *api.ClusterVolume) *Cluster {
	if v == nil {
		return nil
	}
	c := &Cluster{Group: v.Spec.Group, Availability: string(v.Spec.Availability), Type: "mount"}
	if a := v.Spec.AccessMode; a != nil {
		c.Scope, c.Sharing = string(a.Scope), string(a.Sharing)
		if a.BlockVolume != nil {
			c.Type = "block"
		} else if a.MountVolume != nil {
			c.FSType, c.MountFlags = a.MountVolume.FsType, a.MountVolume.MountFlags
		}
	}
	if r := v.Spec.AccessibilityRequirements; r != nil {
		for _, x := range r.Requisite {
			c.Required = append(c.Required, Topology{x.Segments})
		}
		for _, x := range r.Preferred {
			c.Preferred = append(c.Preferred, Topology{x.Segments})
		}
	}
	if r := v.Spec.CapacityRange; r != nil {
		c.MinBytes, c.MaxBytes = r.RequiredBytes, r.LimitBytes
	}
	for _, x := range v.Spec.Secrets {
		if c.Secrets == nil {
			c.Secrets = map[string]string{}
		}
		c.Secrets[x.Key] = x.Secret
	}
	return c
}

// fromEngine returns the volume if it is the stack's, or nil.
func fromEngine(v *api.Volume, s kind.Scope, found *kind.Found) *kind.Live {
	l := s.LiveOf(found, "volume", v.Name, v.Name, v.Labels)
	if l == nil {
		l = s.AdoptedOf("volume", v.Name, v.Name, v.Name, v.Labels)
	}
	if l == nil {
		return nil
	}
	spec := &Spec{Name: v.Name, Driver: canonical(v.Driver), Labels: engine.UserLabels(v.Labels), Cluster: clusterOf(v.ClusterVolume)}
	if len(v.Options) > 0 {
		spec.Options = texts(v.Options)
	}
	l.Spec, l.Object = spec, &object{Volume: v}
	if v.CreatedAt != "" {
		l.Status = "made " + v.CreatedAt
	}
	return l
}
