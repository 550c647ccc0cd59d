package embedded

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/go-connections/nat"
)

func (c *call) containerList(string) error {
	args, err := c.filters("ancestor", "before", "exited", "expose", "health", "id", "isolation", "is-task", "label", "name", "network", "publish", "since", "status", "volume")
	if err != nil {
		return err
	}
	limit, _ := strconv.Atoi(c.query("limit")) // none, like the engine, if it is no number
	var found []container.Summary
	err = c.read(func(s *State, _ time.Time) (err error) {
		found, err = s.list(c.v, c.flag("all"), limit, args)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, found)
}

// list returns the containers that pass a list's filters, the newest first; a
// limit of 0 is none.
func (s *State) list(v Version, all bool, limit int, args filters.Args) ([]container.Summary, error) {
	all = all || limit > 0 || args.Contains("status") || args.Contains("exited")
	found := []container.Summary{}
	for _, k := range s.byAge() {
		if !all && !k.Run.Running && !k.Run.Restarting {
			continue
		}
		ok, err := s.fits(k, args)
		if err != nil {
			return nil, err
		}
		if ok && (limit <= 0 || len(found) < limit) {
			found = append(found, *copied(ptr(s.Summary(v, k))))
		}
	}
	return found, nil
}

func ptr[T any](v T) *T { return &v }

// fits reports whether a container passes a list's filters.
func (s *State) fits(c *Container, args filters.Args) (bool, error) {
	health := "none"
	if c.Health != nil {
		health = c.Health.Status
	}
	some := func(key string, words ...string) bool {
		return !args.Contains(key) || slices.ContainsFunc(words, func(w string) bool { return args.ExactMatch(key, w) })
	}
	volumes, networks := []string{}, []string{}
	for _, m := range c.Mounts {
		volumes = append(volumes, m.Name, m.Destination)
	}
	for _, name := range sorted(c.Endpoints) {
		networks = append(networks, name, c.Endpoints[name].NetworkID)
		if n, err := s.Network(name); err == nil {
			networks = append(networks, n.ID)
		}
	}
	for _, w := range args.Get("status") {
		if !slices.Contains([]string{"created", "restarting", "running", "removing", "paused", "exited", "dead"}, w) {
			return false, bad("invalid filter 'status=%s'", w)
		}
	}
	ok := args.Match("name", c.Name) && args.Match("id", c.ID) && args.MatchKVList("label", c.Config.Labels) &&
		some("status", c.status()) && some("health", health) && some("exited", strconv.Itoa(c.Run.ExitCode)) &&
		some("volume", volumes...) && some("network", networks...) && some("publish", published(c.Ports)...) && s.descends(c, args)
	if args.Contains("exited") && c.Run.Running {
		ok = false
	}
	for _, other := range []struct {
		key   string
		later int
	}{{"before", -1}, {"since", 1}} {
		for _, ref := range args.Get(other.key) {
			o, err := s.Container(ref)
			if err != nil {
				return false, err
			}
			ok = ok && c.Created.Compare(o.Created) == other.later
		}
	}
	return ok, nil
}

func published(ports nat.PortMap) []string {
	var all []string
	for p, bindings := range ports {
		if len(bindings) > 0 {
			all = append(all, string(p), p.Port())
		}
	}
	return all
}

// descends reports whether a container's image is one of those asked for.
func (s *State) descends(c *Container, args filters.Args) bool {
	if !args.Contains("ancestor") {
		return true
	}
	for _, ref := range args.Get("ancestor") {
		im, err := s.Image(ref)
		for id := c.Image; err == nil && id != ""; {
			if id == im.ID {
				return true
			}
			parent := s.Images[id]
			if parent == nil {
				break
			}
			id = parent.Parent
		}
	}
	return false
}

func (c *call) containerCreate(string) error {
	var req container.CreateRequest
	if err := c.body(&req); err != nil {
		return err
	}
	var resp container.CreateResponse
	err := c.change(func(s *State, now time.Time) (err error) {
		resp, err = s.Create(now, c.v, c.query("name"), c.query("platform"), req)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, resp)
}

func (c *call) containerInspect(ref string) error {
	var doc *container.InspectResponse
	err := c.read(func(s *State, now time.Time) error {
		got, err := s.Inspect(now, c.v, ref)
		if err == nil && c.flag("size") {
			got.SizeRw, got.SizeRootFs = new(int64), new(int64)
		}
		doc = &got
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

// grace reads the time to wait for a stop; nil is the container's own.
func (c *call) grace() (*int, error) {
	text := c.query("t")
	if text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, bad("strconv.Atoi: parsing %q: invalid syntax", text)
	}
	return &n, nil
}

// signal reads the signal of a stop, which the engine knows from API 1.42 on.
func (c *call) signal() string {
	if c.v < 42 {
		return ""
	}
	return c.query("signal")
}

func (c *call) containerStart(ref string) error {
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.Start(now, ref) })
}

func (c *call) containerStop(ref string) error {
	grace, err := c.grace()
	if err != nil {
		return err
	}
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.Stop(now, ref, c.signal(), grace) })
}

