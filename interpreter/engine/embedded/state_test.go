package embedded

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/google/go-cmp/cmp"
)

var dawn = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// fresh is an engine with an image and a container c that does what the words
// say, created but not started.
func fresh(t testing.TB, v Version, host container.HostConfig, health *container.HealthConfig, words ...string) *State {
	t.Helper()
	s := New(v, "test", dawn)
	if _, err := s.Pull(dawn, "probe", "1", ""); err != nil {
		t.Fatal(err)
	}
	host.NetworkMode = "none"
	_, err := s.Create(dawn, v, "ctr", "", container.CreateRequest{
		Config:     &container.Config{Image: "probe:1", Entrypoint: []string{"/probe"}, Cmd: words, Healthcheck: health},
		HostConfig: &host,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// history lists what happened to containers, by seconds since dawn.
func history(s *State) []string {
	var all []string
	for _, e := range s.Events {
		action := string(e.Action)
		if e.Type != "container" || strings.HasPrefix(action, "exec_") {
			continue
		}
		if code, ok := e.Actor.Attributes["exitCode"]; ok {
			action += " " + code
		}
		if sig, ok := e.Actor.Attributes["signal"]; ok {
			action += " " + sig
		}
		all = append(all, fmt.Sprintf("%v %s", time.Unix(0, e.TimeNano).Sub(dawn), action))
	}
	return all
}

func TestLives(t *testing.T) {
	second := 1
	check := &container.HealthConfig{Test: []string{"CMD", "/probe", "health"}, Interval: time.Second, Retries: 2}
	lenient := &container.HealthConfig{Test: []string{"CMD-SHELL", "/probe health"}, Interval: time.Second, Retries: 2, StartPeriod: 5 * time.Second}
	other := &container.HealthConfig{Test: []string{"CMD", "pg_isready"}}
	tests := []struct {
		name   string
		words  string
		policy string
		tries  int
		auto   bool
		health *container.HealthConfig
		v      Version
		do     func(*State) // after the start, before a minute goes by
		want   []string
	}{
		{"ends at once", "exit 3", "", 0, false, nil, 51, nil, []string{"0s create", "0s start", "0s die 3"}},
		{"ends later", "exit 0 after 5s", "", 0, false, nil, 51, nil, []string{"0s create", "0s start", "5s die 0"}},
		{"wrong words", "nonsense", "", 0, false, nil, 51, nil, []string{"0s create", "0s start", "0s die 64"}},
		{"removes itself", "exit 1 after 1s", "", 0, true, nil, 51, nil, []string{"0s create", "0s start", "1s die 1", "1s destroy"}},
		{"tries again twice", "exit 1", "on-failure", 2, false, nil, 51, nil, []string{
			"0s create", "0s start", "0s die 1", "100ms start", "100ms die 1", "300ms start", "300ms die 1",
		}},
		{"does not try again what went well", "exit 0", "on-failure", 2, false, nil, 51, nil, []string{"0s create", "0s start", "0s die 0"}},
		{"tries again for ever", "exit 0 after 20s", "always", 0, false, nil, 51, nil, []string{
			"0s create", "0s start", "20s die 0", "20.1s start", "40.1s die 0", "40.2s start",
		}},
		{"stays stopped", "exit 0 after 50s", "unless-stopped", 0, false, nil, 51, func(s *State) {
			must(s.Stop(dawn.Add(time.Second), "ctr", "", nil))
		}, []string{"0s create", "0s start", "1s kill 15", "1s die 0", "1s stop"}},
		{"is deaf", "deaf", "", 0, false, nil, 51, func(s *State) {
			must(s.Stop(dawn, "ctr", "", &second))
		}, []string{"0s create", "0s start", "0s kill 15", "1s kill 9", "1s die 137", "1s stop"}},
		{"is deaf for ten seconds", "deaf", "", 0, false, nil, 51, func(s *State) {
			must(s.Restart(dawn, "ctr", "", nil))
		}, []string{"0s create", "0s start", "0s kill 15", "10s kill 9", "10s die 137", "10s stop", "10s start", "10s restart"}},
		{"becomes healthy", "serve --healthy-after 2500ms", "", 0, false, lenient, 41, nil, []string{"0s create", "0s start", "3s health_status: healthy"}},
		{"is looked at sooner from 25 on", "serve --healthy-after 2500ms", "", 0, false, lenient, 44, nil, []string{"0s create", "0s start", "5s health_status: healthy"}},
		{"is never healthy", "exit 0 after 30s", "", 0, false, check, 41, nil, []string{"0s create", "0s start", "2s health_status: unhealthy", "30s die 0"}},
		{"becomes sick", "sick after 10s", "", 0, false, check, 41, nil, []string{
			"0s create", "0s start", "1s health_status: healthy", "11s health_status: unhealthy",
		}},
		{"is healthy as all unknown programs", "deaf", "", 0, false, other, 41, nil, []string{"0s create", "0s start", "30s health_status: healthy"}},
		{"is frozen", "exit 0 after 10s", "", 0, false, nil, 41, func(s *State) {
			must(s.Pause(dawn.Add(time.Second), "ctr"))
			must(s.Unpause(dawn.Add(21*time.Second), "ctr"))
		}, []string{"0s create", "0s start", "1s pause", "21s unpause", "30s die 0"}},
		{"is killed while it waits to be restarted", "exit 1", "always", 0, false, nil, 41, func(s *State) {
			must(s.Stop(dawn.Add(50*time.Millisecond), "ctr", "", nil))
		}, []string{"0s create", "0s start", "0s die 1", "50ms stop"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			host := container.HostConfig{AutoRemove: tt.auto}
			host.RestartPolicy.Name, host.RestartPolicy.MaximumRetryCount = container.RestartPolicyMode(tt.policy), tt.tries
			s := fresh(t, tt.v, host, tt.health, strings.Fields(tt.words)...)
			must(s.Start(dawn, "ctr"))
			if tt.do != nil {
				tt.do(s)
			}
			s.Advance(dawn.Add(time.Minute))
			if d := cmp.Diff(tt.want, history(s)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// must is for calls that cannot fail unless the test itself is wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// The clock must come to the same state by one great leap and by small steps.
func TestAdvanceInOneOrManySteps(t *testing.T) {
	check := &container.HealthConfig{Test: []string{"CMD", "/probe", "health"}, Interval: 7 * time.Second, Retries: 3}
	build := func() *State {
		s := fresh(t, 41, container.HostConfig{}, check, "serve", "--healthy-after", "1m", "--sick-after", "20m")
		must(s.Start(dawn, "ctr"))
		return s
	}
	leap, walk := build(), build()
	leap.Advance(dawn.Add(2 * time.Hour))
	for i := range 7200 {
		walk.Advance(dawn.Add(time.Duration(i+1) * time.Second))
	}
	a, b := leap.named("ctr"), walk.named("ctr")
	if d := cmp.Diff(a.Run, b.Run); d != "" {
		t.Errorf("one leap and many steps differ (-leap +steps):\n%s", d)
	}
	if d := cmp.Diff(a.Health, b.Health); d != "" {
		t.Errorf("the health differs (-leap +steps):\n%s", d)
	}
	changes := func(s *State) (all []string) {
		for _, e := range history(s) {
			if strings.Contains(e, "health_status") {
				all = append(all, e)
			}
		}
		return all
	}
	want := []string{"21s health_status: unhealthy", "1m3s health_status: healthy", "20m18s health_status: unhealthy"}
	if d := cmp.Diff(want, changes(leap)); d != "" {
		t.Errorf("the changes differ (-want +got):\n%s", d)
	}
}

// A world may sleep for years, and must not take years to wake.
func TestYearsGoBy(t *testing.T) {
	check := &container.HealthConfig{Test: []string{"CMD", "/probe", "health"}, Interval: time.Millisecond}
	s := fresh(t, 51, container.HostConfig{}, check, "serve")
	must(s.Start(dawn, "ctr"))
	s.Advance(dawn.AddDate(30, 0, 0))
	c := s.named("ctr")
	if c.Health.Status != container.Healthy || len(c.Health.Log) != 5 {
		t.Errorf("got health %+v", c.Health)
	}
	if last := c.Health.Log[4].End; dawn.AddDate(30, 0, 0).Sub(last) > 2*time.Millisecond {
		t.Errorf("the last check was at %s", last)
	}
	if _, ok := s.Next(); ok {
		t.Error("something is to happen, but nothing that can be seen ever will")
	}
}

func TestNext(t *testing.T) {
	check := &container.HealthConfig{Test: []string{"CMD", "/probe", "health"}, Interval: 10 * time.Second, Retries: 3}
	s := fresh(t, 41, container.HostConfig{}, check, "sick", "after", "100s")
	must(s.Start(dawn, "ctr"))
	for _, want := range []time.Duration{10 * time.Second, 120 * time.Second} {
		got, ok := s.Next()
		if !ok || got.Sub(dawn) != want {
			t.Fatalf("got %v %v, want %v", got.Sub(dawn), ok, want)
		}
		s.Advance(got)
	}
	if got, ok := s.Next(); ok {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestSameSeedSameIDs(t *testing.T) {
	ids := func(seed string) []string {
		s := New(51, seed, dawn)
		_, _ = s.Pull(dawn, "nginx", "1", "")
		resp, err := s.Create(dawn, 51, "web", "", container.CreateRequest{Config: &container.Config{Image: "nginx:1"}})
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.CreateNetwork(dawn, 51, network.CreateRequest{Name: "net"})
		if err != nil {
			t.Fatal(err)
		}
		return []string{resp.ID, n.ID, s.named("web").Image}
	}
	if d := cmp.Diff(ids("a"), ids("a")); d != "" {
		t.Errorf("the same calls gave other IDs:\n%s", d)
	}
	a, b := ids("a"), ids("b")
	if a[0] == b[0] || a[1] == b[1] || a[2] != b[2] {
		t.Errorf("got %v and %v, want other containers and networks, the same image", a, b)
	}
}

func TestPools(t *testing.T) {
	s := New(41, "test", dawn)
	var got []string
	for i := range 31 {
		resp, err := s.CreateNetwork(dawn, 41, network.CreateRequest{Name: fmt.Sprint("n", i)})
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, s.Networks[resp.ID].Pools[0].Subnet.String())
	}
	want := []string{"172.18.0.0/16", "172.19.0.0/16", "192.168.0.0/20", "192.168.16.0/20"}
	if d := cmp.Diff(want, []string{got[0], got[1], got[14], got[15]}); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !strings.Contains(got[30], "could not find an available") {
		t.Errorf("got %q after all pools were taken", got[30])
	}
}
