package verb

import (
	"errors"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

// at makes an object of the stack shop; deps are addresses.
func at(t *testing.T, addr, name string, deps ...string) Object {
	t.Helper()
	a, err := ir.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	o := Object{Stack: "shop", Addr: a, Name: name, ID: strings.Repeat(name+"0123456789abcdef", 4), Runs: a.Kind == "container", Status: "running", Identity: engine.Identity{Stack: "shop", Addr: a, Name: name}}
	for _, d := range deps {
		dep, err := ir.ParseAddr(d)
		if err != nil {
			t.Fatal(err)
		}
		o.Identity.Deps = append(o.Identity.Deps, dep)
	}
	return o
}

func shop(t *testing.T) []Object {
	all := []Object{
		at(t, `container.web["0"]`, "shop-web-0", "module.db.container.this", "network.back"),
		at(t, `container.web["10"]`, "shop-web-10", "module.db.container.this"),
		at(t, `container.web["2"]`, "shop-web-2", "module.db.container.this"),
		at(t, "container.proxy", "front-door", `container.web["0"]`),
		at(t, "module.db.container.this", "shop-db", "module.db.volume.data"),
		at(t, "module.db.container.backup", "shop-db-backup", "module.db.container.this"),
		at(t, `module.cache["eu"].container.this`, "shop-cache-eu"),
		at(t, `module.cache["us"].container.this`, "shop-cache-us"),
		at(t, `module.mail.container.worker`, "shop-mail-worker"),
		at(t, `module.jobs.container.worker`, "shop-jobs-worker"),
		at(t, "module.db.volume.data", "shop-db-data"),
		at(t, "network.back", "shop-back"),
	}
	other := at(t, "container.web", "blog-web")
	other.Stack = "blog"
	return append(all, other)
}

func TestSelect(t *testing.T) {
	for _, c := range []struct{ words, want string }{
		{"", `module.db.container.this; container.web["0"]; container.proxy; container.web["2"]; container.web["10"]; module.cache["eu"].container.this; module.cache["us"].container.this; module.db.container.backup; module.jobs.container.worker; module.mail.container.worker`},
		{`container.web["0"]`, `container.web["0"]`},
		{`container.web[0]`, `container.web["0"]`},
		{`web[0]`, `container.web["0"]`},
		{`web["10"]`, `container.web["10"]`},
		{`web`, `container.web["0"]; container.web["2"]; container.web["10"]`},
		{`web db`, `module.db.container.this; container.web["0"]; container.web["2"]; container.web["10"]`},
		{`module.db`, `module.db.container.this; module.db.container.backup`},
		{`db`, `module.db.container.this`},
		{`db.this`, `module.db.container.this`},
		{`db.backup`, `module.db.container.backup`},
		{`backup`, `module.db.container.backup`},
		{`cache[eu]`, `module.cache["eu"].container.this`},
		{`shop-cache-us`, `module.cache["us"].container.this`},
		{`front-door front-door proxy`, `container.proxy`},
		{`cache`, `module.cache["eu"].container.this; module.cache["us"].container.this`},
		{`mail.worker`, `module.mail.container.worker`},
		{strings.Repeat("front-door0123456789abcdef", 1)[:14], `container.proxy`},
	} {
		got, err := Select(shop(t), Choice{Stack: "shop", Runs: true, Words: strings.Fields(c.words)})
		if err != nil {
			t.Errorf("%q: %v", c.words, err)
			continue
		}
		var addrs []string
		for _, o := range got {
			addrs = append(addrs, o.Addr.String())
		}
		if diff := cmp.Diff(c.want, strings.Join(addrs, "; ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.words, diff)
		}
	}
}

func TestSelectUnclear(t *testing.T) {
	for _, c := range []struct{ word, msg, hint string }{
		{"worker", `"worker" could be module.jobs.container.worker or module.mail.container.worker`, "write the whole address"},
		{"wbe", `there is nothing that runs at "wbe" in stack shop on the engine`, "did you mean web?"},
		{"container.prxy", `there is nothing that runs at "container.prxy" in stack shop on the engine`, "did you mean container.proxy?"},
		{"network.back", `there is nothing that runs at "network.back" in stack shop on the engine`, "network.back is there, and is none"},
		{"blog-web", `there is nothing that runs at "blog-web" in stack shop on the engine`, ""},
		{"\x1b[31m", `there is nothing that runs at "\x1b[31m" in stack shop on the engine`, ""},
	} {
		_, err := Select(shop(t), Choice{Stack: "shop", Runs: true, Words: []string{c.word}})
		var u *Unclear
		if !errors.As(err, &u) {
			t.Errorf("%q: got %v, want an Unclear", c.word, err)
			continue
		}
		if u.Msg != c.msg || c.hint != "" && u.Hint != c.hint {
			t.Errorf("%q: got %q, %q, want %q, %q", c.word, u.Msg, u.Hint, c.msg, c.hint)
		}
	}
	_, err := One(shop(t), Choice{Stack: "shop", Runs: true, Words: []string{"web"}})
	if err == nil || err.Error() != `"web" means 3 objects, and one is wanted` {
		t.Errorf("one of three: %v", err)
	}
}

// Of several objects at one address one stands for it, and labels that go round
// in a circle end.
func TestTwins(t *testing.T) {
	named := func(name, status string) Object {
		o := at(t, "container.web", "shop-web", "container.proxy")
		o.Name, o.Status = name, status
		return o
	}
	for _, c := range []struct {
		what string
		all  []Object
		want string
	}{
		{"start-first, before the cut-over", []Object{named("shop-web-new-1", "running"), named("shop-web", "running")}, "shop-web"},
		{"start-first, after it", []Object{named("shop-web", "running"), named("shop-web-old-1", "running")}, "shop-web"},
		{"stop-first, while names change", []Object{named("shop-web-old-1", "exited"), named("shop-web-new-1", "running")}, "shop-web-new-1"},
		{"a copy by hand", []Object{named("shop-web", "exited"), named("a-copy", "running")}, "shop-web"},
		{"renamed by hand", []Object{named("mine", "exited")}, "mine"},
	} {
		all := append(c.all, at(t, "container.proxy", "shop-proxy", "container.web"))
		markTwins(all)
		got, err := One(all, Choice{Stack: "shop", Runs: true, Words: []string{"web"}})
		if err != nil || got.Name != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.what, got.Name, err, c.want)
		}
	}
}

