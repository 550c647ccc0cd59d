package schema

import (
	"fmt"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

// sideOf decodes attributes and returns them in canonical form too.
func sideOf(t *testing.T, attrs ir.Value) (*box, []ir.Attr) {
	t.Helper()
	var ds diag.List
	b := new(box)
	Decoding{Owner: "box", Diags: &ds}.Decode(b, attrsOf(attrs))
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return b, EncodeOf(b)
}

func show(cs []Change) string {
	var out []string
	for _, c := range cs {
		line := fmt.Sprintf("%s %s → %s %s", c.Name(), c.Old.Show(), c.New.Show(), c.Effect)
		if c.ByHand {
			line += " by hand"
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func TestDiff(t *testing.T) {
	none := obj()
	for _, c := range []struct {
		about            string
		want, have, made ir.Value // what the program says now, what lives, what the program said when it was made
		diff             string
	}{
		{"nothing", none, none, none, ""},
		{"same", obj("str", str("a")), obj("str", str("a")), obj("str", str("a")), ""},
		{"changed", obj("str", str("b")), obj("str", str("a")), obj("str", str("a")), "str a → b replace"},
		{"drift", obj("str", str("a")), obj("str", str("b")), obj("str", str("a")), "str b → a replace by hand"},
		{"removed", none, obj("str", str("a")), obj("str", str("a")), "str a → (none) replace"},
		{"never set", none, obj("str", str("a")), none, ""},
		{"live and never set", none, obj("size", str("1m")), none, "size 1m → (none) live by hand"},
		{"added key", obj("env", obj("A", num(1), "B", num(2))), obj("env", obj("A", num(1))), obj("env", obj("A", num(1))), "env B (none) → 2 replace"},
		{"removed key", obj("env", obj("A", num(1))), obj("env", obj("A", num(1), "B", num(2))), obj("env", obj("A", num(1), "B", num(2))), "env B 2 → (none) replace"},
		{"foreign key", obj("env", obj("A", num(1))), obj("env", obj("A", num(1), "B", num(2))), obj("env", obj("A", num(1))), "env B 2 → (none) replace by hand"},
		{"foreign key of an open map", obj("labels", obj("a", num(1))), obj("labels", obj("a", num(1), "b", num(2))), obj("labels", obj("a", num(1))), ""},
		{"removed key of an open map", obj("labels", obj("a", num(1))), obj("labels", obj("a", num(1), "b", num(2))), obj("labels", obj("a", num(1), "b", num(2))), "labels b 2 → (none) replace"},
		{"map never set", none, obj("env", obj("A", num(1))), none, ""},
		{"order of a list", obj("words", ir.ListVal(str("a"), str("b"))), obj("words", ir.ListVal(str("b"), str("a"))), none, "words [b, a] → [a, b] replace"},
		{"order of a set", obj("caps", ir.ListVal(str("a"), str("b"))), obj("caps", ir.ListVal(str("b"), str("a"))), none, ""},
		{"element of a set", obj("caps", ir.ListVal(str("a"), str("b"))), obj("caps", ir.ListVal(str("a"))), none, "caps B (none) → B replace"},
		{"field of an element", obj("ports", ir.ListVal(obj("inner", num(80), "outer", num(1)), num(90))), obj("ports", ir.ListVal(num(90), obj("inner", num(80), "outer", num(2)))), none, "ports 80 outer 2 → 1 replace"},
		{"element", obj("ports", ir.ListVal(num(80))), obj("ports", ir.ListVal(num(90))), obj("ports", ir.ListVal(num(90))), "ports 80 (none) → {inner: 80} replace; ports 90 {inner: 90} → (none) replace"},
		{"field of an object", obj("check", obj("test", str("x"))), obj("check", obj("test", str("y"), "every", str("1s"))), obj("check", obj("test", str("y"))), "check test y → x replace"},
		{"object removed", none, obj("check", obj("test", str("y"))), obj("check", obj("test", str("y"))), "check test y → (none) replace"},
		{"secret", obj("text", secret), obj("text", str("old")), obj("text", secret), "text (sensitive) → (sensitive) replace"},
		{"secret added", obj("env", obj("A", secret)), none, none, "env A (none) → (sensitive) replace"},
		{"secret removed", none, obj("text", str("old")), obj("text", secret), "text (sensitive) → (none) replace"},
		{"secret no more", obj("text", str("new")), obj("text", str("old")), obj("text", secret), "text (sensitive) → (sensitive) replace"},
		{"secret key", obj("env", obj("A", secret, "B", num(2))), obj("env", obj("A", str("old"), "B", num(1))), obj("env", obj("A", secret, "B", num(1))), "env A (sensitive) → (sensitive) replace; env B 1 → 2 replace"},
		{"secret in a list", obj("command", ir.ListVal(str("-p"), secret)), obj("command", ir.ListVal(str("-p"), str("old"))), obj("command", ir.ListVal(str("-p"), secret)), "command (sensitive) → [-p, (sensitive)] replace"},
		{"secret gone from a list", obj("command", ir.ListVal(str("-q"))), obj("command", ir.ListVal(str("-p"), str("old"))), obj("command", ir.ListVal(str("-p"), secret)), "command (sensitive) → [-q] replace"},
		{"secret file gone", none, obj("files", obj("/a", obj("test", str("old")))), obj("files", obj("/a", obj("test", secret))), "files /a (sensitive) → (none) replace"},
	} {
		want, _ := sideOf(t, c.want)
		have, _ := sideOf(t, c.have)
		_, made := sideOf(t, c.made)
		got := Diff(want, have, RecordOf(made))
		if diff := cmp.Diff(c.diff, show(got)); diff != "" {
			t.Errorf("%s: %s", c.about, diff)
		}
		if strings.Contains(show(got), "old") || strings.Contains(show(got), "s3cret") {
			t.Errorf("%s shows a secret: %s", c.about, show(got))
		}
	}
}

// TestDiffAll holds that each attribute is equal to itself, and that its
// removal is a change of that attribute and no other.
func TestDiffAll(t *testing.T) {
	for name, v := range full() {
		side, attrs := sideOf(t, obj(name, v))
		rec := RecordOf(attrs)
		if got := Diff(side, side, rec); len(got) > 0 {
			t.Errorf("%s: changes against itself: %s", name, show(got))
		}
		got := Diff(new(box), side, rec)
		if len(got) == 0 {
			t.Errorf("%s: its removal is no change", name)
		}
		for _, c := range got {
			if c.Attr != name || c.ByHand || !c.New.IsNull() {
				t.Errorf("%s: its removal is %s", name, show(got))
			}
		}
	}
}

// TestFits holds that no record is longer than what is taken for the most.
func TestFits(t *testing.T) {
	values := full()
	values["str"] = str("\x01\"<\xff" + strings.Repeat("\x02", maxLeaf-4))
	values["text"] = str(strings.Repeat("\x02", 10*maxLeaf))
	values["labels"] = obj("$sensitive", str("<"), "$", str(""))
	for name, v := range values {
		_, attrs := sideOf(t, obj(name, v))
		text := EncodeRecord(attrs)
		if most := 2 + mostText(name) + mostBytes(attrs[0].Value); len(text) > most {
			t.Errorf("%s takes %d bytes, more than %d: %s", name, len(text), most, text)
		}
	}
}

func TestEncodeRecord(t *testing.T) {
	for _, c := range []struct {
		v    ir.Value
		want string
	}{
		{str("plain"), `"plain"`},
		{str("<&>\"\\\n\x7fé\u2028\xff"), `"\u003c\u0026\u003e\"\\\n` + "\x7fé" + `\u2028\ufffd"`},
		{ir.Value{}, `null`},
		{ir.BoolVal(false), `false`},
		{num(-3), `-3`},
		{ir.FloatVal(0.25), `0.25`},
		{ir.ListVal(), `[]`},
		{ir.ListVal(str("a"), secret, num(1)), `["a",{"$sensitive":true},1]`},
		{ir.ListVal(str("a")).AsSensitive(), `[{"$sensitive":true}]`},
		{obj(), `{}`},
		{obj("b", str("2"), "a<", obj("$x", num(1)), "$", str("")), `{"$$":"","a\u003c":{"$$x":1},"b":"2"}`},
		{ir.Concat(str("pg://"), ip), `"pg://${container.web.ip}"`},
		{str(strings.Repeat("x", maxLeaf+1)), `{"$sha256":"15eb95a462ee20bd91a415ae2d4aed341288186ddaa2b37908f7d592f0c3f85f"}`},
	} {
		if got, want := EncodeRecord([]ir.Attr{{Name: "z", Value: num(1)}, {Name: "a", Value: c.v}}), `{"a":`+c.want+`,"z":1}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := EncodeRecord(nil); got != "{}" {
		t.Errorf("of nothing: %s", got)
	}
}

func TestRecord(t *testing.T) {
	long := strings.Repeat("x", maxLeaf+1)
	_, attrs := sideOf(t, obj(
		"str", str(long), "text", ir.Concat(str("pg://"), ip), "size", str("1m"), "cpus", ir.FloatVal(0.25), "opt", ir.BoolVal(false),
		"env", obj("A", secret, "$sha256", str("user's own"), "$x", num(1)), "command", ir.ListVal(str("a"), secret),
		"labels", obj("$sensitive", str("b")), "ports", ir.ListVal(num(80)),
	))
	rec := RecordOf(attrs)
	text := EncodeRecord(attrs)
	if strings.Contains(text, "s3cret") || strings.Contains(text, long) {
		t.Errorf("the record holds what it may not: %s", text)
	}
	if n := len(text); !Fits(attrs, n) || Fits(attrs, n-1) {
		t.Errorf("%d bytes: fits into as many %v, into one less %v", n, Fits(attrs, n), Fits(attrs, n-1))
	}
	back, err := ParseRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	if !ir.MapVal(back).Equal(ir.MapVal(rec)) {
		t.Errorf("came back as %s, want %s", ir.MapVal(back).Show(), ir.MapVal(rec).Show())
	}
	for _, a := range attrs {
		if want := !a.Value.HasSensitive(); same(back[a.Name], a.Value) != want {
			t.Errorf("%s: same as in the record is %v, want %v", a.Name, !want, want)
		}
	}
	for _, bad := range []string{"{", "[]", `"x"`, "{]"} {
		if _, err := ParseRecord(bad); err == nil {
			t.Errorf("ParseRecord(%q) is no error", bad)
		}
	}
	for _, odd := range []string{"", "null", "{}", `{"a": {"$sha256": 1}}`, `{"a": 1e999}`} {
		if _, err := ParseRecord(odd); err != nil {
			t.Errorf("ParseRecord(%q): %v", odd, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add(`{"a": {"$sha256": "x"}, "b": [1, 2.5, null, true, {"$sensitive": true}], "$$c": "d"}`)
	f.Fuzz(func(t *testing.T, text string) {
		rec, err := ParseRecord(text)
		if err != nil {
			return
		}
		attrs := attrsOf(ir.MapVal(rec))
		again, err := ParseRecord(EncodeRecord(attrs))
		if want := RecordOf(attrs); err != nil || !ir.MapVal(again).Equal(ir.MapVal(want)) {
			t.Errorf("%q came back as %s: %v", text, EncodeRecord(attrs), err)
		}
	})
}
