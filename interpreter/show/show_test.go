package show

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func addr(t *testing.T, s string) ir.Addr {
	t.Helper()
	a, err := ir.ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func str(s string) ir.Value              { return ir.StringVal(s) }
func obj(m map[string]ir.Value) ir.Value { return ir.MapVal(m) }
func secret(s string) ir.Value           { return ir.StringVal(s).AsSensitive() }
func at(line int) diag.Pos               { return diag.Pos{File: "shop/main.bay.hcl", Line: line, Col: 3} }
func list(vs ...string) (out ir.Value) {
	out = ir.ListVal()
	for _, v := range vs {
		out.List = append(out.List, str(v))
	}
	return
}
func shop(steps ...*plan.Step) *plan.Plan {
	return &plan.Plan{
		Mode: plan.Apply, Stack: "shop", Steps: steps,
		Info: engine.Info{ID: "ABCD:EFGH", API: "1.41", Version: "20.10.24"},
	}
}

// mixed has a step of every verb, and every sort of field.
func mixed(t *testing.T) *plan.Plan {
	ip := ir.Concat(str("pg://"), ir.EngineVal(addr(t, "container.db"), "ip"), str(":5432"))
	conf := "log stdout\nworkers 2\n\nupstream web {\n  server a\n  server b\n}\nkeepalive 5\n"
	p := shop(
		&plan.Step{Verb: kind.Create, Addr: addr(t, "network.metrics"), Name: "shop-metrics", Pos: at(9), Changes: []schema.Change{{Attr: "name", New: str("shop-metrics")}}},
		&plan.Step{Verb: kind.Update, Addr: addr(t, "container.api"), Name: "shop-api", Why: "memory, restart", Changes: []schema.Change{
			{Attr: "memory", Old: str("512m"), New: str("1g"), Effect: schema.Live, Pos: at(30)},
			{Attr: "restart", Old: str("no"), New: str("always"), Effect: schema.Live, ByHand: true},
		}},
		&plan.Step{Verb: kind.Restart, Addr: addr(t, "container.proxy"), Name: "shop-proxy", Why: "files /etc/proxy.conf content", Changes: []schema.Change{
			{Attr: "files", Path: "/etc/proxy.conf content", Old: str(conf), New: str(strings.Replace(conf, "server b\n", "server b\n  server \x1b[31mc\n", 1)), Effect: schema.Restart},
			{Attr: "cpus", Old: ir.FloatVal(0.5), New: ir.IntVal(1), Effect: schema.Live},
		}, Work: kind.Work{Impact: "stopped and started again, about 1 s"}},
		&plan.Step{Verb: kind.Replace, Addr: addr(t, `container.web["0"]`), Name: "shop-web-0", Why: "image, env DEBUG and 4 more", Needs: []int{1}, Changes: []schema.Change{
			{Attr: "image", Old: str("nginx:1.27.0@sha256:" + strings.Repeat("ab12", 16)), New: str("nginx:1.27.1@sha256:" + strings.Repeat("cd34", 16)), Effect: schema.Replace, Cause: "image.web is created"},
			{Attr: "env", Path: "DATABASE_URL", Old: str("postgres://app@db.example.internal:5432/shop?sslmode=disable&pool_max_conns=10&application_name=web"), New: str("postgres://app@db.example.internal:5432/shop?sslmode=disable&pool_max_conns=20&application_name=web"), Effect: schema.Replace},
			{Attr: "env", Path: "DEBUG", New: str("1"), Effect: schema.Replace},
			{Attr: "env", Path: "GREETING", Old: str(strings.Repeat("good morning ", 12)), New: str(strings.Repeat("bonne nuit ", 14)), Effect: schema.Replace},
			{Attr: "env", Path: "PASSWORD", Old: secret("hunter1"), New: secret("hunter2"), Effect: schema.Replace},
			{Attr: "env", Path: "PG", Old: str("pg://172.20.0.2:5432"), New: ip, Effect: schema.Replace, Cause: "container.db is replaced"},
			{Attr: "memory", Old: str("256m"), New: ir.Value{}, Effect: schema.Replace, Reason: "the engine reads 0 as leave alone"},
			{Attr: "ports", Path: "80/tcp host", Old: ir.IntVal(8080), New: ir.IntVal(9090), Effect: schema.Replace},
			{Attr: "cpus", Old: ir.IntVal(1), New: ir.IntVal(2), Effect: schema.Live},
		}, Work: kind.Work{Impact: "shop-web-0 is down while it stops (at most 10s) and until the new one starts", Strategy: "stop-first"}},
		&plan.Step{Verb: kind.Finish, Addr: addr(t, "container.half"), Name: "shop-half", Why: "its replacement was cut short and goes on", Work: kind.Work{
			Now: "neither runs: shop-half.old-4be14be14be1, the old one, has ended (exit code 0); shop-half, the new one, was never started", Then: "the new one starts; once it is healthy, the old one is removed",
		}},
		&plan.Step{Verb: kind.Restore, Addr: addr(t, "container.back"), Name: "shop-back", Why: "its replacement was cut short and is taken back", Work: kind.Work{Impact: "started again"}},
		&plan.Step{Verb: kind.Remove, Addr: addr(t, "container.old"), Name: "old", Why: "no longer in the program", ID: strings.Repeat("4be1", 16), Work: kind.Work{Impact: "removed while it runs"}},
	)
	p.Same = 9
	p.Unready = []*plan.Unready{{Addr: addr(t, "container.mail"), What: "is unhealthy"}}
	p.Kept = []*plan.Kept{{Addr: addr(t, "volume.pgdata"), Name: "shop-pgdata", Why: "its data is not bay's to give up", Hint: "bay apply --remove-volume volume.pgdata removes it"}}
	p.Outputs = []plan.Output{
		{Name: "db", Value: ip, Pos: at(80)},
		{Name: "password", Value: str("hunter2"), Sensitive: true},
		{Name: "url", Value: str("http://127.0.0.1:8080")},
	}
	p.Notes.Warnf(at(40), "container.db.image: data at /data is in an unnamed volume").Hintf("give it a name: mounts = [...]")
	return p
}

// creation is a first plan, with calls.
func creation(t *testing.T) *plan.Plan {
	web, data := addr(t, "container.web"), addr(t, "volume.data")
	vol := engine.Op{Makes: data.String()}
	vol.Call = &engine.VolumeCreate{Options: volume.CreateOptions{Name: "shop-data", Labels: map[string]string{engine.LabelUID: vol.Blanks.Fresh("uid")}}}
	op := engine.Op{Makes: web.String()}
	op.Call = &engine.ContainerCreate{
		Name:       "shop-web",
		Config:     &container.Config{Image: "nginx:1.27", Env: []string{"PASSWORD=" + op.Blanks.Secret("hunter2")}, Labels: map[string]string{engine.LabelStack: "shop"}},
		HostConfig: &container.HostConfig{Resources: container.Resources{Memory: 1 << 29}},
	}
	start := engine.Op{}
	start.Call = &engine.ContainerStart{Container: start.Blanks.MadeID(web.String())}
	files := engine.Op{Call: &engine.CopyToContainer{Container: "shop-web", Path: "/"}, Stream: &engine.Stream{Hash: strings.Repeat("e3b0", 16), Size: 3 << 20}}
	wait := engine.Wait{Container: "shop-db", Until: ir.Healthy, Limit: time.Minute, Addr: addr(t, "container.db")}
	settled := engine.Wait{Container: "shop-web", Until: ir.Started, Settle: 2 * time.Second, Limit: time.Minute, Addr: web}
	return shop(
		&plan.Step{Verb: kind.Create, Addr: data, Name: "shop-data", Pos: at(3), Work: kind.Work{Ops: []engine.Op{vol}, Facts: []engine.Fact{
			{Source: engine.Source{Read: engine.Read{Call: "VolumeInspect", Arg: "shop-data"}}, Absent: true},
		}}},
		&plan.Step{Verb: kind.Create, Addr: web, Name: "shop-web", Pos: at(5), Needs: []int{0}, Changes: []schema.Change{
			{Attr: "image", New: ir.HandleVal(addr(t, "image.web"))},
			{Attr: "command", New: list("serve", "--port", "80")},
			{Attr: "env", New: obj(map[string]ir.Value{"PASSWORD": secret("hunter2"), "GREETING": str(strings.Repeat("good morning ", 12)), "PORT": str("80")})},
			{Attr: "labels", New: obj(map[string]ir.Value{})},
			{Attr: "ports", New: ir.ListVal(
				obj(map[string]ir.Value{"container": ir.IntVal(80), "host": ir.IntVal(8080), "host_ip": str("127.0.0.1"), "protocol": str("tcp")}),
				obj(map[string]ir.Value{"container": ir.IntVal(9000), "protocol": str("udp")}))},
			{Attr: "files", New: obj(map[string]ir.Value{"/etc/web.conf": obj(map[string]ir.Value{"content": str("a\nb\nc\n"), "mode": str("0644")})})},
			{Attr: "networks", New: ir.ListVal(obj(map[string]ir.Value{"network": str("shop-back"), "aliases": list("web")}))},
			{Attr: "memory", New: str("512m")},
		}, Gates: []plan.Gate{{On: wait.Addr, Wait: wait}}, Work: kind.Work{
			Ops:   []engine.Op{op, files, start},
			Wait:  &settled,
			Undo:  []engine.Op{{Call: &engine.ContainerRemove{Container: "shop-web"}}},
			Facts: []engine.Fact{{Source: engine.Source{Read: engine.Read{Call: "ContainerInspect", Arg: "shop-web"}, Path: []string{"Id"}}, Want: strings.Repeat("4be1", 16)}},
		}},
	)
}

func empty(p *plan.Plan, same int) *plan.Plan {
	p.Same = same
	return p
}

func destroy(t *testing.T) *plan.Plan {
	p := shop(
		&plan.Step{Verb: kind.Remove, Addr: addr(t, "container.db"), Name: "shop-db", Work: kind.Work{Impact: "removed while it runs"}},
		&plan.Step{Verb: kind.Remove, Addr: addr(t, "network.back"), Name: "shop-back"},
		&plan.Step{Verb: kind.Remove, Addr: addr(t, "volume.pgdata"), Name: "shop-pgdata", Why: "its data goes too", LosesData: true},
	)
	p.Mode = plan.Destroy
	return p
}

// TestLossIsWhole holds that no width hides which data goes.
func TestLossIsWhole(t *testing.T) {
	var b bytes.Buffer
	if err := Text(&b, destroy(t), Options{Width: 30}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "remove: its data goes too (named shop-pgdata)\n") {
		t.Errorf("the name is cut:\n%s", b.String())
	}
}

func TestText(t *testing.T) {
	sources := diag.Sources{"shop/main.bay.hcl": []byte(strings.Repeat("\n", 39) + "  image = \"postgres:17\"\n")}
	for _, c := range []struct {
		name string
		plan *plan.Plan
		o    Options
	}{
		{"mixed", mixed(t), Options{Sources: sources}},
		{"mixed_80", mixed(t), Options{Width: 80, Host: "example"}},
		{"mixed_200", mixed(t), Options{Width: 200}},
		{"mixed_ascii", mixed(t), Options{Width: 80, ASCII: true}},
		{"mixed_color", mixed(t), Options{Width: 120, Color: true}},
		{"create", creation(t), Options{}},
		{"create_verbose", creation(t), Options{Verbose: true}},
		{"destroy", destroy(t), Options{}},
		{"empty", empty(shop(), 9), Options{}},
		{"empty_program", shop(), Options{}},
		{"empty_kept", func() *plan.Plan { p := empty(shop(), 1); p.Kept = mixed(t).Kept; return p }(), Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Text(&b, c.plan, c.o); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name+".txt", b.Bytes())
			if strings.Contains(b.String(), "hunter") {
				t.Error("a secret is in the plan")
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, d)
	}
}

func TestWidth(t *testing.T) {
	for _, width := range []int{60, 80, 120, 200} {
		var b bytes.Buffer
		p := mixed(t)
		p.Notes = nil // messages are not cut
		if err := Text(&b, p, Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		for _, l := range strings.Split(b.String(), "\n") {
			if cells(l) > width && !strings.HasPrefix(l, "Plan:") {
				t.Errorf("at %d columns, a line of %d: %s", width, cells(l), l)
			}
		}
	}
}

func TestCut(t *testing.T) {
	page := newText(Options{})
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 5, "short"},
		{"abcdefghij", 7, "abcd…ij"},
		{"日本語日本語", 7, "日本…語"},
	} {
		if got := page.cut(c.in, c.n); got != c.want {
			t.Errorf("cut(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
	a, b := page.squeeze("the same beginning ONE the same end", "the same beginning TWO the same end")
	if a != "…ginning ONE the sam…" || b != "…ginning TWO the sam…" {
		t.Errorf("squeeze: %q, %q", a, b)
	}
}

func TestMarksAreDistinct(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		seen := map[string]kind.Verb{}
		for _, v := range []kind.Verb{kind.Create, kind.Update, kind.Restart, kind.Replace, kind.Remove, kind.Keep, kind.Restore} {
			sign, _ := Mark(v, ascii)
			if old, ok := seen[sign]; ok || cells(sign) != 1 || sign == " " {
				t.Errorf("the sign of %s is %q, as that of %s", v, sign, old)
			}
			seen[sign] = v
		}
	}
}

// TestWideOutputs holds that an output which is too wide for a line is shown
// part by part, and that nothing of it is cut before there are many.
func TestWideOutputs(t *testing.T) {
	many := ir.ListVal()
	for i := range 30 {
		many.List = append(many.List, ir.IntVal(int64(1000+i)))
	}
	p := shop(&plan.Step{Verb: kind.Create, Addr: addr(t, "network.a"), Name: "a"})
	p.Outputs = []plan.Output{
		{Name: "few", Value: obj(map[string]ir.Value{"a": str("x")})},
		{Name: "urls", Value: obj(map[string]ir.Value{"one": str("http://one.example/with/a/long/path"), "two": str("http://two.example/with/a/long/path"), "pw": secret("x")})},
		{Name: "many", Value: many},
		{Name: "all", Value: obj(map[string]ir.Value{"long": str(strings.Repeat("x", 200))}).AsSensitive(), Sensitive: true},
	}
	for _, c := range []struct {
		verbose bool
		want    []string
	}{
		{false, []string{"few       {a: x}\n", "urls one  http://one.example/with/a/long/path\n", "urls pw   (sensitive)\n", "many[19]  1019\n", "          10 more (-v shows all)\n", "all       (sensitive)\n"}},
		{true, []string{"many[29]  1029\n"}},
	} {
		var b bytes.Buffer
		if err := Text(&b, p, Options{Width: 80, Verbose: c.verbose}); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("verbose %v: want %q in\n%s", c.verbose, want, b.String())
			}
		}
	}
}

// Where all names are longer than their column, the arrow in ASCII has less room
// than it takes.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("long ", 20)
	p := shop(&plan.Step{Verb: kind.Replace, Addr: addr(t, "container.web"), Changes: []schema.Change{
		{Attr: "files", Path: "/etc/" + strings.Repeat("a", maxName), Old: str(long), New: str(long + "x"), Effect: schema.Replace},
	}})
	if got := shown(t, p, Options{ASCII: true, Verbose: true}); !strings.Contains(got, "\n      -> long") {
		t.Error(got)
	}
}
