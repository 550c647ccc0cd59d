package container

import (
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// TestByHand holds that what somebody changed with docker is planned as drift,
// field by field, and cured.
func TestByHand(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "hand", dir: t.TempDir()}
	d := decls{"network.a": {}, "network.b": {}, "container.web": {
		"image": str(probe1), "memory": str("64m"), "restart": str("always"), "files": obj("/f", "1"),
		"networks": ir.ListVal(ir.HandleVal(addr("network.a")), obj("network", ir.HandleVal(addr("network.b")), "aliases", strs("x"))),
	}}
	w.apply(d)
	for _, c := range []struct {
		name string
		call engine.Call
		want string
	}{
		{"limit", &engine.ContainerUpdate{Container: "hand-web", Update: api.UpdateConfig{Resources: api.Resources{Memory: 128 << 20, MemorySwap: 256 << 20}}},
			"update container.web\n  memory: 128m → 64m, live, by hand\n"},
		{"policy", &engine.ContainerUpdate{Container: "hand-web", Update: api.UpdateConfig{RestartPolicy: api.RestartPolicy{Name: "no"}}},
			"update container.web\n  restart: no → always, live, by hand\n"},
		{"limit of its own", &engine.ContainerUpdate{Container: "hand-web", Update: api.UpdateConfig{Resources: api.Resources{NanoCPUs: 5e8}}},
			"replace container.web\n  cpus: 0.5 → (none), replace, by hand; the engine reads 0 as leave it alone, so that a limit goes only with its container\n"},
		{"disconnect", &engine.NetworkDisconnect{Network: "hand-b", Container: "hand-web"},
			"update container.web\n  networks hand-b: (none) → {aliases: [web, x], network: hand-b}, reconnect, by hand\n"},
		{"connect", &engine.NetworkConnect{Network: "bridge", Container: "hand-web", Endpoint: &network.EndpointSettings{}},
			"update container.web\n  networks bridge: {network: bridge} → (none), reconnect, by hand\n"},
		{"rename", &engine.ContainerRename{Container: "hand-web", Name: "other"},
			"update container.web\n  name: other → hand-web, live, by hand\n"},
		{"stop", &engine.ContainerStop{Container: "hand-web"},
			"update container.web\n  state: exited (0) → running, live, by hand\n"},
	} {
		w.do(c.call)
		w.t.Log(c.name)
		w.expects(d, c.want)
		w.apply(d)
	}
}

// TestNoneByHand holds that a container which is to have no network, and was put on
// one by hand, is taken off it.
func TestNoneByHand(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "alone", dir: t.TempDir()}
	d := decls{"network.a": {}, "container.web": obj("image", probe1, "network_mode", "none").Map}
	w.apply(d)
	w.do(&engine.NetworkDisconnect{Network: "none", Container: "alone-web"})
	w.expects(d, "")
	w.do(&engine.NetworkConnect{Network: "alone-a", Container: "alone-web", Endpoint: &network.EndpointSettings{}})
	w.expects(d, "update container.web\n  networks alone-a: {network: alone-a} → (none), reconnect, by hand\n")
	w.apply(d)
	if on := w.live("container.web").Object.(*object).NetworkSettings.Networks; len(on) != 0 {
		t.Errorf("it is on %v", on)
	}
}

// TestTakenOff holds that nobody is said to have taken a container off a network
// by hand where that network is made anew, or made again: an apply that was cut
// short did.
func TestTakenOff(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "off", dir: t.TempDir()}
	d := func(option string) decls {
		return decls{
			"network.a":     {"options": obj("o", option)},
			"container.web": {"image": str(probe1), "networks": ir.ListVal(ir.HandleVal(addr("network.a")))},
		}
	}
	w.apply(d("1"))
	w.do(&engine.NetworkDisconnect{Network: "off-a", Container: "off-web"})
	w.expects(d("2"), "replace network.a\n  options o: 1 → 2, replace\n"+
		"update container.web\n  networks off-a: (none) → {aliases: [web], network: off-a}, reconnect; network.a is replaced\n")
	w.do(&engine.NetworkRemove{Network: "off-a"})
	w.expects(d("2"), "create network.a\n"+
		"update container.web\n  networks off-a: (none) → {aliases: [web], network: off-a}, reconnect; network.a is gone\n")
	w.apply(d("2"))
}

