package container

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/ir"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
	"github.com/google/go-cmp/cmp"
)

// everything sets every attribute that goes with the others.
func everything(n int) decls {
	one := ir.HandleVal(addr("network.one"))
	pick := func(a, b string) string { return []string{a, b}[n] }
	return decls{
		"network.one": {"ipam": obj("config", strs(subnet+"0/24"))}, "network.two": {}, "volume.data": {},
		"container.web": {
			"image": str(probe1), "command": strs("serve", pick(":8080", ":8081")), "env": obj("A", pick("1", "2"), "X", "y"), "user": str(pick("0", "0:0")),
			"working_dir": str(pick("/tmp", "/srv")), "hostname": str(pick("web", "bew")), "labels": obj("x", pick("1", "2"), "from", "me"),
			"ports":    strs("127.0.0.1:"+port(10+n)+":8080", "53/udp"),
			"networks": ir.ListVal(obj("network", one, "ipv4_address", pick(subnet+"20", subnet+"21"), "aliases", strs(pick("a", "b"))), ir.HandleVal(addr("network.two"))),
			"mounts":   ir.ListVal(obj("volume", ir.HandleVal(addr("volume.data")), "target", "/data"), obj("source", "one", "target", "/conf/one", "read_only", true), obj("type", "tmpfs", "target", "/t", "size", pick("1m", "2m"))),
			"files":    obj("/etc/a/b", pick("hello", "other"), "/x", obj("source", pick("one", "two"), "mode", "600", "uid", 7)),
			"restart":  str(pick("always", "on-failure:3")), "stop_signal": str("TERM"), "stop_timeout": str(pick("3s", "4s")),
			"healthcheck": obj("test", strs("CMD", "/probe", "health", pick(":8080", ":8081")), "interval", "100ms", "retries", 20), "memory": str(pick("32m", "64m")), "cpus": ir.FloatVal(0.5),
			"init": ir.BoolVal(false), "cap_add": strs(pick("net_admin", "sys_time")), "cap_drop": strs("mknod"), "extra_hosts": obj("db", pick("10.0.0.2", "10.0.0.3")),
			"dns": strs("10.0.0.53"), "ulimits": obj("nofile", 1024), "sysctls": obj("net.ipv4.ip_unprivileged_port_start", 0),
			"logging": obj("driver", "json-file", "options", obj("max-size", pick("1m", "2m"))),
		},
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTogether makes a container with everything, changes everything, and
// takes everything away: after each there is nothing left to do.
func TestTogether(t *testing.T) {
	engines(t, "together", func(t *testing.T, w *workshop) {
		write(t, w.dir, map[string]string{"one": "1\n", "two": "2\n"})
		for n := range 2 {
			w.apply(everything(n))
		}
		w.apply(decls{"network.one": everything(1)["network.one"], "network.two": {}, "volume.data": {}, "container.web": {"image": str(probe1)}})
	})
}

// TestKilled stops a replacement after each of its calls. What is planned then
// goes on or back, and ends with what the program wants and nothing else.
func TestKilled(t *testing.T) {
	for _, port := range []string{port(12) + ":8080", "8080"} { // one that both want, and one of the engine's choice
		t.Run(port, func(t *testing.T) { killed(t, port) })
	}
}

func killed(t *testing.T, port string) {
	w := &workshop{t: t, e: inMemory(t, "1.41"), stack: stackName("killed"), dir: t.TempDir()}
	d := func(name, file, x string) decls {
		attrs := obj("image", probe1, "restart", "always", "ports", strs(port), "files", obj("/f", file), "env", obj("X", x), "name", w.stack+"-"+name, "stop_timeout", "1s").Map
		attrs["lifecycle"] = obj("settle", "0s")
		return decls{"container.web": attrs}
	}
	before := d("web", "1", "1")
	for _, c := range []struct {
		way         string
		after, then decls
		name        string // at the end
	}{
		{"forward", d("web", "1", "2"), d("web", "1", "2"), "web"},
		{"back", d("web", "1", "2"), before, "web"},
		{"elsewhere", d("web", "1", "2"), d("web", "2", "3"), "web"},
		{"forward, renamed", d("new", "1", "2"), d("new", "1", "2"), "new"},
		{"back, renamed", d("new", "1", "2"), before, "web"},
	} {
		t.Run(c.way, func(t *testing.T) {
			w.t = t
			for k := 1; ; k++ {
				w.apply(before)
				p := w.plan(c.after)
				if k > cut(p.Steps[0], k) {
					break
				}
				if r := w.run(p); len(r.Failed) > 0 {
					t.Fatalf("cut after %d: %v", k, r.Failed[0].Err)
				}
				w.apply(c.then)
				w.alone(c.name)
			}
		})
	}
	w.t = t
}

// cut leaves the first k calls of a step, and returns how many it has.
func cut(s *plan.Step, k int) int {
	w := &s.Work
	all := append(append([]engine.Op{}, w.Ops...), w.Commit...)
	n := len(all)
	w.Ops, w.Wait, w.Commit, w.Undo = all[:min(k, n)], nil, nil, nil
	return n
}

// alone holds that one container of the stack is there, and runs.
func (w *workshop) alone(name string) {
	w.t.Helper()
	found := w.world(nil).Found["container"]
	if len(found.Live) != 1 || found.Live[0].Name != w.stack+"-"+name || found.Live[0].Old != nil || !found.Live[0].Object.(*object).State.Running {
		w.t.Errorf("left on the engine: %v", found.Live)
	}
}

// TestRollback lets the new container fail: the old one serves again, with its
// name and policy, also where it was stopped.
func TestRollback(t *testing.T) {
	engines(t, "rollback", func(t *testing.T, w *workshop) {
		good := decls{"container.web": {"image": str(probe1), "restart": str("always"), "ports": strs(port(13) + ":8080")}}
		w.apply(good)
		was := w.world(nil).Found["container"].Live[0].ID
		for _, bad := range []string{"exit 3", "nonsense", "exit 4"} {
			if bad == "exit 4" {
				w.do(&engine.ContainerStop{Container: w.stack + "-web"})
			}
			r := w.run(w.plan(decls{"container.web": {"image": str(probe1), "restart": str("always"), "ports": strs(port(13) + ":8080"), "command": str(bad)}}))
			if len(r.Failed) != 1 || !r.Failed[0].RolledBack {
				t.Fatalf("%s: %+v", bad, r.Failed)
			}
			w.alone("web")
			if now := w.world(nil).Found["container"].Live[0].ID; now != was {
				t.Errorf("%s: another container came back", bad)
			}
			if p := w.plan(good); !p.Empty() {
				t.Errorf("%s: after the rollback: %s", bad, steps(p))
			}
		}
	})
}

// TestRollbackToNewSubnet lets the new container fail where the network has given up
// the old one's address in the same plan: the old one comes back with another.
func TestRollbackToNewSubnet(t *testing.T) {
	engines(t, "subnet", func(t *testing.T, w *workshop) {
		d := func(first, address string, more ...any) decls {
			on := ir.ListVal(obj("network", ir.HandleVal(addr("network.back")), "ipv4_address", subnet+address))
			return decls{
				"network.back":  {"ipam": obj("config", strs(subnet+first+"/25"))},
				"container.web": obj(append([]any{"image", probe1, "networks", on}, more...)...).Map,
			}
		}
		for _, c := range []struct {
			strategy string
			more     []any
		}{{startFirst, nil}, {stopFirst, []any{"lifecycle", obj("strategy", "stop_first")}}} {
			w.apply(d("0", "5", c.more...))
			was := w.live("container.web").ID
			p := w.plan(d("128", "133", append(c.more, "command", "exit 3")...))
			if s := p.Steps[len(p.Steps)-1]; s.Work.Strategy != c.strategy {
				t.Errorf("%s is %s, want %s", s.Addr, s.Work.Strategy, c.strategy)
			}
			r := w.run(p)
			if len(r.Failed) != 1 || !r.Failed[0].RolledBack || r.Failed[0].UndoErr != nil {
				t.Fatalf("%s: %+v", c.strategy, r.Failed)
			}
			w.alone("web")
			if now := w.live("container.web"); now.ID != was || now.Attrs["ip"].Str == "" || now.Attrs["ip"].Str == subnet+"5" {
				t.Errorf("%s: at %s, and it was another one: %v", c.strategy, now.Attrs["ip"].Show(), now.ID != was)
			}
			w.apply(d("128", "133", c.more...))
			w.destroy()
		}
	})
}

// TestRollbackStartsNoOther lets the new container fail where the old one did not run
// and could not, or never has: it is put back, and stays as it is.
func TestRollbackStartsNoOther(t *testing.T) {
	bad := decls{"container.web": obj("image", probe1, "network_mode", "none", "command", "exit 3").Map}
	for _, c := range []struct {
		name, status string
		before       func(w *workshop)
	}{
		{"never started", "created", func(w *workshop) {
			p := w.plan(decls{"container.web": obj("image", probe1, "network_mode", "none").Map})
			cut(p.Steps[len(p.Steps)-1], 1)
			w.run(p)
		}},
		{"without its network", "exited (0)", func(w *workshop) {
			w.apply(decls{"network.a": {}, "container.web": {"image": str(probe1), "networks": ir.ListVal(ir.HandleVal(addr("network.a")))}})
			w.do(&engine.ContainerStop{Container: w.stack + "-web"})
			w.do(&engine.NetworkRemove{Network: w.stack + "-a"})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &workshop{t: t, e: inMemory(t, "1.41"), stack: stackName("idle"), dir: t.TempDir()}
			c.before(w)
			was := w.live("container.web").ID
			r := w.run(w.plan(bad))
			if len(r.Failed) != 1 || !r.Failed[0].RolledBack || r.Failed[0].UndoErr != nil {
				t.Fatalf("%+v", r.Failed)
			}
			if now := w.live("container.web"); now.ID != was || now.Status != c.status || now.Name != w.stack+"-web" {
				t.Errorf("%s is %s, and it was another one: %v", now.Name, now.Status, now.ID != was)
			}
		})
	}
}

// TestRollbackHalfway stops a replacement after each of its calls, and lets the
// next apply come to the end that the first one would have come to: the new
// container fails, and the old one is as it was before the first one began.
func TestRollbackHalfway(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, "1.41"), stack: stackName("halfway"), dir: t.TempDir()}
	d := func(command string) decls {
		attrs := obj("image", probe1, "restart", "always", "ports", strs(port(14)+":8080"), "command", command).Map
		return decls{"container.web": attrs}
	}
	good, bad := d("serve"), d("exit 3")
	w.apply(good)
	was := w.live("container.web").ID
	for k := 1; ; k++ {
		p := w.plan(bad)
		if k >= cut(p.Steps[0], k) {
			break // the old one is gone
		}
		w.run(p)
		r := w.run(w.plan(bad))
		if len(r.Failed) != 1 || !r.Failed[0].RolledBack {
			t.Fatalf("after %d calls: %+v", k, r.Failed)
		}
		w.alone("web")
		if now := w.live("container.web").ID; now != was {
			t.Fatalf("after %d calls another container came back", k)
		}
		if p := w.plan(good); !p.Empty() {
			t.Fatalf("after %d calls the old one is not as it was: %s", k, steps(p))
		}
	}
}

