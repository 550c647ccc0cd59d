package container

import (
	"strings"
	"testing"

	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

func TestParsePorts(t *testing.T) {
	for _, c := range []struct {
		text string
		want []Port
	}{
		{"80", []Port{{Container: 80, Protocol: "tcp"}}},
		{"8080:80", []Port{{Container: 80, Host: 8080, Protocol: "tcp"}}},
		{"8080:80/UDP", []Port{{Container: 80, Host: 8080, Protocol: "udp"}}},
		{"127.0.0.1:8080:80", []Port{{Container: 80, Host: 8080, HostIP: "127.0.0.1", Protocol: "tcp"}}},
		{"127.0.0.1::80", []Port{{Container: 80, HostIP: "127.0.0.1", Protocol: "tcp"}}},
		{"[::1]:53:53/udp", []Port{{Container: 53, Host: 53, HostIP: "::1", Protocol: "udp"}}},
		{"[0:0::1]:53:53", []Port{{Container: 53, Host: 53, HostIP: "::1", Protocol: "tcp"}}},
		{"8000-8001:80-81", []Port{{Container: 80, Host: 8000, Protocol: "tcp"}, {Container: 81, Host: 8001, Protocol: "tcp"}}},
		{"90-91", []Port{{Container: 90, Protocol: "tcp"}, {Container: 91, Protocol: "tcp"}}},
		{"8000-8010:80", []Port{{Container: 80, HostRange: "8000-8010", Protocol: "tcp"}}},
		{"0:80", []Port{{Container: 80, Protocol: "tcp"}}},
	} {
		got, err := parsePorts(c.text)
		if err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("parsePorts(%q): %v\n%s", c.text, err, cmp.Diff(c.want, got))
		}
	}
	for _, bad := range []string{"", ":", "x", "80:", "99999:80", "0", "80:0", "8080:80/icmp", "1.2.3:80:80", "8000-8003:80-81", "90-80", "1-2000", "-80", "80-", "a:b:c:d"} {
		if got, err := parsePorts(bad); err == nil {
			t.Errorf("parsePorts(%q) = %+v, want an error", bad, got)
		}
	}
}

func TestParseMount(t *testing.T) {
	for _, c := range []struct {
		text string
		want Mount
	}{
		{"data:/data", Mount{Type: "volume", Volume: schema.Ref{Name: "data"}, Target: "/data"}},
		{"data:/data/:ro,nocopy", Mount{Type: "volume", Volume: schema.Ref{Name: "data"}, Target: "/data", ReadOnly: true, NoCopy: true}},
		{"./conf:/etc/conf:ro", Mount{Type: "bind", Source: "./conf", Target: "/etc/conf", ReadOnly: true}},
		{"../x:/x", Mount{Type: "bind", Source: "../x", Target: "/x"}},
		{"conf/a:/x:rw", Mount{Type: "bind", Source: "conf/a", Target: "/x"}},
		{"/var/run/docker.sock:/var/run/docker.sock:rslave", Mount{Type: "bind", Source: "/var/run/docker.sock", Target: "/var/run/docker.sock", Propagation: "rslave"}},
	} {
		got, err := parseMount(c.text)
		if err != nil || !cmp.Equal(got, []Mount{c.want}) {
			t.Errorf("parseMount(%q): %v\n%s", c.text, err, cmp.Diff([]Mount{c.want}, got))
		}
	}
	for bad, says := range map[string]string{
		"/data": "a volume without a name", "": "want SOURCE:TARGET", ":/data": "want SOURCE:TARGET", "a:b": "absolute path",
		"~/x:/x": "whose home", "a:/b:quick": "no option of a volume mount", "/a:/b:nocopy": "no option of a bind mount", "a:/b:ro:x": "want SOURCE:TARGET",
	} {
		if got, err := parseMount(bad); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("parseMount(%q) = %+v, %v, want an error with %q", bad, got, err, says)
		}
	}
}

