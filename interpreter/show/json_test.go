package show

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"bayplan/interpreter/plan"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

func TestJSON(t *testing.T) {
	for name, p := range map[string]*plan.Plan{"mixed": mixed(t), "create": creation(t), "destroy": destroy(t), "empty": shop()} {
		t.Run(name, func(t *testing.T) {
			p.Part = made.Part
			var first, again bytes.Buffer
			if err := JSON(&first, p, made); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", first.Bytes())
			if strings.Contains(first.String(), "hunter") {
				t.Error("a secret is in the document")
			}
			d, err := Decode(first.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if err := WriteJSON(&again, d); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first.String(), again.String()); diff != "" {
				t.Errorf("read and written again it differs (-first +again):\n%s", diff)
			}
			for _, o := range []Options{{}, {Verbose: true}} {
				read, err := d.Plan()
				if err != nil {
					t.Fatal(err)
				}
				p.Unready = nil // it passes, and is in no document
				if diff := cmp.Diff(shown(t, p, o), shown(t, read, o)); diff != "" {
					t.Errorf("the document is shown in another way than the plan (-plan +document):\n%s", diff)
				}
			}
		})
	}
}

func shown(t *testing.T, p *plan.Plan, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := Text(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func part() plan.Part {
	web, err := ir.ParsePattern("container.web")
	if err != nil {
		panic(err)
	}
	all, err := ir.ParsePattern("container.*")
	if err != nil {
		panic(err)
	}
	return plan.Part{Target: []ir.Pattern{all}, Replace: []ir.Pattern{web}}
}

// made is an origin with all that there can be in one.
var made = Origin{
	Bay: "v0.1.0", Program: "shop", Stack: "shop",
	Inputs: []Input{{Name: "password", Sensitive: true}, {Name: "replicas", Value: "3", From: "--var"}},
	Asked:  Asked{Volumes: true, RemoveVolumes: []string{"volume.old"}, ReplaceVolumes: []string{"volume.data"}, ReconnectForeign: true, Part: part()},
}

func TestLayOut(t *testing.T) {
	for _, in := range []string{
		`null`, `"a"`, `{}`, `[]`, `[1,-2.5e3,true,[],{}]`, `{"a":{"b":[{"c":"d"},[]]},"e":null}`, `{"a\"{":"[,:\\","\\\"}":"]"}`,
	} {
		var want bytes.Buffer
		if err := json.Indent(&want, []byte(in), "", "  "); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), string(layOut([]byte(in), "  "))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
}
