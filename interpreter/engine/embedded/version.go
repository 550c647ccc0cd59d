package embedded

import (
	"runtime"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/system"
)

// releases are Docker's, by the newest API version that each speaks.
var releases = map[Version]string{
	41: "20.10.24", 42: "23.0.18", 43: "24.0.9", 44: "25.0.15", 45: "26.1.4", 46: "27.1.1", 47: "27.5.1", 48: "28.0.4", 49: "28.1.1", 50: "28.2.2", 51: "28.5.2",
}

// Release is the Docker release that the engine plays.
func (s *State) Release() string { return releases[s.Version] }

// oldestServed is the oldest API version that the release answers.
func (s *State) oldestServed() string {
	switch {
	case s.Version < 44:
		return "1.12"
	default:
		return "1.24"
	}
}

// cgroup2 reports whether the engine's machine has the newer sort of control
// groups. Both sorts occur; the oldest engine is played on the older one.
func (s *State) cgroup2() bool { return s.Version > 41 }

const kernel = "6.1.0-embedded"

func (s *State) versionInfo() types.Version {
	details := map[string]string{
		"ApiVersion": s.Version.String(), "Arch": architecture, "BuildTime": "2024-01-01T00:00:00.000000000+00:00", "Experimental": "false",
		"GitCommit": "embedded", "GoVersion": runtime.Version(), "KernelVersion": kernel, "MinAPIVersion": s.oldestServed(), "Os": "linux",
	}
	v := types.Version{
		Components: []types.ComponentVersion{{Name: "Engine", Version: s.Release(), Details: details}},
		Version:    s.Release(), APIVersion: s.Version.String(), MinAPIVersion: s.oldestServed(), GitCommit: "embedded",
		GoVersion: runtime.Version(), Os: "linux", Arch: architecture, KernelVersion: kernel, BuildTime: "2024-01-01T00:00:00.000000000+00:00",
	}
	v.Platform.Name = "Bayplan embedded engine"
	return v
}

func (s *State) info() system.Info {
	i := system.Info{
		ID: s.engineID(), Name: hostName, ServerVersion: s.Release(), Driver: s.storage(), OSType: "linux", Architecture: "x86_64",
		OperatingSystem: "Bayplan embedded engine", OSVersion: s.Release(), KernelVersion: kernel, NCPU: processors, MemTotal: 16 << 30,
		Images: len(s.Images), Containers: len(s.Containers), DockerRootDir: "/var/lib/docker", IndexServerAddress: "https://index.docker.io/v1/",
		LoggingDriver: "json-file", CgroupDriver: "cgroupfs", CgroupVersion: "1", DefaultRuntime: "runc", InitBinary: "docker-init",
		MemoryLimit: true, SwapLimit: true, CPUCfsPeriod: true, CPUCfsQuota: true, CPUShares: true, CPUSet: true, PidsLimit: true,
		OomKillDisable: !s.cgroup2(), IPv4Forwarding: true, SystemTime: stamp(s.Now), Labels: []string{},
		Plugins: system.PluginsInfo{
			Volume: []string{"local"}, Network: []string{"bridge", "host", "ipvlan", "macvlan", "null", "overlay"},
			Log: []string{"awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "splunk", "syslog"},
		},
		Runtimes:        map[string]system.RuntimeWithStatus{"runc": {Runtime: system.Runtime{Path: "runc"}}, "io.containerd.runc.v2": {Runtime: system.Runtime{Path: "runc"}}},
		Swarm:           swarm.Info{LocalNodeState: swarm.LocalNodeStateInactive},
		SecurityOptions: []string{"name=seccomp,profile=default"},
		RegistryConfig:  &registry.ServiceConfig{IndexConfigs: map[string]*registry.IndexInfo{"docker.io": {Name: "docker.io", Secure: true, Official: true}}},
	}
	if s.Containerd {
		i.DriverStatus = [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}}
	}
	if s.cgroup2() {
		i.CgroupVersion = "2"
		i.SecurityOptions = append(i.SecurityOptions, "name=cgroupns")
	}
	for _, c := range s.Containers {
		switch c.status() {
		case container.StateRunning, container.StateRestarting:
			i.ContainersRunning++
		case container.StatePaused:
			i.ContainersPaused++
		default:
			i.ContainersStopped++
		}
	}
	return i
}

// engineID is the engine's identity; two worlds are two engines.
func (s *State) engineID() string {
	h := hash(s.Seed, "engine")
	return h[0:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}
