package load

import (
	"fmt"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

const inputsHCL = `stack { name = "t" }
variable "word" {
  type    = string
  default = "default"
}
variable "count" {
  type    = number
  default = 1
}
variable "ports" {
  type    = list(object({ container = number, host = optional(number) }))
  default = []
}
variable "pin" {
  type      = string
  default   = "0000"
  sensitive = true
}
output "word" { value = var.word }
output "count" { value = var.count }
output "ports" { value = var.ports }
`

const inputsStar = `stack(name = "t")
word = variable("word", type = "string", default = "default")
count = variable("count", type = "number", default = 1)
ports = variable("ports", type = "list(object({ container = number, host = optional(number) }))", default = [])
variable("pin", type = "string", default = "0000", sensitive = True)
output("word", word)
output("count", count)
output("ports", ports)
`

// TestPrecedence holds the order of the places that give a variable its value.
func TestPrecedence(t *testing.T) {
	env := func(name string) (string, bool) { return "env", name == "BAY_VAR_word" }
	for _, c := range []struct {
		auto  string // bay.vars.hcl
		files []string
		o     Options
		want  string // of word
		from  string
	}{
		{want: "default"},
		{o: Options{Env: env}, want: "env", from: "BAY_VAR_word"},
		{auto: `word = "auto"`, o: Options{Env: env}, want: "auto", from: "d/bay.vars.hcl"},
		{auto: `word = "auto"`, o: Options{VarFiles: []string{"a.hcl"}}, want: "a", from: "a.hcl"},
		{auto: `count = 2`, o: Options{Env: env}, want: "env", from: "BAY_VAR_word"},
		{o: Options{VarFiles: []string{"a.hcl", "b.json"}}, want: "b", from: "b.json"},
		{o: Options{VarFiles: []string{"b.json", "c.env", "a.hcl"}}, want: "a", from: "a.hcl"},
		{o: Options{VarFiles: []string{"a.hcl", "c.env"}}, want: "c d", from: "c.env"},
		{o: Options{VarFiles: []string{"a.hcl", ".env.local"}}, want: "local", from: ".env.local"},
		{o: Options{VarFiles: []string{"a.hcl"}, Vars: []Var{{Name: "word", Value: "flag"}}}, want: "flag", from: "--var"},
	} {
		files := map[string]string{
			"d/main.bay.hcl": inputsHCL, "d/main.bay.star": inputsStar,
			"a.hcl": `word = "a"`, "b.json": `{"word": "b"}`, "c.env": "OTHER=x\nexport word='c d'\n", ".env.local": "word=local",
		}
		if c.auto != "" {
			files["d/bay.vars.hcl"] = c.auto
		}
		write(t, files)
		for _, body := range []string{"d/main.bay.hcl", "d/main.bay.star"} {
			c.o.Universe, c.o.Path = loadtest.Universe(), body
			res := Load(c.o)
			if res.Diags.HasErrors() {
				t.Errorf("%+v: %v", c, res.Diags)
				continue
			}
			from := ""
			for _, taken := range res.Taken {
				if taken.Name == "word" {
					from = taken.From
				}
			}
			if diff := cmp.Diff(c.want+" "+c.from, res.Program.Outputs[2].Value.Str+" "+from); diff != "" {
				t.Errorf("%s %+v: %s", body, c, diff)
			}
		}
	}
}

// TestVarFiles has files of values and the values or the message that come of
// each, in both languages.
func TestVarFiles(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"x.hcl", "word  = \"a\"\ncount = 2\nports = [{ container = 80 }]\n", `a 2 [{container: 80, host: (none)}]`},
		{"x.json", `{"word": "a\u00fc${x}", "count": 2, "ports": [{"container": 80, "host": 1e3}]}`, `"aü${x}" 2 [{container: 80, host: 1000}]`},
		{"x.env", "# note\nword=\"a b\"\ncount: 2\nPATH=/bin\nports='[{ container = 80 }]'\n", `a b 2 [{container: 80, host: (none)}]`},
		{"x.hcl", "", "default 1 []"},
		{"x.json", "{}", "default 1 []"},
		{"x.hcl", "count = null\n", "default (none) []"},
		{"x.json", `{"count": "3"}`, "default 3 []"},

		// a wrong type points into the file
		{"x.hcl", "\ncount = [1]\n", `x.hcl:2:9: variable "count": got a list, want a number ~ the variable is declared at PLACE with type number ~ shown`},
		{"x.hcl", "ports = [\n  { container = 80 },\n  { container = true },\n]\n", `x.hcl:3:17: variable "ports": [1].container: got true, want a number ~ the variable is declared at PLACE with type list(object({ container = number, host = optional(number) })) ~ shown`},
		{"x.json", "{\n  \"ports\": [{\"container\": 80}, {\"container\": {}}]\n}", `x.json:2:46: variable "ports": [1].container: got a map, want a number ~ the variable is declared at PLACE with type list(object({ container = number, host = optional(number) })) ~ shown`},
		{"x.env", "A=1\n  export count=many\n", `x.env:2:10: variable "count": x.env gives "many": "many" is not a value: text needs quotes here ~ want a number ~ hidden`},
		{"x.hcl", "pin   = [\"secret\"]\ncount = []\n", `x.hcl:1:9: variable "pin": it is not of the variable's type ~ the variable is declared at PLACE with type string ~ hidden
x.hcl:2:9: variable "count": got a list, want a number ~ the variable is declared at PLACE with type number ~ hidden`},

		// names
		{"x.hcl", "cuont = 2\n", `x.hcl:1:1: the program declares no variable "cuont" ~ did you mean "count"? ~ hidden`},
		{"x.json", `{"zzzzzz": 2}`, `x.json:1:2: the program declares no variable "zzzzzz" ~ its variables are count, pin, ports, word ~ hidden`},

		{"x.json", `{"": 2}`, `x.json:1:2: the program declares no variable "" ~ its variables are count, pin, ports, word ~ hidden`},

		// what is no file of values
		{"x.hcl", "count = var.x\nword = upper(\"a\")\n", `x.hcl:1:9: var.x cannot be used here ~ a file of values holds plain values alone; what is made of them stands in the program ~ shown
x.hcl:2:8: upper(…) cannot be called here ~ a file of values holds plain values alone; what is made of them stands in the program ~ shown`},
		{"x.hcl", "variable \"count\" {}\n", `x.hcl:1:1: there is no block "variable" in a file of values ~ it holds NAME = VALUE for variables ~ hidden`},
		{"x.hcl", "count = \n", `x.hcl:1:9: want a value ~ a value is missing before this ~ hidden`},
		{"x.json", "{\"count\": 2,}", `x.json:1:13: invalid character '}' looking for beginning of object key string ~  ~ hidden`},
		{"x.json", "[1]", `x.json:1:1: got a list, want an object with the values of variables ~ write {"name": value} ~ hidden`},
		{"x.json", "{\"count\": 2", `x.json:1:12: the file ends in the middle of a value ~  ~ hidden`},
		{"x.json", "{\"count\": 2, \"count\": 3}", `x.json:1:14: the key "count" stands here twice ~  ~ hidden`},
		{"x.json", "{} {}", `x.json:1:4: something follows the value ~  ~ hidden`},
		{"x.json", `{"count": ` + strings.Repeat("[", 500), `x.json:1:111: the value is nested more than 100 deep ~  ~ hidden`},
		{"x.json", `{"count": 1e999}`, `x.json:1:11: the number is too large ~  ~ hidden`},
		{"x.env", "word='a\n", `x.env: it is no dotenv file ~  ~ hidden`},
		{"x.yaml", "", "x.yaml: the name does not say what is in it ~ a file of values is called *.hcl, *.json, *.env or .env.* ~ hidden"},
		{"none.hcl", "-", "none.hcl: there is no such file ~  ~ hidden"},
		{"x.env", "\xff", "x.env: the file is not UTF-8 text ~  ~ hidden"},
	} {
		files := map[string]string{"main.bay.hcl": inputsHCL, "main.bay.star": inputsStar}
		if c.text != "-" {
			files[c.name] = c.text
		}
		write(t, files)
		for _, body := range []string{"main.bay.hcl", "main.bay.star"} {
			res := Load(Options{Universe: loadtest.Universe(), Path: body, VarFiles: []string{c.name}})
			var lines []string
			for _, d := range res.Diags {
				seen := "hidden"
				if res.Sources[c.name] != nil {
					seen = "shown"
				}
				lines = append(lines, fmt.Sprintf("%s ~ %s ~ %s", d, anywhere.ReplaceAllString(d.Hint, "PLACE"), seen))
			}
			if res.Program != nil {
				for _, i := range []int{2, 0, 1} {
					lines = append(lines, res.Program.Outputs[i].Value.Show())
				}
				lines = []string{strings.Join(lines, " ")}
			}
			if diff := cmp.Diff(c.want, strings.Join(lines, "\n")); diff != "" {
				t.Errorf("%s, %s %q: %s", body, c.name, c.text, diff)
			}
		}
	}
}

// TestCutShort holds that a body which fails early is not said to lack the
// variables that come after.
func TestCutShort(t *testing.T) {
	write(t, map[string]string{"main.bay.star": "stack(name = \"t\")\nx = 1 // 0\nvariable(\"late\")\n", "bay.vars.hcl": "late = 1\n"})
	res := Load(Options{Universe: loadtest.Universe(), Vars: []Var{{Name: "late", Value: "2"}}})
	if len(res.Diags) != 1 || !strings.Contains(res.Diags[0].Msg, "division by zero") {
		t.Errorf("got %v, want one message about the division", res.Diags)
	}
}

func FuzzVarFile(f *testing.F) {
	f.Add("x.json", `{"a": [1, {"b": null}], "c": 1e400}`)
	f.Add("x.env", "A=1\nexport B='x\ny'\nC: ${A}")
	f.Add("x.hcl", "a = [1, { b = null }]\nc = f(x)\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		read, _ := formOf(name)
		if read == nil {
			return
		}
		var ds diag.List
		for _, s := range read(schema.File{Name: name, Src: []byte(text)}, &ds) {
			if s.Pos.Line < 1 || s.Pos.Col < 1 {
				t.Errorf("a setting without a place: %+v", s)
			}
		}
	})
}
