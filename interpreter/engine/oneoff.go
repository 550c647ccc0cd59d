package engine

import (
	"encoding/json"

	"bayplan/lang/ir"
)

// OneOff is what the labels of a container say that somebody runs once: it is
// made after a resource of a stack, and is none of the stack's objects.
type OneOff struct {
	Stack  string
	Addr   ir.Addr // of the resource that it is made after
	UID    string
	Holder Holder // who waits for it; zero where nobody does
}

// Labels returns the labels of a container about to be made.
func (o OneOff) Labels(b *Blanks) map[string]string {
	labels := map[string]string{
		LabelOneOff: o.Stack, LabelOneOffAddr: o.Addr.String(), LabelVersion: labelVersion, LabelUID: b.Fresh("uid"), LabelRun: b.Fresh("run"),
	}
	if o.Holder.PID != 0 {
		text, err := json.Marshal(o.Holder)
		if err != nil {
			panic(err) // plain data always marshals
		}
		labels[LabelOneOffHolder] = string(text)
	}
	return labels
}

// OneOffOf reads labels; false where they are not those of a one-off, or make no
// sense.
func OneOffOf(labels map[string]string) (OneOff, bool) {
	o := OneOff{Stack: labels[LabelOneOff], UID: labels[LabelUID]}
	if o.Stack == "" || labels[LabelStack] != "" || labels[LabelVersion] != labelVersion {
		return OneOff{}, false
	}
	var err error
	if o.Addr, err = ir.ParseAddr(labels[LabelOneOffAddr]); err != nil {
		return OneOff{}, false
	}
	if text := labels[LabelOneOffHolder]; text != "" && json.Unmarshal([]byte(text), &o.Holder) != nil {
		return OneOff{}, false
	}
	return o, true
}

// Left reports whether a one-off is over, or nobody waits any more for it although
// somebody did. Of one who waits on another machine that is not known.
func (o OneOff) Left(runs bool) bool { return !runs || o.Holder.PID != 0 && o.Holder.dead() }
