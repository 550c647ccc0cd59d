package schema

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

// box binds one attribute of each form.
type box struct {
	name    string
	str     string
	enum    string
	text    ir.Value
	flag    bool
	opt     *bool
	num     int64
	optNum  *int64
	cpus    int64
	size    int64
	wait    time.Duration
	stop    *time.Duration
	net     Ref
	mode    string
	peer    Ref
	words   []string
	caps    []string
	command []ir.Value
	env     map[string]ir.Value
	labels  map[string]string
	check   *check
	ports   []port
	files   map[string]check
}

func (b *box) Bind(f *Set) {
	f.Name(&b.name, Live, "")
	f.String(&b.str, "str", Replace, "")
	f.Enum(&b.enum, "enum", Restart, "", "on", "off")
	f.Text(&b.text, "text", Replace, "")
	f.Bool(&b.flag, "flag", Replace, "")
	f.OptBool(&b.opt, "opt", Replace, "")
	f.Int(&b.num, "num", Range{1, 9}, Live, "")
	f.OptInt(&b.optNum, "opt_num", Range{0, 9}, Replace, "")
	f.CPUs(&b.cpus, "cpus", Live, "")
	f.Bytes(&b.size, "size", Live, "")
	f.Duration(&b.wait, "wait", Replace, "")
	f.OptDuration(&b.stop, "stop", Replace, "")
	f.Ref(&b.net, "net", "network", Reconnect, "")
	f.WordOrRef(&b.mode, &b.peer, "mode", "container", "container:", Replace, "", "none", "host")
	f.Strings(&b.words, "words", Replace, "")
	f.StringSet(&b.caps, "caps", Replace, "", func(s string) (string, error) { return strings.ToUpper(s), nil })
	f.Texts(&b.command, "command", Replace, "", func(s string) ([]string, error) { return strings.Fields(s), nil })
	f.TextMap(&b.env, "env", Replace, "")
	f.PlainMap(&b.labels, "labels", Replace, "").OpenKeys()
	Object(f, &b.check, "check", Replace, "", Short[check]{As: "test"})
	Objects(f, &b.ports, "ports", Replace, "", func(p port) string { return fmt.Sprint(p.inner) }, Short[port]{Text: parsePorts})
	ObjectMap(f, &b.files, "files", Replace, "", Short[check]{As: "test"})
	f.Elsewhere("size_limit", "`size_limit` is `size` here")
}

type check struct {
	test  ir.Value
	every time.Duration
}

func (c *check) Bind(f *Set) {
	f.Text(&c.test, "test", Replace, "What to run.").Required()
	f.Duration(&c.every, "every", Replace, "")
}

type port struct{ inner, outer int64 }

func (p *port) Bind(f *Set) {
	f.Int(&p.inner, "inner", Range{1, 65535}, Replace, "").Required()
	f.Int(&p.outer, "outer", Range{1, 65535}, Replace, "")
}

// parsePorts takes "80" and "80-82".
func parsePorts(text string) ([]port, error) {
	var from, to int64
	if n, _ := fmt.Sscanf(text, "%d-%d", &from, &to); n == 0 {
		return nil, fmt.Errorf("got %q, want a port", text)
	}
	var out []port
	for p := from; p <= max(from, to); p++ {
		out = append(out, port{inner: p})
	}
	return out, nil
}

var (
	web    = ir.Addr{Kind: "container", Label: "web"}
	back   = ir.Addr{Kind: "network", Label: "back"}
	secret = ir.StringVal("s3cret").AsSensitive()
	ip     = ir.EngineVal(web, "ip")
)

func obj(kv ...any) ir.Value {
	m := map[string]ir.Value{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1].(ir.Value)
	}
	return ir.MapVal(m)
}

func str(s string) ir.Value { return ir.StringVal(s) }

func num(n int64) ir.Value { return ir.IntVal(n) }

