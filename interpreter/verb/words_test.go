package verb

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	for _, c := range []struct{ begun, want string }{
		{``, `backup cache["eu"] cache["us"] db jobs.worker mail.worker proxy web["0"] web["10"] web["2"]`},
		{`w`, `web web["0"] web["10"] web["2"]`},
		{`web["1`, `web["10"]`},
		{`web[1`, `web[10]`},
		{`web["9`, ``},
		{`container.w`, `container.web container.web["0"] container.web["10"] container.web["2"]`},
		{`container.web[2`, `container.web[2]`},
		{`d`, `db db.backup`},
		{`module.m`, `module.mail.container.worker`},
		{`worker`, ``}, // which one is not clear
		{`net`, ``},    // does not run
	} {
		var got []string
		for _, w := range Words(shop(t), Choice{Stack: "shop", Runs: true}, c.begun) {
			got = append(got, w.Text)
		}
		if d := cmp.Diff(c.want, strings.Join(got, " ")); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.begun, d)
		}
	}
}
