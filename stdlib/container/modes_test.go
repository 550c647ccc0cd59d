package container

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// bothAPIs runs a test on the oldest and the newest engine in memory.
func bothAPIs(t *testing.T, test func(t *testing.T, w *workshop)) {
	for _, api := range []string{"1.41", "1.51"} {
		t.Run(api, func(t *testing.T) {
			test(t, &workshop{t: t, e: inMemory(t, api), stack: "modes", dir: t.TempDir()})
		})
	}
}

// TestEmptyLists holds that a list which says nothing leaves nothing to do.
func TestEmptyLists(t *testing.T) {
	bothAPIs(t, func(t *testing.T, w *workshop) {
		for _, attr := range []string{"dns", "dns_opt", "dns_search", "group_add", "expose", "security_opt", "volumes_from", "mounts", "cap_add"} {
			w.t = t
			w.apply(decls{"container.web": {"image": str(probe1), attr: strs()}})
		}
	})
}

// TestOtherRenamed holds that those who hold on to a container stay as they are
// when it only gets another name.
func TestOtherRenamed(t *testing.T) {
	other := ir.HandleVal(addr("container.donor"))
	bothAPIs(t, func(t *testing.T, w *workshop) {
		d := func(name string) decls {
			on := func(attr string, v ir.Value, more ...any) map[string]ir.Value {
				return obj(append([]any{"image", probe1, attr, v}, more...)...).Map
			}
			return decls{
				"container.donor": obj("image", probe1, "name", name, "network_mode", "bridge", "ipc", "shareable", "mounts", ir.ListVal(obj("type", "volume", "target", "/s"))).Map,
				"container.net":   on("network_mode", other), "container.ipc": on("ipc", other), "container.pid": on("pid", other),
				"container.from":   on("volumes_from", ir.ListVal(other)),
				"container.linked": on("links", ir.ListVal(obj("container", other, "alias", "db")), "network_mode", "bridge"),
			}
		}
		w.apply(d("modes-one"))
		w.expects(d("modes-two"), "update container.donor\n  name: modes-one → modes-two, live\n")
		w.apply(d("modes-two"))
		if got := w.live("container.from").Object.(*object).Mounts; len(got) != 1 || got[0].Destination != "/s" {
			t.Errorf("mounts of the one that takes them: %v", got)
		}
	})
}

// TestUnnamedVolumes holds that a replacement keeps a volume without a name for
// as long as the engine would make the same one, and says when it does not.
func TestUnnamedVolumes(t *testing.T) {
	bothAPIs(t, func(t *testing.T, w *workshop) {
		d := func(x string, more ...any) decls {
			return decls{"container.web": obj("image", probe2, "env", obj("X", x), "mounts", ir.ListVal(obj(append([]any{"type", "volume", "target", "/own"}, more...)...))).Map}
		}
		volume := func() string {
			for _, m := range w.live("container.web").Object.(*object).Mounts {
				if m.Destination == "/own" {
					return m.Name
				}
			}
			return ""
		}
		w.apply(d("1"))
		first := volume()
		for _, next := range []decls{d("2"), d("3", "no_copy", true)} {
			w.apply(next)
			if now := volume(); now != first || first == "" {
				t.Errorf("the volume was %s and is %s", first, now)
			}
		}
		p := w.plan(d("3", "labels", obj("a", "b")))
		if len(p.Steps) != 1 || !strings.Contains(p.Notes.Error(), "what is at /own stays behind in an unnamed volume, "+first) {
			t.Errorf("another volume: %s %v", steps(p), p.Notes)
		}
		w.apply(d("3", "labels", obj("a", "b")))
		if now := volume(); now == first {
			t.Error("a volume cannot get labels, and yet it is the same one")
		}
	})
}

