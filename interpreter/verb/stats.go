package verb

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"
)

// Usage is what a running container uses, in the figures of docker stats. Sizes
// are in bytes; those that add up do so since the container was started.
type Usage struct {
	Address     ir.Addr  `json:"address"`
	Name        string   `json:"name"`
	ID          string   `json:"id"`
	CPU         *float64 `json:"cpu_percent"` // of one CPU: 200 is two CPUs; nil before there are two readings
	Memory      uint64   `json:"memory"`      // without the cache of files that can go at any time
	MemoryLimit uint64   `json:"memory_limit"`
	NetIn       uint64   `json:"net_in"`
	NetOut      uint64   `json:"net_out"`
	BlockIn     uint64   `json:"block_in"`
	BlockOut    uint64   `json:"block_out"`
	Pids        uint64   `json:"pids"`
	Known       bool     `json:"-"` // false for one that has ended meanwhile

	reading container.StatsResponse
}

// MemoryPercent is how much of its limit a container uses; 0 where it is not known.
func (u Usage) MemoryPercent() float64 {
	if u.MemoryLimit == 0 {
		return 0
	}
	return float64(u.Memory) / float64(u.MemoryLimit) * 100
}

// Usages reads what running containers use, in their order. Where before is
// given, the CPU's share is that since then; else the engine takes a second to
// tell. One that has gone meanwhile is left out.
func Usages(ctx context.Context, r engine.Reader, chosen []Object, before map[string]Usage, live bool) ([]Usage, error) {
	found := make([]*Usage, len(chosen))
	g, ctx := errgroup.WithContext(ctx)
	if live {
		g.SetLimit(asking)
	}
	for i, o := range chosen {
		g.Go(func() error {
			u, err := usage(ctx, r, o, live)
			switch {
			case engine.Gone(err):
				return nil
			case err != nil:
				return fmt.Errorf("reading what %s uses: %w", o, err)
			}
			if old, ok := before[o.ID]; ok && live {
				u.CPU = cpu(old.reading.CPUStats, u.reading.CPUStats)
			}
			found[i] = u
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := []Usage{}
	for _, u := range found {
		if u != nil {
			out = append(out, *u)
		}
	}
	return out, nil
}

func usage(ctx context.Context, r engine.Reader, o Object, live bool) (*Usage, error) {
	read := func() (container.StatsResponseReader, error) { return r.ContainerStats(ctx, o.ID, false) }
	if live {
		read = func() (container.StatsResponseReader, error) { return r.ContainerStatsOneShot(ctx, o.ID) }
	}
	s, err := read()
	if err != nil {
		return nil, err
	}
	defer s.Body.Close()
	var doc container.StatsResponse
	if err := json.NewDecoder(io.LimitReader(s.Body, 1<<20)).Decode(&doc); err != nil {
		return nil, err
	}
	return usageOf(o, doc), nil
}

// usageOf reckons as docker stats does.
func usageOf(o Object, doc container.StatsResponse) *Usage {
	u := &Usage{Address: o.Addr, Name: o.Name, ID: o.ID, Pids: doc.PidsStats.Current, Known: !doc.Read.IsZero() && doc.Read.Year() > 1, reading: doc}
	u.Memory, u.MemoryLimit = memory(doc.MemoryStats), doc.MemoryStats.Limit
	if doc.PreCPUStats.SystemUsage > 0 || doc.PreRead.After(time.Unix(0, 0)) {
		u.CPU = cpu(doc.PreCPUStats, doc.CPUStats)
	}
	for _, n := range doc.Networks {
		u.NetIn, u.NetOut = u.NetIn+n.RxBytes, u.NetOut+n.TxBytes
	}
	for _, b := range doc.BlkioStats.IoServiceBytesRecursive {
		switch strings.ToLower(b.Op) {
		case "read":
			u.BlockIn += b.Value
		case "write":
			u.BlockOut += b.Value
		}
	}
	return u
}

// memory is what a container uses, without the cache of files that nobody has
// used lately. The kernel's cgroups call it total_inactive_file in their version
// 1, inactive_file in version 2.
func memory(m container.MemoryStats) uint64 {
	for _, name := range []string{"total_inactive_file", "inactive_file"} {
		if cache, ok := m.Stats[name]; ok {
			if cache < m.Usage {
				return m.Usage - cache
			}
			return m.Usage
		}
	}
	return m.Usage
}

// cpu is the share of one CPU that was used between two readings, in percent.
func cpu(before, now container.CPUStats) *float64 {
	share := 0.0
	used, passed := float64(now.CPUUsage.TotalUsage)-float64(before.CPUUsage.TotalUsage), float64(now.SystemUsage)-float64(before.SystemUsage)
	cpus := float64(now.OnlineCPUs)
	if cpus == 0 {
		cpus = float64(len(now.CPUUsage.PercpuUsage)) // kernels and engines of old
	}
	if used > 0 && passed > 0 {
		share = used / passed * cpus * 100
	}
	return &share
}

// Processes are those of one container, as ps on the engine's host tells.
type Processes struct {
	Address   ir.Addr    `json:"address"`
	Name      string     `json:"name"`
	Titles    []string   `json:"titles"`
	Processes [][]string `json:"processes"`
}

// Top returns the processes of running containers, in their order.
func Top(ctx context.Context, r engine.Reader, chosen []Object, psArgs []string) ([]Processes, error) {
	out := []Processes{}
	for _, o := range chosen {
		got, err := r.ContainerTop(ctx, o.ID, psArgs)
		if err != nil {
			if engine.Gone(err) || engine.Conflict(err) {
				continue // it has ended meanwhile
			}
			return nil, fmt.Errorf("reading the processes of %s: %w", o, err)
		}
		out = append(out, Processes{o.Addr, o.Name, got.Titles, got.Processes})
	}
	return out, nil
}

// Active returns those of the objects that run.
func Active(chosen []Object) []Object {
	return matching(chosen, func(o Object) bool { return o.Status == running || o.Status == "paused" })
}