func (c *call) containerRestart(ref string) error {
	grace, err := c.grace()
	if err != nil {
		return err
	}
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.Restart(now, ref, c.signal(), grace) })
}

func (c *call) containerKill(ref string) error {
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.Kill(now, ref, c.query("signal")) })
}

func (c *call) containerPause(ref string) error {
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.Pause(now, ref) })
}

func (c *call) containerUnpause(ref string) error {
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.Unpause(now, ref) })
}

func (c *call) containerRename(ref string) error {
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.Rename(now, ref, c.query("name")) })
}

func (c *call) containerUpdate(ref string) error {
	var u container.UpdateConfig
	if err := c.body(&u); err != nil {
		return err
	}
	var warnings []string
	err := c.change(func(s *State, now time.Time) (err error) {
		warnings, err = s.Update(now, ref, u)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, container.UpdateResponse{Warnings: warnings})
}

func (c *call) containerRemove(ref string) error {
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error {
		return s.Remove(now, ref, c.flag("force"), c.flag("v"))
	})
}

func (c *call) containerPrune(string) error {
	args, err := c.filters("label", "label!", "until")
	if err != nil {
		return err
	}
	gone := []string{}
	err = c.change(func(s *State, now time.Time) error {
		until, err := untilFilter(args, now)
		if err != nil {
			return err
		}
		gone = append(gone, s.Prune(now, func(k *Container) bool {
			return pruned(args, k.Config.Labels) && (until.IsZero() || k.Created.Before(until))
		})...)
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, container.PruneReport{ContainersDeleted: gone})
}

// pruned reports whether labels pass the filters of a prune.
func pruned(args filters.Args, labels map[string]string) bool {
	if !args.MatchKVList("label", labels) {
		return false
	}
	return !args.Contains("label!") || !args.MatchKVList("label!", labels)
}

// untilFilter reads the time before which a prune is to act; zero is any.
func untilFilter(args filters.Args, now time.Time) (time.Time, error) {
	all := args.Get("until")
	if len(all) == 0 {
		return time.Time{}, nil
	}
	if len(all) > 1 {
		return time.Time{}, bad("more than one until filter specified")
	}
	return moment(all[0], now)
}

// moment reads a time: seconds since 1970 with a fraction, a duration before
// now, or a date.
func moment(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && strings.Trim(text, "0123456789.") != "" {
		return now.Add(-d), nil
	}
	sec, frac, _ := strings.Cut(text, ".")
	if n, err := strconv.ParseInt(sec, 10, 64); err == nil {
		nanos, err := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
		if err == nil {
			return time.Unix(n, nanos), nil
		}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, bad("failed to parse value as time or duration: %q", text)
}

func (c *call) containerTop(ref string) error {
	var doc container.TopResponse
	err := c.read(func(s *State, _ time.Time) (err error) {
		doc, err = s.top(ref)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

// top tells which processes a container runs: the one that we know of.
func (s *State) top(ref string) (doc container.TopResponse, err error) {
	k, err := s.Container(ref)
	switch {
	case err != nil:
		return doc, err
	case k.Run.Restarting:
		return doc, conflict("Container %s is restarting, wait until the container is running", k.ID)
	case !k.Run.Running:
		return doc, conflict("Container %s is not running", k.ID)
	}
	doc.Titles = []string{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}
	doc.Processes = [][]string{{"root", strconv.Itoa(k.pid()), "1", "0", k.Run.Started.Format("15:04"), "?", "00:00:00", shownCommand(k)}}
	return doc, nil
}

// containerStats answers a reading, or one for each second of the wall clock
// until the container is gone or nobody listens.
func (c *call) containerStats(ref string) error {
	stream := c.query("stream") == "" || c.flag("stream")
	if stream && c.flag("one-shot") {
		return bad("cannot have stream=true and one-shot=true")
	}
	var k *Container
	reading := func() (doc container.StatsResponse, gone bool, err error) {
		err = c.read(func(s *State, now time.Time) (err error) {
			if k == nil {
				k, err = s.Container(ref)
			}
			if err == nil {
				gone = s.Containers[k.ID] == nil
				doc = s.stats(k, now)
			}
			if c.flag("one-shot") {
				doc.PreRead, doc.PreCPUStats = time.Time{}, container.CPUStats{}
			}
			return err
		})
		return doc, gone, err
	}
	doc, gone, err := reading()
	if err != nil {
		return err
	}
	c.out.Header().Set("Content-Type", "application/json")
	c.out.WriteHeader(http.StatusOK)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for enc := json.NewEncoder(c.out); !gone && enc.Encode(doc) == nil && stream; doc, gone, _ = reading() {
		c.flush()
		select {
		case <-tick.C:
		case <-c.req.Context().Done():
			return nil
		}
	}
	return nil
}

// stats is a reading of a container in which nothing runs: it holds a little
// memory and does nothing. Of one that does not run only its names are told.
func (s *State) stats(k *Container, now time.Time) container.StatsResponse {
	doc := container.StatsResponse{Name: "/" + k.Name, ID: k.ID, Read: now}
	if !k.Run.Running {
		doc.Read = time.Time{}
		return doc
	}
	const used = 4 << 20
	doc.PreRead = now.Add(-time.Second)
	doc.PidsStats = container.PidsStats{Current: 1, Limit: 1<<64 - 1}
	if p := k.Host.PidsLimit; p != nil && *p > 0 {
		doc.PidsStats.Limit = uint64(*p)
	}
	doc.MemoryStats = container.MemoryStats{Usage: used, Limit: uint64(k.Host.Memory), Stats: map[string]uint64{"inactive_file": used / 4}}
	if !s.cgroup2() {
		doc.MemoryStats.MaxUsage, doc.MemoryStats.Stats = used, map[string]uint64{"total_inactive_file": used / 4}
	}
	if k.Host.Memory == 0 {
		doc.MemoryStats.Limit = 16 << 30
	}
	cpu := func(at time.Time) container.CPUStats {
		return container.CPUStats{
			CPUUsage: container.CPUUsage{TotalUsage: uint64(time.Millisecond)}, OnlineCPUs: processors,
			SystemUsage: processors * uint64(at.UnixNano()),
		}
	}
	doc.CPUStats, doc.PreCPUStats = cpu(now), cpu(doc.PreRead)
	if len(k.Endpoints) == 0 || k.Host.NetworkMode.IsHost() || k.Host.NetworkMode.IsNone() {
		return doc
	}
	doc.Networks = map[string]container.NetworkStats{}
	for i := range len(k.Endpoints) {
		doc.Networks["eth"+strconv.Itoa(i)] = container.NetworkStats{}
	}
	return doc
}

func (c *call) containerChanges(ref string) error {
	changes := []container.FilesystemChange{}
	err := c.read(func(s *State, _ time.Time) error {
		k, err := s.Container(ref)
		if err != nil {
			return err
		}
		for _, p := range sorted(k.Files) {
			changes = append(changes, container.FilesystemChange{Kind: container.ChangeAdd, Path: p})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, changes)
}

func (c *call) archivePut(ref string) error {
	if c.query("path") == "" {
		return bad("bad parameter: path cannot be empty")
	}
	files, err := ReadTar(c.req.Body)
	if err != nil {
		return err
	}
	return c.changed(http.StatusOK, func(s *State, now time.Time) error { return s.PutArchive(now, ref, c.query("path"), files) })
}

func (c *call) archiveGet(ref string) error {
	var data []byte
	var stat container.PathStat
	err := c.read(func(s *State, now time.Time) (err error) {
		data, stat, err = s.GetArchive(now, ref, c.query("path"))
		return err
	})
	if err != nil {
		return err
	}
	c.statHeader(stat)
	c.out.Header().Set("Content-Type", "application/x-tar")
	c.out.WriteHeader(http.StatusOK)
	_, _ = c.out.Write(data)
	return nil
}

func (c *call) archiveHead(ref string) error {
	var stat container.PathStat
	err := c.read(func(s *State, now time.Time) (err error) {
		_, stat, err = s.StatPath(now, ref, c.query("path"))
		return err
	})
	if err != nil {
		return err
	}
	c.statHeader(stat)
	return c.empty(http.StatusOK)
}

func (c *call) statHeader(stat container.PathStat) {
	data, err := json.Marshal(stat)
	if err != nil {
		panic("embedded: a path's state is no JSON: " + err.Error())
	}
	c.out.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(data))
}