// TestVolumeOfImageBefore follows a container to an image that no longer asks for
// a volume: its data stays where it is, until the program has something else there.
func TestVolumeOfImageBefore(t *testing.T) {
	engines(t, "before", func(t *testing.T, w *workshop) {
		tmpfs := obj("type", "tmpfs", "target", "/t")
		d := func(image, x string, mounts ...ir.Value) decls {
			attrs := obj("image", image, "network_mode", "none", "env", obj("X", x), "lifecycle", obj("settle", "0s")).Map
			if mounts != nil {
				attrs["mounts"] = ir.ListVal(mounts...)
			}
			return decls{"volume.data": {}, "container.web": attrs}
		}
		w.apply(d(probe2, "1", tmpfs))
		first := w.mounted("/data")
		defer w.forgetVolume(first)
		if p := w.plan(d(probe1, "1", tmpfs)); !strings.Contains(p.Notes.Error(), "data at /data is in an unnamed volume for which the image does not ask, "+first) {
			t.Errorf("notes: %v", p.Notes)
		}
		for _, next := range []decls{d(probe1, "1", tmpfs), d(probe1, "2", tmpfs), d(probe1, "3"), d(probe1, "4", tmpfs), d(probe2, "4"), d(probe1, "5")} {
			w.apply(next)
			if now := w.mounted("/data"); now != first || !isUnnamed(first) {
				t.Fatalf("%v: the volume was %s and is %s", next, first, now)
			}
		}
		named := d(probe1, "6", obj("volume", ir.HandleVal(addr("volume.data")), "target", "/data"))
		if p := w.plan(named); !strings.Contains(p.Notes.Error(), "what is at /data stays behind in an unnamed volume, "+first) {
			t.Errorf("another volume there: %s %v", steps(p), p.Notes)
		}
		w.apply(named)
		if now := w.mounted("/data"); now != w.stack+"-data" {
			t.Errorf("mounted is %s", now)
		}
	})
}

// TestVolumeOfImageCovered mounts something else where the image has a volume: the
// plan says which volume stays behind, unless that is what the program mounts.
func TestVolumeOfImageCovered(t *testing.T) {
	bothAPIs(t, func(t *testing.T, w *workshop) {
		d := func(mounts ...ir.Value) decls {
			attrs := obj("image", probe2, "network_mode", "none").Map
			if mounts != nil {
				attrs["mounts"] = ir.ListVal(mounts...)
			}
			return decls{"volume.data": {}, "container.web": attrs}
		}
		w.apply(d())
		first := w.mounted("/data")
		for _, c := range []struct {
			mount ir.Value
			stays bool
		}{
			{obj("volume", ir.HandleVal(addr("volume.data")), "target", "/data"), false},
			{obj("type", "tmpfs", "target", "/data"), false},
			{obj("source", w.dir, "target", "/data"), false},
			{obj("type", "volume", "target", "/data", "labels", obj("a", "b")), false},
			{obj("type", "volume", "target", "/data"), true},
			{obj("volume", first, "target", "/data"), true},
			{obj("type", "tmpfs", "target", "/elsewhere"), true},
		} {
			p := w.plan(d(c.mount))
			if said := strings.Contains(p.Notes.Error(), "what is at /data stays behind in an unnamed volume, "+first); said == c.stays || len(p.Steps) != 1 {
				t.Errorf("%s: %s%v", c.mount.Show(), steps(p), p.Notes)
			}
		}
	})
}

// TestVolumeWithSlash takes a place for the same however the image writes it.
func TestVolumeWithSlash(t *testing.T) {
	bothAPIs(t, func(t *testing.T, w *workshop) {
		const slashed = "container-test-slashed:1"
		buildOf(t, w.e, &engine.ImageBuild{Tags: []string{slashed}}, map[string]string{
			"probe": "a probe", "Dockerfile": "FROM scratch\nCOPY probe /probe\nENTRYPOINT [\"/probe\"]\nCMD [\"serve\"]\nVOLUME /data/\n",
		})
		d := func(x string, more ...any) decls {
			return decls{"container.web": obj(append([]any{"image", slashed, "network_mode", "none", "env", obj("X", x)}, more...)...).Map}
		}
		w.apply(d("1"))
		first := w.mounted("/data")
		w.apply(d("2"))
		if now := w.mounted("/data"); now != first || !isUnnamed(first) {
			t.Errorf("the volume was %s and is %s", first, now)
		}
		if p := w.plan(d("2", "mounts", ir.ListVal(obj("type", "tmpfs", "target", "/data")))); strings.Contains(p.Notes.Error(), "data at /data is in an unnamed volume") {
			t.Errorf("the mount covers it: %v", p.Notes)
		}
	})
}

