package volume

import (
	"bayplan/interpreter/kind"
	"bayplan/lang/schema"
)

// expect is what the engine makes of the program's words.
func expect(in kind.In[Spec]) *Spec {
	want := *in.Want
	if want.Driver == "" {
		want.Driver = "local" // what the engine fills in
	}
	return &want
}

// adjust refuses every change: the engine cannot change a volume, and its data
// is not bay's to give up.
func adjust(in kind.In[Spec], changes []schema.Change) []schema.Change {
	for _, c := range changes {
		in.Errorf(c.Attr, "%s cannot change from %s to %s: the engine has no call for it, and a new volume would be empty",
			c.Name(), c.Old.Show(), c.New.Show()).
			Hintf("put it back, or give the data a new home: declare a second volume, copy the data, and take this one away")
	}
	return changes
}
