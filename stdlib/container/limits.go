package container

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/interpreter/kind"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/blkiodev"
	api "github.com/docker/docker/api/types/container"
	units "github.com/docker/go-units"
)

// Limits is what a container may use of its host. Where a field says nothing
// else, zero is what the engine does by itself.
type Limits struct {
	Memory            int64  // bytes; 0 is no limit
	MemoryReservation int64  // bytes
	MemorySwap        string // memory and swap together, as Size writes it, or "unlimited"; "" is twice Memory
	MemorySwappiness  *int64 // percent
	CPUs              int64  // billionths of a CPU; 0 is no limit
	CPUShares         int64
	CPUPeriod         int64 // microseconds
	CPUQuota          int64 // microseconds within each CPUPeriod; 0 is no limit
	CPURTPeriod       int64 // microseconds
	CPURTRuntime      int64 // microseconds within each CPURTPeriod
	Cpuset            string
	CpusetMems        string
	PidsLimit         int64 // 0 is no limit
	OOMKillDisable    bool
	OOMScoreAdj       int64
	BlkioWeight       int64
	Blkio             *Blkio
	Ulimits           map[string]Ulimit
	Devices           []Device
	DeviceRules       []string
	DeviceRequests    []DeviceRequest
	CgroupParent      string
	ShmSize           int64 // bytes
}

// unlimited is a limit that is none.
const unlimited = "unlimited"

// bind says which attributes limits have. What is live is what the engine's
// update call takes.
func (l *Limits) bind(f *schema.Set) {
	f.Bytes(&l.Memory, "memory", schema.Live, "Memory limit; at least 6m.").From("HostConfig.Memory")
	f.Bytes(&l.MemoryReservation, "memory_reservation", schema.Live, "Memory that it is pressed back to when the host runs short; at least 6m.").From("HostConfig.MemoryReservation")
	f.Parsed(&l.MemorySwap, "memory_swap", "size", `a size such as "1g", or "unlimited"`, schema.Live, "Memory and swap together, or unlimited; twice `memory` by default.", parseSwap).From("HostConfig.MemorySwap")
	f.OptInt(&l.MemorySwappiness, "memory_swappiness", schema.Range{Min: 0, Max: 100}, schema.Replace, "How readily its memory is swapped out, in percent; only with cgroup v1.").From("HostConfig.MemorySwappiness")
	f.CPUs(&l.CPUs, "cpus", schema.Live, "CPU limit, such as 1.5.").From("HostConfig.NanoCpus")
	f.Int(&l.CPUShares, "cpu_shares", schema.Range{Min: 2, Max: 262144}, schema.Live, "Weight beside others when CPUs are short; the kernel's is 1024.").From("HostConfig.CpuShares")
	f.Micros(&l.CPUPeriod, "cpu_period", schema.Range{Min: 1000, Max: 1000000}, schema.Live, "Period of the CPU limit, such as \"100ms\"; a number is microseconds. Instead of `cpus`.").From("HostConfig.CpuPeriod")
	f.Micros(&l.CPUQuota, "cpu_quota", schema.Range{Min: 1000, Max: 1e12}, schema.Live, "CPU time within each period, such as \"50ms\"; a number is microseconds. Instead of `cpus`.").From("HostConfig.CpuQuota")
	f.Micros(&l.CPURTPeriod, "cpu_rt_period", schema.Range{Min: 1, Max: 1e12}, schema.Live, "Period of the limit of real-time scheduling; only with cgroup v1.").From("HostConfig.CpuRealtimePeriod")
	f.Micros(&l.CPURTRuntime, "cpu_rt_runtime", schema.Range{Min: 1, Max: 1e12}, schema.Live, "Real-time CPU time within each cpu_rt_period; only with cgroup v1.").From("HostConfig.CpuRealtimeRuntime")
	f.Parsed(&l.Cpuset, "cpuset", "numbers", `CPUs such as "0-1,3"`, schema.Live, "CPUs that it may run on, such as \"0-1,3\".", parseCpuset).From("HostConfig.CpusetCpus")
	f.Parsed(&l.CpusetMems, "cpuset_mems", "numbers", `memory nodes such as "0"`, schema.Live, "Memory nodes that it may use.", parseCpuset).From("HostConfig.CpusetMems")
	f.Int(&l.PidsLimit, "pids_limit", schema.Range{Min: -1, Max: math.MaxInt32}, schema.Live, "Processes at once; -1 is no limit, the default.").From("HostConfig.PidsLimit")
	f.Bool(&l.OOMKillDisable, "oom_kill_disable", schema.Replace, "It waits instead of being killed when its memory is used up; only with cgroup v1.").From("HostConfig.OomKillDisable")
	f.Int(&l.OOMScoreAdj, "oom_score_adj", schema.Range{Min: -1000, Max: 1000}, schema.Replace, "Who is killed first when the host is out of memory: 1000 is first.").From("HostConfig.OomScoreAdj")
	f.Int(&l.BlkioWeight, "blkio_weight", schema.Range{Min: 10, Max: 1000}, schema.Live, "Weight beside others when disks are busy.").From("HostConfig.BlkioWeight")
	schema.Object(f, &l.Blkio, "blkio", schema.Replace, "Weight and limits for each block device.", schema.Short[Blkio]{}).From("HostConfig")
	schema.ObjectMap(f, &l.Ulimits, "ulimits", schema.Replace, "Limits of its processes: nofile = 1024, or { soft, hard }.", schema.Short[Ulimit]{As: "soft"}).From("HostConfig.Ulimits").ByEngine().OpenKeys()
	schema.Objects(f, &l.Devices, "devices", schema.Replace, `Devices of the host: "/dev/fuse", "/dev/sda:/dev/xvda:r", or { source, target, permissions }.`, Device.key, schema.Short[Device]{Text: parseDevice}).From("HostConfig.Devices")
	f.StringSet(&l.DeviceRules, "device_cgroup_rules", schema.Replace, `What it may do with devices that are made later, such as "c 188:* rmw".`, parseDeviceRule).From("HostConfig.DeviceCgroupRules")
	schema.Objects(f, &l.DeviceRequests, "device_requests", schema.Replace, `Devices that a driver hands out: "all" (GPUs), a CDI name such as "vendor.com/gpu=0", or { driver, count, device_ids, capabilities, options }.`, DeviceRequest.key, schema.Short[DeviceRequest]{Text: parseDeviceRequest}).From("HostConfig.DeviceRequests")
	f.String(&l.CgroupParent, "cgroup_parent", schema.Replace, "The cgroup that its own lies in.").From("HostConfig.CgroupParent")
	f.Bytes(&l.ShmSize, "shm_size", schema.Replace, "Size of /dev/shm; the engine's is 64m.").From("HostConfig.ShmSize").ByEngine()
	for name, hint := range limitsElsewhere {
		f.Elsewhere(name, hint)
	}
}