// Who names a twin gets it.
func TestTwinByName(t *testing.T) {
	old := at(t, "container.web", "shop-web")
	old.Name = "shop-web-old-1"
	all := []Object{old, at(t, "container.web", "shop-web")}
	markTwins(all)
	for _, word := range []string{"shop-web", "shop-web-old-1"} {
		got, err := One(all, Choice{Stack: "shop", Runs: true, Words: []string{word}})
		if err != nil || got.Name != word {
			t.Errorf("%s: got %q, %v", word, got.Name, err)
		}
	}
}

func TestMoved(t *testing.T) {
	old, err := ir.ParseAddr("container.proxy")
	if err != nil {
		t.Fatal(err)
	}
	now := func(a ir.Addr) ir.Addr {
		if a == old {
			a.Label = "door"
		}
		return a
	}
	got, err := One(Moved(shop(t), "shop", now), Choice{Stack: "shop", Words: []string{"door"}})
	if err != nil || got.Name != "front-door" {
		t.Errorf("got %q, %v", got.Name, err)
	}
}

// What is short for something that runs and for something else is the former; by
// an address nothing is.
func TestDeclared(t *testing.T) {
	all := append(shop(t), at(t, "image.proxy", ""), at(t, "module.mail.image.worker", ""))
	for _, c := range []struct{ word, want, others string }{
		{"proxy", "container.proxy", "image.proxy"},
		{"image.proxy", "image.proxy", ""},
		{"mail.worker", "module.mail.container.worker", "module.mail.image.worker"},
		{"db.data", "module.db.volume.data", ""},
	} {
		found, others, err := Declared(all, Choice{Stack: "shop", Words: []string{c.word}})
		if err != nil {
			t.Errorf("%s: %v", c.word, err)
			continue
		}
		if got := listed(found); got != c.want || listed(others) != c.others {
			t.Errorf("%s: got %s, and %s beside; want %s, and %s", c.word, got, listed(others), c.want, c.others)
		}
	}
	if _, _, err := Declared(all, Choice{Stack: "shop", Words: []string{"worker"}}); err == nil {
		t.Error("worker: two that run are taken for one")
	}
}

// What runs once stands for no address, and is found by its name.
func TestSelectOnce(t *testing.T) {
	once := at(t, "container.proxy", "front-door-run-1")
	once.Once, once.Created = true, 1<<40
	all := append(shop(t), once)
	markTwins(all)
	for word, want := range map[string]string{"proxy": "front-door", "container.proxy": "front-door", "front-door-run-1": "front-door-run-1"} {
		got, err := One(all, Choice{Stack: "shop", Runs: true, Words: []string{word}})
		if err != nil || got.Name != want {
			t.Errorf("%s: got %s (%v), want %s", word, got.Name, err, want)
		}
	}
}
