package embedded

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

// made creates a container, past the client's own checks, and returns what became of it: "ok", or the error.
func made(t *testing.T, c *client.Client, cfg container.Config, host container.HostConfig, nets map[string]*network.EndpointSettings) (container.InspectResponse, string) {
	t.Helper()
	cfg.Image = "probe:1"
	if cfg.Cmd == nil {
		cfg.Entrypoint, cfg.Cmd = []string{"/probe"}, []string{"serve"}
	}
	_ = c.ContainerRemove(t.Context(), "ctr", container.RemoveOptions{Force: true})
	body := text(container.CreateRequest{Config: &cfg, HostConfig: &host, NetworkingConfig: &network.NetworkingConfig{EndpointsConfig: nets}})
	if msg := raw(t, c, "POST", "/containers/create?name=ctr", body)["message"]; msg != nil {
		return container.InspectResponse{}, msg.(string)
	}
	return inspect(t, c, "ctr"), "ok"
}

func started(t *testing.T, c *client.Client, nets map[string]*network.EndpointSettings) (container.InspectResponse, string) {
	t.Helper()
	_, result := made(t, c, container.Config{}, container.HostConfig{NetworkMode: "a"}, nets)
	if result != "ok" {
		return container.InspectResponse{}, result
	}
	if err := c.ContainerStart(t.Context(), "ctr", container.StartOptions{}); err != nil {
		return container.InspectResponse{}, "start: " + strings.TrimPrefix(err.Error(), "Error response from daemon: ")
	}
	return inspect(t, c, "ctr"), "ok"
}