// limitsElsewhere is what other tools call limits.
var limitsElsewhere = map[string]string{
	"mem_limit": "`mem_limit` is `memory` here", "m": "`m` is `memory` here", "memswap_limit": "`memswap_limit` is `memory_swap` here",
	"mem_reservation": "`mem_reservation` is `memory_reservation` here", "mem_swappiness": "`mem_swappiness` is `memory_swappiness` here",
	"nano_cpus": "`nano_cpus` is `cpus` here", "cpu_limit": "`cpu_limit` is `cpus` here", "cpu_set": "`cpu_set` is `cpuset` here", "cpuset_cpus": "`cpuset_cpus` is `cpuset` here",
	"ulimit": "`ulimit` is `ulimits` here", "device": "`device` is `devices` here", "shm": "`shm` is `shm_size` here",
	"gpus":            "`gpus` is `device_requests` here: device_requests = [\"all\"], or [{ count = 1, capabilities = [\"gpu\"] }]",
	"blkio_config":    "`blkio_config` is `blkio` here; its weight is `blkio_weight`",
	"device_read_bps": "write blkio = { device_read_bps = [{ path = \"/dev/sda\", rate = \"1m\" }] }", "device_write_bps": "write blkio = { device_write_bps = [{ path = \"/dev/sda\", rate = \"1m\" }] }",
	"device_read_iops": "write blkio = { device_read_iops = [{ path = \"/dev/sda\", rate = 100 }] }", "device_write_iops": "write blkio = { device_write_iops = [{ path = \"/dev/sda\", rate = 100 }] }",
	"kernel_memory": "engines from 23.0 on have no limit of kernel memory: `memory` holds it too",
	"cpu_count":     "that is for Windows; write `cpus`", "cpu_percent": "that is for Windows; write `cpus`",
	"io_maximum_iops": "that is for Windows; write `blkio`", "io_maximum_bandwidth": "that is for Windows; write `blkio`",
}

// Blkio is what a container may do with block devices.
type Blkio struct {
	WeightDevice        []WeightDevice
	ReadBps, WriteBps   []ByteRate
	ReadIOps, WriteIOps []CallRate
}

// Bind says which attributes blkio has.
func (b *Blkio) Bind(f *schema.Set) {
	schema.Objects(f, &b.WeightDevice, "weight_device", schema.Replace, "Weight on a device.", func(w WeightDevice) string { return w.Path }, schema.Short[WeightDevice]{}).From("HostConfig.BlkioWeightDevice")
	schema.Objects(f, &b.ReadBps, "device_read_bps", schema.Replace, "Bytes that are read from a device in a second.", func(r ByteRate) string { return r.Path }, schema.Short[ByteRate]{}).From("HostConfig.BlkioDeviceReadBps")
	schema.Objects(f, &b.WriteBps, "device_write_bps", schema.Replace, "Bytes that are written to a device in a second.", func(r ByteRate) string { return r.Path }, schema.Short[ByteRate]{}).From("HostConfig.BlkioDeviceWriteBps")
	schema.Objects(f, &b.ReadIOps, "device_read_iops", schema.Replace, "Reads from a device in a second.", func(r CallRate) string { return r.Path }, schema.Short[CallRate]{}).From("HostConfig.BlkioDeviceReadIOps")
	schema.Objects(f, &b.WriteIOps, "device_write_iops", schema.Replace, "Writes to a device in a second.", func(r CallRate) string { return r.Path }, schema.Short[CallRate]{}).From("HostConfig.BlkioDeviceWriteIOps")
	f.Elsewhere("weight", "write blkio_weight beside blkio: the engine changes it in a living container")
}

