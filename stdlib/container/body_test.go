package container

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

// body returns what the create call of container.web holds, without the
// labels, and the calls after it.
func body(t *testing.T, p *plan.Plan) (map[string]any, []engine.Op) {
	t.Helper()
	for _, s := range p.Steps {
		if s.Addr != addr("container.web") {
			continue
		}
		got, ok := s.Work.Ops[0].Body().(map[string]any)
		if !ok {
			t.Fatalf("the first call has no body: %s", workText(s.Work))
		}
		return got, s.Work.Ops[1:]
	}
	t.Fatal("no step for container.web")
	return nil, nil
}

// TestBody compares whole create calls with what they shall be.
func TestBody(t *testing.T) {
	one := ir.HandleVal(addr("network.one"))
	for _, c := range []struct {
		name, api string
		attrs     map[string]ir.Value
		want      string // JSON, without labels
		after     string // calls after it
	}{
		{
			name: "least", api: "1.41", attrs: nil,
			want:  `{"Image": "IMAGE", "HostConfig": {"NetworkMode": "body-default", "RestartPolicy": {"Name": "no"}}, "NetworkingConfig": {"EndpointsConfig": {"body-default": {"Aliases": ["web"]}}}}`,
			after: "POST /containers/<id of container.web>/start",
		},
		{
			name: "process", api: "1.41", attrs: obj("command", "a 'b c'", "entrypoint", ir.ListVal(), "env", obj("B", "2", "A", str("s3cret").AsSensitive()), "user", "1:2",
				"working_dir", "/a/", "hostname", "h", "stop_signal", "term", "stop_timeout", 0, "network_mode", "none", "state", "created").Map,
			want: `{"Image": "IMAGE", "Cmd": ["a", "b c"], "Entrypoint": [""], "Env": ["A=(sensitive)", "B=2"], "User": "1:2", "WorkingDir": "/a", "Hostname": "h", "StopSignal": "SIGTERM",
				"HostConfig": {"NetworkMode": "none", "RestartPolicy": {"Name": "no"}}}`,
		},
		{
			name: "limits", api: "1.51", attrs: obj("memory", "64m", "cpus", ir.FloatVal(1.5), "restart", "on-failure:3", "read_only", true, "init", true, "privileged", true, "cap_add", strs("sys_time", "net_admin"),
				"cap_drop", strs("ALL"), "extra_hosts", obj("b", "10.0.0.1, fd00::1", "a", "host-gateway"), "dns", strs("10.0.0.9"), "ulimits", obj("nofile", 10), "sysctls", obj("a.b", 1),
				"logging", obj("driver", "local", "options", obj("k", "v")), "network_mode", "host", "healthcheck", obj("test", "true", "interval", "5s", "retries", 2)).Map,
			want: `{"Image": "IMAGE", "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 5000000000, "Retries": 2},
				"HostConfig": {"NetworkMode": "host", "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}, "Memory": 67108864, "NanoCpus": 1500000000, "ReadonlyRootfs": true, "Init": true,
				"Privileged": true, "CapAdd": ["CAP_NET_ADMIN", "CAP_SYS_TIME"], "CapDrop": ["ALL"], "ExtraHosts": ["a:host-gateway", "b:10.0.0.1", "b:fd00::1"], "Dns": ["10.0.0.9"],
				"Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 10}], "Sysctls": {"a.b": "1"}, "LogConfig": {"Type": "local", "Config": {"k": "v"}}}}`,
			after: "POST /containers/<id of container.web>/start",
		},
		{
			name: "networks of older engines", api: "1.43",
			attrs: obj("networks", ir.ListVal(obj("network", one, "mac_address", "02:42:0a:00:00:01", "ipv4_address", "10.99.0.5", "aliases", strs("x")), ir.HandleVal(addr("network.two"))), "ports", strs("127.0.0.1:80:80", "53/udp", "8000-8010:81")).Map,
			want: `{"Image": "IMAGE", "ExposedPorts": {"53/udp": {}, "80/tcp": {}, "81/tcp": {}}, "MacAddress": "02:42:0a:00:00:01", "HostConfig": {"NetworkMode": "body-one", "RestartPolicy": {"Name": "no"},
				"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}], "53/udp": [{"HostIp": "", "HostPort": ""}], "81/tcp": [{"HostIp": "", "HostPort": "8000-8010"}]}},
				"NetworkingConfig": {"EndpointsConfig": {"body-one": {"Aliases": ["web", "x"], "IPAMConfig": {"IPv4Address": "10.99.0.5"}}}}}`,
			after: "POST /networks/body-two/connect\nPOST /containers/<id of container.web>/start",
		},
		{
			name: "networks of newer engines", api: "1.44",
			attrs: obj("networks", ir.ListVal(obj("network", one, "mac_address", "02:42:0a:00:00:01"), ir.HandleVal(addr("network.two")))).Map,
			want: `{"Image": "IMAGE", "HostConfig": {"NetworkMode": "body-one", "RestartPolicy": {"Name": "no"}},
				"NetworkingConfig": {"EndpointsConfig": {"body-one": {"Aliases": ["web"], "MacAddress": "02:42:0a:00:00:01"}, "body-two": {"Aliases": ["web"]}}}}`,
			after: "POST /containers/<id of container.web>/start",
		},
		{
			name: "storage", api: "1.41",
			attrs: obj("mounts", ir.ListVal(obj("volume", ir.HandleVal(addr("volume.data")), "target", "/data", "no_copy", true), str("./conf:/conf:ro"), obj("type", "tmpfs", "target", "/t", "size", "1m", "mode", "1777")),
				"network_mode", "none", "read_only", true, "files", obj("/data/a", "x", "/data/sub/b", obj("content", "y", "mode", "600"))).Map,
			want: `{"Image": "IMAGE", "HostConfig": {"NetworkMode": "none", "RestartPolicy": {"Name": "no"}, "ReadonlyRootfs": true, "Mounts": [
				{"Type": "volume", "Source": "body-data", "Target": "/data", "VolumeOptions": {"NoCopy": true}}, {"Type": "bind", "Source": "DIR/conf", "Target": "/conf", "ReadOnly": true},
				{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1048576, "Mode": 1023}}]}}`,
			after: "PUT /containers/<id of container.web>/archive?path=/data\nPOST /containers/<id of container.web>/start",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &workshop{t: t, e: inMemory(t, c.api), stack: "body", dir: t.TempDir()}
			if err := os.Mkdir(filepath.Join(w.dir, "conf"), 0o755); err != nil {
				t.Fatal(err)
			}
			attrs := map[string]ir.Value{"image": str(probe1)}
			for k, v := range c.attrs {
				attrs[k] = v
			}
			got, after := body(t, w.plan(decls{"network.one": {"ipam": str("10.99.0.0/24")}, "network.two": {}, "volume.data": {}, "container.web": attrs}))
			labels, _ := got["Labels"].(map[string]any)
			if labels[engine.LabelAddr] != "container.web" || labels[engine.LabelUID] != "<fresh uid>" || strings.Contains(labels[engine.LabelSpec].(string), "s3cret") {
				t.Errorf("labels: %v", labels)
			}
			delete(got, "Labels")
			text := strings.NewReplacer("IMAGE", probe1, "DIR", w.dir).Replace(c.want)
			var want map[string]any
			if err := json.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, plainJSON(t, got)); diff != "" {
				t.Errorf("the body:\n%s", diff)
			}
			if calls := calls(after); calls != c.after {
				t.Errorf("then %s\nwant %s", calls, c.after)
			}
		})
	}
}

