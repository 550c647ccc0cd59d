package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"golang.org/x/sync/errgroup"
)

// object is what was read of one living container.
type object struct {
	api.InspectResponse
	image   *kind.ImageConfig // of the image that it was made from; nil if that is gone
	mounted map[string]string // IDs of images that it mounts, by the reference in its mounts
}

// parallel is how many containers are inspected at once.
const parallel = 8

// read lists all containers and inspects the stack's.
func read(ctx context.Context, s kind.Scope) (*kind.Found, error) {
	list, err := s.Reader.ContainerList(ctx, api.ListOptions{All: true})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	r := &reading{
		Scope: s, names: map[string]string{}, wants: map[ir.Addr]*kind.Want{}, images: map[string]*image{},
		found: &kind.Found{Taken: map[string]kind.Holder{}, Held: map[string]kind.Holder{}, Known: map[ir.Addr]any{}},
	}
	for _, w := range s.Wants {
		r.wants[w.Res.Addr] = w
		r.found.Known[w.Res.Addr] = readSources(s, w, r.found)
		r.binds(w)
	}
	var candidates []string
	for _, c := range list {
		r.names[c.ID] = nameOf(c)
		_, adopted := r.adopts(nameOf(c))
		once := c.Labels[engine.LabelOneOff] == s.Stack && c.Labels[engine.LabelStack] == ""
		if adopted || once || c.Labels[engine.LabelStack] == s.Stack {
			candidates = append(candidates, c.ID)
		}
		if !adopted && c.Labels[engine.LabelStack] != s.Stack {
			r.stranger(c)
		}
	}
	if err := r.inspect(ctx, candidates); err != nil {
		return nil, err
	}
	if err := r.ours(ctx); err != nil {
		return nil, err
	}
	r.guests(list)
	r.strangersPorts(list)
	r.found.Sort()
	return r.found, nil
}

// reading is one reading of the containers of a stack.
type reading struct {
	kind.Scope
	found  *kind.Found
	names  map[string]string // of all containers, by ID
	wants  map[ir.Addr]*kind.Want
	read   []*object         // those with the stack's label
	images map[string]*image // by ID
}

// image is what was read of an image that a container was made from.
type image struct {
	config *kind.ImageConfig
	uid    string // of the container that it was committed from
}

func nameOf(c api.Summary) string {
	for _, n := range c.Names {
		if n = strings.TrimPrefix(n, "/"); !strings.Contains(n, "/") { // others are legacy links
			return n
		}
	}
	return c.ID
}

// inspect reads the containers side by side. One that has gone since the list
// was made is gone.
func (r *reading) inspect(ctx context.Context, ids []string) error {
	got := make([]*object, len(ids))
	if err := sideBySide(ctx, len(ids), func(ctx context.Context, i int) error {
		c, err := r.Reader.ContainerInspect(ctx, ids[i])
		if engine.Gone(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("inspecting container %s: %w", r.names[ids[i]], err)
		}
		got[i] = &object{InspectResponse: c}
		return nil
	}); err != nil {
		return err
	}
	for _, o := range got {
		if o == nil {
			continue
		}
		r.names[o.ID] = strings.TrimPrefix(o.Name, "/")
		r.read = append(r.read, o)
	}
	return r.inspectImages(ctx)
}