// TestNames reports what is taken, and what is not there.
func TestNames(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "names", dir: t.TempDir()}
	w.do(&engine.ContainerCreate{Name: "names-web", Config: &api.Config{Image: probe1, ExposedPorts: nat.PortSet{"80/tcp": {}}}, HostConfig: &api.HostConfig{PortBindings: portsBound(Port{Container: 80, Host: 8080, HostIP: "127.0.0.1"})}})
	w.do(&engine.ContainerStart{Container: "names-web"})
	for _, c := range []struct {
		name  string
		attrs map[string]ir.Value
		want  []string // in one message, hint and all
	}{
		{"name", obj("image", probe1).Map, []string{"the name names-web is taken by container", "which no stack made"}},
		{"port", obj("image", probe1, "name", "free", "ports", strs("8080:80")).Map, []string{"port 0.0.0.0:8080/tcp, which is held by container names-web"}},
		{"volume by its label", obj("image", probe1, "name", "free", "mounts", strs("data:/data")).Map, []string{
			"there is no volume data", `{ volume = volume.data, target = "/data" } or "${volume.data.name}:/data"`}},
		{"volume", obj("image", probe1, "name", "free", "mounts", strs("nope:/data")).Map, []string{"there is no volume nope", "docker volume create nope"}},
		{"network by its label", obj("image", probe1, "name", "free", "networks", strs("back")).Map, []string{"there is no network back", "network.back"}},
		{"container", obj("image", probe1, "name", "free", "network_mode", "container:nope").Map, []string{"there is no container nope"}},
		{"bind", obj("image", probe1, "name", "free", "mounts", strs("./nope:/x")).Map, []string{"/nope does not exist", "never makes a directory"}},
		{"file", obj("image", probe1, "name", "free", "files", obj("/x", obj("source", "nope"))).Map, []string{"/x: nope: no such file"}},
		{"nothing to check", obj("image", probe1, "name", "free", "healthcheck", obj("interval", "5s")).Map, []string{"brings no healthcheck", "set test"}},
		{"record", obj("image", probe1, "name", "free", "env", manyVars(200)).Map, []string{"bytes of record, and a label holds 16384", "into a file"}},
	} {
		_, diags := w.try(decls{"container.web": c.attrs, "volume.data": {}, "network.back": {}})
		var all []string
		for _, d := range diags {
			all = append(all, d.Msg+"\n"+d.Hint)
			if d.Hint == "" {
				t.Errorf("%s: no hint: %s", c.name, d.Msg)
			}
		}
		for _, want := range c.want {
			if len(all) != 1 || !strings.Contains(all[0], want) {
				t.Errorf("%s: %q, want one message with %q", c.name, all, want)
			}
		}
	}
	older := &workshop{t: t, e: inMemory(t, "1.41"), stack: "names", dir: t.TempDir()}
	_, diags := older.try(decls{"network.a": {}, "container.web": {"image": str(probe1), "healthcheck": obj("test", "x", "start_period", "1s", "start_interval", "1s"),
		"networks": ir.ListVal(obj("network", ir.HandleVal(addr("network.a")), "gw_priority", 1))}})
	for _, want := range []string{"healthcheck.start_interval needs Docker 25.0 (API 1.44)", "networks[0].gw_priority needs Docker 28.0"} {
		if !strings.Contains(diags.Error(), want) {
			t.Errorf("an old engine: %v, want %q", diags, want)
		}
	}
}

func manyVars(n int) ir.Value {
	v := ir.MapVal(map[string]ir.Value{})
	for i := range n {
		v.Map["VARIABLE_"+port(i)] = str(strings.Repeat("x", 80))
	}
	return v
}