// TestParseText runs the forms that are one text in and one text out; "" is an
// error.
func TestParseText(t *testing.T) {
	for _, c := range []struct {
		name     string
		parse    func(string) (string, error)
		in, want string
	}{
		{"restart", parseRestart, "no", "no"}, {"restart", parseRestart, "always", "always"}, {"restart", parseRestart, "unless-stopped", "unless-stopped"},
		{"restart", parseRestart, "on-failure", "on-failure"}, {"restart", parseRestart, "on-failure:3", "on-failure:3"},
		{"restart", parseRestart, "on-failure:0", "on-failure"}, {"restart", parseRestart, "on-failure:", ""}, {"restart", parseRestart, "on-failure:-1", ""},
		{"restart", parseRestart, "always:3", ""}, {"restart", parseRestart, "yes", ""}, {"restart", parseRestart, "", ""},
		{"signal", parseSignal, "SIGTERM", "SIGTERM"}, {"signal", parseSignal, "term", "SIGTERM"}, {"signal", parseSignal, "15", "15"},
		{"signal", parseSignal, "SIGRTMIN+3", "SIGRTMIN+3"}, {"signal", parseSignal, "SIGNOPE", ""}, {"signal", parseSignal, "0", ""}, {"signal", parseSignal, "", ""},
		{"on_change", parseOnChange, "none", "none"}, {"on_change", parseOnChange, "restart", "restart"}, {"on_change", parseOnChange, "hup", "SIGHUP"}, {"on_change", parseOnChange, "reload", ""},
		{"cap", parseCap, "net_admin", "CAP_NET_ADMIN"}, {"cap", parseCap, "CAP_SYS_TIME", "CAP_SYS_TIME"}, {"cap", parseCap, "all", "ALL"}, {"cap", parseCap, "net admin", ""}, {"cap", parseCap, "", ""},
		{"mode", parseMode, "644", "0644"}, {"mode", parseMode, "01777", "1777"}, {"mode", parseMode, "999", ""}, {"mode", parseMode, "77777", ""}, {"mode", parseMode, "rw", ""},
		{"path", parsePath, "/a/../b/", "/b"}, {"path", parsePath, "b", ""}, {"path", parsePath, "", ""},
		{"mac", parseMAC, "02-42-0A-14-00-05", "02:42:0a:14:00:05"}, {"mac", parseMAC, "01:00:00:00:00:00", ""}, {"mac", parseMAC, "x", ""},
		{"range", parseRange, "8000-8010", "8000-8010"}, {"range", parseRange, "8010-8000", ""}, {"range", parseRange, "0-3", ""}, {"range", parseRange, "80", ""},
		{"ipv4", parseIPv4, "10.0.0.1", "10.0.0.1"}, {"ipv4", parseIPv4, "::1", ""}, {"ipv6", parseIPv6, "FD00::0:5", "fd00::5"}, {"ipv6", parseIPv6, "10.0.0.1", ""}, {"ip", parseIP, "fe80::1%eth0", ""},
	} {
		got, err := c.parse(c.in)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %q = %q, %v, want %q", c.name, c.in, got, err, c.want)
		}
		if again, err := c.parse(got); got != "" && (again != got || err != nil) {
			t.Errorf("%s %q is not canonical: %q, %v", c.name, got, again, err)
		}
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		`nginx -g "daemon off;"`: {"nginx", "-g", "daemon off;"}, `sh -c 'a && b | c'`: {"sh", "-c", "a && b | c"}, `a $B ${C}`: {"a", "$B", "${C}"}, ``: {},
	} {
		if got, err := words(in); err != nil || len(got)+len(want) > 0 && !cmp.Equal(got, want) {
			t.Errorf("words(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	if got, err := words(`sh -c "x`); err == nil {
		t.Errorf("an open quote gives %q, want an error", got)
	}
}

// Nothing panics, and what is read is canonical.
func FuzzShort(f *testing.F) {
	for _, s := range []string{"8080:80", "127.0.0.1:8000-8002:80-82/udp", "./a:/b:ro", "v:/data", "on-failure:3", "SIGTERM", "[::1]::80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ports, err := parsePorts(text)
		for _, p := range ports {
			if err != nil || p.Container < 1 || p.Container > 65535 || p.Host < 0 || p.Host > 65535 || p.key() == "" {
				t.Errorf("parsePorts(%q) = %+v, %v", text, p, err)
			}
		}
		mounts, err := parseMount(text)
		for _, m := range mounts {
			if err != nil || !strings.HasPrefix(m.Target, "/") || (m.Source == "") == m.Volume.IsZero() {
				t.Errorf("parseMount(%q) = %+v, %v", text, m, err)
			}
		}
		for _, parse := range []func(string) (string, error){parseRestart, parseSignal, parseOnChange, parseCap, parseMode, parsePath, parseMAC, parseRange, parseIP} {
			got, err := parse(text)
			if err != nil {
				continue
			}
			if again, err := parse(got); again != got || err != nil {
				t.Errorf("%q becomes %q, which becomes %q, %v", text, got, again, err)
			}
		}
		_, _ = words(text)
	})
}