// TestNoWayBack holds that nothing goes back to a container whose companion the plan
// makes anew, that the plan says so, and that it waits for the companion.
func TestNoWayBack(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, "1.41"), stack: stackName("company"), dir: t.TempDir()}
	d := func(near, side string) decls {
		return decls{
			"container.near": obj("image", probe1, "network_mode", "none", "env", obj("TIER", near), "command", "serve :9090").Map,
			"container.side": obj("image", probe1, "network_mode", "container:"+w.stack+"-near", "command", side).Map,
		}
	}
	w.apply(d("1", "serve"))
	for _, x := range []struct {
		near string
		back bool
	}{{"1", true}, {"2", false}} {
		p := w.plan(d(x.near, "exit 3"))
		side := p.Steps[len(p.Steps)-1]
		if len(side.Gates) != 1 || side.Gates[0].Wait.Until != ir.Started {
			t.Errorf("TIER=%s: side waits for %+v", x.near, side.Gates)
		}
		if said := strings.Contains(side.Work.Impact, "no way back"); said == x.back || (len(side.Work.Undo) > 0) != x.back {
			t.Errorf("TIER=%s: %q, and %d calls lead back", x.near, side.Work.Impact, len(side.Work.Undo))
		}
	}
}

// TestLeftOut has an engine make containers without something that it was asked for:
// none of them stays, and the old one of a replacement serves.
func TestLeftOut(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, "1.41"), stack: stackName("leftout"), dir: t.TempDir()}
	d := func(blkio ir.Value) decls {
		return decls{"container.web": obj("image", probe1, "network_mode", "none", "blkio", blkio).Map}
	}
	good := d(obj("device_read_iops", ir.ListVal(obj("path", "/dev/vda", "rate", 100))))
	bad := d(obj("weight_device", ir.ListVal(obj("path", "/dev/vda", "weight", 200))))
	fails := func() {
		t.Helper()
		if r := w.run(w.plan(bad)); len(r.Failed) != 1 || !r.Failed[0].RolledBack || r.Failed[0].UndoErr != nil {
			t.Fatalf("%+v", r.Failed)
		}
	}
	for range 2 {
		fails()
		if found := w.world(nil).Found["container"]; len(found.Live) > 0 {
			t.Fatalf("left on the engine: %v", found.Live)
		}
	}
	w.apply(good)
	was := w.live("container.web").ID
	for range 2 {
		fails()
		w.alone("web")
		if now := w.live("container.web").ID; now != was {
			t.Fatal("another container came back")
		}
	}
}