// sideBySide does something for each of n, some at once, and returns the first
// error. Few do it for many: what decodes an answer needs a deep stack, and each
// goroutine has to grow its own.
func sideBySide(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(n, parallel) {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (r *reading) inspectImages(ctx context.Context) error {
	for _, o := range r.read {
		if _, ok := r.images[o.Image]; ok {
			continue
		}
		img, err := r.Reader.ImageInspect(ctx, o.Image)
		switch {
		case engine.Gone(err):
			r.images[o.Image] = nil
			continue
		case err != nil:
			return fmt.Errorf("inspecting image %s of container %s: %w", o.Image, r.names[o.ID], err)
		}
		x := &image{}
		if img.Config != nil {
			x.config, x.uid = imageConfig(img), img.Config.Labels[engine.LabelUID]
		}
		r.images[o.Image] = x
	}
	for _, o := range r.read {
		if err := r.inspectMounted(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// inspectMounted looks up the images that a container mounts.
func (r *reading) inspectMounted(ctx context.Context, o *object) error {
	o.mounted = map[string]string{}
	for _, m := range o.HostConfig.Mounts {
		if m.Type != mount.TypeImage {
			continue
		}
		img, err := r.Reader.ImageInspect(ctx, m.Source)
		switch {
		case err == nil:
			o.mounted[m.Source] = img.ID
		case !engine.Gone(err):
			return fmt.Errorf("inspecting image %s that container %s mounts: %w", m.Source, r.names[o.ID], err)
		}
	}
	return nil
}

// ours tells the stack's containers from copies that bear its labels, pairs
// half-done replacements, and reads the rest of what is compared.
func (r *reading) ours(ctx context.Context) error {
	byUID := map[string][]*object{}
	for _, o := range r.read {
		if img := r.images[o.Image]; img != nil {
			o.image = img.config
			if img.uid != "" && img.uid == o.Config.Labels[engine.LabelUID] {
				r.copied(o, "its labels come with its image, which was committed from one of the stack's")
				continue
			}
		}
		if r.once(o) {
			continue
		}
		uid := o.Config.Labels[engine.LabelUID]
		if o.Config.Labels[engine.LabelStack] != r.Stack || uid == "" {
			uid = o.ID // an adopted one, which has none of ours, or one whose labels somebody wrote
		}
		byUID[uid] = append(byUID[uid], o)
	}
	for _, uid := range slices.Sorted(maps.Keys(byUID)) {
		o := r.original(uid, byUID[uid])
		if o == nil {
			continue
		}
		if l := r.live(o); l != nil {
			r.found.Live = append(r.found.Live, l)
		}
	}
	if err := r.files(ctx); err != nil {
		return err
	}
	r.found.Sort()
	r.pair()
	return nil
}

// once enters a container that runs once beside the stack's, and reports whether
// it is one.
func (r *reading) once(o *object) bool {
	name := r.names[o.ID]
	if _, adopted := r.adopts(name); adopted {
		return false
	}
	l := r.OnceOf("container", o.ID, name, o.Config.Labels, o.State.Running)
	if l == nil {
		return o.Config.Labels[engine.LabelStack] == ""
	}
	l.Object, l.Status = o, status(o)
	l.Spec = r.spec(o, l.Identity, l.Record, nil)
	l.Uses = r.uses(o, l.Spec.(*Spec))
	r.found.Once = append(r.found.Once, l)
	return true
}

// files reads the files of all containers that program or record name.
func (r *reading) files(ctx context.Context) error {
	return sideBySide(ctx, len(r.found.Live), func(ctx context.Context, i int) error {
		l := r.found.Live[i]
		names := fileNames(l.Record, r.want(l.Identity.Addr))
		if len(names) == 0 {
			return nil
		}
		files, err := readBack(ctx, r.Reader, l.ID, names)
		if err != nil {
			return fmt.Errorf("container %s: %w", l.Name, err)
		}
		l.Spec.(*Spec).Files = files
		return nil
	})
}

// want returns what the program says at an address, or nil.
func (r *reading) want(a ir.Addr) *Spec {
	if w := r.wants[a]; w != nil {
		return w.Spec.(*Spec)
	}
	return nil
}

func (r *reading) copied(o *object, why string) {
	name := r.names[o.ID]
	r.found.Taken[name] = kind.Holder{ID: o.ID, What: fmt.Sprintf("container %.12s, a copy of one of this stack's: %s", o.ID, why)}
	r.found.Notes.Warnf(diag.Pos{}, "container %s bears this stack's labels but is not the stack's: %s", name, why).
		Hintf("bay leaves it alone; remove it with docker rm if nobody needs it")
}

// original returns the one of several containers with one uid that is ours.
func (r *reading) original(uid string, of []*object) *object {
	if len(of) == 1 {
		return of[0]
	}
	var fits []*object
	names := make([]string, len(of))
	for i, o := range of {
		names[i] = r.names[o.ID]
		if r.fits(o) {
			fits = append(fits, o)
		}
	}
	if len(fits) != 1 {
		slices.Sort(names)
		r.found.Notes.Addf(diag.Pos{}, "containers %s bear one uid, and their names do not tell which is the stack's", strings.Join(names, ", ")).
			Hintf("one is a copy of the other: rename the original to its name in the program, or remove the copy with docker rm")
		return nil
	}
	for _, o := range of {
		if o != fits[0] {
			r.copied(o, "its uid is that of container "+r.names[fits[0].ID])
		}
	}
	return fits[0]
}

// adopts returns the name by which the program adopts a container of this
// name, which may be one of those that a replacement gives it.
func (r *reading) adopts(name string) (known string, ok bool) {
	for u := range r.Adopts {
		if u.Kind == "container" && (name == u.Name || isTemporary(name, u.Name)) {
			return u.Name, true
		}
	}
	return "", false
}

// fits reports whether a container has a name that one of ours can have.
func (r *reading) fits(o *object) bool {
	name, labels := r.names[o.ID], o.Config.Labels
	want := labels[engine.LabelName]
	if a, err := ir.ParseAddr(labels[engine.LabelAddr]); err == nil {
		if w := r.wants[r.At(a)]; w != nil && name == w.Res.Name {
			return true
		}
	}
	return name == want || isTemporary(name, want)
}

// isTemporary reports whether name is what a container called want is named
// within a replacement.
func isTemporary(name, want string) bool {
	for _, word := range []string{"new", "old", "failed"} {
		op, ok := strings.CutPrefix(name, want+"."+word+"-")
		if ok && len(op) == 12 && strings.Trim(op, "0123456789abcdef") == "" {
			return true
		}
	}
	return false
}

// live returns a container of ours, or nil with a note if it cannot be worked
// with.
func (r *reading) live(o *object) *kind.Live {
	name := r.names[o.ID]
	l := r.LiveOf(r.found, "container", o.ID, name, o.Config.Labels)
	if known, ok := r.adopts(name); ok && l == nil {
		l = r.AdoptedOf("container", o.ID, name, known, o.Config.Labels)
	}
	if l == nil { // its labels make no sense
		r.found.Taken[name] = kind.HolderOf(fmt.Sprintf("container %.12s", o.ID), o.ID, o.Config.Labels)
		return nil
	}
	id, rec := l.Identity, l.Record
	if o.State.Dead || o.State.Status == "removing" {
		r.found.Notes.Addf(diag.Pos{}, "container %s of %s is half removed (%s)", name, id.Addr, o.State.Status).
			Hintf("the engine lets nobody work with it: run docker rm -f %.12s, and plan again", o.ID)
		return nil
	}
	want := r.want(id.Addr)
	l.Object, l.Status, l.Unready = o, status(o), unready(o)
	spec := r.spec(o, id, rec, want)
	l.Spec = spec
	l.Uses = r.uses(o, spec)
	l.Attrs = attrs(o, spec, cmp.Or(want, portsOf(rec)))
	if o.State.Running {
		l.Claims = claims(spec)
	}
	l.Fitness = fitness(l)
	return l
}

// fileNames returns the files that want or record name.
func fileNames(rec schema.Record, want *Spec) []string {
	names := map[string]bool{}
	for name := range rec["files"].Map {
		names[name] = true
	}
	if want != nil {
		for name := range want.Files {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func status(o *object) string {
	s := o.State
	switch {
	case s.Status == "exited":
		return fmt.Sprintf("exited (%d)", s.ExitCode)
	case s.Health != nil && s.Health.Status != "" && s.Health.Status != api.NoHealthcheck && s.Running:
		return fmt.Sprintf("%s (%s)", s.Status, s.Health.Status)
	}
	return s.Status
}

// unready says how a container that runs shows that it does not serve, or not yet.
func unready(o *object) string {
	s := o.State
	switch {
	case s.Restarting:
		return fmt.Sprintf("has ended (exit code %d), and the engine starts it again and again", s.ExitCode)
	case !s.Running || s.Health == nil:
		return ""
	case s.Health.Status == api.Unhealthy:
		return "is unhealthy"
	case s.Health.Status == api.Starting:
		return "runs, and is not healthy yet"
	}
	return ""
}

// pair puts each container that is to replace another one, which is still
// there, before that one. Of several that are to replace the same one, the most
// fit goes on; the others go as second ones of its address, of which the first
// counts.
func (r *reading) pair() {
	byID := map[string]*kind.Live{}
	for _, l := range r.found.Live {
		byID[l.ID] = l
	}
	next := map[*kind.Live][]*kind.Live{} // the old one, to its successors
	var olds, late []*kind.Live
	for _, l := range r.found.Live {
		old := byID[l.Identity.Replaces]
		if old == nil || old == l || old.Identity.Addr != l.Identity.Addr {
			continue
		}
		if first := byID[old.Identity.Replaces]; first != nil {
			r.chain(first, old, l)
			continue
		}
		if next[old] == nil {
			olds = append(olds, old)
		}
		next[old] = append(next[old], l)
	}
	for _, old := range olds {
		of := next[old]
		slices.SortStableFunc(of, func(a, b *kind.Live) int { return cmp.Compare(b.Fitness, a.Fitness) })
		of[0].Old, of[0].Failed = old, failure(of[0])
		late = append(late, of[1:]...)
	}
	r.found.Live = slices.DeleteFunc(r.found.Live, func(l *kind.Live) bool { return next[l] != nil || slices.Contains(late, l) })
	r.found.Live = append(r.found.Live, late...)
}

// chain reports that one container is to replace another one which is itself to
// replace a third: bay does not begin a second replacement before the first one
// is over, so that only a person can have made this.
func (r *reading) chain(first, second, third *kind.Live) {
	r.found.Notes.Addf(diag.Pos{}, "more than two containers take part in one replacement of %s: %s (%s) is to replace %s (%s), and that %s (%s)", first.Identity.Addr,
		third.Name, third.Status, second.Name, second.Status, first.Name, first.Status).
		Hintf("bay does not make such a chain, and cannot tell which one serves: remove the others with docker rm -f NAME, and plan again")
}

// fitness compares the containers of one address. What was made and never
// started is what a dead bay had sent, and the engine did later: it may lack its
// files. What has failed would most likely fail again. What runs may serve, and
// what has the name by which it is known may serve most.
func fitness(l *kind.Live) int {
	switch o := l.Object.(*object); {
	case o.State.Status == "created":
		return 0
	case failure(l) != "":
		return 1
	case !active(l):
		return 2
	case l.Name != l.Identity.Name:
		return 3
	}
	return 4
}

// failure says how a successor has shown that it does not serve, or was on its
// way out; "" if it may. Starting it again would most likely end as before. One
// that ended with its engine counts too, at no harm: nobody can tell it from one
// that ended by itself, so that no more is said than how it ended.
func failure(l *kind.Live) string {
	s := l.Object.(*object).State
	well := l.Record["state"].Str == completed && s.ExitCode == 0
	switch {
	case strings.HasPrefix(l.Name, tag(l.Identity.Name, "failed", "")):
		return "was being taken back"
	case s.Error != "":
		return "could not be started"
	case s.Running && s.Health != nil && s.Health.Status == api.Unhealthy:
		return "became unhealthy"
	case s.Status != "exited" || well:
		return ""
	case s.OOMKilled:
		return "ran out of memory"
	case s.ExitCode == killedBy+int(syscall.SIGTERM) || s.ExitCode == killedBy+int(syscall.SIGKILL):
		return fmt.Sprintf("was stopped (exit code %d)", s.ExitCode)
	}
	return fmt.Sprintf("exited with code %d", s.ExitCode)
}

// killedBy is what the engine adds to the number of a signal that a program
// ended by, for its exit code.
const killedBy = 128

// stranger enters a container that is not ours as the holder of its names.
func (r *reading) stranger(c api.Summary) {
	h := kind.HolderOf(fmt.Sprintf("container %.12s", c.ID), c.ID, c.Labels)
	for _, n := range c.Names {
		r.found.Taken[strings.TrimPrefix(n, "/")] = h
	}
}

// strangersPorts enters the host ports that containers which are not ours hold
// now. A port on all addresses is in the way of one on any address, so that
// what a program wants is entered in its own words.
func (r *reading) strangersPorts(list []api.Summary) {
	wanted := r.wantedPorts()
	for _, c := range list {
		name := nameOf(c)
		h, foreign := r.found.Taken[name]
		if !foreign || h.ID != c.ID {
			continue
		}
		h.What = fmt.Sprintf("container %s (%s)", name, strings.TrimPrefix(h.What, "container "))
		for _, p := range c.Ports {
			if p.PublicPort == 0 {
				continue
			}
			held := Port{Container: int64(p.PrivatePort), Host: int64(p.PublicPort), HostIP: p.IP, Protocol: p.Type}
			r.found.Held[held.claim()] = h
			for _, w := range wanted {
				if held.overlaps(w) {
					r.found.Held[w.claim()] = h
				}
			}
		}
	}
}

func (r *reading) wantedPorts() []Port {
	var ports []Port
	for _, w := range r.Wants {
		for _, p := range w.Spec.(*Spec).Ports {
			if p.Host != 0 {
				ports = append(ports, p)
			}
		}
	}
	return ports
}

// claim says in words what only one container can hold.
func (p Port) claim() string {
	proto := cmp.Or(p.Protocol, "tcp")
	return fmt.Sprintf("port %s/%s", net.JoinHostPort(cmp.Or(p.HostIP, "0.0.0.0"), strconv.FormatInt(p.Host, 10)), proto)
}

// overlaps reports whether the engine cannot give out both.
func (p Port) overlaps(q Port) bool {
	all := func(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }
	return p.Host == q.Host && cmp.Or(p.Protocol, "tcp") == cmp.Or(q.Protocol, "tcp") &&
		(all(p.HostIP) || all(q.HostIP) || p.HostIP == q.HostIP)
}

// guests enters containers that are not ours and share the network of one.
func (r *reading) guests(list []api.Summary) {
	byID := map[string]*kind.Live{}
	for _, l := range r.found.Live {
		byID[l.ID] = l
		if l.Old != nil {
			byID[l.Old.ID] = l.Old
		}
	}
	for _, c := range list {
		id, joins := strings.CutPrefix(c.HostConfig.NetworkMode, "container:")
		if l := byID[id]; joins && l != nil && r.found.Taken[nameOf(c)].ID == c.ID {
			l.Guests = append(l.Guests, nameOf(c))
		}
	}
	for _, l := range byID {
		slices.Sort(l.Guests)
	}
}

// binds reports sources of binds that cannot be what the author means.
func (r *reading) binds(w *kind.Want) {
	for _, m := range w.Spec.(*Spec).Mounts {
		if m.Type != "bind" || m.CreateHostPath {
			continue
		}
		report := func(format string, args ...any) *diag.Diag {
			d := r.found.Notes.Addf(w.Res.AttrPos("mounts"), "%s.mounts: %s", w.Res.Addr, fmt.Sprintf(format, args...))
			d.Calls = w.Res.Calls
			return d
		}
		if !r.Info.Local {
			if r.Dir != "" && below(m.Source, r.Dir) {
				report("%s is on this machine, and the engine is on another", m.Source).
					Hintf("put the files in with `files`, or into an image or a volume; a path of the engine's machine is written absolute")
			}
			continue
		}
		if _, err := os.Stat(m.Source); errors.Is(err, fs.ErrNotExist) {
			report("%s does not exist, and nothing can be mounted from there", m.Source).
				Hintf("make it first; bay never makes a directory on the host")
		}
	}
}
