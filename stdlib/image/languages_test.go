package image

import (
	"testing"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
)

// TestLanguages holds that no attribute is in one language only.
func TestLanguages(t *testing.T) {
	kobj, yes := kindtest.Obj, ir.BoolVal(true)
	pull := kindtest.Attrs{"pull": str("caddy:2.9")}
	kindtest.Suite{
		Kinds: []kind.Kind{Kind}, Stack: "kt", Dir: plant(t, map[string]string{"web/Dockerfile": "FROM scratch", "lib/a": "a", "key": "k"}),
		Base: []kindtest.Decl{{Addr: "image.base", Attrs: pull}}, Subject: kindtest.Decl{Addr: "image.web"},
	}.Languages(t,
		kindtest.Sample{Attr: "pull", A: str("caddy:2.9")},
		kindtest.Sample{Attr: "tags", A: strs("x/web:1", "x/web:2"), With: pull},
		kindtest.Sample{Attr: "pull_policy", A: str("newer"), With: pull},
		kindtest.Sample{Attr: "platform", A: str("linux/arm64"), With: pull},
		kindtest.Sample{Attr: "push", A: yes, B: strs("x/web:3"), With: kindtest.Attrs{"pull": str("caddy:2.9"), "tags": strs("x/web:1")}},
		kindtest.Sample{Attr: "build", A: str("./web"), B: kobj("context", "web", "dockerfile_inline", "FROM scratch\n")},
		kindtest.Sample{Attr: "build", A: kobj(
			"context", "web", "dockerfile", "Dockerfile", "args", kobj("A", "1"), "target", "t", "labels", kobj("l", "x"),
			"additional_contexts", kobj("a", kobj("path", "./lib"), "b", kobj("image", kindtest.Handle("image.base")), "c", kobj("url", "https://example.org/a.git"), "d", "./lib"),
			"platforms", strs("linux/amd64"), "secrets", kobj("a", kobj("value", "v"), "b", kobj("file", "./key"), "c", "text"), "ssh", strs("default"),
			"network", "none", "extra_hosts", kobj("h", "10.0.0.1"), "shm_size", "64m", "ulimits", kobj("nofile", kobj("soft", 1, "hard", 2), "nproc", 3),
			"cache_from", strs("x/web:cache"), "cache_to", strs("type=inline"), "no_cache", true, "pull", true,
		)},
	)
}