// decodeOne decodes one attribute and returns its canonical form, or what is
// wrong with it.
func decodeOne(name string, v ir.Value) string {
	var ds diag.List
	dec := Decoding{Owner: "box", Diags: &ds, Name: func(a ir.Addr) string {
		if a.Kind == "network" {
			return "shop-" + a.Label
		}
		return ""
	}}
	b := new(box)
	dec.Decode(b, []ir.Attr{{Name: name, Value: v}})
	var out []string
	for _, d := range ds {
		out = append(out, strings.TrimRight(d.Msg+" ~ "+d.Hint, "~ "))
	}
	for _, a := range EncodeOf(b) {
		out = append(out, a.Value.Show())
	}
	return strings.Join(out, "; ")
}

func TestDecode(t *testing.T) {
	const engine = " is known only to a running engine and cannot be used here ~ such a value may stand in env, command, entrypoint, extra_hosts, files and outputs"
	const hidden = ": a sensitive value cannot be used here, since this attribute is shown in plans"
	off := ir.Value{Off: "container.x"}
	for _, c := range []struct {
		name string
		in   ir.Value
		want string
	}{
		{"name", str("a.b"), "a.b"},
		{"name", str("a b"), `box.name: got "a b", want letters, digits, _, . and -, at least two, a letter or digit first`},
		{"name", str("-a"), `box.name: got "-a", want letters, digits, _, . and -, at least two, a letter or digit first`},
		{"name", secret, "box.name" + hidden},
		{"name", ip, "box.name: ${container.web.ip}" + engine},
		{"nam", str("x"), `box: unknown attribute "nam" ~ did you mean "name"?`},
		{"size_limit", str("x"), "box: unknown attribute \"size_limit\" ~ `size_limit` is `size` here"},
		{"str", ir.Value{}, ""},
		{"str", num(5), "5"},
		{"str", ir.FloatVal(1000000.5), "1000000.5"},
		{"str", ir.BoolVal(true), "box.str: got true, want a string"},
		{"str", str("a\x00b"), "box.str: text cannot hold a NUL character"},
		{"str", ir.HandleVal(back), "box.str: got network.back, want a string ~ write network.back.name for its name"},
		{"str", off, "box.str: container.x does not exist, since its `enabled` is off ~ leave the attribute out in that case, or enable container.x"},
		{"str", ir.BrokenVal(), ""},
		{"enum", str("on"), "on"},
		{"enum", str("onn"), `box.enum: got "onn", want one of on, off ~ did you mean "on"?`},
		{"text", ip, "${container.web.ip}"},
		{"text", secret, "(sensitive)"},
		{"text", ir.BoolVal(true), "true"},
		{"text", ir.HandleVal(back), "box.text: got network.back, want text ~ write network.back.name for its name"},
		{"text", ir.Concat(str("\x00"), ip), "box.text: text cannot hold a NUL character"},
		{"flag", ir.BoolVal(true), "true"},
		{"flag", ir.BoolVal(false), ""},
		{"flag", str("true"), `box.flag: got "true", want true or false ~ write true without quotes`},
		{"opt", ir.BoolVal(false), "false"},
		{"num", num(9), "9"},
		{"num", str("8"), "8"},
		{"num", num(10), "box.num: got 10, want a whole number from 1 to 9"},
		{"num", ir.FloatVal(1.5), "box.num: got 1.5, want a whole number from 1 to 9"},
		{"num", ip, "box.num: ${container.web.ip}" + engine},
		{"num", num(1).AsSensitive(), "box.num: got a sensitive value, want a whole number from 1 to 9"},
		{"opt_num", num(0), "0"},
		{"cpus", ir.FloatVal(1.5), "1.5"},
		{"cpus", str("2"), "2"},
		{"cpus", str("NaN"), `box.cpus: got "NaN", want a number of CPUs such as 1.5`},
		{"size", str("0.5g"), "512m"},
		{"size", num(1025), "1025b"},
		{"size", str("lots"), `box.size: got "lots", want a size such as "512m" ~ units are b, k, m, g, t, in powers of 1024; a plain number is bytes`},
		{"wait", str("90s"), "1m30s"},
		{"wait", str("3600s"), "1h"},
		{"wait", num(5), `box.wait: got 5, want a duration such as "5s" ~ a number says no unit: write "5s" for seconds`},
		{"wait", str("-1s"), `box.wait: got "-1s", want a duration such as "5s" ~ units are ms, s, m, h`},
		{"stop", num(0), "0s"},
		{"stop", num(37).AsSensitive(), "box.stop" + hidden},
		{"stop", str("1500ms"), `box.stop: got "1500ms", want whole seconds`},
		{"net", ir.HandleVal(back), "shop-back"},
		{"net", str("other"), "other"},
		{"net", ir.HandleVal(web), "box.net: got container.web, want a network"},
		{"net", str(""), `box.net: got "", want a network or the name of one`},
		{"mode", str("host"), "host"},
		{"mode", str("container:x"), "container:x"},
		{"mode", ir.HandleVal(web), "container.web"},
		{"mode", str("hots"), `box.mode: got "hots", want one of none, host, container:NAME or a container ~ did you mean "host"?`},
		{"words", ir.ListVal(str("b"), str("a")), "[b, a]"},
		{"words", ir.ListVal(), "[]"},
		{"words", str("a"), `box.words: got "a", want a list of strings ~ a list of one stands in brackets too: words = [ … ]`},
		{"words", ir.ListVal(str("a"), num(1)), "[a, 1]"},
		{"words", ir.ListVal(str("a"), ir.BoolVal(true)), "box.words[1]: got true, want a string; [a]"},
		{"caps", ir.ListVal(str("a"), num(1)), "[1, A]"},
		{"words", ir.ListVal(str("a")).AsSensitive(), "box.words: got a sensitive value, want a list of strings"},
		{"caps", ir.ListVal(str("b"), str("a"), str("B")), "[A, B]"},
		{"command", str("run it"), "[run, it]"},
		{"command", ir.ListVal(str("run"), ip, secret, num(1)), "[run, ${container.web.ip}, (sensitive), 1]"},
		{"command", ir.ListVal(str("run")).AsSensitive(), "[(sensitive)]"},
		{"command", ip, "box.command: ${container.web.ip} is known only to a running engine and cannot be used here ~ write a list, so that it is clear where each word ends"},
		{"env", obj("A", num(1), "B", ip, "C", ir.Value{}), "{A: 1, B: ${container.web.ip}}"},
		{"env", obj("A", num(1)).AsSensitive(), "{A: (sensitive)}"},
		{"env", ir.ListVal(str("A=1")), `box.env: got a list, want a map of texts ~ write a map: env = { KEY = "value" }`},
		{"env", obj("A", ir.ListVal()), `box.env["A"]: got a list, want text; {}`},
		{"labels", obj("a", num(1)), "{a: 1}"},
		{"labels", obj("a", secret), `box.labels["a"]` + hidden + "; {}"},
		{"check", str("true"), "{test: true}"},
		{"check", obj("test", str("x"), "every", str("5s")), "{every: 5s, test: x}"},
		{"check", obj("every", str("x")), `box.check.every: got "x", want a duration such as "5s" ~ units are ms, s, m, h; box.check: "test" is missing ~ What to run.`},
		{"check", num(1), "{test: 1}"},
		{"check", ir.ListVal(), "box.check: got a list, want an object"},
		{"ports", ir.ListVal(str("80-81"), num(90), obj("inner", num(1), "outer", num(2))), "[{inner: 80}, {inner: 81}, {inner: 90}, {inner: 1, outer: 2}]"},
		{"ports", ir.ListVal(num(80), num(80)), "box.ports[1]: 80 stands here twice; [{inner: 80}]"},
		{"ports", ir.ListVal(str("x")), `box.ports[0]: got "x", want a port; []`},
		{"ports", ir.ListVal(ip), "box.ports[0]: ${container.web.ip}" + engine + "; []"},
		{"ports", ir.ListVal(num(80)).AsSensitive(), "box.ports[0]" + hidden + "; []"},
		{"ports", obj("inner", num(1)), "box.ports: got a map, want a list"},
		{"ports", ir.ListVal(obj("iner", num(1))), `box.ports[0]: unknown attribute "iner" ~ did you mean "inner"?; []`},
		{"files", obj("/a", str("x"), "/b", obj("test", secret), "/c", ir.Value{}), "{/a: {test: x}, /b: {test: (sensitive)}}"},
	} {
		if diff := cmp.Diff(c.want, decodeOne(c.name, c.in)); diff != "" {
			t.Errorf("%s = %s: %s", c.name, c.in.Show(), diff)
		}
	}
}

