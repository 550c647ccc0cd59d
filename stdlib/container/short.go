package container

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"
	"github.com/google/shlex"
)

// parsePorts reads what `docker run -p` takes; a range gives several ports.
func parsePorts(text string) ([]Port, error) {
	const hint = `want "8080:80", "127.0.0.1:53:53/udp", "8000-8010:8000-8010" or "80"`
	specs, err := nat.ParsePortSpec(text)
	if before, proto, ok := cutLast(text, ":"); err != nil && ok && slices.Contains([]string{"tcp", "udp", "sctp"}, proto) {
		return nil, fmt.Errorf("got %q, want \"%s/%s\": a protocol stands behind a /", text, before, proto)
	}
	if err != nil {
		return nil, fmt.Errorf("got %q, %s: %w", text, hint, err)
	}
	if len(specs) > 1024 {
		return nil, fmt.Errorf("got %q, a range of %d ports: the engine needs a process for each, 1024 is the limit here", text, len(specs))
	}
	ports := make([]Port, 0, len(specs))
	for _, s := range specs {
		p := Port{Container: int64(s.Port.Int()), Protocol: s.Port.Proto()}
		if p.HostIP, err = parseIP(s.Binding.HostIP); err != nil && s.Binding.HostIP != "" {
			return nil, err
		}
		if err := p.setHost(s.Binding.HostPort); err != nil || p.Container == 0 {
			return nil, fmt.Errorf("got %q, %s: ports are from 1 to 65535", text, hint)
		}
		ports = append(ports, p)
	}
	return ports, nil
}

// meantHost says where the parts of a text stand that is more than a port of the host.
func meantHost(text string) string {
	if ports, err := parseRange(text); err == nil {
		return fmt.Sprintf("a range is an attribute of its own: host_range = %q", ports)
	}
	if host, port, err := net.SplitHostPort(text); err == nil {
		ip, err := parseIP(host)
		if n, perr := strconv.ParseUint(port, 10, 16); err == nil && perr == nil {
			return fmt.Sprintf("the address is an attribute of its own: host_ip = %q, host = %d", ip, n)
		}
	}
	return meantPort(text)
}

// meantPort says where a text stands that is a whole port.
func meantPort(text string) string {
	if _, err := parsePorts(text); err == nil {
		return fmt.Sprintf("%q is how a whole port is written, in place of { … }: ports = [%[1]q]", text)
	}
	return ""
}

// cutLast slices s around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// setHost reads the engine's form of a host port: "", "8080" or "8000-8010".
func (p *Port) setHost(text string) error {
	switch {
	case text == "" || text == "0":
		return nil
	case strings.Contains(text, "-"):
		var err error
		p.HostRange, err = parseRange(text)
		return err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	p.Host = int64(n)
	return err
}

// hostPort writes the engine's form of a host port.
func (p Port) hostPort() string {
	if p.Host == 0 {
		return p.HostRange
	}
	return strconv.FormatInt(p.Host, 10)
}

// key is the engine's name of the container's port: 80/tcp.
func (p Port) key() string {
	proto := p.Protocol
	if proto == "" {
		proto = "tcp"
	}
	return fmt.Sprintf("%d/%s", p.Container, proto)
}

// full tells two publications of one port apart.
func (p Port) full() string {
	return strings.TrimPrefix(net.JoinHostPort(p.HostIP, p.hostPort())+":"+p.key(), "::")
}

func parseRange(text string) (string, error) {
	a, b, ok := strings.Cut(text, "-")
	from, err1 := strconv.ParseUint(a, 10, 16)
	to, err2 := strconv.ParseUint(b, 10, 16)
	if !ok || err1 != nil || err2 != nil || from == 0 || from >= to {
		return "", fmt.Errorf("got %q, want a range of ports such as \"8000-8010\"", text)
	}
	return fmt.Sprintf("%d-%d", from, to), nil
}

func parseIP(text string) (string, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return "", fmt.Errorf("got %q, want an IP address", text)
	}
	return ip.Unmap().String(), nil
}