// TestVolumeOfAnother gives a container the mounts of one with its own image: where
// the other moves to another volume, it has that too.
func TestVolumeOfAnother(t *testing.T) {
	bothAPIs(t, func(t *testing.T, w *workshop) {
		d := func(x string, mounts ...ir.Value) decls {
			return decls{
				"volume.data":    {},
				"container.db":   obj("image", probe2, "network_mode", "none", "mounts", ir.ListVal(mounts...)).Map,
				"container.dump": obj("image", probe2, "network_mode", "none", "env", obj("X", x), "volumes_from", ir.ListVal(ir.HandleVal(addr("container.db")))).Map,
			}
		}
		at := func(a string) string {
			m := w.live(a).Object.(*object).Mounts
			if len(m) != 1 || m[0].Destination != "/data" {
				t.Fatalf("%s has %v", a, m)
			}
			return m[0].Name
		}
		for _, next := range []decls{d("1"), d("2"), d("2", obj("volume", ir.HandleVal(addr("volume.data")), "target", "/data"))} {
			w.apply(next)
			if db, dump := at("container.db"), at("container.dump"); db != dump {
				t.Errorf("db has %s, and dump, which has its mounts, %s", db, dump)
			}
		}
	})
}

// TestVolumeByItsName lets a program mount a volume by the name that the engine
// chose: it is compared like any other, and does not go with the container.
func TestVolumeByItsName(t *testing.T) {
	bothAPIs(t, func(t *testing.T, w *workshop) {
		d := func(x string, more ...any) decls {
			return decls{"container.web": obj(append([]any{"image", probe2, "network_mode", "none", "env", obj("X", x)}, more...)...).Map}
		}
		w.apply(d("1"))
		first := w.mounted("/data")
		at := func(target string) ir.Value { return ir.ListVal(obj("volume", first, "target", target)) }
		w.expects(d("1", "mounts", at("/data")), "replace container.web\n  mounts /data: (none) → {target: /data, type: volume, volume: "+first+"}, replace\n")
		w.apply(d("1", "mounts", at("/data")))
		w.apply(d("2", "mounts", at("/data")))
		if now := w.mounted("/data"); now != first {
			t.Errorf("the volume was %s and is %s", first, now)
		}
		w.apply(d("2", "mounts", at("/elsewhere")))
		if now, other := w.mounted("/elsewhere"), w.mounted("/data"); now != first || other == first || !isUnnamed(other) {
			t.Errorf("the volume is %s, and at /data is %s", now, other)
		}
		w.destroy()
		if _, err := w.e.Reader().VolumeInspect(t.Context(), first); err != nil {
			t.Errorf("a volume that the program calls by its name is gone: %v", err)
		}
	})
}

