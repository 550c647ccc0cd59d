package load

import (
	"fmt"
	"testing"

	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

// words are a value for each attribute of a lifecycle and of an element of
// depends_on, as both languages write it.
var words = map[string]struct{ hcl, star string }{
	"lifecycle.prevent_destroy": {"true", "True"},
	"lifecycle.keep":            {"true", "True"},
	"lifecycle.ignore_changes":  {`["memory", "env"]`, `["memory", "env"]`},
	"lifecycle.strategy":        {`"stop_first"`, `"stop_first"`},
	"lifecycle.settle":          {`"3s"`, `"3s"`},
	"lifecycle.replace_on":      {`[container.o, "x", { a = 1 }]`, `[o, "x", {"a": 1}]`},
	"lifecycle.restart_on":      {"[container.o]", "[o]"},
	"lifecycle.precondition":    {`[{ condition = container.o.memory == null, error_message = "x" }]`, `[rule(o.memory == None, "x")]`},
	"lifecycle.postcondition":   {`[{ condition = self.ip != "", error_message = "x" }]`, `[rule(lambda self: self.ip != "", "x")]`},
	"depends_on.resource":       {"container.o", "o"},
	"depends_on.condition":      {"healthy(container.o)", "healthy(o)"},
	"depends_on.limit":          {`started(container.o, "5s")`, `started(o, "5s")`},
}

// TestNoWordInOneLanguageOnly holds that both languages have every attribute of
// these, and make the same of it.
func TestNoWordInOneLanguageOnly(t *testing.T) {
	for _, form := range schema.Forms() {
		if form.Name != "lifecycle" && form.Name != "depends_on" {
			continue
		}
		for _, f := range schema.FieldsOf(form.New()) {
			t.Run(form.Name+"."+f.Name, func(t *testing.T) {
				w, ok := words[form.Name+"."+f.Name]
				if !ok {
					t.Fatal("no value of it is in the table")
				}
				hcl, star := "lifecycle { %s = %s }", "lifecycle = lifecycle(%s = %s)"
				if form.Name == "depends_on" {
					hcl, star = "depends_on = [%[2]s] # %[1]s", "depends_on = [%[2]s]"
				}
				h, s := both(t, loadtest.Universe(), map[string]string{
					"main.bay.hcl":  "stack { name = \"shop\" }\ncontainer \"o\" {}\ncontainer \"x\" {\n" + fmt.Sprintf(hcl, f.Name, w.hcl) + "\n}\n",
					"main.bay.star": "stack(name = \"shop\")\no = container(\"o\")\ncontainer(\"x\", " + fmt.Sprintf(star, f.Name, w.star) + ")\n",
				})
				if h.Program == nil || s.Program == nil {
					t.Fatalf("HCL: %v\nStarlark: %v", h.Diags, s.Diags)
				}
				without, _ := both(t, loadtest.Universe(), map[string]string{
					"main.bay.hcl": "stack { name = \"shop\" }\ncontainer \"o\" {}\ncontainer \"x\" {}\n", "main.bay.star": "stack(name = \"shop\")\n",
				})
				if diff := cmp.Diff(plain(t, h.Program), plain(t, s.Program)); diff != "" {
					t.Errorf("the programs differ (-HCL +Starlark):\n%s", diff)
				}
				if f.Name != "precondition" && cmp.Equal(plain(t, without.Program), plain(t, h.Program)) { // that leaves no trace where it holds
					t.Error("it says nothing")
				}
			})
		}
	}
}