// TestImage follows an image to a new one with a volume, and on: the unnamed
// volume stays with the container.
func TestImage(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "image", dir: t.TempDir()}
	env := obj("A", "mine", "X", "1")
	w.apply(decls{"container.web": {"image": str(probe1), "env": env, "user": str("7"), "command": strs("serve", ":8081")}})
	w.expects(decls{"container.web": {"image": str(probe1)}},
		"replace container.web\n  command: [serve, :8081] → [serve], replace\n  env A: mine → 1, replace\n  env X: 1 → (none), replace\n  user: 7 → (none), replace\n")
	two := decls{"container.web": {"image": str(probe2), "env": env}}
	p := w.plan(two)
	if got := changesText(p.Steps[0].Changes); !strings.Contains(got, "image: "+probe1+" → "+probe2+", replace") || strings.Contains(got, "env") {
		t.Errorf("another image: %s", got)
	}
	if len(p.Notes) != 1 || !strings.Contains(p.Notes[0].Msg, "data at /data is in an unnamed volume") {
		t.Errorf("notes: %v", p.Notes)
	}
	w.apply(two)
	volume := w.mounted("/data")
	w.apply(decls{"container.web": {"image": str(probe2), "env": obj("A", "2")}})
	if now := w.mounted("/data"); now != volume || !isUnnamed(now) {
		t.Errorf("the unnamed volume was %s and is %s", volume, now)
	}
}

// mounted returns the volume at a path of the stack's one container.
func (w *workshop) mounted(path string) string {
	w.t.Helper()
	for _, m := range w.world(nil).Found["container"].Live[0].Object.(*object).Mounts {
		if m.Destination == path {
			return m.Name
		}
	}
	return ""
}

// TestOthers follows changes that come from elsewhere in the plan.
func TestOthers(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "others", dir: t.TempDir()}
	db := ir.HandleVal(addr("container.db"))
	d := func(network, dbEnv string) decls {
		return decls{
			"network.a":    {"options": obj("o", network)},
			"container.db": {"image": str(probe1), "env": obj("X", dbEnv), "networks": ir.ListVal(ir.HandleVal(addr("network.a")))},
			"container.web": {"image": str(probe1), "networks": ir.ListVal(ir.HandleVal(addr("network.a"))),
				"env":   ir.MapVal(map[string]ir.Value{"DB": ir.Concat(str("pg://"), ir.EngineVal(addr("container.db"), "ip"), str(":5432"))}),
				"files": ir.MapVal(map[string]ir.Value{"/db": ir.Concat(ir.EngineVal(addr("container.db"), "ip"), str("/secret").AsSensitive())})},
			"container.side": {"image": str(probe1), "network_mode": db},
		}
	}
	w.apply(d("1", "1"))
	ip := w.live("container.db").Attrs["ip"].Str
	if env := w.live("container.web").Spec.(*Spec).Env["DB"].Str; env != "pg://"+ip+":5432" || ip == "" {
		t.Errorf("DB = %s, the address is %s", env, ip)
	}
	if text := w.live("container.web").Spec.(*Spec).Files["/db"].Content.Str; text != ip+"/secret" {
		t.Errorf("the file holds %q", text)
	}
	w.expects(d("1", "2"), `replace container.db
  env X: 1 → 2, replace
replace container.side
  network_mode: (none) → (none), replace; container.db is new; it holds the ID of the container whose network it shares
replace container.web
  env DB: pg://`+ip+`:5432 → pg://${container.db.ip}:5432, replace; container.db is replaced
  files /db content: (sensitive) → (sensitive), restart; container.db is replaced
`)
	w.apply(d("1", "2"))
	w.expects(d("2", "2"), `replace network.a
  options o: 1 → 2, replace
update container.db
  networks others-a: (none) → (none), reconnect; network.a is replaced; connected to the new network of that name
replace container.web
  env DB: pg://`+w.live("container.db").Attrs["ip"].Str+`:5432 → pg://${container.db.ip}:5432, replace; container.db is changed
  networks others-a: (none) → (none), reconnect; network.a is replaced; connected to the new network of that name
  files /db content: (sensitive) → (sensitive), restart; container.db is changed
`)
	w.apply(d("2", "2"))
}