// plainJSON is x as JSON has it, without what is empty in maps of maps.
func plainJSON(t *testing.T, x any) map[string]any {
	t.Helper()
	data, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func calls(ops []engine.Op) string {
	var lines []string
	for _, op := range ops {
		method, path := op.Path()
		lines = append(lines, method+" "+path)
	}
	return strings.Join(lines, "\n")
}

// replacement is one replacement of a container that two plans show: the
// first, which is cut after some calls, and the one after that.
type replacement struct {
	w    *workshop
	want func(x string) decls
	old  string // ID
}

func replacing(t *testing.T, strategy string) *replacement {
	w := &workshop{t: t, e: inMemory(t, "1.41"), stack: "swap", dir: t.TempDir()}
	r := &replacement{w: w, want: func(x string) decls {
		return decls{"network.a": {}, "network.default": {}, "container.web": {"image": str(probe1), "restart": str("always"), "env": obj("X", x),
			"networks": ir.ListVal(ir.HandleVal(addr("network.default")), ir.HandleVal(addr("network.a"))), "lifecycle": obj("strategy", strategy, "settle", "3s")}}
	}}
	w.apply(r.want("1"))
	r.old = w.live("container.web").ID
	return r
}

// shown returns the plan for a program with the IDs in it named.
func (r *replacement) shown(p *plan.Plan) string {
	r.w.t.Helper()
	text := steps(p)
	for _, l := range r.w.world(nil).Found["container"].Live {
		if l.ID != r.old {
			text = strings.ReplaceAll(text, l.ID, "NEW")
		}
	}
	return strings.NewReplacer(r.old, "OLD", r.old[:12], "OLD12", "<id of container.web>", "MADE", `"\u003cid of container.web\u003e"`, `"MADE"`).Replace(text)
}

// TestStopFirst shows the protocol's calls, and what is done where it was cut.
func TestStopFirst(t *testing.T) {
	r := replacing(t, "stop_first")
	p := r.w.plan(r.want("2"))
	sameText(t, "the whole", r.shown(p), `replace container.web
  env X: 1 → 2, replace
    POST /containers/create?name=swap-web.new-OLD12 restart no
    POST /networks/swap-a/connect {"Container":"MADE","EndpointConfig":{"Aliases":["web"]}}
    POST /containers/OLD/update {"RestartPolicy":{"Name":"no"}}
    POST /containers/OLD/stop
    POST /containers/OLD/rename?name=swap-web.old-OLD12
    POST /containers/MADE/rename?name=swap-web
    POST /containers/MADE/start
    wait started settle 3s
    commit POST /containers/MADE/update {"RestartPolicy":{"Name":"always"}}
    commit DELETE /containers/OLD
    undo POST /containers/MADE/update {"RestartPolicy":{"Name":"no"}}
    undo POST /containers/MADE/stop
    undo POST /containers/MADE/rename?name=swap-web.failed-OLD12
    undo POST /containers/OLD/rename?name=swap-web
    undo POST /containers/OLD/update {"RestartPolicy":{"Name":"always"}}
    undo POST /containers/OLD/start
    undo DELETE /containers/MADE
`)
	cut(p.Steps[0], 5)
	r.w.run(p)
	sameText(t, "forward", r.shown(r.w.plan(r.want("2"))), `finish container.web
    POST /containers/OLD/stop
    POST /containers/NEW/rename?name=swap-web
    POST /containers/NEW/start
    wait started settle 3s
    commit POST /containers/NEW/update {"RestartPolicy":{"Name":"always"}}
    commit DELETE /containers/OLD
    undo POST /containers/NEW/update {"RestartPolicy":{"Name":"no"}}
    undo POST /containers/NEW/stop
    undo POST /containers/NEW/rename?name=swap-web.failed-OLD12
    undo POST /containers/OLD/rename?name=swap-web
    undo POST /containers/OLD/update {"RestartPolicy":{"Name":"always"}}
    undo POST /containers/OLD/start
    undo DELETE /containers/NEW
`)
	sameText(t, "back", r.shown(r.w.plan(r.want("1"))), `restore container.web
  name: swap-web.old-OLD12 → swap-web, live; its replacement had begun
  state: exited (0) → running, live; its replacement had begun
  restart: no → always, live; its replacement had begun
    POST /containers/NEW/update {"RestartPolicy":{"Name":"no"}}
    POST /containers/NEW/stop
    POST /containers/NEW/rename?name=swap-web.failed-OLD12
    POST /containers/OLD/rename?name=swap-web
    POST /containers/OLD/update {"RestartPolicy":{"Name":"always"}}
    POST /containers/OLD/start
    wait started settle 0s
    commit DELETE /containers/NEW
`)
}

// TestStartFirst does so where both may run at one time.
func TestStartFirst(t *testing.T) {
	r := replacing(t, "auto")
	p := r.w.plan(r.want("2"))
	sameText(t, "the whole", r.shown(p), `replace container.web
  env X: 1 → 2, replace
    POST /containers/create?name=swap-web.new-OLD12 restart no
    POST /networks/swap-a/connect {"Container":"MADE","EndpointConfig":{"Aliases":["web"]}}
    POST /containers/MADE/start
    wait started settle 3s
    commit POST /containers/MADE/update {"RestartPolicy":{"Name":"always"}}
    commit POST /containers/OLD/update {"RestartPolicy":{"Name":"no"}}
    commit POST /containers/OLD/rename?name=swap-web.old-OLD12
    commit POST /containers/MADE/rename?name=swap-web
    commit POST /containers/OLD/stop
    commit DELETE /containers/OLD
    undo POST /containers/MADE/stop
    undo DELETE /containers/MADE
`)
	cut(p.Steps[0], 6)
	r.w.run(p)
	sameText(t, "forward", r.shown(r.w.plan(r.want("2"))), `finish container.web
    POST /containers/NEW/start
    wait started settle 3s
    commit POST /containers/NEW/update {"RestartPolicy":{"Name":"always"}}
    commit POST /containers/NEW/rename?name=swap-web
    commit POST /containers/OLD/stop
    commit DELETE /containers/OLD
    undo POST /containers/NEW/update {"RestartPolicy":{"Name":"no"}}
    undo POST /containers/NEW/stop
    undo POST /containers/NEW/rename?name=swap-web.failed-OLD12
    undo POST /containers/OLD/rename?name=swap-web
    undo POST /containers/OLD/update {"RestartPolicy":{"Name":"always"}}
    undo POST /containers/OLD/start
    undo DELETE /containers/NEW
`)
	sameText(t, "back", r.shown(r.w.plan(r.want("1"))), `restore container.web
  name: swap-web.old-OLD12 → swap-web, live; its replacement had begun
  restart: no → always, live; its replacement had begun
    POST /containers/NEW/rename?name=swap-web.failed-OLD12
    POST /containers/OLD/rename?name=swap-web
    POST /containers/OLD/update {"RestartPolicy":{"Name":"always"}}
    commit POST /containers/NEW/update {"RestartPolicy":{"Name":"no"}}
    commit POST /containers/NEW/stop
    commit DELETE /containers/NEW
`)
}

func sameText(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s:\n%s", what, diff)
	}
}
