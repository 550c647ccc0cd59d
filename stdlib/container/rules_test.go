package container

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"
)

// TestRules holds what is reported without an engine: each mistake by one
// message that has a hint.
func TestRules(t *testing.T) {
	disabled := ir.Value{Off: "network.off"}
	for _, c := range []struct {
		attrs      map[string]ir.Value
		want, hint string
	}{
		{obj("image", "Not An Image").Map, "container.web.image: \"Not An Image\" is no image reference", "caddy:2.9"},
		{obj("networks", ir.ListVal()).Map, "container.web.networks: the list is empty", `network_mode = "none"`},
		{obj("networks", ir.ListVal(disabled)).Map, "container.web.networks: the list is empty", `network_mode = "none"`},
		{obj("networks", strs("host")).Map, `"host" is no network to be on beside others`, `network_mode = "host"`},
		{obj("networks", strs("a"), "network_mode", "none").Map, "a container with a network_mode is on no network", "take"},
		{obj("network_mode", "container").Map, `container.web.network_mode: got "container", want one of none, host, bridge, container:NAME or a container`, ""},
		{obj("network_mode", "host", "ports", strs("80:80")).Map, "can publish no ports", "take `ports` away"},
		{obj("network_mode", "container:x", "hostname", "h").Map, "has its hostname too", "on the other container"},
		{obj("ports", ir.ListVal(obj("container", 80, "host", 1, "host_range", "1-2"))).Map, "80/tcp has both host and host_range", "host is one port"},
		{obj("ports", strs("80:80", "80:80")).Map, "stands here twice", ""},
		{obj("ports", strs("80", "0.0.0.0::80")).Map, "80/tcp is published twice on one address with host ports of the engine's choice", "another host_ip"},
		{obj("ports", strs("8000-8010:80", "8010-8020:80")).Map, "nothing tells which is which", "a host port"},
		{obj("ports", strs("[::1]:8000-8010:80", "[::1]::80")).Map, "nothing tells which is which", "a host port"},
		{obj("mounts", ir.ListVal(obj("target", "/x"))).Map, "/x does not say what is mounted there", `type = "tmpfs"`},
		{obj("mounts", ir.ListVal(obj("target", "/x", "source", "/a", "volume", "v"))).Map, "/x has more than one source: it is a bind and a volume", "path on the host"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "source", "/a", "type", "tmpfs"))).Map, "is a tmpfs, but its other attributes do not say so", "a bind `source`"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "source", "/a", "no_copy", true))).Map, "/x: no_copy is for a volume, and this is a bind", "take it away"},
		{obj("mounts", strs("../../x:/x")).Map, "leads out of the stack's directory", "below"},
		{obj("mounts", strs("v:/x", "w:/x")).Map, "/x stands here twice", ""},
		{obj("mounts", ir.ListVal(obj("target", "/x", "type", "cluster", "volume", "v"))).Map, "only services of a swarm mount", "mount a `volume`"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "type", "npipe", "source", "/p"))).Map, "/x is a named pipe of Windows", "/run/x.sock"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "type", "tmpfs", "options", strs("uid=7")))).Map, `got "uid=7", want exec or noexec`, ""},
		{obj("mounts", ir.ListVal(obj("target", "/x", "volume", "v", "subpath", "../a"))).Map, "leads out of the volume", "data/www"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "source", "/a", "recursive", "readonly", "read_only", true, "propagation", "shared"))).Map, "does not go with propagation", "take `propagation` away"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "type", "tmpfs", "mode", "0"))).Map, "mode 0 is to the engine as if it was not said", "another mode"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "source", "/a:b", "selinux", "z"))).Map, "split at colons", "another path"},
		{obj("networks", ir.ListVal(obj("network", "n", "driver_opts", obj(optInterface, "x")))).Map, "is an attribute of its own", "`interface_name`"},
		{obj("networks", ir.ListVal(obj("network", "n", "sysctls", obj("net.ipv4.conf.eth0.forwarding", "1")))).Map, "is no setting of an interface", "IFNAME"},
		{obj("networks", ir.ListVal(obj("network", "n", "sysctls", obj("net.ipv4.conf.IFNAME.forwarding", "1,2")))).Map, "is no setting of an interface", "IFNAME"},
		{obj("expose", strs("0")).Map, `got "0", want a port`, ""},
		{obj("expose", strs("1-2000")).Map, "a range of 2000 ports", ""},
		{obj("uts", "host", "hostname", "h").Map, "it has the host's", "take"},
		{obj("publish_all_ports", true, "network_mode", "host").Map, "can publish no ports", "take it away"},
		{obj("network_mode", "container:x", "expose", strs("80")).Map, "has its expose too", "on the other container"},
		{obj("network_mode", "container:x", "dns_search", strs("a")).Map, "has its dns_search too", "on the other container"},
		{obj("tmpfs", strs("/run")).Map, `unknown attribute "tmpfs"`, `type = "tmpfs"`},
		{obj("auto_remove", true).Map, `unknown attribute "auto_remove"`, `state = "completed"`},
		{obj("files", obj("etc/x", "1")).Map, `"etc/x" is no path of a file`, "/etc/app.conf"},
		{obj("files", obj("/x", obj("mode", "600"))).Map, "/x has neither content nor source", `content = "…"`},
		{obj("files", obj("/x", obj("content", "1", "source", "y"))).Map, "/x has both content and source", "take one"},
		{obj("files", obj("/x", "1"), "read_only", true).Map, "/x cannot be put into a read_only container", "volume"},
		{obj("files", obj("/t/x", "1"), "mounts", ir.ListVal(obj("type", "tmpfs", "target", "/t"))).Map, "/t/x lies in the tmpfs at /t", "outside"},
		{obj("files", obj("/t/x", "1"), "mounts", strs("/etc:/t")).Map, "lies in the host's directory", "outside"},
		{obj("files", obj("/t/x", "1"), "mounts", strs("v:/t:ro")).Map, "lies in the read-only mount at /t", "writable"},
		{obj("files", obj("/t/x", "1"), "mounts", ir.ListVal(obj("image", "y", "target", "/t"))).Map, "/t/x lies in the image that is mounted at /t, which is read-only", "outside"},
		{obj("files", obj("/x", strings.Repeat("x", maxFile+1))).Map, "/x is longer than 1m", "image or a volume"},
		{obj("ulimits", obj("nofile", obj("soft", 2, "hard", 1))).Map, "nofile: the soft limit is above the hard one", "raise"},
		{obj("healthcheck", obj("test", strs("curl", "x"))).Map, "test begins with neither CMD nor CMD-SHELL", "CMD"},
		{obj("healthcheck", obj("disable", true, "interval", "1s")).Map, "it is off, and yet says how to check", "disable = true"},
		{obj("healthcheck", obj("test", "x", "interval", "1us")).Map, "is less than the engine takes", "1ms"},
		{obj("healthcheck", obj("test", "x", "start_interval", "1s")).Map, "start_interval says nothing without start_period", "start_period"},
		{obj("healthcheck", obj("test", ir.ListVal(str("CMD"), ir.EngineVal(addr("container.db"), "ip")))).Map, "known only to a running engine", "env, command"},
		{obj("logging", obj("options", obj("k", ir.EngineVal(addr("container.db"), "ip")))).Map, "known only to a running engine", "env, command"},
		{obj("entrypoint", ir.ListVal()).Map, "an empty entrypoint leaves nothing to run", "set `command`"},
		{obj("command", ir.ListVal()).Map, "the engine reads an empty command as the image's", "set `entrypoint`"},
		{obj("command", "sh -c 'x").Map, "want words with their quotes closed", ""},
		{obj("state", "completed", "restart", "always").Map, "a job that is restarted whenever it ends never completes", "on-failure:3"},
		{obj("memory", "1m").Map, "1m is less than the engine takes", "6m"},
		{obj("memory", "lots").Map, `got "lots", want a size`, "units"},
		{obj("env", obj("A=B", "1")).Map, `"A=B" is no name of a variable`, "NAME"},
		{obj("labels", obj("bayplan.stack", "x")).Map, "one of bay's own labels", "bayplan."},
		{obj("extra_hosts", obj("a:b", "10.0.0.1")).Map, `"a:b" is no host name`, "db.local"},
		{obj("environment", obj()).Map, `unknown attribute "environment"`, "`environment` is `env` here"},
		{obj("volumes", strs()).Map, `unknown attribute "volumes"`, "`volumes` is `mounts` here"},
		{obj("memory_reservation", "1g", "memory", "64m").Map, "memory_reservation: 1g is more than the limit, 64m", "less than `memory`"},
		{obj("memory_reservation", "1m").Map, "memory_reservation: 1m is less than the engine takes", "at least 6m"},
		{obj("memory_swap", "64m").Map, "memory_swap: without `memory`", "set `memory` too"},
		{obj("cpu_rt_runtime", "1s", "cpu_rt_period", "500ms").Map, "cpu_rt_runtime: 1s is more than each period has, 500ms", "a longer cpu_rt_period"},
		{obj("cpu_rt_runtime", "2s").Map, "cpu_rt_runtime: 2s is more than each period has, 1s", "write less"},
		{obj("memory_swap", "32m", "memory", "64m").Map, "memory_swap: 32m is less than `memory`, 64m", "the same as `memory` is no swap"},
		{obj("memory_swap", "lots", "memory", "64m").Map, `want a size such as "1g" (units are b, k, m, g, t), or "unlimited"`, ""},
		{obj("memory_swappiness", 101).Map, "want a whole number from 0 to 100", ""},
		{obj("cpus", 1, "cpu_quota", "50ms").Map, "cpus: it is a period and a quota in one number", "take `cpus` away"},
		{obj("cpu_period", "1us").Map, "want a duration of at least 1ms", ""},
		{obj("cpu_shares", 1).Map, "want a whole number from 2 to 262144", ""},
		{obj("cpuset", "3-1").Map, `want numbers and ranges such as "0-1,3"`, ""},
		{obj("pids_limit", -2).Map, "want a whole number", ""},
		{obj("oom_score_adj", 2000).Map, "want a whole number from -1000 to 1000", ""},
		{obj("blkio", obj("weight", 3)).Map, `unknown attribute "weight"`, "blkio_weight beside blkio"},
		{obj("blkio", obj("device_read_bps", ir.ListVal(obj("path", "sda", "rate", "1m")))).Map, "want an absolute path", ""},
		{obj("ulimits", obj("nofiles", 1)).Map, `there is no limit "nofiles"`, `did you mean "nofile"?`},
		{obj("cap_add", strs("net_admn")).Map, "there is no capability NET_ADMN", `did you mean "NET_ADMIN"?`},
		{obj("cap_drop", strs("CAP_FLY")).Map, "there is no capability FLY", "WAKE_ALARM"},
		{obj("devices", strs("fuse")).Map, `want "/dev/fuse" or`, ""},
		{obj("devices", strs("/dev/fuse:x")).Map, "want some of r, w and m", ""},
		{obj("devices", strs("vendor.com/gpu=0")).Map, "which is a CDI name and no path", ""},
		{obj("device_cgroup_rules", strs("c 1 r")).Map, "want a rule such as", ""},
		{obj("device_requests", ir.ListVal(obj("count", 1, "device_ids", strs("0")))).Map, "count and device_ids exclude each other", "how many, or which"},
		{obj("device_requests", strs("gpu")).Map, `want "all" or a CDI name`, ""},
		{obj("gpus", "all").Map, `unknown attribute "gpus"`, "device_requests = [\"all\"]"},
		{obj("expose", strs("80:80")).Map, `want a port such as "80"`, ""},
		{obj("ipc", "shared").Map, "want one of private, shareable, host, none, container:NAME", ""},
		{obj("security_opt", strs("seccomp=unconfined")).Map, "seccomp is an attribute of its own here", ""},
		{obj("security_opt", strs("systempaths=unconfined")).Map, "write masked_paths = [] and readonly_paths = []", ""},
		{obj("seccomp", "profile.json").Map, "a profile as JSON", ""},
		{obj("links", strs("db:x")).Map, "containers find each other by name", "take it away"},
		{obj("stdin_once", true).Map, "without stdin_open there is nobody to wait for", "stdin_open = true"},
		{obj("console_size", obj("height", 1, "width", 2)).Map, "without a terminal there is no size", "tty = true"},
		{obj("platform", "arm64").Map, "want a platform such as", ""},
		{obj("volumes_from", strs("db:x")).Map, `want "NAME" or "NAME:ro"`, ""},
		{obj("rm", true).Map, `unknown attribute "rm"`, "state = \"completed\""},
		{obj("isolation", "hyperv").Map, `unknown attribute "isolation"`, "for Windows"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "type", "volume", "read_only", true))).Map, "a volume without a name is neither read_only", "declare a volume"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "volume", "v", "driver", "nfs"))).Map, "labels and driver are for a volume without a name", "own declaration"},
		{obj("ports", ir.ListVal(obj("container", 80, "host", "127.0.0.1:80"))).Map, "want a whole number", `host_ip = "127.0.0.1", host = 80`},
		{obj("ports", ir.ListVal(obj("container", 80, "host", "8080-8090"))).Map, "want a whole number", `host_range = "8080-8090"`},
		{obj("ports", ir.ListVal(obj("container", "8080-8090"))).Map, "want a whole number", `ports = ["8080-8090"]`},
		{obj("ports", ir.ListVal(obj("container", "80/udp"))).Map, "want a whole number", `ports = ["80/udp"]`},
		{obj("ports", ir.ListVal(obj("container", 80, "host", "localhost:80"))).Map, "want a whole number", "Port on the host"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "source", "/a", "selinux", "z", "recursive", "disabled"))).Map, "takes selinux only in the short form", "one of them away"},
		{obj("mounts", ir.ListVal(obj("target", "/x", "source", "/a", "recursive", "readonly"))).Map, "is about a read_only bind", "read_only = true"},
		{obj("networks", ir.ListVal(obj("network", "n", "interface_name", "much-too-long-a-name"))).Map, "at most 15 characters", ""},
		{obj("restart", "sometimes").Map, "want no, always, unless-stopped", ""},
	} {
		if c.attrs["image"].IsNull() {
			c.attrs["image"] = str("x")
		}
		_, diags := program("rules", t.TempDir(), decls{"container.web": c.attrs, "container.db": {"image": str("x")}})
		if len(diags) != 1 || !strings.Contains(diags[0].Msg, c.want) || !strings.Contains(diags[0].Hint, c.hint) || diags[0].Pos.Line == 0 {
			t.Errorf("%v: got %+v, want one message with %q and %q", c.attrs, diags, c.want, c.hint)
		}
	}
}

