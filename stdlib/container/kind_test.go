package container_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

	api "github.com/docker/docker/api/types/container"
	netapi "github.com/docker/docker/api/types/network"
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
	reach := kindtest.NewReach()
	t.Run("engines", func(t *testing.T) {
		for _, api := range versions {
			t.Run(api, func(t *testing.T) {
				t.Parallel()
				s := suite(t, kindtest.Embedded(t, api))
				s.Reach = reach
				s.Run(t)
			})
		}
	})
	reach.Check(t, "ContainerCreate", api.CreateRequest{}, unreached)
	reach.Check(t, "ContainerUpdate", api.UpdateConfig{}, notUpdated)
	reach.Check(t, "NetworkConnect", netapi.ConnectOptions{}, unconnected)
}

var versions = []string{"1.41", "1.44", "1.47", "1.51"}

// TestLanguages holds that no attribute is in one language only.
func TestLanguages(t *testing.T) {
	obj := kindtest.Obj
	s := suite(t, kindtest.Embedded(t, "1.51"))
	if err := os.WriteFile(filepath.Join(s.Dir, "motd"), []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Languages(t,
		kindtest.Sample{Attr: "ports", A: ir.ListVal(obj("container", 80, "host", 18080, "host_ip", "127.0.0.1", "protocol", "udp")), B: ir.ListVal(obj("container", 80, "host_range", "18080-18090"))},
		kindtest.Sample{Attr: "files", A: obj("/etc/motd", obj("source", "./motd", "on_change", "none"))},
		kindtest.Sample{Attr: "devices", A: ir.ListVal(obj("source", "/dev/null", "target", "/dev/zero", "permissions", "r"))},
	)
}

// suite is a container with what stands beside it.
func suite(t *testing.T, e *engine.Engine) kindtest.Suite {
	return kindtest.Suite{
		Kinds: []kind.Kind{container.Kind, image.Kind, network.Kind, volume.Kind}, Engine: e, Stack: "kt", Dir: t.TempDir(),
		Base: []kindtest.Decl{
			{Addr: "network.a", Attrs: kindtest.Attrs{"ipv6": ir.BoolVal(true), "ipam": kindtest.Obj("config", strs("10.77.0.0/24", "fd00:77::/64"))}},
			{Addr: "network.b"}, {Addr: "volume.v"},
			{Addr: "container.other", Attrs: kindtest.Attrs{"image": str("app:1"), "networks": ir.ListVal(handle("network.a")), "ipc": str("shareable")}},
		},
		Subject: kindtest.Decl{Addr: "container.c", Attrs: kindtest.Attrs{"image": str("app:1")}},
		Samples: slices.Concat(basics(), limits(), modes()),
	}
}

// impliedFor returns the addresses of the images that samples name, as they are
// for the engine's own platform and for these.
func impliedFor(platforms ...string) (out []string) {
	for _, ref := range []string{"app:1", "other:1", "other:2"} {
		out = append(out, fmt.Sprintf("image[%q]", "docker.io/library/"+ref))
		for _, p := range platforms {
			out = append(out, fmt.Sprintf("image[%q]", "docker.io/library/"+ref+" "+p))
		}
	}
	return out
}

// basics are samples of what most containers say.
func basics() []kindtest.Sample {
	yes, no := ir.BoolVal(true), ir.BoolVal(false)
	joined := []string{"network.default"} // what a container joins that names no network
	net := func(kv ...any) ir.Value {
		return ir.ListVal(kindtest.Obj(append([]any{"network", handle("network.a")}, kv...)...))
	}
	return []kindtest.Sample{
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
		{Attr: "networks", A: net("ipv6_address", "fd00:77::10"), B: net("ipv6_address", "fd00:77::11"), Also: joined},
		{Attr: "networks", A: net("driver_opts", kindtest.Obj("o", "1")), B: net("driver_opts", kindtest.Obj("o", "2")), Also: joined},
		{Attr: "networks", A: net("mac_address", "02:42:0a:4d:00:01"), B: net("mac_address", "02:42:0a:4d:00:02"), Is: schema.Replace, Gone: schema.Reconnect, Also: joined},
		{Attr: "network_mode", A: str("none"), B: str("host"), Also: joined, Names: []string{"networks"}},
		{Attr: "state", A: str("created"), Still: true, Is: schema.Live, Gone: schema.Live},
		{Attr: "mounts", A: ir.ListVal(kindtest.Obj("volume", handle("volume.v"), "target", "/v")), B: ir.ListVal(kindtest.Obj("volume", handle("volume.v"), "target", "/v", "read_only", true))},
		{Attr: "mounts", A: ir.ListVal(kindtest.Obj("type", "tmpfs", "target", "/t", "size", "1m")), B: ir.ListVal(kindtest.Obj("type", "tmpfs", "target", "/t", "mode", "1777"))},
		{Attr: "mounts", A: strs("/etc:/host:ro"), B: strs("/etc:/host")},
		{Attr: "files", A: kindtest.Obj("/etc/a", "1"), B: kindtest.Obj("/etc/a", "2"), Gone: schema.Replace},
		{Attr: "files", A: kindtest.Obj("/etc/a", kindtest.Obj("content", "1", "mode", "0600", "uid", 7)), B: kindtest.Obj("/etc/a", kindtest.Obj("content", "1", "mode", "0640", "gid", 8)), Gone: schema.Replace},
		{Attr: "restart", A: str("always"), B: str("on-failure:3")},
		{Attr: "restart", A: str("on-failure:2"), B: str("unless-stopped")},
		{Attr: "stop_signal", A: str("SIGINT"), B: str("SIGQUIT")},
		{Attr: "stop_timeout", A: str("0s"), B: str("30s")},
		{Attr: "healthcheck", A: kindtest.Obj("test", strs("CMD", "/ok"), "interval", "1s"), B: kindtest.Obj("test", strs("CMD", "/ok"), "interval", "2s", "retries", 5)},
		{Attr: "healthcheck", A: kindtest.Obj("test", strs("CMD", "/ok"), "timeout", "1s", "start_period", "5s"), B: kindtest.Obj("test", strs("CMD", "/ok"), "timeout", "2s", "start_period", "6s")},
		{Attr: "healthcheck", A: kindtest.Obj("test", strs("CMD", "/ok"), "start_period", "5s", "start_interval", "1s"), B: kindtest.Obj("test", strs("CMD", "/ok"), "start_period", "5s", "start_interval", "2s"), Min: "1.44"},
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
		{Attr: "image", A: str("other:1"), B: str("other:2"), Also: impliedFor("linux/amd64", "linux/amd64/v2")},
	}
}

const (
	windows  = "Windows only"
	client   = "what the client that creates it wants for itself: bay attaches to nothing"
	answered = "an answer of the engine, which it does not take"
	fixed    = "the engine's update call accepts it and leaves it as it is"
)

// unreached are the leaves of a create call that no attribute reaches.
var unreached = map[string]string{
	"AttachStdin": client, "AttachStdout": client, "AttachStderr": client,
	"ArgsEscaped":                                            windows,
	"NetworkDisabled":                                        "network_mode = none says it",
	"OnBuild":                                                "of images: builds act on it, containers do not",
	"Volumes":                                                "mounts say it: { type = volume, target }",
	"HostConfig.ContainerIDFile":                             "a file that the docker command writes",
	"HostConfig.AutoRemove":                                  "a container that is gone by itself cannot be told from one that somebody removed; state = completed is a job",
	"HostConfig.VolumeDriver":                                "the driver belongs to a volume, or to a mount without a name",
	"HostConfig.Cgroup":                                      "a leftover of Docker 1.9 that the engine ignores",
	"HostConfig.Isolation":                                   windows,
	"HostConfig.CpuCount":                                    windows,
	"HostConfig.CpuPercent":                                  windows,
	"HostConfig.IOMaximumIOps":                               windows,
	"HostConfig.IOMaximumBandwidth":                          windows,
	"HostConfig.KernelMemory":                                "removed in Docker 23.0",
	"HostConfig.KernelMemoryTCP":                             "removed in Docker 23.0",
	"HostConfig.Tmpfs":                                       "mounts say it: { type = tmpfs, target }",
	"NetworkingConfig.EndpointsConfig[].NetworkID":           answered,
	"NetworkingConfig.EndpointsConfig[].EndpointID":          answered,
	"NetworkingConfig.EndpointsConfig[].Gateway":             answered,
	"NetworkingConfig.EndpointsConfig[].IPAddress":           answered,
	"NetworkingConfig.EndpointsConfig[].IPPrefixLen":         answered,
	"NetworkingConfig.EndpointsConfig[].IPv6Gateway":         answered,
	"NetworkingConfig.EndpointsConfig[].GlobalIPv6Address":   answered,
	"NetworkingConfig.EndpointsConfig[].GlobalIPv6PrefixLen": answered,
	"NetworkingConfig.EndpointsConfig[].DNSNames":            answered,
}

// notUpdated are the leaves of an update call that bay leaves out.
var notUpdated = map[string]string{
	"CpuCount": windows, "CpuPercent": windows, "IOMaximumIOps": windows, "IOMaximumBandwidth": windows,
	"KernelMemory": "removed in Docker 23.0", "KernelMemoryTCP": "removed in Docker 23.0",
	"BlkioWeightDevice": fixed, "BlkioDeviceReadBps": fixed, "BlkioDeviceWriteBps": fixed, "BlkioDeviceReadIOps": fixed, "BlkioDeviceWriteIOps": fixed,
	"CgroupParent": fixed, "Devices": fixed, "DeviceCgroupRules": fixed, "DeviceRequests": fixed, "MemorySwappiness": fixed, "OomKillDisable": fixed, "Ulimits": fixed,
}

// unconnected are the leaves of a connect call that bay leaves out.
var unconnected = map[string]string{
	"EndpointConfig.NetworkID": answered, "EndpointConfig.EndpointID": answered, "EndpointConfig.Gateway": answered, "EndpointConfig.IPAddress": answered,
	"EndpointConfig.IPPrefixLen": answered, "EndpointConfig.IPv6Gateway": answered, "EndpointConfig.GlobalIPv6Address": answered,
	"EndpointConfig.GlobalIPv6PrefixLen": answered, "EndpointConfig.DNSNames": answered,
	"EndpointConfig.MacAddress": "engines before API 1.54 ignore it here: a container with a MAC address is made anew",
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

// modes are samples of how a container is set apart, of mounts, and of what
// endpoints have since older engines.
func modes() []kindtest.Sample {
	yes, list, obj := ir.BoolVal(true), ir.ListVal, kindtest.Obj
	other := handle("container.other")
	joined := []string{"network.default"}
	net := func(kv ...any) ir.Value {
		return list(obj(append([]any{"network", handle("network.a")}, kv...)...))
	}
	mount := func(kv ...any) ir.Value { return list(obj(append(kv, "target", "/m")...)) }
	bridge := kindtest.Attrs{"network_mode": str("bridge")}
	return []kindtest.Sample{
		{Attr: "tty", A: yes},
		{Attr: "stdin_open", A: yes},
		{Attr: "stdin_once", A: yes, With: kindtest.Attrs{"stdin_open": yes}},
		{Attr: "console_size", A: obj("height", 24, "width", 80), B: obj("height", 50, "width", 80), With: kindtest.Attrs{"tty": yes}},
		{Attr: "expose", A: strs("8443"), B: strs("8443/tcp", "53/udp")},
		{Attr: "expose", A: strs("8000-8002/sctp"), B: strs("8001/sctp")},
		{Attr: "publish_all_ports", A: yes, With: kindtest.Attrs{"expose": strs("8443")}},
		{Attr: "shell", A: strs("/bin/ash", "-c"), B: strs("/bin/bash", "-c")},
		{Attr: "annotations", A: obj("a", "1", "b", "2"), B: obj("a", "3")},
		{Attr: "dns_opt", A: strs("ndots:1"), B: strs("ndots:2", "rotate")},
		{Attr: "dns_search", A: strs("one.example"), B: strs("two.example", "one.example")},
		{Attr: "group_add", A: strs("100"), B: strs("101", "audio")},
		{Attr: "ipc", A: str("shareable"), B: str("host")},
		{Attr: "ipc", A: other, B: str("none")},
		{Attr: "pid", A: str("host"), B: other},
		{Attr: "uts", A: str("host")},
		{Attr: "userns_mode", A: str("host")},
		{Attr: "cgroup", A: str("private"), B: str("host"), If: cgroup1},
		{Attr: "cgroup", A: str("host"), B: str("private"), If: cgroup2},
		{Attr: "security_opt", A: strs("no-new-privileges"), B: strs("no-new-privileges:true", "apparmor:unconfined", "label=disable")},
		{Attr: "security_opt", A: strs("label=type:x")},
		{Attr: "seccomp", A: str("unconfined"), B: str("{ \"defaultAction\": \"SCMP_ACT_ALLOW\" }")},
		{Attr: "masked_paths", A: strs(), B: strs("/proc/asound", "/proc/kcore")},
		{Attr: "readonly_paths", A: strs("/proc/sys"), B: strs()},
		{Attr: "storage_opt", A: obj("size", "1g"), B: obj("size", "2g")},
		{Attr: "runtime", A: str("io.containerd.runc.v2")}, // which is not the engine's default
		{Attr: "platform", A: str("linux/amd64"), B: str("Linux/AMD64/v2"), Also: impliedFor("linux/amd64", "linux/amd64/v2")},
		{Attr: "links", A: list(other), B: list(obj("container", other, "alias", "db")), With: bridge, Also: joined, Names: []string{"networks"}},
		{Attr: "volumes_from", A: list(other), B: list(obj("container", other, "read_only", true))},
		{Attr: "networks", A: net("links", list(obj("container", other, "alias", "db"))), B: net("links", list(other)), Also: joined},
		{Attr: "networks", A: net("interface_name", "eth7"), B: net("interface_name", "eth8"), Also: joined, Min: "1.49"},
		{Attr: "networks", A: net("sysctls", obj("net.ipv4.conf.IFNAME.forwarding", "1")), B: net("sysctls", obj("net.ipv4.conf.IFNAME.forwarding", "0")), Also: joined, Min: "1.46"},
		{Attr: "networks", A: net("gw_priority", 5), B: net("gw_priority", -5), Also: joined, Min: "1.48"},
		{Attr: "networks", A: net("link_local_ips", strs("169.254.34.68")), B: net("link_local_ips", strs("169.254.34.69")), Also: joined},
		{Attr: "mounts", A: mount("type", "volume"), B: mount("type", "volume", "labels", obj("a", "1"), "driver", "local", "driver_options", obj("type", "tmpfs", "device", "tmpfs")), Leaves: true},
		{Attr: "mounts", A: mount("volume", handle("volume.v"), "no_copy", true), B: mount("volume", handle("volume.v"), "subpath", "x"), Min: "1.45"},
		{Attr: "mounts", A: mount("volume", handle("volume.v"), "selinux", "z"), B: mount("volume", handle("volume.v"), "selinux", "Z", "read_only", true)},
		{Attr: "mounts", A: mount("source", "/etc", "selinux", "z", "propagation", "rslave"), B: mount("source", "/etc", "propagation", "rslave")},
		{Attr: "mounts", A: mount("source", "/etc", "recursive", "disabled"), B: mount("source", "/etc", "consistency", "cached")},
		{Attr: "mounts", A: mount("source", "/etc", "read_only", true, "recursive", "writable"), B: mount("source", "/etc", "read_only", true, "recursive", "readonly"), Min: "1.44"},
		{Attr: "mounts", A: mount("source", "/nowhere/yet", "create_host_path", true), B: mount("source", "/nowhere/else", "create_host_path", true), Min: "1.42"},
		{Attr: "mounts", A: mount("type", "tmpfs", "options", strs("exec")), B: mount("type", "tmpfs", "options", strs("noexec")), Min: "1.46"},
		{Attr: "mounts", A: mount("image", str("other:1")), B: mount("image", str("other:1"), "subpath", "etc"), Min: "1.48", Also: []string{`image["docker.io/library/other:1"]`}},
	}
}
