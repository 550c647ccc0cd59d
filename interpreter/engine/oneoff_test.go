package engine

import (
	"os"
	"os/exec"
	"testing"

	"bayplan/lang/ir"
)

// Labels of a one-off say whose it is, and by them whoever killed its bay knows that
// nobody waits for it.
func TestOneOff(t *testing.T) {
	addr, err := ir.ParseAddr(`container.web["0"]`)
	if err != nil {
		t.Fatal(err)
	}
	me := HolderOf("shop", "r", "bay run", "1")
	child := exec.Command(os.Args[0], "-test.run=^$")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	gone := me
	gone.PID = child.Process.Pid
	for name, tt := range map[string]struct {
		holder     Holder
		runs, left bool
	}{
		"its bay runs":             {me, true, false},
		"its bay runs, it is over": {me, false, true},
		"its bay has ended":        {gone, true, me.Boot != "" && me.Space != "" && me.Began != ""},
		"nobody waits for it":      {Holder{}, true, false},
	} {
		labels := OneOff{Stack: "shop", Addr: addr, Holder: tt.holder}.Labels(new(Blanks))
		got, ok := OneOffOf(labels)
		if !ok || got.Stack != "shop" || got.Addr != addr || got.Holder.PID != tt.holder.PID {
			t.Errorf("%s: got %+v (%t)", name, got, ok)
		}
		if left := got.Left(tt.runs); left != tt.left {
			t.Errorf("%s: got left %t, want %t", name, left, tt.left)
		}
		if _, ours, _ := IdentityOf(labels); ours {
			t.Errorf("%s: it is taken for an object of the stack", name)
		}
	}
	for name, labels := range map[string]map[string]string{
		"none":              {},
		"of a newer bay":    {LabelOneOff: "shop", LabelOneOffAddr: "container.web", LabelVersion: "2"},
		"no address":        {LabelOneOff: "shop", LabelOneOffAddr: "x", LabelVersion: labelVersion},
		"of the stack, too": {LabelOneOff: "shop", LabelStack: "shop", LabelOneOffAddr: "container.web", LabelVersion: labelVersion},
		"no holder":         {LabelOneOff: "shop", LabelOneOffAddr: "container.web", LabelVersion: labelVersion, LabelOneOffHolder: "{"},
	} {
		if got, ok := OneOffOf(labels); ok {
			t.Errorf("%s: got %+v, want none", name, got)
		}
	}
}