// TestImplied holds what a program gets without asking: its network, and the
// image behind a reference, unless that is a tag of its own.
func TestImplied(t *testing.T) {
	p, diags := program("s", t.TempDir(), decls{"container.web": {"image": str("caddy:2.9")}, "container.api": {"image": str("caddy")}, "container.arm": {"image": str("caddy"), "platform": str("linux/arm64")}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var got []string
	for _, r := range p.Resources {
		if r.Implied {
			got = append(got, r.Addr.String()+" "+r.Name)
		}
	}
	want := `image["docker.io/library/caddy:2.9"] |image["docker.io/library/caddy:latest"] |image["docker.io/library/caddy:latest linux/arm64"] |network.default s-default`
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("implied: %s\nwant %s", text, want)
	}
	web := p.Resource(addr("container.web"))
	var deps []string
	for _, d := range web.Deps {
		deps = append(deps, d.To.String())
	}
	if text := strings.Join(deps, " "); text != `image["docker.io/library/caddy:2.9"] network.default` {
		t.Errorf("edges: %s", text)
	}
	if pull := p.Resource(addr(`image["docker.io/library/caddy:2.9"]`)).Attr("pull").Value.Str; pull != "docker.io/library/caddy:2.9" {
		t.Errorf("pull = %s", pull)
	}
}

// TestCopies holds that a container which only bears our labels is left alone.
func TestCopies(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "copies", dir: t.TempDir()}
	d := decls{"container.web": {"image": str(probe1), "network_mode": str("none")}}
	w.apply(d)
	labels := w.live("container.web").Object.(*object).Config.Labels
	w.do(&engine.ContainerCreate{Name: "stray", Config: &api.Config{Image: probe1, Labels: labels}, HostConfig: &api.HostConfig{}})
	p := w.plan(d)
	if !p.Empty() || len(p.Notes) != 1 || !strings.Contains(p.Notes[0].Msg, "container stray bears this stack's labels but is not the stack's") {
		t.Errorf("a copy: %s %v", steps(p), p.Notes)
	}
	w.do(&engine.ContainerRename{Container: "copies-web", Name: "elsewhere"})
	if _, diags := w.try(d); !strings.Contains(diags.Error(), "containers elsewhere, stray bear one uid") {
		t.Errorf("two and no original: %v", diags)
	}
}

