package embedded

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// validate refuses what the engine refuses when a container is created.
func (s *State) validate(v Version, cfg *container.Config, host *container.HostConfig, nets *network.NetworkingConfig) error {
	if err := validateConfig(cfg); err != nil {
		return err
	}
	if err := s.validateModes(cfg, host); err != nil {
		return err
	}
	if err := s.validateHost(v, host); err != nil {
		return err
	}
	return s.validateNets(v, host, nets)
}

func validateConfig(cfg *container.Config) error {
	if dir := cfg.WorkingDir; dir != "" && !path.IsAbs(dir) {
		return bad("the working directory '%s' is invalid, it needs to be an absolute path", dir)
	}
	if cfg.StopSignal != "" {
		if _, err := parseSignal(cfg.StopSignal); err != nil {
			return bad("%s", err)
		}
	}
	for _, e := range cfg.Env {
		if e == "" || strings.HasPrefix(e, "=") {
			return bad("invalid environment variable: %s", e)
		}
	}
	h := cfg.Healthcheck
	if h == nil {
		return nil
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"Interval", h.Interval}, {"Timeout", h.Timeout}, {"StartPeriod", h.StartPeriod}, {"StartInterval", h.StartInterval}} {
		if d.d != 0 && d.d < time.Millisecond {
			return bad("%s in Healthcheck cannot be less than %s", d.name, time.Millisecond)
		}
	}
	if h.Retries < 0 {
		return bad("Retries in Healthcheck cannot be negative")
	}
	return nil
}

func (s *State) validateHost(v Version, host *container.HostConfig) error {
	if host.AutoRemove && !host.RestartPolicy.IsNone() {
		return bad("can't create 'AutoRemove' container with restart policy")
	}
	for i := range host.Mounts {
		if err := s.validateMount(v, &host.Mounts[i]); err != nil {
			return err
		}
	}
	for _, e := range host.ExtraHosts {
		name, ip, ok := strings.Cut(e, ":")
		if !ok || name == "" {
			return bad("bad format for add-host: %q", e)
		}
		if ip != "host-gateway" && net.ParseIP(strings.Trim(ip, "[]")) == nil {
			return bad("invalid IP address in add-host: %q", ip)
		}
	}
	if err := validatePorts(host.PortBindings); err != nil {
		return err
	}
	if err := s.validateRestart(host.RestartPolicy); err != nil {
		return err
	}
	if err := validateCaps(host); err != nil {
		return err
	}
	if err := validateSecurity(host.SecurityOpt); err != nil {
		return err
	}
	if v >= 48 {
		for name := range host.Sysctls {
			if strings.HasPrefix(name, "net.") && strings.Contains(name, ".eth") {
				return bad("sysctl '%s' must be supplied as a networking parameter on an endpoint", name)
			}
		}
	}
	return nil
}

func validatePorts(ports nat.PortMap) error {
	for port, bindings := range ports {
		if _, err := nat.ParsePort(port.Port()); err != nil {
			return bad("invalid port specification: %q", port.Port())
		}
		for _, b := range bindings {
			if _, _, err := nat.ParsePortRangeToInt(b.HostPort); err != nil {
				return bad("invalid port specification: %q", b.HostPort)
			}
		}
	}
	return nil
}

func (s *State) validateRestart(p container.RestartPolicy) error {
	switch p.Name {
	case "":
		return nil
	case container.RestartPolicyOnFailure:
		if p.MaximumRetryCount < 0 {
			return bad("maximum retry count cannot be negative")
		}
		return nil
	case container.RestartPolicyAlways, container.RestartPolicyUnlessStopped, container.RestartPolicyDisabled:
		if p.MaximumRetryCount == 0 {
			return nil
		}
		if s.Version < 44 {
			return bad("maximum retry count cannot be used with restart policy '%s'", p.Name)
		}
		return bad("invalid restart policy: maximum retry count can only be used with 'on-failure'")
	}
	if s.Version < 44 {
		return bad("invalid restart policy '%s'", p.Name)
	}
	return bad("invalid restart policy: unknown policy '%s'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'", p.Name)
}

