package show

import (
	"bytes"
	"strings"
	"testing"

	"bayplan/interpreter/plan"

	"github.com/google/go-cmp/cmp"
)

func TestJSON(t *testing.T) {
	for name, p := range map[string]*plan.Plan{"mixed": mixed(t), "create": creation(t), "destroy": destroy(t), "empty": shop()} {
		t.Run(name, func(t *testing.T) {
			var first, again bytes.Buffer
			if err := JSON(&first, p, made); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", first.Bytes())
			if strings.Contains(first.String(), "hunter") {
				t.Error("a secret is in the document")
			}
			d, err := ReadJSON(bytes.NewReader(first.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if err := WriteJSON(&again, d); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first.String(), again.String()); diff != "" {
				t.Errorf("read and written again it differs (-first +again):\n%s", diff)
			}
		})
	}
}

// made is an origin with all that there can be in one.
var made = Origin{
	Bay: "v0.1.0", Program: "shop", Stack: "shop",
	Inputs: []Input{{Name: "password", Sensitive: true}, {Name: "replicas", Value: "3", From: "--var"}},
	Asked:  Asked{Volumes: true, RemoveVolumes: []string{"volume.old"}, ReplaceVolumes: []string{"volume.data"}, ReconnectForeign: true},
}

func TestReadJSON(t *testing.T) {
	for _, c := range []struct{ in, err string }{
		{`{"format": "bayplan.plan/1", "stack": "shop", "steps": [{"verb": "create", "address": "volume.a", "mood": "new"}], "weather": 3}`, ""},
		{`{"format": "bayplan.plan/2"}`, `reading the plan: a newer bay wrote it: got the format "bayplan.plan/2", this bay reads up to "bayplan.plan/1"`},
		{`{"format": "bayplan.program/1"}`, `reading the plan: got the format "bayplan.program/1", want "bayplan.plan/1"`},
		{`{"format": "bayplan.plan/x"}`, `reading the plan: got the format "bayplan.plan/x", want "bayplan.plan/1"`},
		{`{}`, `reading the plan: got the format "", want "bayplan.plan/1"`},
		{`{`, `reading the plan: unexpected EOF`},
	} {
		d, err := ReadJSON(strings.NewReader(c.in))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.err {
			t.Errorf("ReadJSON(%s): %q, want %q", c.in, got, c.err)
		}
		if err == nil && (d.Stack != "shop" || d.Steps[0].Address != "volume.a") {
			t.Errorf("ReadJSON(%s) = %+v", c.in, d)
		}
	}
}
