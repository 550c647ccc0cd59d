package load

import (
	"testing"
	"testing/fstest"

	"bayplan/lang/diag"
	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
	"bayplan/lang/value"
)

// evaluate reads files in memory, of which body is the root module's.
func evaluate(files fstest.MapFS, body string) diag.List {
	src := &source{files: files, abs: "/s", home: "/s", shown: ".", seen: diag.Sources{}}
	b := schema.NewBuilder(loadtest.Universe(), "/s", "")
	l := &loader{}
	b.LoadBy(l)
	lang, names, d := choose(src, ".", body)
	if d != nil {
		panic(d.Msg)
	}
	if found, ok := src.body(".", names, &b.Diags); ok {
		l.read(lang, b, found, new(value.Inputs), src)
	}
	b.Finish()
	return b.Diags
}

// FuzzModules holds that no program makes the loader panic that uses a module of
// the other language, or a library.
func FuzzModules(f *testing.F) {
	f.Add("stack { name = \"t\" }\nmodule \"b\" {\n  source = \"./star\"\n  inputs = { n = 1, s = \"x\" }\n}\nmodule \"c\" { source = \"./hcl\" }\n",
		"stack(name = \"t\")\nb = module(\"b\", source = \"./hcl\", inputs = {\"n\": 1})\noutput(\"o\", b.o)\n")
	for _, c := range calls {
		f.Add("stack { name = \"t\" }\n"+c.hcl, "stack(name = \"t\")\n"+c.star)
		for _, text := range c.files {
			f.Add(text, needy)
		}
	}
	f.Add("library \"l\" { source = \"./lib.star\" }\noutput \"o\" { value = l::f([container.a.ip, var.p], {}) }\ncontainer \"a\" {}\nvariable \"p\" {\n default = 1\n sensitive = true\n}\n",
		"def f(x, y = 1, *z):\n    return [x, y, z, {\"a\": x}]\nn = variable(\"n\", type = \"list(object({ a = optional(network) }))\", default = [])\noutput(\"o\", n)\n")
	f.Fuzz(func(t *testing.T, hcl, star string) {
		files := fstest.MapFS{}
		for name, text := range map[string]string{
			"main.bay.hcl": hcl, "main.bay.star": star, "hcl/main.bay.hcl": hcl, "star/main.bay.star": star, "m/main.bay.star": star, "n/main.bay.hcl": hcl, "lib.star": star,
		} {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		for _, body := range []string{"main.bay.hcl", "main.bay.star"} {
			for _, d := range evaluate(files, body) {
				if d.Msg == "" {
					t.Errorf("a message without text: %+v", d)
				}
			}
		}
	})
}