// TestUnreadable holds that a container whose labels make no sense is left alone,
// and keeps nobody from the rest of the stack.
func TestUnreadable(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "odd", dir: t.TempDir()}
	d := decls{"container.web": {"image": str(probe1), "network_mode": str("none")}}
	w.apply(d)
	for name, labels := range map[string]map[string]string{
		"newer": {engine.LabelStack: "odd", engine.LabelVersion: "2", engine.LabelAddr: "container.a"},
		"older": {engine.LabelStack: "odd", engine.LabelVersion: "1", engine.LabelAddr: "container"},
	} {
		w.do(&engine.ContainerCreate{Name: name, Config: &api.Config{Image: probe1, Labels: labels}, HostConfig: &api.HostConfig{}})
	}
	p := w.plan(d)
	if !p.Empty() || len(p.Notes) != 2 || p.Notes.HasErrors() ||
		!strings.Contains(p.Notes.Error(), "container newer bears this stack's labels, and bay cannot read them: label bayplan.v") ||
		!strings.Contains(p.Notes.Error(), "container older bears this stack's labels, and bay cannot read them: label bayplan.addr") {
		t.Errorf("%s %v", steps(p), p.Notes)
	}
	d["container.web"]["name"] = str("older")
	if _, diags := w.try(d); !strings.Contains(diags.Error(), `the name older is taken by container`) {
		t.Errorf("its name is free: %v", diags)
	}
}

