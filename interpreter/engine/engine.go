// Package engine is the door to the Docker Engine: how to reach one, what it
// is, the calls that change it as data (Op), the labels by which objects are
// ours, and its errors by class.
//
// Planning gets a Reader, which has no mutating method; applying gets an
// Engine. Docker's own types stay here and in the rooms' read.go, write.go and
// ops.go.
package engine

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/swarm"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// Reader is what may be asked of an engine without changing it.
type Reader interface {
	Info(context.Context) (system.Info, error)
	ContainerList(context.Context, container.ListOptions) ([]container.Summary, error)
	ContainerInspect(context.Context, string) (container.InspectResponse, error)
	ContainerLogs(context.Context, string, container.LogsOptions) (io.ReadCloser, error)
	ContainerTop(ctx context.Context, id string, args []string) (container.TopResponse, error)
	ContainerStats(ctx context.Context, id string, stream bool) (container.StatsResponseReader, error)
	ContainerStatsOneShot(context.Context, string) (container.StatsResponseReader, error)
	CopyFromContainer(ctx context.Context, id, path string) (io.ReadCloser, container.PathStat, error)
	ImageList(context.Context, image.ListOptions) ([]image.Summary, error)
	ImageInspect(context.Context, string, ...client.ImageInspectOption) (image.InspectResponse, error)
	DistributionInspect(ctx context.Context, ref, auth string) (registry.DistributionInspect, error)
	NetworkList(context.Context, network.ListOptions) ([]network.Summary, error)
	NetworkInspect(context.Context, string, network.InspectOptions) (network.Inspect, error)
	VolumeList(context.Context, volume.ListOptions) (volume.ListResponse, error)
	VolumeInspect(context.Context, string) (volume.Volume, error)
	Events(context.Context, events.ListOptions) (<-chan events.Message, <-chan error)
	Ping(context.Context) (types.Ping, error)
}

// Engine is one connected Docker Engine.
type Engine struct {
	Info    Info
	client  Client
	limits  Limits
	ownTime bool // it does not go by the wall clock
	sleep   func(context.Context, time.Duration) error
	timeout func(context.Context, time.Duration) (context.Context, context.CancelFunc)
	await   func(context.Context, <-chan events.Message, <-chan error) error
	close   func() error
	auth    func(ref string) (Account, error)
	logins  map[string]Login // by host: those that the program declares
	ahead   *ahead           // nil if nobody looked

	buildkit struct { // what was learned of it
		sync.Mutex
		known, there bool
	}
}

// Options says what is special about an engine. The zero value is right for a
// real one.
type Options struct {
	Local bool                                             // it runs on this machine, so that bind sources can be looked at
	Sleep func(ctx context.Context, d time.Duration) error // nil: by the wall clock
	Clock Clock                                            // of one that has a time of its own, instead of Sleep; nil: it has not
	Close func() error                                     // called by Engine.Close, after the client is closed
	Auth  func(ref string) (Account, error)                // who asks a reference's registry; nil: nobody

	Limits Limits
}

// Clock is the time of an engine that does not go by the wall clock.
type Clock interface {
	Sleep(context.Context, time.Duration) error
	// Timeout is context.WithTimeout on this clock.
	Timeout(context.Context, time.Duration) (context.Context, context.CancelFunc)
	// Await lets time pass until the next of the messages, and returns what
	// came on errs instead, or the context's error.
	Await(ctx context.Context, msgs <-chan events.Message, errs <-chan error) error
}

// New asks the engine behind c what it is.
func New(ctx context.Context, c Client, o Options) (*Engine, error) {
	e := &Engine{sleep: o.Sleep, timeout: context.WithTimeout, await: await, close: o.Close, auth: o.Auth, limits: o.Limits.filled()}
	e.client = &limited{c, e}
	if c, ok := c.(*client.Client); ok {
		if err := capBodies(c, e.limits.Body); err != nil {
			return nil, err
		}
	}
	if o.Clock != nil {
		e.ownTime = true
		e.sleep, e.timeout, e.await = o.Clock.Sleep, o.Clock.Timeout, o.Clock.Await
	}
	if e.sleep == nil {
		e.sleep = sleep
	}
	info, err := asked(ctx, e, "Info", e.limits.Connect, c.Info)
	if err != nil {
		return nil, &Unreachable{Host: c.DaemonHost(), Err: err}
	}
	e.Info = infoOf(info, c.ClientVersion(), o.Local)
	if versions.LessThan(e.Info.API, MinAPI) {
		return nil, fmt.Errorf("the engine at %s speaks API %s; bay needs %s (Docker 20.10) or later", c.DaemonHost(), e.Info.API, MinAPI)
	}
	return e, nil
}

