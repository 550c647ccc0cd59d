package ir

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"bayplan/lang/diag"

	"github.com/google/go-cmp/cmp"
)

func TestAddr(t *testing.T) {
	for _, c := range []struct{ addr, name, alias string }{
		{`container.web`, "shop-web", "web"},
		{`container.web["0"]`, "shop-web-0", "web"},
		{`container.this`, "shop-this", "this"},
		{`module.db["eu"].container.this`, "shop-db-eu", "db"},
		{`module.db.container.backup["a"]`, "shop-db-backup-a", "db-backup"},
		{`module.a.module.b["k"].volume.data`, "shop-a-b-k-data", "a-b-data"},
		{`volume.v["a b"]`, "shop-v-a_b-7001fc7e", "v"},
		{`image["docker.io/library/caddy:2.9"]`, "shop-docker.io_library_caddy_2.9-ff023321", ""},
		{`container.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`,
			"shop-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-b7513faf",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-b7513faf"},
	} {
		a, err := ParseAddr(c.addr)
		if err != nil {
			t.Errorf("%s: %v", c.addr, err)
			continue
		}
		if a.String() != c.addr {
			t.Errorf("%s: parsed and printed: %s", c.addr, a)
		}
		if got := a.EngineName("shop"); got != c.name || len(got) > maxName {
			t.Errorf("%s: name %q, want %q", c.addr, got, c.name)
		}
		if got := a.Alias(); got != c.alias {
			t.Errorf("%s: alias %q, want %q", c.addr, got, c.alias)
		}
	}
	for _, bad := range []string{"", "web", "container.", "container.web[", `container.web["a"`, `container.web["a"]x`, "module.db", "container..web", `container.web[x]`, "1.2"} {
		if a, err := ParseAddr(bad); err == nil {
			t.Errorf("ParseAddr(%q) = %v, want an error", bad, a)
		}
	}
	for text, key := range map[string]string{
		`volume.v["a\"]b"]`: `a"]b`, `volume.v["\u00e9"]`: "é", `volume.v["é"]`: "é", `volume.v[""]`: "", `volume.v["a\\"]`: `a\`, `volume.v[ "a"]`: "a",
	} {
		if a, err := ParseAddr(text); err != nil || a.Key != key || !a.Keyed {
			t.Errorf("%s: %+v, %v, want the key %q", text, a, err, key)
		}
	}
	for _, bad := range []string{`volume.v["a" ]`, `volume.v["a"`, `volume.v["a\"]`, "volume.v[\"a\nb\"]", `volume.v['a']`} {
		if a, err := ParseAddr(bad); err == nil {
			t.Errorf("%s = %+v, want an error", bad, a)
		}
	}
	if a, err := ParseAddr("container.web[0]"); err != nil || a.String() != `container.web["0"]` {
		t.Errorf("a bare number: %v, %v", a, err)
	}
}

func TestCompareKeys(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"2", "10", -1}, {"10", "a", -1}, {"b", "a", 1}, {"1", "01", 1}, {"x", "x", 0}} {
		if got := CompareKeys(c.a, c.b); got != c.want {
			t.Errorf("CompareKeys(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestConcatAndResolve(t *testing.T) {
	db := Addr{Kind: "container", Label: "db"}
	text := Concat(StringVal("pg://"), EngineVal(db, "ip"), StringVal(":"), IntVal(5432), StringVal("/x"))
	if got := text.Show(); got != "pg://${container.db.ip}:5432/x" {
		t.Errorf("Show() = %s", got)
	}
	known := func(r Ref) (Value, bool) { return StringVal("10.0.0.2"), r.Attr == "ip" }
	if got := text.Resolve(known); !got.Equal(StringVal("pg://10.0.0.2:5432/x")) {
		t.Errorf("Resolve() = %s", got.Show())
	}
	secret := Concat(StringVal("a"), StringVal("b").AsSensitive())
	if !secret.Sensitive || secret.Str != "ab" || secret.Show() != "(sensitive)" {
		t.Errorf("concatenated secret = %+v", secret)
	}
	if got := Concat(); got.Kind != String || got.Str != "" {
		t.Errorf("Concat() = %+v", got)
	}
}

func TestValueJSON(t *testing.T) {
	db := Addr{Kind: "container", Label: "db", Key: "x", Keyed: true}
	in := MapVal(map[string]Value{
		"null": {Off: "container.x"}, "bool": BoolVal(true), "int": IntVal(1 << 60), "float": FloatVal(0.5),
		"str": StringVal("a\x00b").At(diag.Pos{File: "f", Line: 1, Col: 2}), "secret": StringVal("s").AsSensitive(),
		"list": ListVal(), "map": MapVal(map[string]Value{}), "handle": HandleVal(db), "engine": EngineVal(db, "ip"),
		"text": Concat(StringVal("a"), EngineVal(db, `ips["n"]`)),
	})
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out Value
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if !in.Equal(out) {
		t.Errorf("read back: %s", cmp.Diff(in, out))
	}
	if out.Map["str"].Pos.Line != 1 || !out.Map["secret"].Sensitive || out.Map["null"].Off != "container.x" {
		t.Errorf("marks were lost: %+v", out.Map)
	}
}

func TestShow(t *testing.T) {
	v := MapVal(map[string]Value{"a": ListVal(StringVal("x y"), StringVal(""), StringVal("a,b")), "b": FloatVal(3)})
	if got, want := v.Show(), `{a: [x y, "", "a,b"], b: 3}`; got != want {
		t.Errorf("Show() = %s, want %s", got, want)
	}
}

func TestShowAddress(t *testing.T) {
	for text, want := range map[string]string{
		`module.a["x y"].image.this`: `module.a["x y"].image.this`,
		`container.a["x"]`:           `container.a["x"]`,
		`container.a[x]`:             `"container.a[x]"`,
		"container.a[\"\x1b\"]":      `"container.a[\"\x1b\"]"`,
	} {
		if got := StringVal(text).Show(); got != want {
			t.Errorf("%q is shown as %s, want %s", text, got, want)
		}
	}
}

func TestModules(t *testing.T) {
	eu := ModuleAddr("module.a", "db", "eu", true)
	if eu.String() != `module.a.module.db["eu"]` || !eu.IsModule() || eu.Base().String() != "module.a.module.db" {
		t.Errorf("a module's address is %s, without its key %s", eu, eu.Base())
	}
	if key, keyed := eu.Instance(); key != "eu" || !keyed {
		t.Errorf("its key is %q, %v", key, keyed)
	}
	if got, err := ParseTarget(eu.String()); got != eu || err != nil {
		t.Errorf("it is read as %v, %v", got, err)
	}
	if got := (Addr{Kind: "volume", Label: "x"}).In("module.a"); got.String() != "module.a.volume.x" {
		t.Errorf("what is written in a module is %s", got)
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"module.a", `module.a["x"].module.b.container.c`, true},
		{"module.a", "module.a.container.c", true},
		{"module.a", "module.ab.container.c", false},
		{`module.a["x"]`, `module.a["xy"].container.c`, false},
		{"container.c", `container.c["x"]`, true},
		{`container.c["x"]`, "container.c", false},
		{"container.c", "module.a.container.c", false},
	} {
		a, errA := ParseTarget(c.a)
		b, errB := ParseTarget(c.b)
		if got := a.Covers(b); got != c.want || errA != nil || errB != nil {
			t.Errorf("%s covers %s: %v, %v, %v", c.a, c.b, got, errA, errB)
		}
	}
	two, ten := Addr{Module: `module.a["2"]`, Kind: "k", Label: "l"}, Addr{Module: `module.a["10"]`, Kind: "a", Label: "l"}
	if two.Compare(ten) >= 0 || ten.Compare(two) <= 0 {
		t.Error("keys of modules that are numbers are not in the order of numbers")
	}
	if got := (Addr{Module: "module.module", Kind: "container", Label: "this"}).EngineName("s"); got != "s-module" {
		t.Errorf("a module of the name module is left out: %s", got)
	}
}

func TestWayThroughModules(t *testing.T) {
	for text, want := range map[string][]string{
		`container.web["0"]`:                      nil,
		`module.a["x.y"].module.b.container.this`: {`module.a["x.y"]`, `module.a["x.y"].module.b`},
	} {
		a, err := ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range a.Modules() {
			got = append(got, m.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s lies in %q, want %q", text, got, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	pw := StringVal("hunter2").AsSensitive()
	stand := Value{Kind: String, Sensitive: true, Opaque: true}
	v := MapVal(map[string]Value{
		"a": StringVal("plain"), "b": Concat(StringVal("pw:"), pw), "c": Concat(StringVal("postgres://"), stand),
		"d": ListVal(IntVal(42)).AsSensitive(),
	})
	var got []string
	v.Secrets(func(text string) { got = append(got, text) })
	if strings.Join(got, " ") != "pw:hunter2 42" {
		t.Errorf("the secrets are %q", got)
	}
}
