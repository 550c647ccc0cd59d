package ir

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPatternMatches(t *testing.T) {
	all := []string{
		`container.web`, `container.job["a.b"]`, `container.job["c"]`, `volume.web`, `image["caddy:2.9"]`,
		`module.db.container.web`, `module.db.volume.data`, `module.db.module.log.container.web`,
		`module.eu["1"].container.web`, `module.eu["2"].container.web`,
	}
	for _, tt := range []struct{ pattern, want string }{
		{`container.web`, `container.web`},
		{`container.job`, `container.job["a.b"] container.job["c"]`},
		{`container.job["a.b"]`, `container.job["a.b"]`},
		{`container.*`, `container.web container.job["a.b"] container.job["c"]`},
		{`image.*`, `image["caddy:2.9"]`},
		{`image["caddy:2.9"]`, `image["caddy:2.9"]`},
		{`container.web["0"]`, ``},
		{`container.we`, ``},
		{`module.db`, `module.db.container.web module.db.volume.data module.db.module.log.container.web`},
		{`module.db.container.*`, `module.db.container.web`},
		{`module.db.module.log`, `module.db.module.log.container.web`},
		{`module.eu`, `module.eu["1"].container.web module.eu["2"].container.web`},
		{`module.eu[2]`, `module.eu["2"].container.web`},
		{`module.eu.container.web`, `module.eu["1"].container.web module.eu["2"].container.web`},
		{`module.eu["1"].container.*`, `module.eu["1"].container.web`},
	} {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		var got []string
		for _, text := range all {
			a, err := ParseAddr(text)
			if err != nil {
				t.Fatal(err)
			}
			if p.Matches(a) {
				got = append(got, text)
			}
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.pattern, diff)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	for _, tt := range []struct{ pattern, want string }{
		{``, `"": "" is not a name`},
		{`*`, `"*": "*" is not a name`},
		{`container`, `"container": want KIND.LABEL; container.* is all of that kind`},
		{`module`, `"module": want KIND.LABEL, KIND.LABEL["KEY"], KIND.* or module.NAME`},
		{`module.*`, `"module.*": want KIND.LABEL, KIND.LABEL["KEY"], KIND.* or module.NAME`},
		{`container.web[*]`, `"container.web[*]": want a quoted key after [; without a key it stands for all keys`},
		{`container.*["0"]`, `"container.*[\"0\"]": "*" is not a name`},
		{`container.web.name`, `"container.web.name": want KIND.LABEL, KIND.LABEL["KEY"], KIND.* or module.NAME`},
	} {
		_, err := ParsePattern(tt.pattern)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.pattern, err, tt.want)
		}
	}
}
