package show

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

// sealed gives a document the checksum that it should have.
func sealed(t *testing.T, doc string) []byte {
	t.Helper()
	form, err := canonical([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := treeOf([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	tree["checksum"] = checksum(form)
	data, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, in, err string
		unsealed      bool
	}{
		{name: "unknown fields", in: `{"format": "bayplan.plan/1", "stack": "shop", "steps": [{"verb": "create", "address": "volume.a", "mood": "new"}], "weather": 3}`},
		{name: "newer", in: `{"format": "bayplan.plan/2"}`, err: `a newer bay wrote it: got the format "bayplan.plan/2", this bay reads up to "bayplan.plan/1"`},
		{name: "newer, not checked", in: `{"format": "bayplan.plan/2"}`, unsealed: true, err: `a newer bay wrote it: got the format "bayplan.plan/2", this bay reads up to "bayplan.plan/1"`},
		{name: "another document", in: `{"format": "bayplan.program/1"}`, err: `got the format "bayplan.program/1", want "bayplan.plan/1"`},
		{name: "no number", in: `{"format": "bayplan.plan/x"}`, err: `got the format "bayplan.plan/x", want "bayplan.plan/1"`},
		{name: "no format", in: `{}`, err: `got the format "", want "bayplan.plan/1"`},
		{name: "no checksum", in: `{"format": "bayplan.plan/1"}`, unsealed: true, err: `its checksum does not hold: it was edited or damaged`},
		{name: "cut", in: `{"format": "bayplan.pl`, unsealed: true, err: `it is cut short: it ends in the middle`},
		{name: "empty", unsealed: true, err: `it is cut short: it ends in the middle`},
		{name: "text", in: `hello`, unsealed: true, err: `it is not JSON as bay writes it: invalid character 'h' looking for beginning of value`},
		{name: "a list", in: `[]`, unsealed: true, err: `it is not JSON as bay writes it: json: cannot unmarshal array into Go value of type map[string]interface {}`},
		{name: "two", in: `{"format": "bayplan.plan/1"} {}`, unsealed: true, err: `it is not JSON as bay writes it: something stands after the end of the document`},
		{name: "another shape", in: `{"format": "bayplan.plan/1", "steps": 5}`, err: `it is no plan: json: cannot unmarshal number into Go struct field Document.steps of type []show.Step`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := []byte(c.in)
			if !c.unsealed {
				in = sealed(t, c.in)
			}
			d, err := Decode(in)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.err {
				t.Errorf("Decode: %q, want %q", got, c.err)
			}
			if err == nil && (d.Stack != "shop" || d.Steps[0].Address != "volume.a") {
				t.Errorf("Decode = %+v", d)
			}
		})
	}
}

// TestEdited changes each byte of a document in turn: it is refused, or says
// the same.
func TestEdited(t *testing.T) {
	data := encoded(t, destroy(t), made)
	tree, err := treeOf(data)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range data {
		edited := append([]byte(nil), data...)
		edited[i] ^= 1
		if _, err := Decode(edited); err != nil {
			refused++
			continue
		}
		got, err := treeOf(edited)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tree, got); diff != "" {
			t.Fatalf("byte %d was changed, and nobody noticed (-was +is):\n%s", i, diff)
		}
	}
	if refused < len(data)/2 {
		t.Errorf("of %d changed bytes %d were noticed", len(data), refused)
	}
	for i := 0; i < len(data)-2; i += 5 { // the last two are a bracket and the line's end
		if _, err := Decode(data[:i]); err == nil {
			t.Fatalf("cut at byte %d, and nobody noticed", i)
		}
	}
}

// TestPlanIsShownAsItsDocument has values that JSON cannot tell from others:
// plan and document show them in the same way.
func TestPlanIsShownAsItsDocument(t *testing.T) {
	web := addr(t, `container.web["a b"]`)
	values := map[string]ir.Value{
		"handle": ir.HandleVal(web), "like a handle": str(`container.web["a b"]`), "plain handle": ir.HandleVal(addr(t, "image.web")),
		"engine": ir.EngineVal(web, `ips["x"]`), "like engine": str(`${container.web["a b"].ip}`), "shell": str("${HOME}/x, ${y:-z}"),
		"text": ir.Concat(str("a "), ir.EngineVal(web, "ip"), str("\n")),
		"null": {}, "sensitive null": ir.Value{}.AsSensitive(), "secret": secret("hunter2"), "secrets": ir.ListVal(secret("hunter2"), str("b")),
		"secret object first": ir.ListVal(obj(map[string]ir.Value{"a": str("b")}).AsSensitive(), obj(map[string]ir.Value{"c": secret("hunter2")})),
		"like a secret":       obj(map[string]ir.Value{"sensitive": ir.BoolVal(true)}),
		"int":                 ir.IntVal(math.MaxInt64), "float": ir.FloatVal(1.5), "small": ir.FloatVal(1.25e-9), "large": ir.FloatVal(1e300),
		"empty": str(""), "no list": ir.ListVal(), "no map": obj(nil), "bytes": str("a\xffb\xfe\xfd"), "control": str("\x1b[31m\u202e"),
		"nested": ir.ListVal(ir.ListVal(ir.IntVal(1), ir.Value{}), obj(map[string]ir.Value{"k": ir.ListVal()})),
	}
	step := func(verb kind.Verb) *plan.Step {
		s := &plan.Step{Verb: verb, Addr: web, Name: "shop-web"}
		for name, v := range values {
			c := schema.Change{Attr: name, New: v, Effect: schema.Replace}
			if verb != kind.Create {
				c.Old = values["text"]
			}
			s.Changes = append(s.Changes, c)
		}
		return s
	}
	p := shop(step(kind.Create), step(kind.Replace))
	for name, v := range values {
		p.Outputs = append(p.Outputs, plan.Output{Name: name, Value: v, Sensitive: name == "shell"})
	}
	d, err := Decode(encoded(t, p, Origin{}))
	if err != nil {
		t.Fatal(err)
	}
	read, err := d.Plan()
	if err != nil {
		t.Fatal(err)
	}
	got := shown(t, read, Options{})
	if diff := cmp.Diff(shown(t, p, Options{}), got); diff != "" {
		t.Errorf("the document is shown in another way than the plan (-plan +document):\n%s", diff)
	}
	if strings.Contains(got, "hunter") {
		t.Errorf("a secret is shown:\n%s", got)
	}
}

func TestBrokenDocuments(t *testing.T) {
	for _, c := range []struct{ step, err string }{
		{`{"address": "x"}`, `address "x": want KIND.LABEL or KIND.LABEL["KEY"]`},
		{`{"address": "volume.a", "changes": [{"attr": "name", "effect": "explode"}]}`, `field name: unknown effect "explode"`},
		{`{"address": "volume.a", "wait": {"limit": "soon", "address": "container.a"}}`, `time: invalid duration "soon"`},
	} {
		d, err := Decode(sealed(t, `{"format": "bayplan.plan/1", "steps": [`+c.step+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Plan(); err == nil || err.Error() != c.err {
			t.Errorf("%s: %v, want %s", c.step, err, c.err)
		}
	}
}

// FuzzDecode reads any bytes as a document: they are refused, or shown, and
// what was read is written again as it was.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"format": "bayplan.plan/1", "stack": "shop", "steps": [{"verb": "create", "address": "volume.a", "changes": [{"attr": "name", "new": {"sensitive": true}, "effect": "none"}]}]}`), true)
	f.Add([]byte(`{"format": "bayplan.plan/1", "steps": [{"address": "a.b[\"\\u0000\"]", "ops": [{"body": {"a": [1e99, {}, null]}, "args": "\u0000 1\u0000"}], "wait": {"limit": "1s", "address": "a.b"}}]}`), true)
	f.Add([]byte(`{"format": "bayplan.plan/1", "outputs": [{"name": "x", "value": [{"a": null}, "${a.b["]}], "notes": [{"text": "\u001b[31m"}], "kept": [{"address": "volume.x"}]}`), true)
	f.Add([]byte(`{"format": "bayplan.plan/9", "checksum": ""}`), false)
	f.Fuzz(func(t *testing.T, in []byte, seal bool) {
		if form, err := canonical(in); seal && err == nil {
			tree, err := treeOf(in)
			if err != nil {
				t.Fatal(err)
			}
			tree["checksum"] = checksum(form)
			if in, err = json.Marshal(tree); err != nil {
				t.Fatal(err)
			}
		}
		d, err := Decode(in)
		if err != nil {
			return
		}
		if _, err := Differ(in, in); err != nil {
			t.Fatal(err)
		}
		if _, err := Differ(in, []byte(`{"steps": [{"address": "a.b"}, {}]}`)); err != nil {
			t.Fatal(err)
		}
		p, err := d.Plan()
		if err != nil {
			return
		}
		for _, r := range shown(t, p, Options{Verbose: true}) {
			if r < ' ' && r != '\n' {
				t.Fatalf("the text holds %q", r)
			}
		}
	})
}
