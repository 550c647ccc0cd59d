package schema

import (
	"sync"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

// A table that served another struct before keeps nothing of it, and tables
// are used side by side.
func TestWith(t *testing.T) {
	attrs := full()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for name, v := range attrs {
				b := new(box)
				Decoding{Owner: "box", Diags: new(diag.List)}.Decode(b, []ir.Attr{{Name: name, Value: v}})
				if d := cmp.Diff(Bind(b).Encode(), EncodeOf(b)); d != "" {
					t.Errorf("%s (-bound anew +shared)\n%s", name, d)
				}
				if got := EncodeOf(new(box)); len(got) > 0 {
					t.Errorf("after %s an empty struct has %v", name, got)
				}
			}
		})
	}
	all.Wait()
}
