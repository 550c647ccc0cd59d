package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
)

// TestStrategy replaces containers that share one thing with their successor,
// and such that share nothing.
func TestStrategy(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, "1.41"), stack: stackName("strategy"), dir: t.TempDir()}
	host := func(n int) string { return port(n) + ":8080" }
	data := func(more ...any) ir.Value {
		return ir.ListVal(obj(append([]any{"volume", ir.HandleVal(addr("volume.data")), "target", "/data"}, more...)...))
	}
	endpoint := func(more ...any) ir.Value {
		return ir.ListVal(obj(append([]any{"network", ir.HandleVal(addr("network.one"))}, more...)...))
	}
	for _, d := range []string{"srv/b", "srv/bc"} {
		if err := os.MkdirAll(filepath.Join(w.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	type attrs map[string]ir.Value
	for _, c := range []struct {
		name      string
		old, next attrs
		want      string
	}{
		{"nothing", attrs{}, attrs{}, startFirst},
		{"said", attrs{}, attrs{"lifecycle": obj("strategy", "stop_first")}, stopFirst},
		{"a host port", attrs{"ports": strs(host(31))}, attrs{"ports": strs(host(31))}, stopFirst},
		{"another host port", attrs{"ports": strs(host(31))}, attrs{"ports": strs(host(32))}, startFirst},
		{"another protocol", attrs{"ports": strs(host(31))}, attrs{"ports": strs(host(31) + "/udp")}, startFirst},
		{"another address", attrs{"ports": strs("127.0.0.1:" + host(31))}, attrs{"ports": strs("127.0.0.2:" + host(31))}, startFirst},
		{"all addresses", attrs{"ports": strs("127.0.0.1:" + host(31))}, attrs{"ports": strs(host(31))}, stopFirst},
		{"a port of a range", attrs{"ports": strs(host(31))}, attrs{"ports": strs(port(30) + "-" + port(39) + ":8080")}, stopFirst},
		{"a port of the engine's choice", attrs{"ports": strs("8080")}, attrs{"ports": strs("8080")}, startFirst},
		{"a volume", attrs{"mounts": data()}, attrs{"mounts": data()}, stopFirst},
		{"a volume that both read", attrs{"mounts": data("read_only", true)}, attrs{"mounts": data("read_only", true)}, startFirst},
		{"a volume that the old one writes", attrs{"mounts": data()}, attrs{"mounts": data("read_only", true)}, stopFirst},
		{"a volume that the new one writes", attrs{"mounts": data("read_only", true)}, attrs{"mounts": data()}, stopFirst},
		{"a volume of one", attrs{}, attrs{"mounts": data()}, startFirst},
		{"a directory", attrs{"mounts": strs("./srv:/a")}, attrs{"mounts": strs("./srv/b:/b")}, stopFirst},
		{"two directories", attrs{"mounts": strs("./srv/b:/a")}, attrs{"mounts": strs("./srv/bc:/b")}, startFirst},
		{"a directory that both read", attrs{"mounts": strs("./srv:/a:ro")}, attrs{"mounts": strs("./srv:/a:ro")}, startFirst},
		{"memory", attrs{"mounts": ir.ListVal(obj("type", "tmpfs", "target", "/t"))}, attrs{"mounts": ir.ListVal(obj("type", "tmpfs", "target", "/t"))}, startFirst},
		{"a volume of the image", attrs{"image": str(probe2)}, attrs{"image": str(probe2)}, stopFirst},
		{"an unnamed volume", attrs{"mounts": ir.ListVal(obj("type", "volume", "target", "/u"))}, attrs{"mounts": ir.ListVal(obj("type", "volume", "target", "/u"))}, stopFirst},
		{"an address", attrs{"networks": endpoint("ipv4_address", subnet+"9")}, attrs{"networks": endpoint("ipv4_address", subnet+"9")}, stopFirst},
		{"the address that the old one happens to have", attrs{"networks": endpoint()}, attrs{"networks": endpoint("ipv4_address", subnet+"2")}, stopFirst},
		{"other addresses", attrs{"networks": endpoint("ipv4_address", subnet+"9")}, attrs{"networks": endpoint("ipv4_address", subnet+"10")}, startFirst},
		{"a MAC address", attrs{"networks": endpoint("mac_address", "02:42:ac:11:00:99")}, attrs{"networks": endpoint("mac_address", "02:42:ac:11:00:99")}, stopFirst},
		{"the host's network", attrs{"network_mode": str("host")}, attrs{"network_mode": str("host")}, stopFirst},
		{"the host's processes", attrs{"pid": str("host")}, attrs{"pid": str("host")}, stopFirst},
		{"another's network", attrs{"network_mode": ir.HandleVal(addr("container.peer"))}, attrs{"network_mode": ir.HandleVal(addr("container.peer"))}, stopFirst},
		{"another's mounts", attrs{"volumes_from": ir.ListVal(ir.HandleVal(addr("container.peer")))}, attrs{"volumes_from": ir.ListVal(ir.HandleVal(addr("container.peer")))}, stopFirst},
		{"a job", attrs{"command": strs("exit", "0"), "state": str("completed")}, attrs{"command": strs("exit", "0"), "state": str("completed")}, stopFirst},
		{"a device", attrs{"devices": strs("/dev/null")}, attrs{"devices": strs("/dev/null")}, stopFirst},
		{"a device that both may have", attrs{"devices": strs("/dev/null")}, attrs{"devices": strs("/dev/null"), "lifecycle": obj("strategy", "start_first")}, startFirst},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			program := func(x string, a attrs) decls {
				web := map[string]ir.Value{"image": str(probe1), "env": obj("X", x)}
				for k, v := range a {
					web[k] = v
				}
				return decls{
					"network.one": {"ipam": obj("config", strs(subnet+"0/24"))}, "network.default": {}, "volume.data": {},
					"container.peer": {"image": str(probe1), "network_mode": str("none"), "mounts": data()}, "container.web": web,
				}
			}
			w.apply(program("1", c.old))
			for _, s := range w.plan(program("2", c.next)).Steps {
				if s.Addr == addr("container.web") && (s.Verb != kind.Replace || s.Work.Strategy != c.want) {
					t.Errorf("planned %s, %s, want %s", s.Verb, s.Work.Strategy, c.want)
				}
				if s.Interrupts() != (c.want == stopFirst) && c.name != "a job" {
					t.Errorf("%s: impact %q", c.want, s.Work.Impact)
				}
			}
			w.apply(program("2", c.next))
			w.destroy()
		})
	}
	w.t = t
}