// TestKernelLacks holds that what an engine tells of its kernel forbids a plan, and
// nothing beside.
func TestKernelLacks(t *testing.T) {
	for _, c := range []struct {
		attr, part string
		lacks      engine.NoDevice
	}{
		{"weight_device", "weight", engine.NoDevice{Weight: true}},
		{"device_read_bps", "rate", engine.NoDevice{ReadBps: true}},
		{"device_write_bps", "rate", engine.NoDevice{WriteBps: true}},
		{"device_read_iops", "rate", engine.NoDevice{ReadIOps: true}},
		{"device_write_iops", "rate", engine.NoDevice{WriteIOps: true}},
	} {
		w := &workshop{t: t, e: inMemory(t, "1.51"), stack: stackName("lacks"), dir: t.TempDir()}
		d := decls{"container.web": obj("image", probe1, "network_mode", "none", "blkio", obj(c.attr, ir.ListVal(obj("path", "/dev/vda", c.part, 200)))).Map}
		w.plan(d)
		w.e.Info.NoDevice = c.lacks
		want := "container.web.blkio: the kernel of this engine does not have " + c.attr + ","
		if _, diags := w.try(d); !strings.Contains(diags.Error(), want) {
			t.Errorf("got %v, want %s", diags, want)
		}
	}
}