// TestCommitted holds that a container made from an image which was committed
// from one of ours is none, even when nothing else bears the uid any more and
// it has the name.
func TestCommitted(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "copies", dir: t.TempDir()}
	d := decls{"container.web": {"image": str(probe1), "network_mode": str("none")}}
	w.apply(d)
	ours := w.live("container.web")
	labels := ours.Object.(*object).Config.Labels
	buildOf(t, w.e, &engine.ImageBuild{Tags: []string{"committed:1"}, Labels: labels}, map[string]string{"Dockerfile": "FROM " + probe1 + "\n"})
	w.do(&engine.ContainerStop{Container: ours.ID})
	w.do(&engine.ContainerRemove{Container: ours.ID})
	w.do(&engine.ContainerCreate{Name: "stray", Config: &api.Config{Image: "committed:1"}, HostConfig: &api.HostConfig{NetworkMode: "none"}})
	p := w.plan(d)
	if got := steps(p); !strings.HasPrefix(got, "create container.web\n") {
		t.Errorf("got %s, want another one made", got)
	}
	if len(p.Notes) != 1 || !strings.Contains(p.Notes[0].Msg, "container stray bears this stack's labels but is not the stack's: its labels come with its image") {
		t.Errorf("notes: %v", p.Notes)
	}
	w.do(&engine.ContainerRename{Container: "stray", Name: "copies-web"})
	if _, diags := w.try(d); !strings.Contains(diags.Error(), "the name copies-web is taken by container") || !strings.Contains(diags.Error(), "a copy of one of this stack's") {
		t.Errorf("a copy with the name: %v", diags)
	}
}

