package funcs

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// files is a Source in memory.
type files map[string]string

func (f files) Open(_, name string) (schema.File, error) {
	src, ok := f[path.Clean(name)]
	if !ok {
		return schema.File{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return schema.File{Name: name, Src: []byte(src)}, nil
}

func (f files) Files(_, dir string) ([]string, error) {
	var paths []string
	for p := range f {
		if rest, ok := strings.CutPrefix(p, path.Clean(dir)+"/"); ok {
			paths = append(paths, rest)
		} else if path.Clean(dir) == "." {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

var source = files{
	"motd.txt":     "hello\n",
	"hello.tmpl":   "hello ${name}\n",
	"self.tmpl":    `${templatefile("self.tmpl", {})}`,
	"bad.tmpl":     "a\n${nope}",
	"deep.tmpl":    "${" + strings.Repeat("(", 100_000),
	"binary":       "\xff",
	"conf/a.txt":   "",
	"conf/b/c.txt": "",
}

func callable() map[string]function.Function {
	out := map[string]function.Function{}
	for _, f := range All() {
		out[f.Name] = f.Make(schema.FuncEnv{Dir: "/stack", Source: source})
	}
	return out
}

func eval(t *testing.T, src string) (cty.Value, error) {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(src), "example", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", src, diags)
	}
	v, diags := expr.Value(&hcl.EvalContext{Functions: callable()})
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	return v, nil
}

// show writes v so that lists and sets, and maps and objects, look alike.
func show(t *testing.T, v cty.Value) string {
	t.Helper()
	data, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestOrder(t *testing.T) {
	var names []string
	for _, f := range All() {
		names = append(names, f.Name)
	}
	want := slices.Compact(slices.Sorted(slices.Values(names)))
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("functions are not in order of names, each once (-want +got):\n%s", diff)
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{`alltrue([])`, `true`},
		{`anytrue([])`, `false`},
		{`base64encode("ü")`, `"w7w="`},
		{`cidrhost("fd00::/8", -1)`, `"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"`},
		{`cidrsubnets("10.0.0.0/8")`, `[]`},
		{`cidrsubnets("10.0.0.0/24", 1, 2, 2)`, `["10.0.0.0/25", "10.0.0.128/26", "10.0.0.192/26"]`},
		{`cidrsubnets("0.0.0.0/0", 1, 1)`, `["0.0.0.0/1", "128.0.0.0/1"]`},
		{`coalesce("", 5)`, `"5"`},
		{`dotenvdecode("")`, `{}`},
		{`dotenvdecode("# note\nURL=\"http://a?b=c#d\"\nQ=\"a\\nb\"\nE=")`, `{URL="http://a?b=c#d", Q="a\nb", E=""}`},
		{`endswith("a", "ab")`, `false`},
		{`fileexists("none")`, `false`},
		{`fileset("conf", "**/*.txt")`, `["a.txt", "b/c.txt"]`},
		{`fileset("conf", "*.txt")`, `["a.txt"]`},
		{`fileset("conf", "*.md")`, `[]`},
		{`filebase64("binary")`, `"/w=="`},
		{`index([1, "1"], "1")`, `1`},
		{`length("hé")`, `2`},
		{`length({ a = 1 })`, `1`},
		{`length(toset(["a", "a"]))`, `1`},
		{`max([1, 2])`, `2`},
		{`max([1, 2]...)`, `2`},
		{`min("3", 4)`, `3`},
		{`one([])`, `null`},
		{`parseduration("250ms")`, `0.25`},
		{`parseimage("localhost:5000/a/b@sha256:` + strings.Repeat("a", 64) + `")`, `{registry="localhost:5000", repository="a/b", name="localhost:5000/a/b", tag=null, digest="sha256:` + strings.Repeat("a", 64) + `"}`},
		{`parseimage("caddy").tag`, `"latest"`},
		{`parseport("80")`, `{container=80, host=null, host_ip=null, protocol="tcp"}`},
		{`range(2, 4)`, `[2, 3]`},
		{`range(5, 1, -2)`, `[5, 3]`},
		{`range(4, 2)`, `[]`},
		{`range(-1)`, `[]`},
		{`range(0, 1, 0.5)`, `[0, 0.5]`},
		{`range(2, 2, -1)`, `[]`},
		{`replace("a.b", ".", "-")`, `"a-b"`},
		{`sum([])`, `0`},
		{`transpose({})`, `{}`},
	} {
		got, err := eval(t, c.call)
		if err != nil {
			t.Errorf("%s: %v", c.call, err)
			continue
		}
		want, err := eval(t, c.want)
		if err != nil {
			t.Fatalf("%s: %v", c.want, err)
		}
		if diff := cmp.Diff(show(t, want), show(t, got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.call, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{`base64decode("?")`, "not Base64"},
		{`base64decode("/w==")`, "not text"},
		{`cidrhost("10.0.0.0", 1)`, `"10.0.0.0" is no network`},
		{`cidrhost("10.0.0.0/30", 9)`, "does not accommodate a host numbered 9"},
		{`cidrhost("10.0.0.0/30", 1.5)`, "whole number"},
		{`cidrnetmask("fd00::/8")`, "no netmask"},
		{`cidrsubnets("10.0.0.0/24", 1, 1, 1)`, "no room is left"},
		{`cidrsubnets("10.0.0.0/24", 9)`, "no room is left"},
		{`coalesce("", null)`, "every argument is null"},
		{`file("none")`, "file does not exist"},
		{`file("binary")`, "filebase64 reads any file"},
		{`fileset(".", "[")`, "is no pattern"},
		{`index(["a"], "b")`, "does not hold it"},
		{`index({}, "b")`, "want a list"},
		{`length(5)`, "want a list"},
		{`max()`, "must pass at least one number"},
		{`max([])`, "must pass at least one number"},
		{`max("a", 1)`, "want numbers, got string"},
		{`max([null])`, "want numbers"},
		{`one([1, 2])`, "has 2 elements"},
		{`one(5)`, "want a list"},
		{`parseduration("soon")`, `"1m30s"`},
		{`parseimage("A B")`, "is no image reference"},
		{`parseport("80-90")`, "a range of 11 ports"},
		{`parseport("web")`, "is no port"},
		{`parsesize("lots")`, `"512m"`},
		{`replace("a", "/(/", "")`, "pattern /(/"},
		{`templatefile("bad.tmpl", {})`, "bad.tmpl:2:3"},
		{`templatefile("hello.tmpl", [])`, "want a map"},
		{`templatefile("self.tmpl", {})`, `no function named "templatefile"`},
		{`templatefile("deep.tmpl", {})`, "nested"},
		{`templatefile("none", {})`, "file does not exist"},
		{`pow(-1, 0.5)`, "cannot work with these arguments"},

		// What would eat all memory or time.
		{`range(100000)`, "more than 10000 numbers"},
		{`range(0, 5, 0)`, "the step is zero"},
		{`range()`, "want a limit"},
		{`range(0, 1, 0.00000001)`, "more than 10000 numbers"},
		{`format("%1000000000d", 1)`, "larger than"},
		{`format("%.99999999999999999999f", 1)`, "larger than"},
		{`format("` + strings.Repeat("%s", 5000) + `", ` + long("a") + `)`, "larger than"},
		{`indent(100000000, "a\nb")`, "larger than"},
		{`indent(100000000, "a")`, "larger than"},
		{`join(` + long("a") + `, range(1000))`, "larger than"},
		{`replace(` + long("a") + `, "a", ` + long("b") + `)`, "larger than"},
		{`replace(` + long("a") + `, "/a/", ` + long("b") + `)`, "larger than"},
		{`parseint("` + strings.Repeat("9", 2000) + `", 10)`, "larger than"},
		{`setproduct(range(1000), range(1000), range(1000))`, "larger than"},
		{`jsonencode([for i in range(500) : range(500)])`, "too large"},
		{`yamldecode("` + yamlBomb + `")`, "more than 200000 values"},
	} {
		v, err := eval(t, c.call)
		switch {
		case err == nil:
			t.Errorf("%.60s = %.60s, want an error", c.call, v.GoString())
		case !strings.Contains(err.Error(), c.want):
			t.Errorf("%.60s: got %v, want %q in it", c.call, err, c.want)
		}
	}
}

// long is an expression for a text of 100 kB.
func long(s string) string {
	return `join("", [for i in range(1000) : "` + strings.Repeat(s, 100) + `"])`
}

// yamlBomb is a document of nine lists, each of nine times the one before.
var yamlBomb = func() string {
	var b strings.Builder
	b.WriteString(`a0: &a0 [x]\n`)
	for i := range 9 {
		alias := "*a" + string(rune('0'+i))
		b.WriteString("a" + string(rune('1'+i)) + ": &a" + string(rune('1'+i)) + " [" + strings.Repeat(alias+", ", 8) + alias + `]\n`)
	}
	return b.String()
}()