func portsBound(p Port) nat.PortMap {
	return nat.PortMap{nat.Port(p.key()): {{HostIP: p.HostIP, HostPort: p.hostPort()}}}
}

// TestAddressWithoutIPv4 holds that a container's address is its IPv6 one on a network
// that has no other, for a plan and for apply.
func TestAddressWithoutIPv4(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: "six", dir: t.TempDir()}
	d := func(env ...any) decls {
		return decls{
			"network.six":   obj("ipv4", false, "ipv6", true, "ipam", "fd00:20::/64").Map,
			"container.db":  obj("image", probe1, "networks", ir.ListVal(ir.HandleVal(addr("network.six")))).Map,
			"container.web": obj("image", probe1, "network_mode", "none", "env", obj(env...)).Map,
		}
	}
	ip, ips := ir.EngineVal(addr("container.db"), "ip"), ir.EngineVal(addr("container.db"), `ips["six-six"]`)
	w.apply(d("DB", ip))
	w.apply(d("DB", ip, "SAME", ips))
	want := w.live("container.db").Object.(*object).NetworkSettings.Networks["six-six"].GlobalIPv6Address
	for _, name := range []string{"DB", "SAME"} {
		if got := w.live("container.web").Spec.(*Spec).Env[name].Str; got != want || want == "" {
			t.Errorf("%s = %q, and the address is %q", name, got, want)
		}
	}
}

// TestSwarmAddresses holds that an address which a swarm gave is none that was asked
// for, where the engine shows it as such.
func TestSwarmAddresses(t *testing.T) {
	const ofSwarm, ofEngine = "n2x4mq8lkvz1c0b7w9d3s5t6y", "f9a3e31fd4a4c3f7a5b2c6d7e8f90123456789abcdef0123456789abcdef0123"
	record := func(kv ...any) schema.Record {
		return schema.Record{"networks": ir.ListVal(obj(append([]any{"network", "mesh"}, kv...)...))}
	}
	for _, tt := range []struct {
		name      string
		swarm     bool
		networkID string
		rec       schema.Record
		want      *Net
		is        string
	}{
		{"given", true, ofSwarm, record(), &Net{}, " "},
		{"given to what is gone from the program", true, ofSwarm, record(), nil, " "},
		{"asked for", true, ofSwarm, record(), &Net{IPv4: "10.0.1.9"}, "10.0.1.5 "},
		{"asked for once", true, ofSwarm, record("ipv4_address", "10.0.1.5"), &Net{}, "10.0.1.5 "},
		{"another asked for once", true, ofSwarm, record("ipv4_address", "10.0.1.9"), &Net{}, " "},
		{"one asked for, one given", true, ofSwarm, record("ipv6_address", "fd00::5"), &Net{IPv6: "fd00::5"}, " fd00::5"},
		{"on a network of the engine's own", true, ofEngine, record(), &Net{}, "10.0.1.5 fd00::5"},
		{"without a swarm", false, ofEngine, record(), &Net{}, "10.0.1.5 fd00::5"},
	} {
		o := &object{InspectResponse: api.InspectResponse{
			ContainerJSONBase: &api.ContainerJSONBase{ID: "c1", HostConfig: &api.HostConfig{NetworkMode: "mesh"}}, Config: &api.Config{},
			NetworkSettings: &api.NetworkSettings{Networks: map[string]*network.EndpointSettings{"mesh": {
				NetworkID: tt.networkID, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: "10.0.1.5", IPv6Address: "fd00::5"},
			}}},
		}}
		r := &reading{Scope: kind.Scope{Info: engine.Info{Swarm: tt.swarm}}}
		var want *Spec
		if tt.want != nil {
			tt.want.Network.Name = "mesh"
			want = &Spec{Networks: []Net{*tt.want}}
		}
		got := &Spec{}
		r.networking(got, o, engine.Identity{}, tt.rec, want)
		if n := got.Networks[0]; n.IPv4+" "+n.IPv6 != tt.is {
			t.Errorf("%s: got %q and %q, want %q", tt.name, n.IPv4, n.IPv6, tt.is)
		}
	}
}