// validateResources refuses limits that make no sense, for a creation and, with
// a nil host, for an update.
func (s *State) validateResources(r *container.Resources, host *container.HostConfig) (warnings []string, err error) {
	const floor = 6 << 20
	switch {
	case r.Memory != 0 && r.Memory < floor:
		return nil, bad("Minimum memory limit allowed is 6MB")
	case r.Memory > 0 && r.MemorySwap > 0 && r.MemorySwap < r.Memory:
		return nil, bad("Minimum memoryswap limit should be larger than memory limit, see usage")
	case r.Memory == 0 && r.MemorySwap > 0 && host != nil:
		return nil, bad("You should always set the Memory limit when using Memoryswap limit, see usage")
	case r.MemorySwappiness != nil && *r.MemorySwappiness != -1 && (*r.MemorySwappiness < 0 || *r.MemorySwappiness > 100):
		return nil, bad("Invalid value: %v, valid memory swappiness range is 0-100", *r.MemorySwappiness)
	case r.MemoryReservation > 0 && r.MemoryReservation < floor:
		return nil, bad("Minimum memory reservation allowed is 6MB")
	case r.Memory > 0 && r.MemoryReservation > 0 && r.Memory < r.MemoryReservation:
		return nil, bad("Minimum memory limit can not be less than memory reservation limit, see usage")
	case r.NanoCPUs > 0 && r.CPUPeriod > 0:
		return nil, bad("Conflicting options: Nano CPUs and CPU Period cannot both be set")
	case r.NanoCPUs > 0 && r.CPUQuota > 0:
		return nil, bad("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
	case r.NanoCPUs < 0 || r.NanoCPUs > processors*1e9:
		return nil, bad("Range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", processors, processors)
	case r.CPUPeriod != 0 && (r.CPUPeriod < 1000 || r.CPUPeriod > 1000000):
		return nil, bad("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
	case r.CPUQuota > 0 && r.CPUQuota < 1000:
		return nil, bad("CPU cfs quota can not be less than 1ms (i.e. 1000)")
	}
	lacking, err := s.discard(r)
	if err != nil {
		return nil, err
	}
	warnings = append(warnings, lacking...)
	if host == nil {
		return warnings, nil
	}
	switch {
	case host.ShmSize < 0:
		return nil, bad("SHM size can not be less than 0")
	case host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000:
		return nil, bad("Invalid value %d, range for oom score adj is [-1000, 1000]", host.OomScoreAdj)
	case host.Runtime != "" && !slices.Contains([]string{"runc", "io.containerd.runc.v2"}, host.Runtime):
		return nil, bad("Unknown runtime specified %s", host.Runtime)
	case host.NetworkMode.IsHost() && len(host.PortBindings) > 0:
		warnings = append(warnings, "Published ports are discarded when using host network mode")
	}
	if r.OomKillDisable != nil && *r.OomKillDisable && r.Memory == 0 {
		warnings = append(warnings, "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.")
	}
	return warnings, nil
}

// discard takes out what the kernel does not have. With the older sort of
// control groups, as on most machines, that is weights of disks; with the newer
// one it is what was given up with it.
func (s *State) discard(r *container.Resources) (warnings []string, err error) {
	if !s.cgroup2() {
		if r.BlkioWeight > 0 {
			warnings = append(warnings, "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.")
			r.BlkioWeight = 0
		}
		if len(r.BlkioWeightDevice) > 0 {
			warnings = append(warnings, "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.")
			r.BlkioWeightDevice = []*blkiodev.WeightDevice{}
		}
		return warnings, nil
	}
	if r.CPURealtimePeriod != 0 || r.CPURealtimeRuntime != 0 {
		return nil, bad("kernel does not support CPU real-time scheduler")
	}
	if m := r.MemorySwappiness; m != nil && *m != -1 {
		warnings = append(warnings, "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.")
		r.MemorySwappiness = nil
	}
	if r.OomKillDisable != nil && *r.OomKillDisable {
		warnings = append(warnings, "Your kernel does not support OomKillDisable. OomKillDisable discarded.")
		r.OomKillDisable = nil
	}
	return warnings, nil
}

// validateNets refuses places on networks that the API version or the network
// mode does not allow.
func (s *State) validateNets(v Version, host *container.HostConfig, nets *network.NetworkingConfig) error {
	if nets == nil {
		return nil
	}
	names := sorted(nets.EndpointsConfig)
	if v < 44 && len(names) > 1 {
		return bad("Container cannot be connected to network endpoints: %s", strings.Join(names, ", "))
	}
	for _, name := range names {
		ep := nets.EndpointsConfig[name]
		if ep == nil {
			if s.Version < 44 {
				return bad("no EndpointSettings for %s", name)
			}
			continue
		}
		if err := validateIPAM(ep.IPAMConfig); err != nil {
			return err
		}
		if s.Version < 44 {
			continue
		}
		if host.NetworkMode.IsContainer() {
			return bad("conflicting options: cannot attach both user-defined and non-user-defined network-modes")
		}
		if err := s.validateEndpoint(name, ep); err != nil {
			return bad("invalid config for network %s: %s", name, err)
		}
	}
	return nil
}

func validateIPAM(c *network.EndpointIPAMConfig) error {
	switch {
	case c == nil:
		return nil
	case c.IPv4Address != "" && net.ParseIP(c.IPv4Address).To4() == nil:
		return bad("invalid IPv4 address: %s", c.IPv4Address)
	case c.IPv6Address != "" && (net.ParseIP(c.IPv6Address) == nil || net.ParseIP(c.IPv6Address).To4() != nil):
		return bad("invalid IPv6 address: %s", c.IPv6Address)
	}
	return nil
}

// validateEndpoint refuses what a network cannot give. Engines before 25 find
// out when the container is started.
func (s *State) validateEndpoint(name string, ep *network.EndpointSettings) error {
	fixed := ep.IPAMConfig != nil && (ep.IPAMConfig.IPv4Address != "" || ep.IPAMConfig.IPv6Address != "")
	if !container.NetworkMode(name).IsUserDefined() {
		if fixed {
			return bad("user specified IP address is supported on user defined networks only")
		}
		if len(ep.Aliases) > 0 {
			return bad("network-scoped alias is supported only for containers in user defined networks")
		}
		return nil
	}
	if err := validateSysctls(ep.DriverOpts["com.docker.network.endpoint.sysctls"]); err != nil && s.Version >= 46 {
		return err
	}
	n, err := s.Network(name)
	if err != nil || !fixed {
		return nil // a missing network is found out at the start
	}
	for _, ip := range []string{ep.IPAMConfig.IPv4Address, ep.IPAMConfig.IPv6Address} {
		asked, within := n.askedFor(ip)
		switch {
		case ip == "":
		case !asked:
			return bad("user specified IP address is supported only when connecting to networks with user configured subnets")
		case !within && s.Version >= 44:
			return bad("no configured subnet contains IP address %s", ip)
		}
	}
	return nil
}

// askedFor reports whether a network has a subnet of the address's family that
// somebody asked for, and whether one of these has the address.
func (n *Network) askedFor(ip string) (asked, within bool) {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false, false
	}
	for _, p := range n.Pools {
		if p.Asked && p.Subnet.Addr().Is4() == a.Is4() {
			asked, within = true, within || p.Subnet.Contains(a)
		}
	}
	return asked, within
}

// validateSysctls refuses settings of an endpoint that are none of an interface.
func validateSysctls(text string) error {
	if text == "" {
		return nil
	}
	for _, one := range strings.Split(text, ",") {
		p := strings.SplitN(one, ".", 5)
		if len(p) != 5 || !slices.Contains([]string{"ipv4", "ipv6", "mpls"}, p[1]) || p[3] != "IFNAME" && p[3] != "ifname" {
			return fmt.Errorf("unrecognised network interface sysctl '%s'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'", one)
		}
	}
	return nil
}

// capabilities are the names that the engine knows, without their CAP_.
var capabilities = []string{
	"ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH",
	"FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN",
	"NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT",
	"SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM",
}

func validateCaps(host *container.HostConfig) error {
	for _, list := range []struct {
		name string
		caps []string
	}{{"CapAdd", host.CapAdd}, {"CapDrop", host.CapDrop}} {
		for _, c := range list.caps {
			word := strings.TrimPrefix(strings.ToUpper(c), "CAP_")
			if !slices.Contains(capabilities, word) {
				return bad("invalid %s: unknown capability: \"CAP_%s\"", list.name, word)
			}
		}
	}
	return nil
}

func validateSecurity(opts []string) error {
	for _, o := range opts {
		if o == "no-new-privileges" {
			continue
		}
		key, value, ok := strings.Cut(strings.Replace(o, ":", "=", 1), "=")
		_, notBool := strconv.ParseBool(value)
		switch {
		case (key == "no-new-privileges" || key == "writable-cgroups") && ok && notBool != nil:
			return bad("invalid --security-opt 2: %q", o)
		case !ok:
			return bad("invalid --security-opt 1: %q", o)
		case !slices.Contains([]string{"label", "apparmor", "seccomp", "no-new-privileges", "writable-cgroups"}, key):
			return bad("invalid --security-opt 2: %q", o)
		}
	}
	return nil
}

// validateLog refuses logging drivers that the engine does not have, and what
// its own ones do not know.
func validateLog(l container.LogConfig) error {
	known := map[string][]string{
		"json-file": {"max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag"},
		"local":     {"max-file", "max-size", "compress"},
		"none":      {},
	}
	opts, ours := known[l.Type]
	if !ours {
		if slices.Contains([]string{"awslogs", "fluentd", "gcplogs", "gelf", "journald", "logentries", "splunk", "syslog"}, l.Type) {
			return nil
		}
		return bad("error looking up logging plugin %s: plugin %q not found", l.Type, l.Type)
	}
	for _, k := range sorted(l.Config) {
		if !slices.Contains(opts, k) {
			return bad("unknown log opt '%s' for %s log driver", k, l.Type)
		}
	}
	return nil
}