// MinAPI is the oldest API version that bay speaks.
const MinAPI = "1.41"

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Reader returns what planning may use.
func (e *Engine) Reader() Reader { return e.client }

// Sleep waits for d on the engine's clock.
func (e *Engine) Sleep(ctx context.Context, d time.Duration) error { return e.sleep(ctx, d) }

// Close releases the connection.
func (e *Engine) Close() error {
	e.ahead.leave()
	err := e.client.Close()
	if e.close != nil {
		if cerr := e.close(); err == nil {
			err = cerr
		}
	}
	return err
}

// Info is what a plan relies on of an engine.
type Info struct {
	ID      string `json:"id"`
	API     string `json:"api"`     // negotiated, such as "1.41"
	Version string `json:"version"` // such as "20.10.24"
	Name    string `json:"-"`       // its host's name
	OS      string `json:"-"`       // "linux"
	Arch    string `json:"-"`       // "x86_64"
	Local   bool   `json:"-"`       // it runs on this machine

	LogDriver  string   `json:"-"` // of containers that name none
	Runtime    string   `json:"-"` // of containers that name none
	Runtimes   []string `json:"-"` // those that it knows by name, in order
	Cgroup     string   `json:"-"` // "1" or "2"
	NoMemory   bool     `json:"-"` // the kernel has no memory limit
	NoSwap     bool     `json:"-"` // nor one for swap
	NoCPU      bool     `json:"-"` // nor one for CPU time
	NoPids     bool     `json:"-"` // nor one for processes
	NoShares   bool     `json:"-"` // nor weights of CPU time
	NoCpuset   bool     `json:"-"` // nor sets of CPUs
	NoOOMKill  bool     `json:"-"` // nor a way to keep what is out of memory from being killed
	NoWeight   bool     `json:"-"` // nor weights of disks
	NoDevice   NoDevice `json:"-"` // what it does not have for single disks
	Swarm      bool     `json:"-"` // it is part of one
	Containerd bool     `json:"-"` // images lie in containerd's store: an ID is the digest of a manifest or an index
	CPUs       int      `json:"-"` // that its host has; 0 is not known
}

// NoDevice is what the kernel does not have for single disks.
type NoDevice struct{ Weight, ReadBps, WriteBps, ReadIOps, WriteIOps bool }

func infoOf(i system.Info, api string, local bool) Info {
	lacks := func(v1, v2 string) bool { // by its name in either sort of control groups
		return slices.Contains(i.Warnings, "WARNING: No "+v1+" support") || slices.Contains(i.Warnings, "WARNING: No "+v2+" support")
	}
	return Info{
		ID: i.ID, API: api, Version: i.ServerVersion, Name: i.Name, OS: i.OSType, Arch: i.Architecture, Local: local,
		LogDriver: i.LoggingDriver, Runtime: i.DefaultRuntime, Runtimes: slices.Sorted(maps.Keys(i.Runtimes)), Cgroup: i.CgroupVersion,
		NoMemory: !i.MemoryLimit, NoSwap: !i.SwapLimit, NoCPU: !i.CPUCfsQuota, NoPids: !i.PidsLimit,
		NoShares: !i.CPUShares, NoCpuset: !i.CPUSet, NoOOMKill: !i.OomKillDisable, NoWeight: lacks("blkio weight", "io.weight"),
		NoDevice: NoDevice{
			Weight:  lacks("blkio weight_device", "io.weight (per device)"),
			ReadBps: lacks("blkio throttle.read_bps_device", "io.max (rbps)"), WriteBps: lacks("blkio throttle.write_bps_device", "io.max (wbps)"),
			ReadIOps: lacks("blkio throttle.read_iops_device", "io.max (riops)"), WriteIOps: lacks("blkio throttle.write_iops_device", "io.max (wiops)"),
		},
		CPUs: i.NCPU, Swarm: i.Swarm.LocalNodeState == swarm.LocalNodeStateActive,
		Containerd: slices.Contains(i.DriverStatus, [2]string{"driver-type", "io.containerd.snapshotter.v1"}),
	}
}

// Has reports whether the engine speaks at least this API version.
func (i Info) Has(api string) bool {
	return api == "" || api == i.API || versions.GreaterThanOrEqualTo(i.API, api)
}

// Release returns the first Docker release with an API version, for messages.
func Release(api string) string {
	release, ok := map[string]string{
		"1.42": "23.0", "1.43": "24.0", "1.44": "25.0", "1.45": "26.0", "1.46": "27.0",
		"1.47": "27.2", "1.48": "28.0", "1.49": "28.1", "1.50": "28.2", "1.51": "28.3",
	}[api]
	if !ok {
		return "API " + api
	}
	return "Docker " + release
}