// TestUnnamedBesideLost makes a container anew for a volume that is made anew: its
// unnamed volumes are not what somebody has agreed to lose.
func TestUnnamedBesideLost(t *testing.T) {
	bothAPIs(t, func(t *testing.T, w *workshop) {
		d := func(x string) decls {
			return decls{"volume.logs": {"labels": obj("x", x)}, "container.web": obj("image", probe2, "network_mode", "none",
				"mounts", ir.ListVal(obj("volume", ir.HandleVal(addr("volume.logs")), "target", "/logs"))).Map}
		}
		w.apply(d("1"))
		first := w.mounted("/data")
		prog, _ := program(w.stack, w.dir, d("2"))
		p, diags := plan.Make(w.world(prog), prog, plan.Options{Kinds: kinds, ReplaceData: []ir.Addr{addr("volume.logs")}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if r := w.run(p); len(r.Failed) > 0 {
			t.Fatal(r.Failed[0].Err)
		}
		if now := w.mounted("/data"); now != first || !isUnnamed(first) {
			t.Errorf("the volume was %s and is %s", first, now)
		}
	})
}

// forgetVolume removes a volume that belongs to no stack any more.
func (w *workshop) forgetVolume(name string) {
	_, _ = w.e.Do(context.Background(), &engine.VolumeRemove{Volume: name}, nil, nil) // it may have gone with its container
}

// TestHandMade reads what people say to docker run in the words of a program.
func TestHandMade(t *testing.T) {
	bothAPIs(t, func(t *testing.T, w *workshop) {
		w.do(&engine.ContainerCreate{Name: "hand", Config: &api.Config{Image: probe2, Volumes: map[string]struct{}{"/own": {}}}, HostConfig: &api.HostConfig{
			NetworkMode: "none", Binds: []string{"/tmp:/a:ro,z", "/tmp:/b:rslave", "named:/v:nocopy"}, Tmpfs: map[string]string{"/run": "ro,size=64m,mode=1777"},
			Mounts: []mount.Mount{{Type: mount.TypeVolume, Target: "/m"}}, Privileged: true, SecurityOpt: []string{"no-new-privileges"},
		}})
		o := &object{}
		got, err := w.e.Reader().ContainerInspect(t.Context(), "hand")
		if err != nil {
			t.Fatal(err)
		}
		img, err := w.e.Reader().ImageInspect(t.Context(), probe2)
		if err != nil {
			t.Fatal(err)
		}
		o.InspectResponse, o.image = got, imageConfig(img)
		var shown []string
		for _, m := range mountsOf(o, nil, nil) {
			line := m.Target + " " + m.Type + " " + m.Volume.Name + m.Source + " " + m.SELinux + m.Propagation + m.FileMode
			if m.ReadOnly {
				line += " ro"
			}
			if m.NoCopy {
				line += " nocopy"
			}
			if m.Options != nil {
				line += " " + strings.Join(m.Options, ",")
			}
			shown = append(shown, line)
		}
		want := "/a bind /tmp z ro|/b bind /tmp rslave|/m volume  |/own volume  |/run tmpfs  1777 ro|/v volume named  nocopy"
		if text := strings.Join(shown, "|"); text != want {
			t.Errorf("got  %s\nwant %s", text, want)
		}
	})
}

// TestTooOld holds what the connected engine lacks, and what it would do
// otherwise than the program says.
func TestTooOld(t *testing.T) {
	net := func(kv ...any) ir.Value {
		return ir.ListVal(obj(append([]any{"network", ir.HandleVal(addr("network.n"))}, kv...)...))
	}
	mounts := func(kv ...any) ir.Value { return ir.ListVal(obj(append([]any{"target", "/x"}, kv...)...)) }
	for _, c := range []struct {
		api, attr string
		v         ir.Value
		want      string
	}{
		{"1.41", "console_size", obj("height", 24, "width", 80), "needs Docker 23.0 (API 1.42)"},
		{"1.42", "annotations", obj("a", "b"), "needs Docker 24.0 (API 1.43)"},
		{"1.41", "mounts", mounts("source", "/tmp", "create_host_path", true), "needs Docker 23.0 (API 1.42)"},
		{"1.43", "mounts", mounts("source", "/tmp", "recursive", "readonly", "read_only", true), "needs Docker 25.0 (API 1.44)"},
		{"1.44", "mounts", mounts("volume", ir.HandleVal(addr("volume.v")), "subpath", "a"), "needs Docker 26.0 (API 1.45)"},
		{"1.45", "mounts", mounts("type", "tmpfs", "options", strs("exec")), "needs Docker 27.0 (API 1.46)"},
		{"1.47", "mounts", mounts("image", probe1), "needs Docker 28.0 (API 1.48)"},
		{"1.45", "networks", net("sysctls", obj("net.ipv4.conf.IFNAME.forwarding", "1")), "needs Docker 27.0 (API 1.46)"},
		{"1.47", "networks", net("gw_priority", 1), "needs Docker 28.0 (API 1.48)"},
		{"1.48", "networks", net("interface_name", "x0"), "needs Docker 28.1 (API 1.49)"},
		{"1.51", "sysctls", obj("net.ipv4.conf.eth0.forwarding", "1"), "net.ipv4.conf.eth0.forwarding is about one interface"},
		{"1.41", "seccomp", str("builtin"), "needs Docker 23.0 (API 1.42)"},
		{"1.47", "security_opt", strs("writable-cgroups=true"), "needs Docker 28.0 (API 1.48)"},
		{"1.51", "runtime", str("nix"), "the engine has no runtime nix"},
		{"1.51", "networks", net("links", strs("nix:db")), "there is no container nix"},
		{"1.51", "volumes_from", strs("nix"), "there is no container nix"},
		{"1.51", "pid", str("container:nix"), "there is no container nix"},
	} {
		w := &workshop{t: t, e: inMemory(t, c.api), stack: "old", dir: t.TempDir()}
		attrs := map[string]ir.Value{"image": str(probe1), c.attr: c.v}
		if c.attr == "console_size" {
			attrs["tty"] = ir.BoolVal(true)
		}
		_, diags := w.try(decls{"network.n": {}, "volume.v": {}, "container.web": attrs})
		if !diags.HasErrors() || !strings.Contains(diags.Error(), c.want) {
			t.Errorf("%s on %s: got %v, want %q", c.attr, c.api, diags, c.want)
		}
	}
}

// TestPinned holds that a read-only bind is left as it is on an engine which is asked
// by an older API than its own: it notes of each what that could not say.
func TestPinned(t *testing.T) {
	mem, err := embedded.InMemory("test", "1.51")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: mem.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }() // until it is closed
	t.Setenv("DOCKER_API_VERSION", "1.43")
	e, err := engine.Connect(t.Context(), "unix://"+l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(e.Close(), srv.Close(), mem.Close()); err != nil {
			t.Error(err)
		}
	})
	build(t, e, []byte("a probe"))
	w := &workshop{t: t, e: e, stack: "pinned", dir: t.TempDir()}
	w.apply(decls{"container.web": obj("image", probe1, "state", "created", "mounts", ir.ListVal(
		obj("source", "/etc", "target", "/a", "read_only", true, "propagation", "rslave"),
		obj("source", "/etc", "target", "/b", "read_only", true, "recursive", "disabled"),
		obj("source", "/etc", "target", "/c", "read_only", true),
		obj("source", "/etc", "target", "/d", "propagation", "rslave"),
	)).Map})
	var noted []string
	for _, m := range w.live("container.web").Object.(*object).HostConfig.Mounts {
		if m.BindOptions != nil && m.BindOptions.ReadOnlyNonRecursive {
			noted = append(noted, m.Target)
		}
	}
	if got := strings.Join(noted, " "); got != "/a /b" {
		t.Errorf("the engine notes it of %s", got)
	}
}

// TestPicks holds that no two containers ask for ports of the engine's choice at
// a time.
func TestPicks(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "picks", dir: t.TempDir()}
	p := w.plan(decls{"container.web": {"image": str(probe1), "expose": strs("80"), "publish_all_ports": ir.BoolVal(true)}})
	for _, s := range p.Steps {
		for _, op := range s.Work.Ops {
			if _, starts := op.Call.(*engine.ContainerStart); starts && !op.Alone {
				t.Error("a container that publishes all ports starts beside others")
			}
		}
	}
}
