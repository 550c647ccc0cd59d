package container_test

import (
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/stdlib/container"
	"bayplan/stdlib/image"
	"bayplan/stdlib/network"
	"bayplan/stdlib/volume"
)

func str(s string) ir.Value { return ir.StringVal(s) }

func strs(ss ...string) ir.Value {
	v := ir.ListVal()
	for _, s := range ss {
		v.List = append(v.List, str(s))
	}
	return v
}

func handle(addr string) ir.Value {
	a, err := ir.ParseAddr(addr)
	if err != nil {
		panic(err)
	}
	return ir.HandleVal(a)
}

// TestEveryAttribute makes, changes and takes away each attribute on engines
// of several versions.
func TestEveryAttribute(t *testing.T) {
	yes, no := ir.BoolVal(true), ir.BoolVal(false)
	joined := []string{"network.default"} // what a container joins that names no network
	net := func(kv ...any) ir.Value {
		return ir.ListVal(kindtest.Obj(append([]any{"network", handle("network.a")}, kv...)...))
	}
	samples := []kindtest.Sample{
		{Attr: "name", A: str("kt-one"), B: str("kt-two")},
		{Attr: "command", A: strs("/serve", "-v"), B: str("/serve -q")},
		{Attr: "entrypoint", A: strs("/a"), B: strs("/b", "c")},
		{Attr: "env", A: kindtest.Obj("A", "1", "B", "2"), B: kindtest.Obj("A", "1", "B", "3")},
		{Attr: "env", A: kindtest.Obj("A", str("s3cret").AsSensitive()), B: kindtest.Obj("A", str("other").AsSensitive())},
		{Attr: "user", A: str("1000"), B: str("1000:1000")},
		{Attr: "working_dir", A: str("/srv"), B: str("/srv/www")},
		{Attr: "hostname", A: str("one"), B: str("two")},
		{Attr: "domainname", A: str("one.example"), B: str("two.example")},
		{Attr: "labels", A: kindtest.Obj("a", "1"), B: kindtest.Obj("a", "2", "b", "3")},
		{Attr: "ports", A: strs("8080:80"), B: strs("8081:80")},
		{Attr: "ports", A: strs("127.0.0.1:8080:80"), B: strs("8080:80/udp")},
		{Attr: "ports", A: strs("8000-8002:80-82"), B: strs("80")},
		{Attr: "networks", A: net("aliases", strs("x")), B: net("aliases", strs("y", "z")), Also: joined},
		{Attr: "networks", A: net(), B: ir.ListVal(handle("network.a"), handle("network.b")), Also: joined},
		{Attr: "networks", A: net("ipv4_address", "10.77.0.10"), B: net("ipv4_address", "10.77.0.11"), Also: joined},
		{Attr: "networks", A: net("driver_opts", kindtest.Obj("o", "1")), B: net("driver_opts", kindtest.Obj("o", "2")), Also: joined},
		{Attr: "networks", A: net("mac_address", "02:42:0a:4d:00:01"), B: net("mac_address", "02:42:0a:4d:00:02"), Is: schema.Replace, Gone: schema.Reconnect, Also: joined},
		{Attr: "network_mode", A: str("none"), B: str("host"), Also: joined, Names: []string{"networks"}},
		{Attr: "state", A: str("created"), Is: schema.Live, Gone: schema.Live},
		{Attr: "mounts", A: ir.ListVal(kindtest.Obj("volume", handle("volume.v"), "target", "/v")), B: ir.ListVal(kindtest.Obj("volume", handle("volume.v"), "target", "/v", "read_only", true))},
		{Attr: "mounts", A: ir.ListVal(kindtest.Obj("type", "tmpfs", "target", "/t", "size", "1m")), B: ir.ListVal(kindtest.Obj("type", "tmpfs", "target", "/t", "mode", "1777"))},
		{Attr: "mounts", A: strs("/etc:/host:ro"), B: strs("/etc:/host")},
		{Attr: "files", A: kindtest.Obj("/etc/a", "1"), B: kindtest.Obj("/etc/a", "2"), Gone: schema.Replace},
		{Attr: "files", A: kindtest.Obj("/etc/a", kindtest.Obj("content", "1", "mode", "0600", "uid", 7)), B: kindtest.Obj("/etc/a", kindtest.Obj("content", "1", "mode", "0640", "gid", 8)), Gone: schema.Replace},
		{Attr: "restart", A: str("always"), B: str("on-failure:3")},
		{Attr: "stop_signal", A: str("SIGINT"), B: str("SIGQUIT")},
		{Attr: "stop_timeout", A: str("0s"), B: str("30s")},
		{Attr: "healthcheck", A: kindtest.Obj("test", strs("CMD", "/ok"), "interval", "1s"), B: kindtest.Obj("test", strs("CMD", "/ok"), "interval", "2s", "retries", 5)},
		{Attr: "healthcheck", A: kindtest.Obj("disable", true), B: kindtest.Obj("test", "true")},
		{Attr: "read_only", A: yes},
		{Attr: "init", A: yes, B: no},
		{Attr: "privileged", A: yes},
		{Attr: "cap_add", A: strs("NET_ADMIN"), B: strs("cap_net_raw", "SYS_TIME")},
		{Attr: "cap_drop", A: strs("ALL"), B: strs("CHOWN")},
		{Attr: "extra_hosts", A: kindtest.Obj("db", "10.0.0.2"), B: kindtest.Obj("db", "10.0.0.3,10.0.0.4")},
		{Attr: "dns", A: strs("10.0.0.53"), B: strs("10.0.0.54", "10.0.0.53")},
		{Attr: "sysctls", A: kindtest.Obj("net.core.somaxconn", "512"), B: kindtest.Obj("net.core.somaxconn", "1024")},
		{Attr: "logging", A: kindtest.Obj("driver", "json-file", "options", kindtest.Obj("max-size", "1m")), B: kindtest.Obj("driver", "json-file", "options", kindtest.Obj("max-size", "2m"))},
		{Attr: "logging", A: kindtest.Obj("driver", "none"), B: kindtest.Obj("driver", "local")},
		{Attr: "image", A: str("other:1"), B: str("other:2"), Also: []string{`image["docker.io/library/other:1"]`, `image["docker.io/library/other:2"]`}},
	}
	samples = append(samples, limits()...)
	for _, api := range []string{"1.41", "1.44", "1.47", "1.51"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			kindtest.Suite{
				Kinds:  []kind.Kind{container.Kind, image.Kind, network.Kind, volume.Kind},
				Engine: kindtest.Embedded(t, api), Stack: "kt", Dir: t.TempDir(),
				Base: []kindtest.Decl{
					{Addr: "network.a", Attrs: kindtest.Attrs{"ipam": str("10.77.0.0/24")}}, {Addr: "network.b"}, {Addr: "volume.v"},
				},
				Subject: kindtest.Decl{Addr: "container.c", Attrs: kindtest.Attrs{"image": str("app:1")}},
				Samples: samples,
			}.Run(t)
		})
	}
}