// TestCanonical holds that the canonical form of an attribute is one that the
// attribute takes, and stays as it is.
func TestCanonical(t *testing.T) {
	for name, v := range full() {
		once := decodeOne(name, v)
		var ds diag.List
		b := new(box)
		Decoding{Owner: "box", Diags: &ds}.Decode(b, []ir.Attr{{Name: name, Value: v}})
		for _, a := range EncodeOf(b) {
			if again := decodeOne(name, a.Value); again != once {
				t.Errorf("%s: %s became %s", name, once, again)
			}
		}
	}
}

// full returns a value for each attribute of box.
func full() map[string]ir.Value {
	return map[string]ir.Value{
		"name": str("nn"), "str": str("s"), "enum": str("on"), "text": str("t"), "flag": ir.BoolVal(true), "opt": ir.BoolVal(false),
		"num": num(3), "opt_num": num(0), "cpus": ir.FloatVal(0.5), "size": str("1g"), "wait": str("1m"), "stop": num(3),
		"net": str("n"), "mode": str("container:c"), "words": ir.ListVal(str("b"), str("a")), "caps": ir.ListVal(str("B"), str("A")),
		"command": ir.ListVal(str("run"), str("it")), "env": obj("A", str("1")), "labels": obj("l", str("2")),
		"check": obj("test", str("x"), "every", str("5s")), "ports": ir.ListVal(obj("inner", num(80), "outer", num(8080))),
		"files": obj("/f", obj("test", str("x"))),
	}
}