// TestSuccessors holds which of two containers goes on that were to replace one,
// whatever their order, and that the other one is a second of its address.
func TestSuccessors(t *testing.T) {
	state := func(status string, code int) *api.State {
		return &api.State{Status: status, Running: status == "running", ExitCode: code}
	}
	addr, job := ir.Addr{Kind: "container", Label: "web"}, schema.Record{"state": ir.StringVal(completed)}
	container := func(id, name, replaces string, s *api.State) *kind.Live {
		o := &object{InspectResponse: api.InspectResponse{ContainerJSONBase: &api.ContainerJSONBase{State: s}}}
		l := &kind.Live{
			ID: id, Name: name, Object: o, Status: status(o), Record: job, Identity: engine.Identity{Addr: addr, Name: "web", Replaces: replaces},
		}
		l.Fitness = fitness(l)
		return l
	}
	for _, tt := range []struct {
		name    string
		on, off *kind.Live
	}{
		{"one runs, one was never started", container("1", "web.new-1", "0", state("running", 0)), container("2", "web", "0", state("created", 0))},
		{"one has ended well, one has not", container("1", "web.new-1", "0", state("exited", 0)), container("2", "web", "0", state("exited", 3))},
		{"one has failed, one was never started", container("1", "web.failed-1", "0", state("exited", 3)), container("2", "web.new-1", "0", state("created", 0))},
		{"one runs, one is being taken back", container("1", "web.new-1", "0", state("running", 0)), container("2", "web.failed-1", "0", state("running", 0))},
		{"both run, one has the name", container("1", "web", "0", state("running", 0)), container("2", "web.new-1", "0", state("running", 0))},
	} {
		old := container("0", "web.old-1", "", state("exited", 0))
		for _, all := range [][]*kind.Live{{old, tt.on, tt.off}, {tt.off, tt.on, old}} {
			tt.on.Old, tt.off.Old = nil, nil
			r := &reading{found: &kind.Found{Live: all}}
			r.pair()
			if got := r.found.Live; len(got) != 2 || got[0] != tt.on || got[1] != tt.off || tt.on.Old != old || tt.off.Old != nil {
				t.Errorf("%s: %v goes on, and not %s", tt.name, got[0].Name, tt.on.Name)
			}
		}
	}
	r := &reading{found: &kind.Found{Live: []*kind.Live{
		container("0", "web.old-1", "", state("exited", 0)), container("1", "web", "0", state("running", 0)), container("2", "web.new-1", "1", state("created", 0)),
	}}}
	r.pair()
	want := "more than two containers take part in one replacement of container.web: web.new-1 (created) is to replace web (running), and that web.old-1 (exited (0))"
	if got := r.found.Notes; len(got) != 1 || got[0].Warning || got[0].Msg != want {
		t.Errorf("a chain: %v", got)
	}
}

