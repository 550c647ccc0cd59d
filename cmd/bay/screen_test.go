package main

import (
	"fmt"
	"strings"
	"testing"

	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

func TestLocale(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "de_DE.UTF-8"}, false},
		{map[string]string{"LANG": "C.utf8"}, false},
		{map[string]string{"LANG": "C"}, true},
		{map[string]string{"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, true},
	} {
		x := newTester(t)
		x.env = c.env
		if got := x.ascii(); got != c.want {
			t.Errorf("%v: ascii is %v, want %v", c.env, got, c.want)
		}
	}
}

// TestScreenMask holds that nothing sensitive is shown even where bay itself
// breaks, and that what it says besides is.
func TestScreenMask(t *testing.T) {
	x := newTester(t)
	x.out.mask, x.err.mask = &x.mask, &x.mask
	x.hide(ir.MapVal(map[string]ir.Value{"password": ir.StringVal("hunter2hunter2"), "pin": ir.IntVal(482913)}).AsSensitive())
	x.reportBug("no room for [hunter2hunter2 482913]", []byte("main.f(\"hunter2hunter2\")\n"))
	fmt.Fprintf(x.out, "{\"url\": \"pg://hunter2hunter2@db\", \"size\": 482913}\n")
	fmt.Fprintln(x.out.bare(), "hunter2hunter2")
	if got, want := x.read(x.err), "no room for [(sensitive) (sensitive)]"; !strings.Contains(got, want) || strings.Contains(got, "hunter2") {
		t.Errorf("got %s, want %s in it", got, want)
	}
	want := "{\"url\": \"pg://(sensitive)@db\", \"size\": 482913}\nhunter2hunter2\n"
	if d := cmp.Diff(want, x.read(x.out)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