func text(x any) string {
	data, err := json.Marshal(x)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// TestVersions tells of each difference between versions what is so before it
// and what from there on.
func TestVersions(t *testing.T) {
	mac := "02:00:00:00:00:07"
	tests := []struct {
		name   string
		from   Version
		before string
		after  string
		do     func(t *testing.T, c *client.Client) string
	}{
		{"several networks at creation", 44, "Container cannot be connected to network endpoints: a, b", "ok", func(t *testing.T, c *client.Client) string {
			_, result := made(t, c, container.Config{}, container.HostConfig{NetworkMode: "a"}, map[string]*network.EndpointSettings{"a": {}, "b": {}})
			return result
		}},
		{"hardware address of an endpoint", 44, "", mac, func(t *testing.T, c *client.Client) string {
			got, _ := made(t, c, container.Config{}, container.HostConfig{NetworkMode: "a"}, map[string]*network.EndpointSettings{"a": {MacAddress: mac}})
			return got.NetworkSettings.Networks["a"].MacAddress
		}},
		{"priority of a gateway", 48, "0", "7", func(t *testing.T, c *client.Client) string {
			got, _ := made(t, c, container.Config{}, container.HostConfig{NetworkMode: "a"}, map[string]*network.EndpointSettings{"a": {GwPriority: 7}})
			return text(got.NetworkSettings.Networks["a"].GwPriority)
		}},
		{"names on a network", 44, "null", `["ctr","x","ID"]`, func(t *testing.T, c *client.Client) string {
			got, _ := started(t, c, map[string]*network.EndpointSettings{"a": {Aliases: []string{"x"}}})
			return strings.ReplaceAll(text(got.NetworkSettings.Networks["a"].DNSNames), got.ID[:12], "ID")
		}},
		{"aliases as they were asked for", 45, `["x","ID"]`, `["x"]`, func(t *testing.T, c *client.Client) string {
			got, _ := started(t, c, map[string]*network.EndpointSettings{"a": {Aliases: []string{"x"}}})
			return strings.ReplaceAll(text(got.NetworkSettings.Networks["a"].Aliases), got.ID[:12], "ID")
		}},
		{"interval while starting", 44, "0", "1000000000", func(t *testing.T, c *client.Client) string {
			got, _ := made(t, c, container.Config{Healthcheck: &container.HealthConfig{Test: []string{"CMD", "x"}, StartPeriod: time.Second, StartInterval: time.Second}}, container.HostConfig{}, nil)
			return text(got.Config.Healthcheck.StartInterval)
		}},
		{"annotations", 43, "null", `{"a":"b"}`, func(t *testing.T, c *client.Client) string {
			got, _ := made(t, c, container.Config{}, container.HostConfig{Annotations: map[string]string{"a": "b"}}, nil)
			return text(got.HostConfig.Annotations)
		}},
		{"part of a volume", 45, "VolumeOptions.Subpath needs API v1.45 or newer", "ok", func(t *testing.T, c *client.Client) string {
			_, result := made(t, c, container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: "vol", Target: "/x", VolumeOptions: &mount.VolumeOptions{Subpath: "a"}}}}, nil)
			return result
		}},
		{"mount of an image", 48, "mount type unknown", "ok", func(t *testing.T, c *client.Client) string {
			_, result := made(t, c, container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeImage, Source: "probe:1", Target: "/x"}}}, nil)
			if s, ok := strings.CutPrefix(result, `invalid mount config for type "image": `); ok {
				result = s
			}
			return result
		}},
		{"options of a tmpfs", 46, "null", `[["exec"]]`, func(t *testing.T, c *client.Client) string {
			got, _ := made(t, c, container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeTmpfs, Target: "/x", TmpfsOptions: &mount.TmpfsOptions{Options: [][]string{{"exec"}}}}}}, nil)
			return text(got.HostConfig.Mounts[0].TmpfsOptions.Options)
		}},
		{"namespace that there is not", 42, "ok", "invalid PID mode: nix", func(t *testing.T, c *client.Client) string {
			_, result := made(t, c, container.Config{}, container.HostConfig{PidMode: "nix"}, nil)
			return result
		}},
		{"setting of no interface", 46, "ok", "invalid config for network a: unrecognised network interface sysctl 'x=1'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'", func(t *testing.T, c *client.Client) string {
			_, result := made(t, c, container.Config{}, container.HostConfig{NetworkMode: "a"}, map[string]*network.EndpointSettings{"a": {DriverOpts: map[string]string{"com.docker.network.endpoint.sysctls": "x=1"}}})
			return result
		}},
		{"bind source that is made", 42, `invalid mount config for type "bind": bind source path does not exist: /nix/nix`, "ok", func(t *testing.T, c *client.Client) string {
			_, result := made(t, c, container.Config{}, container.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeBind, Source: "/nix/nix", Target: "/x", BindOptions: &mount.BindOptions{CreateMountpoint: true}}}}, nil)
			return result
		}},
		{"policy that is not set", 44, "", "no", func(t *testing.T, c *client.Client) string {
			got, _ := made(t, c, container.Config{}, container.HostConfig{}, nil)
			return string(got.HostConfig.RestartPolicy.Name)
		}},
		{"network that is not set", 45, "default", "bridge", func(t *testing.T, c *client.Client) string {
			got, _ := made(t, c, container.Config{}, container.HostConfig{}, nil)
			return string(got.HostConfig.NetworkMode)
		}},
		{"address of another subnet", 44, "start: Invalid address 10.9.9.9: It does not belong to any of this network's subnets", "invalid config for network a: no configured subnet contains IP address 10.9.9.9", func(t *testing.T, c *client.Client) string {
			_, result := started(t, c, map[string]*network.EndpointSettings{"a": {IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: "10.9.9.9"}}})
			return strings.TrimSuffix(result, "\n")
		}},
		{"host bits in a subnet", 44, "ok", "invalid network config:\ninvalid subnet 10.8.0.1/24: it should be 10.8.0.0/24", func(t *testing.T, c *client.Client) string {
			_, err := c.NetworkCreate(t.Context(), "c", network.CreateOptions{IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "10.8.0.1/24"}}}})
			if err != nil {
				return strings.TrimPrefix(err.Error(), "Error response from daemon: ")
			}
			return "ok"
		}},
		{"IPv6 without a subnet", 46, "could not find an available, non-overlapping IPv6 address pool among the defaults to assign to the network", "ok", func(t *testing.T, c *client.Client) string {
			yes := true
			_, err := c.NetworkCreate(t.Context(), "d", network.CreateOptions{EnableIPv6: &yes})
			if err != nil {
				return strings.TrimPrefix(err.Error(), "Error response from daemon: ")
			}
			return "ok"
		}},
		{"named volumes in a prune", 42, `["vol"]`, `[]`, func(t *testing.T, c *client.Client) string {
			if _, err := c.VolumeCreate(t.Context(), volume.CreateOptions{Name: "vol"}); err != nil {
				return err.Error()
			}
			got, err := c.VolumesPrune(t.Context(), filters.Args{})
			if err != nil {
				return err.Error()
			}
			return text(got.VolumesDeleted)
		}},
		{"control groups", 42, "1", "2", func(t *testing.T, c *client.Client) string {
			info, err := c.Info(t.Context())
			if err != nil {
				return err.Error()
			}
			return info.CgroupVersion
		}},
		{"size of an image, twice", 44, "true", "false", func(t *testing.T, c *client.Client) string {
			return text(raw(t, c, "GET", "/images/probe:1/json", "")["VirtualSize"] != nil)
		}},
		{"container of an image", 45, "true", "false", func(t *testing.T, c *client.Client) string {
			return text(raw(t, c, "GET", "/images/probe:1/json", "")["ContainerConfig"] != nil)
		}},
		{"how to run an image", 50, "true", "false", func(t *testing.T, c *client.Client) string {
			_, has := raw(t, c, "GET", "/images/probe:1/json", "")["Config"].(map[string]any)["Hostname"]
			return text(has)
		}},
	}
	for v := Oldest; v <= Newest; v++ {
		t.Run(v.String(), func(t *testing.T) {
			_, c := open(t, t.TempDir(), v.String())
			pull(t, c, "probe:1")
			for i, name := range []string{"a", "b"} {
				o := network.CreateOptions{IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: []string{"10.7.0.0/24", "10.7.1.0/24"}[i]}}}}
				if _, err := c.NetworkCreate(t.Context(), name, o); err != nil {
					t.Fatal(err)
				}
			}
			if got := c.ClientVersion(); got != v.String() {
				t.Errorf("the client speaks %s", got)
			}
			for _, tt := range tests {
				want := tt.before
				if v >= tt.from {
					want = tt.after
				}
				if d := cmp.Diff(want, tt.do(t, c)); d != "" {
					t.Errorf("%s (-want +got):\n%s", tt.name, d)
				}
			}
		})
	}
}