// TestSecondSuccessor holds that what somebody started goes on, in the middle of a
// replacement, and that the one which had the name and never ran goes before.
func TestSecondSuccessor(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, "1.41"), stack: "second", dir: t.TempDir()}
	d := func(text string) decls {
		return decls{"container.web": {"image": str(probe1), "ports": strs(port(15) + ":8080"), "command": str("serve :8080 --body " + text)}}
	}
	w.apply(d("one"))
	p := w.plan(d("two"))
	cut(p.Steps[0], 4) // made, the old one stopped, both renamed
	w.run(p)
	first := w.live("container.web")
	o := first.Object.(*object)
	labels := maps.Clone(o.Config.Labels)
	labels[engine.LabelUID] = strings.Repeat("0", 32)
	name := "second-web.new-" + first.Old.ID[:12]
	w.do(&engine.ContainerCreate{Name: name, Config: &api.Config{
		Image: o.Config.Image, Cmd: o.Config.Cmd, Labels: labels, ExposedPorts: o.Config.ExposedPorts,
	}, HostConfig: o.HostConfig})
	w.do(&engine.ContainerStart{Container: name})
	p = w.plan(d("two"))
	var got []string
	for _, s := range p.Steps {
		got = append(got, fmt.Sprintf("%s %s: %s %v, then %s", s.Verb, s.Name, s.Why, s.Needs, s.Work.Then))
	}
	want := []string{
		fmt.Sprintf("remove second-web: a second successor [], then %s is the one that is to replace second-web.old-%.12s", name, first.Old.ID),
		"finish second-web: its replacement was cut short and goes on [0], then the new one runs on; once it has run for 2s, the old one is removed; if that fails, the old one is put back",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
	w.apply(d("two"))
	w.alone("web")
}

// TestUnready holds how a container that runs says that it does not serve.
func TestUnready(t *testing.T) {
	health := func(status string) *api.State { return &api.State{Running: true, Health: &api.Health{Status: status}} }
	for _, tt := range []struct {
		state *api.State
		want  string
	}{
		{&api.State{Running: true}, ""},
		{&api.State{Status: "exited", Health: &api.Health{Status: api.Unhealthy}}, ""}, // its state is a change
		{health(api.Healthy), ""},
		{health(api.NoHealthcheck), ""},
		{health(api.Starting), "runs, and is not healthy yet"},
		{health(api.Unhealthy), "is unhealthy"},
		{&api.State{Running: true, Restarting: true, ExitCode: 3}, "has ended (exit code 3), and the engine starts it again and again"},
	} {
		o := &object{InspectResponse: api.InspectResponse{ContainerJSONBase: &api.ContainerJSONBase{State: tt.state}}}
		if got := unready(o); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.state, got, tt.want)
		}
	}
}
