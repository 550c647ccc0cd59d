package volume

import (
	"slices"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/lang/schema"

	"github.com/distribution/reference"
)

// expect is what the engine makes of the program's words.
func expect(in kind.In[Spec]) *Spec {
	want := *in.Want
	want.Driver = canonical(want.Driver)
	if want.Driver == "" {
		want.Driver = "local" // what the engine fills in
	}
	return &want
}

// canonical is one form for all names of a driver. To a plugin the engine answers
// as to an image, by any of its names, and shows it with its tag; its own drivers,
// and those that are none of its plugins, it shows as they were named.
func canonical(driver string) string {
	named, err := reference.ParseNormalizedNamed(driver)
	if err != nil {
		return driver
	}
	return strings.TrimSuffix(reference.FamiliarString(named), ":latest")
}

// adjust refuses every change: the engine cannot change a volume, and its data
// is not bay's to give up, unless somebody has agreed to that.
func adjust(in kind.In[Spec], changes []schema.Change) []schema.Change {
	in.CheckVersion()
	if in.Want.Cluster != nil && in.Env.Info.Has("1.42") && !in.Env.Info.Swarm {
		in.Errorf("cluster", "a volume of a swarm needs an engine that is part of one, and this one is not").Hintf("docker swarm init makes it one")
	}
	if in.Live == nil || len(changes) == 0 {
		return changes
	}
	if in.Env.Agreed == nil || !in.Env.Agreed(in.Res.Addr) {
		for _, c := range changes {
			in.Errorf(c.Attr, "%s cannot change from %s to %s: the engine has no call for it, and a new volume would be empty",
				c.Name(), c.Old.Show(), c.New.Show()).
				Hintf("put it back, or give the data a new home: declare a second volume, copy the data, and take this one away; where the data may be lost, bay apply --replace-volume '%s' makes it anew", in.Res.Addr)
		}
		return changes
	}
	if who := guests(in); len(who) > 0 {
		in.Errorf(changes[0].Attr, "volume %s cannot be made anew while containers that are not the program's mount it: %s", in.Live.Name, strings.Join(who, ", ")).
			Hintf("the engine counts stopped ones too: remove them first")
	}
	return changes
}

// guests returns the names of the containers that mount the volume and that no
// step of the plan takes away and makes anew, or removes.
func guests(in kind.In[Spec]) []string {
	out := slices.Clone(in.Live.Guests)
	for _, u := range in.Live.Object.(*object).users {
		if in.Env.Fate("container", u.id) == kind.LeftAlone {
			out = append(out, u.name)
		}
	}
	slices.Sort(out)
	return out
}