// raw makes a call and returns the document as it is on the wire.
func raw(t *testing.T, c *client.Client, method, path, body string) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://embedded/v"+c.ClientVersion()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc := map[string]any{}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatalf("%s: %s", err, data)
	}
	return doc
}

func TestVersionsThatItDoesNotSpeak(t *testing.T) {
	w, _ := open(t, t.TempDir(), "1.44")
	for v, want := range map[string]string{
		"1.45": "client version 1.45 is too new. Maximum supported API version is 1.44",
		"1.12": "client version 1.12 is too old. Minimum supported API version is 1.24",
	} {
		c, err := client.NewClientWithOpts(client.WithHost("http://embedded"), client.WithDialContext(w.Dial), client.WithVersion(v))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Info(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", v, err, want)
		}
		_ = c.Close()
	}
}

// Engines before 25 make two networks of one name unless they are told to look.
func TestTwoNetworksOfOneName(t *testing.T) {
	look := true
	s := New(43, "test", dawn)
	for i, req := range []network.CreateRequest{{Name: "n"}, {Name: "n"}, {Name: "n", CreateOptions: network.CreateOptions{}, CheckDuplicate: &look}} {
		_, err := s.CreateNetwork(dawn, 43, req)
		if (err != nil) != (i == 2) {
			t.Errorf("network %d: %v", i, err)
		}
	}
	if _, err := s.Network("n"); err == nil || err.Error() != "network n is ambiguous (2 matches found based on name)" {
		t.Errorf("got %v", err)
	}
	s = New(44, "test", dawn)
	for i := range 2 {
		_, err := s.CreateNetwork(dawn, 44, network.CreateRequest{Name: "n"})
		if (err != nil) != (i == 1) {
			t.Errorf("network %d on 25.0: %v", i, err)
		}
	}
}
