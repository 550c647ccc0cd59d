package verb

import (
	"testing"

	"bayplan/lang/ir"
)

// What a module pulls has the address of who knows it.
func TestPulledAs(t *testing.T) {
	known := []ir.Addr{{Kind: "container", Label: "z"}, at(t, "module.x.image.z", "z").Addr, at(t, "module.y.image.z", "z").Addr}
	for _, c := range []struct{ pin, want string }{
		{"x-z-9e7185a2:2554aaafb9ce", "module.x.image.z"},
		{"x-z-9e7185a3:2554aaafb9ce", "image.x-z-9e7185a3"},
		{"z:2554aaafb9ce", "image.z"},
	} {
		if got := pulledAs(c.pin, known).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.pin, got, c.want)
		}
	}
}
