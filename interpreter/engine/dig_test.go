package engine

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// What dig finds is what stands in the JSON form, at every path of it, and
// nothing where the JSON form has nothing.
func TestDigAsJSON(t *testing.T) {
	init, grace := true, 3
	answer := container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{
			ID: "4be1", Name: "/web", RestartCount: 0, State: &container.State{Status: "running", Running: true, Pid: 12},
			HostConfig: &container.HostConfig{
				Init: &init, RestartPolicy: container.RestartPolicy{Name: "always"}, CapAdd: []string{"NET_ADMIN"},
				Resources:    container.Resources{Memory: 1 << 40},
				PortBindings: nat.PortMap{"80/tcp": {{HostIP: "127.0.0.1", HostPort: "8080"}}},
			},
		},
		Config:          &container.Config{Image: "app:1", StopTimeout: &grace, Labels: map[string]string{"a.b": "<c>", "empty": ""}},
		NetworkSettings: &container.NetworkSettings{Networks: map[string]*network.EndpointSettings{"back": {IPAddress: "10.0.0.2"}, "none": nil}},
	}
	data, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(path []string, x any)
	walk = func(path []string, x any) {
		seen++
		want, ok := x.(string)
		if !ok && x != nil {
			data, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			want = string(data)
		}
		got, err := dig(answer, path)
		if err == nil && strings.HasPrefix(want, "{") { // the order of keys is not the same
			got, err = sorted(got)
		}
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", strings.Join(path, "."), got, err, want)
		}
		switch x := x.(type) {
		case map[string]any:
			for k, e := range x {
				walk(append(path[:len(path):len(path)], k), e)
			}
		case []any:
			for i, e := range x {
				walk(append(path[:len(path):len(path)], strconv.Itoa(i)), e)
			}
		}
	}
	walk(nil, tree)
	if seen < 100 {
		t.Errorf("only %d paths were tried", seen)
	}
	for _, path := range []string{"Nowhere", "Config.Nowhere", "Config.Domainname.x", "HostConfig.CapAdd.1", "HostConfig.CapAdd.x", "HostConfig.PortBindings.81/tcp", "NetworkSettings.Networks.none.IPAddress", "State.Health.Status", "Config.MacAddress"} {
		if got, err := dig(answer, strings.Split(path, ".")); got != "" || err != nil {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
}

// TestDigWhere holds what a key with conditions chooses from a list.
func TestDigWhere(t *testing.T) {
	answer := container.InspectResponse{NetworkSettings: &container.NetworkSettings{}}
	answer.NetworkSettings.Ports = nat.PortMap{"80/tcp": {{HostIP: "0.0.0.0", HostPort: "8080"}, {HostIP: "::", HostPort: "8080"}, {HostIP: "127.0.0.1", HostPort: "49153"}, {HostIP: "10.0.0.1"}}, "81/tcp": nil}
	for _, tt := range []struct {
		conds []string
		want  string
	}{
		{[]string{"HostIp=127.0.0.1"}, "127.0.0.1 49153"},
		{[]string{"HostPort!=8080"}, "127.0.0.1 49153"},
		{[]string{"HostPort=8080"}, "0.0.0.0 8080"},
		{[]string{"HostIp=::", "HostPort=8000-8100"}, ":: 8080"},
		{[]string{"HostPort!=8000-8100", "HostPort!=49153"}, "10.0.0.1 "},
		{[]string{"HostPort="}, "10.0.0.1 "},
		{[]string{"HostIp!=127.0.0.1", "HostPort!=8080", "HostPort!="}, " "},
		{[]string{"Nowhere!=x"}, "0.0.0.0 8080"},
	} {
		path := []string{"NetworkSettings", "Ports", "80/tcp", Where(tt.conds...)}
		if got := Dig(answer, append(path, "HostIp")...) + " " + Dig(answer, append(path, "HostPort")...); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.conds, got, tt.want)
		}
	}
	if got := Dig(answer, "NetworkSettings", "Ports", "81/tcp", Where("HostPort!="), "HostPort"); got != "" {
		t.Errorf("of no element: got %q", got)
	}
}

// TestDigEither holds that a key of several members leads to the first that is not
// empty.
func TestDigEither(t *testing.T) {
	for _, tt := range []struct{ v4, v6, want string }{{"10.0.0.2", "fd00::2", "10.0.0.2"}, {"", "fd00::2", "fd00::2"}, {"", "", ""}} {
		answer := map[string]*network.EndpointSettings{"a|b": {IPAddress: tt.v4, GlobalIPv6Address: tt.v6}}
		if got := Dig(answer, "a|b", Either("IPAddress", "GlobalIPv6Address")); got != tt.want {
			t.Errorf("%q and %q: got %q", tt.v4, tt.v6, got)
		}
	}
}

func sorted(text string) (string, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil {
		return "", err
	}
	data, err := json.Marshal(x)
	return string(data), err
}