func parseIPv4(text string) (string, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is4() {
		return "", fmt.Errorf("got %q, want an IPv4 address such as 10.20.0.5", text)
	}
	return ip.String(), nil
}

func parseIPv6(text string) (string, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is6() || ip.Is4In6() || ip.Zone() != "" {
		return "", fmt.Errorf("got %q, want an IPv6 address such as fd00:20::5", text)
	}
	return ip.String(), nil
}

func parseMAC(text string) (string, error) {
	mac, err := net.ParseMAC(text)
	if err != nil || len(mac) != 6 || mac[0]&1 == 1 {
		return "", fmt.Errorf("got %q, want a MAC address of one interface such as 02:42:0a:14:00:05", text)
	}
	return mac.String(), nil
}

// parsePath cleans an absolute path within a container, which is Linux's.
func parsePath(text string) (string, error) {
	if !path.IsAbs(text) {
		return "", fmt.Errorf("got %q, want an absolute path", text)
	}
	return path.Clean(text), nil
}

// parseMode writes an octal mode with four digits.
func parseMode(text string) (string, error) {
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n > 0o7777 {
		return "", fmt.Errorf("got %q, want an octal mode such as \"0644\"", text)
	}
	return fmt.Sprintf("%04o", n), nil
}

// parseRestart reads a restart policy; a number of attempts belongs to
// on-failure alone.
func parseRestart(text string) (string, error) {
	name, count, counted := strings.Cut(text, ":")
	switch name {
	case "no", "always", "unless-stopped":
		if !counted {
			return name, nil
		}
	case "on-failure":
		n, err := strconv.ParseUint(count, 10, 31)
		if !counted || err == nil {
			return policy(name, int(n)), nil
		}
	}
	return "", fmt.Errorf("got %q, want no, always, unless-stopped, on-failure or on-failure:3", text)
}

// policy writes a restart policy as programs do.
func policy(name string, attempts int) string {
	switch {
	case name == "":
		return "no"
	case name == "on-failure" && attempts > 0:
		return fmt.Sprintf("on-failure:%d", attempts)
	}
	return name
}

// signals are the names that Linux has, without SIG.
var signals = []string{
	"ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV",
	"STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
}

// parseSignal writes a signal as SIGTERM, or as its number.
func parseSignal(text string) (string, error) {
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if slices.Contains(signals, name) || strings.HasPrefix(name, "RTMIN") || strings.HasPrefix(name, "RTMAX") {
		return "SIG" + name, nil
	}
	if n, err := strconv.Atoi(text); err == nil && 1 <= n && n <= 64 {
		return strconv.Itoa(n), nil
	}
	return "", fmt.Errorf("got %q, want a signal such as SIGTERM", text)
}

func parseOnChange(text string) (string, error) {
	if text == "restart" || text == "none" {
		return text, nil
	}
	sig, err := parseSignal(text)
	if err != nil {
		return "", fmt.Errorf("got %q, want restart, none, or a signal such as SIGHUP", text)
	}
	return sig, nil
}

// parseCap writes a capability as the engine keeps it: CAP_NET_ADMIN, ALL.
func parseCap(text string) (string, error) {
	name := strings.ToUpper(text)
	if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" {
		return "", fmt.Errorf("got %q, want a capability such as NET_ADMIN, or ALL", text)
	}
	if name == "ALL" || strings.HasPrefix(name, "CAP_") {
		return name, nil
	}
	return "CAP_" + name, nil
}

// words splits a command as a shell would, without expanding anything.
func words(text string) ([]string, error) {
	got, err := shlex.Split(text)
	if err != nil {
		return nil, fmt.Errorf("got %q, want words with their quotes closed, or a list", text)
	}
	return got, nil
}

func shellTest(text string) ([]string, error) { return []string{"CMD-SHELL", text}, nil }
