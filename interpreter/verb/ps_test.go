package verb

import "testing"

func TestImageOf(t *testing.T) {
	tags := map[string]string{
		"caddy:2": "sha256:new", "shop/web:1.0": "sha256:web", "bayplan.invalid/shop/web:aaa": "sha256:web",
		"reg:5000/x:latest": "sha256:x",
	}
	for _, c := range []struct {
		ref, id, name string
		behind        bool
	}{
		{"caddy:2@sha256:abc", "sha256:old", "caddy:2", true},
		{"caddy:2@sha256:abc", "sha256:new", "caddy:2", false},
		{"caddy:3@sha256:abc", "sha256:old", "caddy:3", false}, // pulled by digest: no tag exists
		{"bayplan.invalid/shop/web:aaa", "sha256:web", "shop/web:1.0", false},
		{"bayplan.invalid/shop/web:bbb", "sha256:gone", "shop/web:bbb", false},
		{"reg:5000/x", "sha256:y", "reg:5000/x", true},
	} {
		name, behind := imageOf(c.ref, c.id, tags)
		if name != c.name || behind != c.behind {
			t.Errorf("imageOf(%q, %q) = %q, %v, want %q, %v", c.ref, c.id, name, behind, c.name, c.behind)
		}
	}
}