func TestPositions(t *testing.T) {
	at := func(line int) diag.Pos { return diag.Pos{File: "f", Line: line, Col: 1} }
	var ds diag.List
	Decoding{Owner: "box", Pos: at(1), Diags: &ds}.Decode(new(box), []ir.Attr{
		{Name: "ports", Pos: at(2), Value: ir.ListVal(obj("inner", str("x").At(at(4))).At(at(3)), obj("outer", num(1)).At(at(5)))},
		{Name: "nope", Pos: at(6)},
		{Name: "str", Pos: at(7), Value: ir.ListVal()},
	})
	var got []string
	for _, d := range ds {
		got = append(got, d.String())
	}
	want := []string{
		`f:4:1: box.ports[0].inner: got "x", want a whole number from 1 to 65535`,
		`f:5:1: box.ports[1]: "inner" is missing`,
		`f:6:1: box: unknown attribute "nope"`,
		`f:7:1: box.str: got a list, want a string`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestServes(t *testing.T) {
	for _, tt := range []struct {
		want, is string
		serves   bool
	}{
		{"linux/amd64", "linux/amd64", true},
		{"linux/amd64/v2", "linux/amd64", true},
		{"linux/amd64", "linux/386", false},
		{"linux/arm64", "linux/arm64/v8", true},
		{"linux/arm64/v8", "linux/arm64", true},
		{"linux/arm64/v8", "linux/arm64/v8.1", false},
		{"linux/arm/v6", "linux/arm/v7", false},
		{"linux/arm/v6", "linux/arm", false},
		{"linux/arm/v7", "linux/arm/v6", true},
		{"windows/amd64", "linux/amd64", false},
	} {
		if got := Serves(tt.want, tt.is); got != tt.serves {
			t.Errorf("%s where %s is wanted: %t", tt.is, tt.want, got)
		}
	}
}