// WeightDevice is a weight on one block device.
type WeightDevice struct {
	Path   string
	Weight int64
}

// Bind says which attributes a weight has.
func (w *WeightDevice) Bind(f *schema.Set) {
	f.Parsed(&w.Path, "path", "path", "an absolute path", schema.Replace, "The device, such as /dev/sda.", parsePath).From("Path").Required()
	f.Int(&w.Weight, "weight", schema.Range{Min: 10, Max: 1000}, schema.Replace, "10 to 1000.").From("Weight").Required()
}

// ByteRate is a limit in bytes a second.
type ByteRate struct {
	Path string
	Rate int64
}

// Bind says which attributes a rate has.
func (r *ByteRate) Bind(f *schema.Set) {
	f.Parsed(&r.Path, "path", "path", "an absolute path", schema.Replace, "The device, such as /dev/sda.", parsePath).From("Path").Required()
	f.Bytes(&r.Rate, "rate", schema.Replace, "Bytes a second.").From("Rate").Required()
}

// CallRate is a limit in operations a second.
type CallRate struct {
	Path string
	Rate int64
}

// Bind says which attributes a rate has.
func (r *CallRate) Bind(f *schema.Set) {
	f.Parsed(&r.Path, "path", "path", "an absolute path", schema.Replace, "The device, such as /dev/sda.", parsePath).From("Path").Required()
	f.Int(&r.Rate, "rate", schema.Range{Min: 1, Max: math.MaxInt64}, schema.Replace, "Operations a second.").From("Rate").Required()
}

// Ulimit is a limit of the container's processes; -1 is no limit.
type Ulimit struct{ Soft, Hard *int64 }

// Bind says which attributes a ulimit has.
func (u *Ulimit) Bind(f *schema.Set) {
	f.OptInt(&u.Soft, "soft", schema.Range{Min: -1, Max: math.MaxInt64}, schema.Replace, "Soft limit.").From("Soft").Required()
	f.OptInt(&u.Hard, "hard", schema.Range{Min: -1, Max: math.MaxInt64}, schema.Replace, "Hard limit; as the soft one by default.").From("Hard")
}

// ulimitNames are the limits that Linux has.
var ulimitNames = []string{
	"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
}

// Device is a device of the host within the container.
type Device struct {
	Source      string
	Target      string // "" is Source
	Permissions string // of r, w, m; "" is rwm
}

// Bind says which attributes a device has.
func (d *Device) Bind(f *schema.Set) {
	f.Parsed(&d.Source, "source", "path", "an absolute path", schema.Replace, "The device on the host.", parsePath).From("PathOnHost").Required()
	f.Parsed(&d.Target, "target", "path", "an absolute path", schema.Replace, "Where it is within the container; as on the host by default.", parsePath).From("PathInContainer")
	f.Parsed(&d.Permissions, "permissions", "text", `of "r", "w" and "m"`, schema.Replace, "r (read), w (write), m (make nodes); all by default.", parsePermissions).From("CgroupPermissions")
	f.Elsewhere("host_path", "`host_path` is `source` here")
	f.Elsewhere("container_path", "`container_path` is `target` here")
}

func (d Device) key() string { return cmp.Or(d.Target, d.Source) }

// DeviceRequest asks a driver for devices.
type DeviceRequest struct {
	Driver       string // "" lets the engine choose by capabilities
	Count        int64  // -1 is all
	IDs          []string
	Capabilities []string // all of these
	Options      map[string]string
}

// Bind says which attributes a request has.
func (d *DeviceRequest) Bind(f *schema.Set) {
	f.String(&d.Driver, "driver", schema.Replace, "The driver, such as nvidia or cdi; left out, the engine chooses by the capabilities.").From("Driver")
	f.Int(&d.Count, "count", schema.Range{Min: -1, Max: math.MaxInt32}, schema.Replace, "How many; -1 is all.").From("Count")
	f.StringSet(&d.IDs, "device_ids", schema.Replace, "Which, instead of `count`.", nil).From("DeviceIDs")
	f.StringSet(&d.Capabilities, "capabilities", schema.Replace, "What the driver has to be able to do, such as gpu.", nil).From("Capabilities")
	f.PlainMap(&d.Options, "options", schema.Replace, "Options of the driver.").From("Options")
}