func cgroup1(i engine.Info) bool { return i.Cgroup != "2" }
func cgroup2(i engine.Info) bool { return i.Cgroup == "2" }

// limits are samples of what a container may use of its host.
func limits() []kindtest.Sample {
	list, obj := ir.ListVal, kindtest.Obj
	memory := kindtest.Attrs{"memory": str("64m")}
	return []kindtest.Sample{
		{Attr: "memory", A: str("64m"), B: str("128m"), Gone: schema.Replace},
		{Attr: "memory", A: str("128m"), B: str("64m"), Gone: schema.Replace},
		{Attr: "memory_reservation", A: str("32m"), B: str("16m"), Gone: schema.Replace},
		{Attr: "memory_swap", A: str("64m"), B: str("256m"), With: memory},
		{Attr: "memory_swap", A: str("unlimited"), B: str("80m"), With: memory, Set: schema.Restart},
		{Attr: "memory_swappiness", A: ir.IntVal(0), B: ir.IntVal(60), If: cgroup1},
		{Attr: "cpus", A: ir.FloatVal(0.5), B: ir.FloatVal(0.25), Gone: schema.Replace},
		{Attr: "cpu_shares", A: ir.IntVal(512), B: ir.IntVal(256), Gone: schema.Replace},
		{Attr: "cpu_period", A: str("50ms"), B: ir.IntVal(200000), Gone: schema.Replace},
		{Attr: "cpu_quota", A: str("50ms"), B: ir.IntVal(20000)},
		{Attr: "cpu_rt_period", A: str("1s"), B: str("500ms"), Gone: schema.Replace, If: cgroup1},
		{Attr: "cpu_rt_runtime", A: ir.IntVal(950), B: ir.IntVal(900), With: kindtest.Attrs{"cpu_rt_period": str("1s")}, Gone: schema.Replace, If: cgroup1},
		{Attr: "cpuset", A: str("0"), B: str("1,0"), Gone: schema.Replace},
		{Attr: "cpuset_mems", A: str("0"), Gone: schema.Replace},
		{Attr: "pids_limit", A: ir.IntVal(100), B: ir.IntVal(50)},
		{Attr: "oom_kill_disable", A: ir.BoolVal(true), With: memory, If: cgroup1},
		{Attr: "oom_score_adj", A: ir.IntVal(500), B: ir.IntVal(-500)},
		{Attr: "blkio_weight", A: ir.IntVal(300), B: ir.IntVal(500), Gone: schema.Replace, If: cgroup2},
		{Attr: "blkio", A: obj("weight_device", list(obj("path", "/dev/vda", "weight", 200))), B: obj("weight_device", list(obj("path", "/dev/vda", "weight", 300))), If: cgroup2},
		{Attr: "blkio", A: obj("device_read_bps", list(obj("path", "/dev/vda", "rate", "1m")), "device_write_bps", list(obj("path", "/dev/vda", "rate", "2m"))), B: obj("device_read_bps", list(obj("path", "/dev/vda", "rate", "3m")))},
		{Attr: "blkio", A: obj("device_read_iops", list(obj("path", "/dev/vda", "rate", 100)), "device_write_iops", list(obj("path", "/dev/vda", "rate", 200))), B: obj("device_write_iops", list(obj("path", "/dev/vda", "rate", 300)))},
		{Attr: "ulimits", A: obj("nofile", obj("soft", 1024, "hard", 2048)), B: obj("nofile", obj("soft", 512))},
		{Attr: "devices", A: strs("/dev/fuse"), B: strs("/dev/fuse:/dev/fuse:rw")},
		{Attr: "devices", A: strs("/dev/null:/dev/one"), B: strs("/dev/null:/dev/two:r")},
		{Attr: "device_cgroup_rules", A: strs("c 188:* rmw"), B: strs("c 188:1 r", "b *:* m")},
		{Attr: "device_requests", A: strs("all"), B: list(obj("driver", "nvidia", "count", 2, "capabilities", strs("gpu", "utility"), "options", obj("a", "b")))},
		{Attr: "device_requests", A: list(obj("driver", "nvidia", "device_ids", strs("0", "1"), "capabilities", strs("gpu")))},
		{Attr: "cgroup_parent", A: str("/one"), B: str("/two")},
		{Attr: "shm_size", A: str("32m"), B: str("128m")},
	}
}