func TestStates(t *testing.T) {
	engines(t, "states", func(t *testing.T, w *workshop) {
		d := func(state string, more ...any) decls {
			attrs := obj(append([]any{"image", probe1, "network_mode", "none"}, more...)...).Map
			if state != "" {
				attrs["state"] = str(state)
			}
			return decls{"container.web": attrs}
		}
		w.apply(d("created"))
		w.expects(d(""), "update container.web\n  state: created → running, live\n")
		w.apply(d(""))
		w.expects(d("created"), "replace container.web\n  state: running → created, replace, by hand; a container that was started cannot be as if it had not been\n")
		w.do(&engine.ContainerStop{Container: w.stack + "-web"})
		w.expects(d(""), "update container.web\n  state: exited (0) → running, live\n")
		w.apply(d(""))
		w.do(&engine.ContainerKill{Container: w.stack + "-web", Signal: "KILL"})
		w.do(&engine.ContainerRemove{Container: w.stack + "-web"})
		w.expects(d(""), "create container.web\n")
		w.apply(d("completed", "command", strs("exit", "0")))
		if p := w.plan(d("completed", "command", strs("exit", "0"), "restart", "on-failure:1")); len(p.Steps) != 1 || p.Steps[0].Work.Wait != nil {
			t.Errorf("a job that is done runs again for its policy: %s", steps(p))
		}
		if r := w.run(w.plan(d("completed", "command", strs("exit", "7")))); len(r.Failed) != 1 || !r.Failed[0].RolledBack {
			t.Errorf("a job that fails: %+v", r.Failed)
		}
	})
}

// do sends a call as somebody with docker at hand would.
func (w *workshop) do(c engine.Call) {
	w.t.Helper()
	if _, err := w.e.Do(w.t.Context(), c, nil, nil); err != nil {
		w.t.Fatalf("%s: %v", engine.Method(c), err)
	}
}

// expects plans and compares the steps and their changes, without the calls.
func (w *workshop) expects(d decls, want string) {
	w.t.Helper()
	p := w.plan(d)
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%s %s\n", s.Verb, s.Addr)
		if s.Verb != kind.Create {
			b.WriteString(changesText(s.Changes))
		}
	}
	// A probe that is stopped before it has begun to listen for signals dies of this one.
	got := strings.ReplaceAll(b.String(), "exited (2)", "exited (0)")
	if got != want {
		w.t.Errorf("planned:\n%s", cmp.Diff(want, got))
	}
}