func (d DeviceRequest) key() string {
	return strings.Trim(strings.Join([]string{d.Driver, strings.Join(d.Capabilities, "+"), strings.Join(d.IDs, ",")}, " "), " ")
}

func parseSwap(text string) (string, error) {
	if text == unlimited || text == "-1" {
		return unlimited, nil
	}
	n, err := units.RAMInBytes(text)
	if err != nil || n <= 0 {
		return "", fmt.Errorf("got %q, want a size such as \"1g\" (units are b, k, m, g, t), or \"unlimited\"", text)
	}
	return schema.Size(n), nil
}

// swapBytes is the engine's form of memory_swap: -1 is no limit, 0 says nothing.
func swapBytes(text string) int64 {
	if text == unlimited {
		return -1
	}
	n, err := units.RAMInBytes(text)
	if err != nil {
		return 0 // it is canonical, so that it is empty
	}
	return n
}

// parseCpuset writes a set of numbers in order, with as few ranges as hold it.
func parseCpuset(text string) (string, error) {
	numbers := map[int]bool{}
	for _, part := range strings.Split(text, ",") {
		a, b, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			b = a
		}
		from, err1 := strconv.ParseUint(a, 10, 13)
		to, err2 := strconv.ParseUint(b, 10, 13)
		if err1 != nil || err2 != nil || from > to {
			return "", fmt.Errorf("got %q, want numbers and ranges such as \"0-1,3\"", text)
		}
		for n := from; n <= to; n++ {
			numbers[int(n)] = true
		}
	}
	var out []string
	sorted := slices.Sorted(maps.Keys(numbers))
	for i := 0; i < len(sorted); {
		j := i
		for j+1 < len(sorted) && sorted[j+1] == sorted[j]+1 {
			j++
		}
		if i == j {
			out = append(out, strconv.Itoa(sorted[i]))
		} else {
			out = append(out, fmt.Sprintf("%d-%d", sorted[i], sorted[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ","), nil
}

// highest is the greatest number of a canonical set, or -1 of an empty one.
func highest(set string) int {
	n, err := strconv.Atoi(set[strings.LastIndexAny(set, ",-")+1:])
	if err != nil {
		return -1
	}
	return n
}

func parseDevice(text string) ([]Device, error) {
	if strings.Contains(text, "=") {
		return nil, fmt.Errorf("got %q, which is a CDI name and no path: write device_requests = [%q]", text, text)
	}
	parts := strings.Split(text, ":")
	d := Device{Source: parts[0]}
	var err error
	if len(parts) > 1 {
		d.Target = parts[1]
	}
	if len(parts) == 2 && !strings.HasPrefix(parts[1], "/") {
		d.Target, parts = "", append(parts, parts[1])
	}
	if len(parts) > 2 {
		if d.Permissions, err = parsePermissions(parts[2]); err != nil {
			return nil, err
		}
	}
	if len(parts) > 3 || !strings.HasPrefix(d.Source, "/") || d.Target != "" && !strings.HasPrefix(d.Target, "/") {
		return nil, fmt.Errorf("got %q, want \"/dev/fuse\" or \"/dev/sda:/dev/xvda:rwm\"", text)
	}
	return []Device{d}, nil
}

// parsePermissions writes them in the order r, w, m.
func parsePermissions(text string) (string, error) {
	out := ""
	for _, p := range "rwm" {
		if strings.ContainsRune(text, p) {
			out += string(p)
		}
	}
	if len(out) != len(text) || text == "" {
		return "", fmt.Errorf("got %q, want some of r, w and m, such as \"rw\"", text)
	}
	return out, nil
}

func parseDeviceRule(text string) (string, error) {
	parts := strings.Fields(text)
	wrong := fmt.Errorf("got %q, want a rule such as \"c 188:* rmw\"", text)
	if len(parts) != 3 || !slices.Contains([]string{"a", "b", "c"}, parts[0]) {
		return "", wrong
	}
	for _, n := range strings.SplitN(parts[1]+":", ":", 3)[:2] {
		if _, err := strconv.ParseUint(n, 10, 32); err != nil && n != "*" {
			return "", wrong
		}
	}
	perms, err := parsePermissions(parts[2])
	if err != nil || strings.Count(parts[1], ":") != 1 {
		return "", wrong
	}
	return parts[0] + " " + parts[1] + " " + perms, nil
}

func parseDeviceRequest(text string) ([]DeviceRequest, error) {
	if text == "all" {
		return []DeviceRequest{{Count: -1, Capabilities: []string{"gpu"}}}, nil
	}
	class, name, ok := strings.Cut(text, "=")
	if !ok || name == "" || !strings.Contains(class, "/") {
		return nil, fmt.Errorf("got %q, want \"all\" or a CDI name such as \"vendor.com/gpu=0\"", text)
	}
	return []DeviceRequest{{Driver: "cdi", IDs: []string{text}}}, nil
}

// finish completes what was written, and reports what no engine takes.
func (l *Limits) finish(f *schema.Finishing) {
	if l.PidsLimit == -1 {
		l.PidsLimit = 0
	}
	for i, d := range l.Devices {
		l.Devices[i].Target, l.Devices[i].Permissions = d.key(), cmp.Or(d.Permissions, "rwm")
	}
	for _, name := range slices.Sorted(maps.Keys(l.Ulimits)) {
		l.finishUlimit(f, name)
	}
	l.finishMemory(f)
	if l.CPUs != 0 && (l.CPUPeriod != 0 || l.CPUQuota != 0) {
		f.Errorf("cpus", "it is a period and a quota in one number, and one of these is set too").Hintf("take `cpus` away, or cpu_period and cpu_quota")
	}
	if period := cmp.Or(l.CPURTPeriod, rtPeriod); l.CPURTRuntime > period {
		f.Errorf("cpu_rt_runtime", "%s is more than each period has, %s", time.Duration(l.CPURTRuntime)*time.Microsecond, time.Duration(period)*time.Microsecond).
			Hintf("write less, or a longer cpu_rt_period")
	}
	for _, d := range l.DeviceRequests {
		if d.Count != 0 && len(d.IDs) > 0 {
			f.Errorf("device_requests", "count and device_ids exclude each other").Hintf("say how many, or which")
		}
		if d.Count == 0 && len(d.IDs) == 0 {
			f.Errorf("device_requests", "neither count nor device_ids is set").Hintf("count = -1 is all")
		}
	}
}

const (
	minMemory = 6 << 20 // the least that engines take
	rtPeriod  = 1000000 // the kernel's own real-time period, in microseconds
)

func (l *Limits) finishMemory(f *schema.Finishing) {
	for attr, n := range map[string]int64{"memory": l.Memory, "memory_reservation": l.MemoryReservation} {
		if n != 0 && n < minMemory {
			f.Errorf(attr, "%s is less than the engine takes", schema.Size(n)).Hintf("write at least 6m")
		}
	}
	if l.Memory != 0 && l.MemoryReservation > l.Memory {
		f.Errorf("memory_reservation", "%s is more than the limit, %s", schema.Size(l.MemoryReservation), schema.Size(l.Memory)).Hintf("it is what the container is pressed back to: write less than `memory`")
	}
	swap := swapBytes(l.MemorySwap)
	switch {
	case l.MemorySwap == "":
	case l.Memory == 0:
		f.Errorf("memory_swap", "without `memory` the engine takes no limit of swap").Hintf("set `memory` too")
	case swap > 0 && swap < l.Memory:
		f.Errorf("memory_swap", "%s is less than `memory`, %s", l.MemorySwap, schema.Size(l.Memory)).Hintf("it is memory and swap together; the same as `memory` is no swap")
	}
}

func (l *Limits) finishUlimit(f *schema.Finishing, name string) {
	u := l.Ulimits[name]
	if !slices.Contains(ulimitNames, name) {
		m := f.Errorf("ulimits", "there is no limit %q", name).DidYouMean(name, ulimitNames)
		if m.Hint == "" {
			m.Hintf("the limits are %s", strings.Join(ulimitNames, ", "))
		}
	}
	if u.Soft == nil {
		return // reported by its own table
	}
	if u.Hard == nil {
		u.Hard = u.Soft
	}
	if *u.Hard != -1 && (*u.Soft > *u.Hard || *u.Soft == -1) {
		f.Errorf("ulimits", "%s: the soft limit is above the hard one", name).Hintf("raise the hard one, or lower the soft one")
	}
	l.Ulimits[name] = u
}

// limitsOf reads limits in the form that programs have.
func limitsOf(h *api.HostConfig) Limits {
	r := h.Resources
	l := Limits{
		Memory: r.Memory, MemoryReservation: r.MemoryReservation, CPUs: r.NanoCPUs, CPUShares: r.CPUShares, CPUPeriod: r.CPUPeriod, CPUQuota: max(r.CPUQuota, 0),
		CPURTPeriod: r.CPURealtimePeriod, CPURTRuntime: r.CPURealtimeRuntime, Cpuset: numbers(r.CpusetCpus), CpusetMems: numbers(r.CpusetMems),
		OOMKillDisable: r.OomKillDisable != nil && *r.OomKillDisable, OOMScoreAdj: int64(h.OomScoreAdj), BlkioWeight: int64(r.BlkioWeight),
		Blkio: blkioOf(r), Ulimits: ulimitsOf(r.Ulimits), CgroupParent: r.CgroupParent, ShmSize: h.ShmSize,
	}
	switch {
	case r.MemorySwap < 0:
		l.MemorySwap = unlimited
	case r.MemorySwap > 0:
		l.MemorySwap = schema.Size(r.MemorySwap)
	}
	if s := r.MemorySwappiness; s != nil && *s >= 0 {
		l.MemorySwappiness = s
	}
	if p := r.PidsLimit; p != nil {
		l.PidsLimit = max(*p, 0)
	}
	for _, d := range r.Devices {
		x := Device{Source: d.PathOnHost, Target: cmp.Or(d.PathInContainer, d.PathOnHost), Permissions: "rwm"}
		if p, err := parsePermissions(d.CgroupPermissions); err == nil {
			x.Permissions = p
		}
		l.Devices = append(l.Devices, x)
	}
	for _, rule := range r.DeviceCgroupRules {
		if canon, err := parseDeviceRule(rule); err == nil {
			rule = canon
		}
		l.DeviceRules = append(l.DeviceRules, rule)
	}
	for _, d := range r.DeviceRequests {
		x := DeviceRequest{Driver: d.Driver, Count: int64(d.Count), IDs: list(d.DeviceIDs)}
		if len(d.Options) > 0 {
			x.Options = d.Options
		}
		for _, all := range d.Capabilities {
			if len(d.Capabilities) > 1 {
				all = []string{strings.Join(all, "+")} // one of several sets, which programs do not say
			}
			x.Capabilities = append(x.Capabilities, all...)
		}
		l.DeviceRequests = append(l.DeviceRequests, x)
	}
	return l
}

func numbers(text string) string {
	if canon, err := parseCpuset(text); err == nil {
		return canon
	}
	return text
}

func ulimitsOf(list []*api.Ulimit) map[string]Ulimit {
	if len(list) == 0 {
		return nil
	}
	out := map[string]Ulimit{}
	for _, u := range list {
		out[u.Name] = Ulimit{Soft: &u.Soft, Hard: &u.Hard}
	}
	return out
}

func blkioOf(r api.Resources) *Blkio {
	var b Blkio
	for _, d := range r.BlkioWeightDevice {
		b.WeightDevice = append(b.WeightDevice, WeightDevice{d.Path, int64(d.Weight)})
	}
	read := func(list []*blkiodev.ThrottleDevice, add func(path string, rate int64)) {
		for _, d := range list {
			add(d.Path, int64(min(d.Rate, math.MaxInt64)))
		}
	}
	read(r.BlkioDeviceReadBps, func(path string, rate int64) { b.ReadBps = append(b.ReadBps, ByteRate{path, rate}) })
	read(r.BlkioDeviceWriteBps, func(path string, rate int64) { b.WriteBps = append(b.WriteBps, ByteRate{path, rate}) })
	read(r.BlkioDeviceReadIOps, func(path string, rate int64) { b.ReadIOps = append(b.ReadIOps, CallRate{path, rate}) })
	read(r.BlkioDeviceWriteIOps, func(path string, rate int64) { b.WriteIOps = append(b.WriteIOps, CallRate{path, rate}) })
	if len(schema.EncodeOf(&b)) == 0 {
		return nil
	}
	return &b
}

// write puts limits into a create call.
func (l *Limits) write(h *api.HostConfig) {
	h.OomScoreAdj, h.ShmSize = int(l.OOMScoreAdj), l.ShmSize
	h.Resources = api.Resources{
		Memory: l.Memory, MemoryReservation: l.MemoryReservation, MemorySwap: swapBytes(l.MemorySwap), MemorySwappiness: l.MemorySwappiness,
		NanoCPUs: l.CPUs, CPUShares: l.CPUShares, CPUPeriod: l.CPUPeriod, CPUQuota: l.CPUQuota, CPURealtimePeriod: l.CPURTPeriod, CPURealtimeRuntime: l.CPURTRuntime,
		CpusetCpus: l.Cpuset, CpusetMems: l.CpusetMems, BlkioWeight: uint16(l.BlkioWeight), CgroupParent: l.CgroupParent,
		DeviceCgroupRules: slices.Sorted(slices.Values(l.DeviceRules)),
	}
	if l.PidsLimit != 0 {
		h.PidsLimit = &l.PidsLimit
	}
	if l.OOMKillDisable {
		h.OomKillDisable = &l.OOMKillDisable
	}
	for _, name := range slices.Sorted(maps.Keys(l.Ulimits)) {
		u := l.Ulimits[name]
		h.Ulimits = append(h.Ulimits, &api.Ulimit{Name: name, Soft: *u.Soft, Hard: *u.Hard})
	}
	for _, d := range l.Devices {
		h.Devices = append(h.Devices, api.DeviceMapping{PathOnHost: d.Source, PathInContainer: d.Target, CgroupPermissions: d.Permissions})
	}
	for _, d := range l.DeviceRequests {
		x := api.DeviceRequest{Driver: d.Driver, Count: int(d.Count), DeviceIDs: d.IDs, Options: d.Options}
		if len(d.Capabilities) > 0 {
			x.Capabilities = [][]string{d.Capabilities}
		}
		h.DeviceRequests = append(h.DeviceRequests, x)
	}
	if b := l.Blkio; b != nil {
		b.write(&h.Resources)
	}
}

func (b *Blkio) write(r *api.Resources) {
	for _, w := range b.WeightDevice {
		r.BlkioWeightDevice = append(r.BlkioWeightDevice, &blkiodev.WeightDevice{Path: w.Path, Weight: uint16(w.Weight)})
	}
	rate := func(path string, n int64) *blkiodev.ThrottleDevice {
		return &blkiodev.ThrottleDevice{Path: path, Rate: uint64(n)}
	}
	for _, x := range b.ReadBps {
		r.BlkioDeviceReadBps = append(r.BlkioDeviceReadBps, rate(x.Path, x.Rate))
	}
	for _, x := range b.WriteBps {
		r.BlkioDeviceWriteBps = append(r.BlkioDeviceWriteBps, rate(x.Path, x.Rate))
	}
	for _, x := range b.ReadIOps {
		r.BlkioDeviceReadIOps = append(r.BlkioDeviceReadIOps, rate(x.Path, x.Rate))
	}
	for _, x := range b.WriteIOps {
		r.BlkioDeviceWriteIOps = append(r.BlkioDeviceWriteIOps, rate(x.Path, x.Rate))
	}
}

// expectLimits fills in what the engine makes of limits by itself: swap follows
// memory, unless the program said otherwise before.
func expectLimits(in kind.In[Spec], want *Spec) {
	if want.MemorySwap != "" || in.Live == nil {
		return
	}
	have := in.Have.Limits
	byEngine := have.MemorySwap == "" || swapBytes(have.MemorySwap) == 2*have.Memory
	switch {
	case byEngine || in.Env.Info.NoSwap || want.Memory == 0 && have.Memory != 0:
		want.MemorySwap = have.MemorySwap // it goes along with memory
	case want.Memory != 0:
		want.MemorySwap = schema.Size(2 * want.Memory)
	}
}

// leftAlone are limits that the engine changes but does not take away.
var leftAlone = []string{
	"memory", "memory_reservation", "cpus", "cpu_shares", "cpu_period", "cpu_rt_period", "cpu_rt_runtime", "cpuset", "cpuset_mems", "blkio_weight",
}

// raiseLimit says what the change of a limit needs beyond an update, and why.
func raiseLimit(in kind.In[Spec], c *schema.Change) {
	have := in.Have.Limits
	raise := func(e schema.Effect, reason string) { c.Effect, c.Reason = e, reason }
	switch {
	case c.New.IsNull() && slices.Contains(leftAlone, c.Attr):
		raise(schema.Replace, "the engine reads 0 as leave it alone, so that a limit goes only with its container")
	case c.Attr == "cpus" && (have.CPUPeriod != 0 || have.CPUQuota != 0):
		raise(schema.Replace, "it has a period or a quota, which the engine does not change to cpus")
	case (c.Attr == "cpu_period" || c.Attr == "cpu_quota") && have.CPUs != 0:
		raise(schema.Replace, "it has cpus, which the engine does not change to a period and a quota")
	case c.Attr == "memory_swap" && c.New.IsNull():
		raise(schema.Replace, "without a memory limit the engine takes none of swap")
	case c.Attr == "memory_swap" && c.New.Str == unlimited && active(in.Live):
		raise(schema.Restart, "the engine notes that there is no limit, and tells the kernel at the next start")
	case c.Attr == "memory" && have.Memory == 0 && have.MemorySwap == unlimited:
		raise(schema.Replace, "it has a limit of swap that the engine does not change together with it")
	}
}

// updatable are the limits that the engine's update call takes, with what
// writes them there.
var updatable = map[string]func(l *Limits, r *api.Resources){
	"memory":             func(l *Limits, r *api.Resources) { r.Memory = l.Memory },
	"memory_reservation": func(l *Limits, r *api.Resources) { r.MemoryReservation = l.MemoryReservation },
	"memory_swap":        func(l *Limits, r *api.Resources) { r.MemorySwap = cmp.Or(swapBytes(l.MemorySwap), 2*l.Memory) },
	"cpus":               func(l *Limits, r *api.Resources) { r.NanoCPUs = l.CPUs },
	"cpu_shares":         func(l *Limits, r *api.Resources) { r.CPUShares = l.CPUShares },
	"cpu_period":         func(l *Limits, r *api.Resources) { r.CPUPeriod = l.CPUPeriod },
	"cpu_quota":          func(l *Limits, r *api.Resources) { r.CPUQuota = cmp.Or(l.CPUQuota, -1) },
	"cpu_rt_period":      func(l *Limits, r *api.Resources) { r.CPURealtimePeriod = l.CPURTPeriod },
	"cpu_rt_runtime":     func(l *Limits, r *api.Resources) { r.CPURealtimeRuntime = l.CPURTRuntime },
	"cpuset":             func(l *Limits, r *api.Resources) { r.CpusetCpus = l.Cpuset },
	"cpuset_mems":        func(l *Limits, r *api.Resources) { r.CpusetMems = l.CpusetMems },
	"blkio_weight":       func(l *Limits, r *api.Resources) { r.BlkioWeight = uint16(l.BlkioWeight) },
	"pids_limit": func(l *Limits, r *api.Resources) {
		n := cmp.Or(l.PidsLimit, -1)
		r.PidsLimit = &n
	},
}

// updated returns what an update call says for these changes, and false if
// there is nothing for it. Swap goes with memory: the engine takes no memory
// limit above the one of both, and does not move the latter by itself.
func (l *Limits) updated(in kind.In[Spec], changes []schema.Change) (api.Resources, bool) {
	var r api.Resources
	any := false
	for _, c := range changes {
		if write := updatable[c.Attr]; write != nil {
			write(l, &r)
			any = true
		}
	}
	if r.Memory != 0 && r.MemorySwap == 0 && !in.Env.Info.NoSwap {
		r.MemorySwap = cmp.Or(swapBytes(l.MemorySwap), 2*r.Memory)
	}
	return r, any
}

// checkLimits reports what the engine's kernel does not have: the engine would
// leave it out without a word.
func checkLimits(in *kind.In[Spec]) {
	l, i := &in.Want.Limits, in.Env.Info
	b := cmp.Or(l.Blkio, &Blkio{})
	const weights, throttling = "use a scheduler of disks that has weights, such as BFQ", "use a kernel with CONFIG_BLK_DEV_THROTTLING"
	const cgroup1 = "only cgroup v1 has it, and this engine's host runs cgroup v2"
	v2 := i.Cgroup == "2"
	for _, x := range []struct {
		attr      string
		set, lack bool
		hint      string
	}{
		{"memory", l.Memory != 0, i.NoMemory, "boot the kernel with cgroup_enable=memory"},
		{"memory_reservation", l.MemoryReservation != 0, i.NoMemory, "boot the kernel with cgroup_enable=memory"},
		{"memory_swap", l.MemorySwap != "", i.NoSwap, "boot the kernel with swapaccount=1"},
		{"memory_swappiness", l.MemorySwappiness != nil, v2, cgroup1},
		{"cpus", l.CPUs != 0, i.NoCPU, "use a kernel with CONFIG_CFS_BANDWIDTH"},
		{"cpu_period", l.CPUPeriod != 0, i.NoCPU, "use a kernel with CONFIG_CFS_BANDWIDTH"},
		{"cpu_quota", l.CPUQuota != 0, i.NoCPU, "use a kernel with CONFIG_CFS_BANDWIDTH"},
		{"cpu_shares", l.CPUShares != 0, i.NoShares, "use a kernel with CONFIG_FAIR_GROUP_SCHED"},
		{"cpu_rt_period", l.CPURTPeriod != 0, v2, cgroup1},
		{"cpu_rt_runtime", l.CPURTRuntime != 0, v2, cgroup1},
		{"cpuset", l.Cpuset != "", i.NoCpuset, "use a kernel with CONFIG_CPUSETS"},
		{"cpuset_mems", l.CpusetMems != "", i.NoCpuset, "use a kernel with CONFIG_CPUSETS"},
		{"pids_limit", l.PidsLimit != 0, i.NoPids, "use a kernel with CONFIG_CGROUP_PIDS"},
		{"oom_kill_disable", l.OOMKillDisable, i.NoOOMKill, cgroup1},
		{"blkio_weight", l.BlkioWeight != 0, i.NoWeight, weights},
		{"blkio.weight_device", b.WeightDevice != nil, i.NoDevice.Weight, weights},
		{"blkio.device_read_bps", b.ReadBps != nil, i.NoDevice.ReadBps, throttling},
		{"blkio.device_write_bps", b.WriteBps != nil, i.NoDevice.WriteBps, throttling},
		{"blkio.device_read_iops", b.ReadIOps != nil, i.NoDevice.ReadIOps, throttling},
		{"blkio.device_write_iops", b.WriteIOps != nil, i.NoDevice.WriteIOps, throttling},
	} {
		if x.set && x.lack {
			attr, part, _ := strings.Cut(x.attr, ".")
			in.Errorf(attr, "the kernel of this engine does not have %s, and the engine would leave it out without a word", cmp.Or(part, "it")).Hintf("take it away: %s", x.hint)
		}
	}
	if i.CPUs > 0 && l.CPUs > int64(i.CPUs)*1e9 {
		in.Errorf("cpus", "%g are more than the engine has, %d", float64(l.CPUs)/1e9, i.CPUs).Hintf("write at most %d", i.CPUs)
	}
	if n := highest(l.Cpuset); i.CPUs > 0 && n >= i.CPUs {
		in.Errorf("cpuset", "there is no CPU %d: the engine has %d", n, i.CPUs).Hintf("they are numbered from 0 to %d", i.CPUs-1)
	}
}
