package main

import (
	"testing"

	"bayplan/lang/ir"
)

func TestOutputArgs(t *testing.T) {
	for _, c := range []struct {
		args      []string
		dir, name string
	}{
		{nil, ".", ""},
		{[]string{"url"}, ".", "url"},
		{[]string{"./shop"}, "./shop", ""},
		{[]string{".."}, "..", ""},
		{[]string{"main.bay.star"}, "main.bay.star", ""},
		{[]string{"shop", "url"}, "shop", "url"},
	} {
		if dir, name := new(app).outputArgs(c.args); dir != c.dir || name != c.name {
			t.Errorf("%q: %q and %q, want %q and %q", c.args, dir, name, c.dir, c.name)
		}
	}
}

func TestOneOutput(t *testing.T) {
	db := ir.Addr{Kind: "container", Label: "db"}
	for _, c := range []struct {
		name   string
		v      ir.Value
		asJSON bool
		want   string
		err    string
	}{
		{"text", ir.StringVal("http://x"), false, "http://x\n", ""},
		{"number", ir.IntVal(8080), false, "8080\n", ""},
		{"list", ir.ListVal(ir.StringVal("a"), ir.IntVal(1)), false, "[\n  \"a\",\n  1\n]\n", ""},
		{"text as JSON", ir.StringVal("<x>"), true, "\"<x>\"\n", ""},
		{"sensitive", ir.StringVal("pw").AsSensitive(), false, "pw\n", ""},
		{"sensitive inside", ir.ListVal(ir.StringVal("pw").AsSensitive()), true, "[\n  \"pw\"\n]\n", ""},
		{"not known", ir.EngineVal(db, "ip"), false, "", "output x is not known: the engine does not tell container.db.ip now"},
		{"not given", ir.Value{Kind: ir.String, Sensitive: true, Opaque: true}, false, "", "output x holds a sensitive input that was not given"},
	} {
		x := newTester(t)
		err := x.oneOutput("x", c.v, c.asJSON)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.err || x.read(x.out) != c.want {
			t.Errorf("%s: %q, error %q; want %q, %q", c.name, x.read(x.out), got, c.want, c.err)
		}
	}
}