// TestPublications holds that of a port which is published more than once each
// publication has the host port that the engine picked for it, wherever it stands.
func TestPublications(t *testing.T) {
	engines(t, "publications", func(t *testing.T, w *workshop) {
		fixed := []string{port(16) + ":8080", "127.0.0.1:" + port(17) + ":8080", "127.0.0.2:" + port(18) + ":8080"}
		for at := range len(fixed) + 1 {
			w.t = t
			ports := slices.Insert(slices.Clone(fixed), at, "127.0.0.1::8080")
			w.apply(decls{"container.web": obj("image", probe1, "env", obj("AT", fmt.Sprint(at)), "ports", strs(ports...)).Map})
			l := w.live("container.web")
			picked := ""
			for _, b := range l.Object.(*object).NetworkSettings.Ports["8080/tcp"] {
				if !slices.Contains([]string{port(16), port(17), port(18)}, b.HostPort) {
					picked = b.HostPort
				}
			}
			attr := fmt.Sprintf("ports[%d].host", at)
			read, _, err := w.e.Get(t.Context(), *source(portsOf(l.Record), l.Name, attr))
			if told := l.Attrs[attr].Str; err != nil || picked == "" || told != picked || read != picked {
				t.Errorf("%s: a plan knows %q, apply reads %q (%v), and the engine picked %q", attr, told, read, err, picked)
			}
		}
	})
}

// TestPublication holds what a publication is chosen by, on hosts with IPv6 and
// without, and in whatever order an engine lists them.
func TestPublication(t *testing.T) {
	bound := func(texts ...string) (out []nat.PortBinding) {
		for _, b := range texts {
			i := strings.LastIndex(b, ":")
			out = append(out, nat.PortBinding{HostIP: b[:i], HostPort: b[i+1:]})
		}
		return out
	}
	for _, tt := range []struct {
		ports []string
		bound []nat.PortBinding
		want  string
	}{
		{[]string{"80"}, bound("0.0.0.0:40000", ":::40000"), "40000"},
		{[]string{"80"}, bound("192.0.2.1:40000"), "40000"}, // where daemon.json says so
		{[]string{"80"}, bound("0.0.0.0:", ":::40000"), "40000"},
		{[]string{"80", "80:80"}, bound("0.0.0.0:80", "0.0.0.0:40000"), "40000 80"},
		{[]string{"80", "127.0.0.1::80"}, bound("127.0.0.1:40001", "0.0.0.0:40000", ":::40000"), "40000 40001"},
		{[]string{"127.0.0.1:8000-8010:80", "8000-8010:80"}, bound("0.0.0.0:8001", ":::8001", "127.0.0.1:8000"), "8000 8001"},
		{[]string{"8000-8010:80", "9000-9010:80"}, bound("0.0.0.0:9003", "0.0.0.0:8004"), "8004 9003"},
		{[]string{"127.0.0.1::80", "[::1]::80", "[::1]:81:80"}, bound("::1:81", "::1:40000", "127.0.0.1:40000"), "40000 40000 81"},
		{[]string{"127.0.0.1::80", "10.0.0.1:40000:80"}, bound("10.0.0.1:40000", "127.0.0.1:40000"), "40000 40000"},
		{[]string{"80", "81"}, nil, ""},
	} {
		prog, diags := program("publication", t.TempDir(), decls{"container.web": {"image": str(probe1), "ports": strs(tt.ports...)}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		spec := world.Decode(Kind.Schema(), prog.Resource(addr("container.web")), prog.Resource(addr("container.web")).Attrs).(*Spec)
		o := &object{InspectResponse: api.InspectResponse{ContainerJSONBase: &api.ContainerJSONBase{State: &api.State{}}, NetworkSettings: &api.NetworkSettings{}}}
		o.NetworkSettings.Ports = nat.PortMap{"80/tcp": tt.bound}
		told := attrs(o, spec, spec)
		var got []string
		for i := range spec.Ports {
			if v := told[fmt.Sprintf("ports[%d].host", i)]; !v.IsNull() {
				got = append(got, v.Str)
			}
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%v: got %s, want %s", tt.ports, text, tt.want)
		}
	}
}
