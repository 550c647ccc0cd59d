package verb

import (
	"encoding/json"
	"testing"

	"github.com/docker/docker/api/types/container"
)

// What engines send, cut down to what counts: under cgroup version 1, version 2,
// without a reading before, and of a container that has ended.
func TestUsageOf(t *testing.T) {
	const one = `{"read":"2026-01-02T03:04:05Z","preread":"2026-01-02T03:04:04Z",
		"cpu_stats":{"cpu_usage":{"total_usage":3000000000,"percpu_usage":[1,2]},"system_cpu_usage":20000000000},
		"precpu_stats":{"cpu_usage":{"total_usage":2000000000},"system_cpu_usage":16000000000},
		"memory_stats":{"usage":1000,"limit":4000,"stats":{"total_inactive_file":200,"inactive_file":7}},
		"networks":{"eth0":{"rx_bytes":1,"tx_bytes":2},"eth1":{"rx_bytes":10,"tx_bytes":20}},
		"blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":5},{"op":"Write","value":6},{"op":"Total","value":11}]},
		"pids_stats":{"current":3}}`
	const two = `{"read":"2026-01-02T03:04:05Z","preread":"0001-01-01T00:00:00Z",
		"cpu_stats":{"cpu_usage":{"total_usage":3000000000},"system_cpu_usage":20000000000,"online_cpus":4},"precpu_stats":{"cpu_usage":{"total_usage":0}},
		"memory_stats":{"usage":1000,"limit":4000,"stats":{"inactive_file":300}},
		"blkio_stats":{"io_service_bytes_recursive":[{"op":"read","value":5}]},"pids_stats":{"current":1}}`
	read := func(text string) *Usage {
		var doc container.StatsResponse
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		return usageOf(Object{}, doc)
	}
	u := read(one)
	if u.CPU == nil || *u.CPU != 50 || u.Memory != 800 || u.MemoryPercent() != 20 || u.NetIn != 11 || u.NetOut != 22 || u.BlockIn != 5 || u.BlockOut != 6 || u.Pids != 3 {
		t.Errorf("cgroup 1: got %+v", u)
	}
	v := read(two)
	if v.CPU != nil || v.Memory != 700 || v.BlockIn != 5 || !v.Known {
		t.Errorf("cgroup 2, one reading: got %+v", v)
	}
	if c := cpu(u.reading.PreCPUStats, v.reading.CPUStats); *c != 100 {
		t.Errorf("between two readings: got %v", *c)
	}
	if gone := read(`{"read":"0001-01-01T00:00:00Z"}`); gone.Known || gone.CPU != nil || gone.MemoryPercent() != 0 {
		t.Errorf("of one that has ended: got %+v", gone)
	}
}