// TestStartFirstRefused asks for two at one time of what there is only one.
func TestStartFirstRefused(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, "1.41"), stack: stackName("refused"), dir: t.TempDir()}
	for _, c := range []struct {
		attr  string
		value ir.Value
		want  string
	}{
		{"ports", strs("18080:8080"), "container.web.ports: strategy = \"start_first\" runs old and new at one time, and only one of them can have host port 18080/tcp"},
		{"mounts", ir.ListVal(obj("volume", ir.HandleVal(addr("volume.data")), "target", "/data")), "can have volume " + w.stack + "-data to write to"},
		{"mounts", strs("/srv:/srv"), "can have /srv to write to"},
		{"networks", ir.ListVal(obj("network", ir.HandleVal(addr("network.one")), "ipv4_address", subnet+"9")), "can have address " + subnet + "9 on network " + w.stack + "-one"},
		{"network_mode", str("host"), "can have network_mode of the host"},
		{"ipc", ir.HandleVal(addr("container.peer")), "can have ipc of container " + w.stack + "-peer"},
		{"volumes_from", ir.ListVal(ir.HandleVal(addr("container.peer"))), "can have the mounts of " + w.stack + "-peer"},
		{"state", str("completed"), "can have the job to do: it would run twice"},
		{"state", str("created"), "can have a start: it is never started"},
		{"image", str(probe2), "can have the unnamed volume at /data, which its image asks for"},
	} {
		web := map[string]ir.Value{"image": str(probe1), "lifecycle": obj("strategy", "start_first")}
		web[c.attr] = c.value
		_, diags := w.try(decls{
			"network.one": {"ipam": obj("config", strs(subnet+"0/24"))}, "network.default": {}, "volume.data": {},
			"container.peer": {"image": str(probe1), "network_mode": str("none"), "ipc": str("shareable")}, "container.web": web,
		})
		if !diags.HasErrors() || !strings.Contains(diags.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.attr, diags, c.want)
		}
	}
	kept := &workshop{t: t, e: inMemory(t, "1.41"), stack: stackName("kept"), dir: t.TempDir()}
	for _, image := range []string{probe2, probe1} {
		kept.apply(decls{"container.web": obj("image", image, "network_mode", "none").Map})
	}
	_, diags := kept.try(decls{"container.web": obj("image", probe1, "network_mode", "none", "lifecycle", obj("strategy", "start_first")).Map})
	if want := "can have the unnamed volume at /data, which it has kept from before"; !strings.Contains(diags.Error(), want) {
		t.Errorf("a volume of the image before: got %v, want %s", diags, want)
	}
	for _, attr := range []string{"strategy", "settle"} {
		_, diags := w.try(decls{"volume.data": {"lifecycle": obj(attr, map[string]string{"strategy": "stop_first", "settle": "3s"}[attr])}})
		if !strings.Contains(diags.Error(), "volume.data.lifecycle: strategy and settle say how a new one takes over") {
			t.Errorf("%s of a volume: got %v", attr, diags)
		}
	}
}
