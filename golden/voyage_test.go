package golden

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/show"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

// A voyage is what becomes of one stack on a real engine, leg by leg: it is
// made, changed for better and worse, and destroyed. Something goes wrong on
// each leg; the legs are gone over again and again, each time with another
// thing that goes wrong.
type voyage struct {
	name string
	data string // the container that has a volume at /data, whose file has to last
	legs []leg
}

// leg is one change of a stack.
type leg struct {
	name    string
	program string            // what the program is then; "" destroys the stack with its data
	hand    []string          // what somebody does on the engine before
	fails   bool              // the program holds a version that never becomes ready
	serves  map[string]string // by label of a container, what has to be answered afterwards
	always  string            // the label of a container that has to answer at every moment
}

// In programs IMAGE is the image of the probe, PORT a port of the host.
var voyages = []voyage{
	{name: "stack", data: "web", legs: []leg{
		{name: "first", program: stack("one", "info"), serves: map[string]string{"web": "one"}},
		{name: "better", program: stack("two", "info"), serves: map[string]string{"web": "two"}},
		{name: "exits", program: stack("exit", "info"), fails: true, serves: map[string]string{"web": "two"}},
		{name: "others", program: stack("two", "debug"), serves: map[string]string{"web": "two"}},
		{name: "sick", program: stack("sick", "debug"), fails: true, serves: map[string]string{"web": "two"}},
		{name: "destroy"},
	}},
	{name: "overlap", legs: []leg{
		{name: "first", program: free(serving("one")), serves: map[string]string{"web": "one"}},
		{name: "better", program: free(serving("two")), serves: map[string]string{"web": "two"}, always: "web"},
		{name: "exits", program: free(`["exit", "3"]`), fails: true, serves: map[string]string{"web": "two"}, always: "web"},
		{name: "other", program: free(serving("three")), serves: map[string]string{"web": "three"}, always: "web"},
		{name: "destroy"},
	}},
	{name: "healthy", legs: []leg{
		{name: "first", program: checked("0s", "one"), serves: map[string]string{"web": "one"}},
		{name: "better", program: checked("0s", "two"), serves: map[string]string{"web": "two"}, always: "web"},
		{name: "sick", program: checked("1h", "three"), fails: true, serves: map[string]string{"web": "two"}, always: "web"},
		{name: "destroy"},
	}},
	{name: "network", legs: []leg{
		{name: "first", program: members("false"), serves: map[string]string{"web": "one"}},
		{name: "internal", program: members("true"), serves: map[string]string{"web": "one"}},
		{name: "back", program: members("false"), serves: map[string]string{"web": "one"}},
		{name: "destroy"},
	}},
	{name: "moved", data: "old", legs: []leg{
		{name: "first", program: named("old", "one"), serves: map[string]string{"old": "one"}},
		{name: "moved", program: named("new", "one") + moves("old", "new"), serves: map[string]string{"new": "one"}},
		{name: "back", program: named("old", "two"), serves: map[string]string{"old": "two"}},
		{name: "destroy"},
	}},
	{name: "adopted", legs: []leg{
		{name: "adopt", hand: []string{"run", "harbour-made", "IMAGE", "restart=always"}, program: adopted("1")},
		{name: "again", program: adopted("2")},
		{name: "destroy"},
	}},
	{name: "job", legs: []leg{
		{name: "first", program: job("0", "one")},
		{name: "better", program: job("0", "two")},
		{name: "exits", program: job("3", "three"), fails: true},
		{name: "other", program: job("0", "four")},
		{name: "destroy"},
	}},
	{name: "live", data: "web", legs: []leg{
		{name: "first", program: live("64m", "always", "a", "back"), serves: map[string]string{"web": "one"}},
		{name: "changed", program: live("96m", "no", "b", "front"), serves: map[string]string{"web": "one"}},
		{name: "back", program: live("64m", "always", "a", "back"), serves: map[string]string{"web": "one"}},
		{name: "destroy"},
	}},
}

// serving is the command of a version that works.
func serving(version string) string { return fmt.Sprintf(`["serve", "--body", %q]`, version) }

// stack is one of everything, replaced stop-first: the port and the volume are
// one container's alone.
func stack(version, level string) string {
	command, check := serving(version), ""
	switch version {
	case "exit":
		command = `["exit", "3"]`
	case "sick":
		command, check = `["sick", "after", "1ms"]`, healthcheck
	}
	return `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
network "back" { ipam = { config = ["SUBNET"] } }
volume "data" {}
container "web" {
  image    = image.probe
  networks = [network.back]
  ports    = ["127.0.0.1:PORT:8080"]
  mounts   = [{ volume = volume.data, target = "/data" }]
  restart  = "unless-stopped"
  command  = ` + command + check + `
}
container "worker" {
  image        = image.probe
  network_mode = "none"
  env          = { LOG_LEVEL = "` + level + `" }
}
`
}

const healthcheck = `
  healthcheck = { test = ["CMD", "/probe", "health"], interval = "500ms", retries = 2 }`

// free is a container that holds nothing alone: it is replaced start-first.
func free(command string) string {
	return `
stack { name = "harbour" }
network "back" { ipam = { config = ["SUBNET"] } }
container "web" {
  image    = "IMAGE"
  networks = [network.back]
  restart  = "unless-stopped"
  command  = ` + command + `
}
`
}

// checked is one with a healthcheck, which passes after a while.
func checked(after, version string) string {
	return free(fmt.Sprintf(`["serve", "--body", %q, "--healthy-after", %q]`, version, after) + healthcheck)
}

// members is a network that changes by being made anew, with containers on it.
func members(internal string) string {
	return `
stack { name = "harbour" }
network "back" {
  internal = ` + internal + `
  ipam     = { config = ["SUBNET"] }
}
container "web" {
  image    = "IMAGE"
  networks = [network.back]
  command  = ` + serving("one") + `
}
container "idle" {
  image    = "IMAGE"
  networks = [network.back]
  state    = "created"
}
`
}

// named is a stack whose resources all bear one label.
func named(label, version string) string {
	return strings.ReplaceAll(`
stack { name = "harbour" }
network "LABEL" { ipam = { config = ["SUBNET"] } }
volume "LABEL" {}
container "LABEL" {
  image    = "IMAGE"
  networks = [network.LABEL]
  mounts   = [{ volume = volume.LABEL, target = "/data" }]
  command  = `, "LABEL", label) + serving(version) + `
}
`
}

func moves(from, to string) string {
	var b strings.Builder
	for _, kind := range []string{"network", "volume", "container"} {
		fmt.Fprintf(&b, "moved {\n  old = \"%s.%s\"\n  new = %s.%s\n}\n", kind, from, kind, to)
	}
	return b.String()
}

func adopted(value string) string {
	return `
stack { name = "harbour" }
container "web" {
  image        = "IMAGE"
  network_mode = "none"
  restart      = "always"
  env          = { VALUE = "` + value + `" }
}
adopt {
  resource = container.web
  name     = "harbour-made"
}
`
}

// job is one that runs once, and a container that needs it done.
func job(code, value string) string {
	return `
stack { name = "harbour" }
container "job" {
  image        = "IMAGE"
  network_mode = "none"
  command      = ["exit", "` + code + `"]
  env          = { VALUE = "` + value + `" }
  state        = "completed"
}
container "web" {
  image        = "IMAGE"
  network_mode = "none"
  depends_on   = [completed(container.job)]
}
`
}

// live is what changes without another container in its place.
func live(memory, restart, content, net string) string {
	return `
stack { name = "harbour" }
network "back" { ipam = { config = ["SUBNET"] } }
network "front" { ipam = { config = ["SUBNE2"] } }
volume "data" {}
container "web" {
  image    = "IMAGE"
  networks = [network.` + net + `]
  mounts   = [{ volume = volume.data, target = "/data" }]
  memory   = "` + memory + `"
  restart  = "` + restart + `"
  files    = { "/etc/harbour" = "` + content + `" }
  command  = ` + serving("one") + `
}
`
}

// A ship makes a voyage.
type ship struct {
	*workshop
	voyage
	proxy   *proxy
	image   string
	words   *strings.Replacer // what stands for what in programs
	canary  []byte            // the file in the volume; nil while there is none
	foreign map[string]string // what strangers are like, by kind; nil: there are none
	crash   func()            // kills the engine and starts it again; nil: nobody may
	leave   func()            // kills the engine
	revive  func()            // starts it again if it was killed
	web     *http.Client      // asks containers
}

// launch makes a ship, with strangers beside it whose names are near.
func launch(t *testing.T, v voyage, image string) *ship {
	t.Helper()
	s := &ship{workshop: newWorkshop(t), voyage: v, image: image, web: asker(new(net.Dialer).DialContext)}
	s.fit(t)
	if err := s.with(s.settle); err != nil {
		t.Fatal(err)
	}
	return s
}

// asker asks over connections that dial makes, one for each question.
func asker(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: dial}}
}

// fit gives the ship its proxy, and words for what its programs name.
func (s *ship) fit(t *testing.T) {
	t.Helper()
	port, err := somePort()
	if err != nil {
		t.Fatal(err)
	}
	s.words = strings.NewReplacer("IMAGE", s.image, "PORT", fmt.Sprint(port), "SUBNET", subnet(0, s.word), "SUBNE2", subnet(1, s.word))
	c, closing, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	if s.proxy, err = newProxy(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.proxy.close(), closing()); err != nil {
			t.Error(err)
		}
	})
}

// somePort draws a port of the host that nobody has, below those that the
// kernel gives out.
func somePort() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port is free")
}

// subnet is a small network that only this word's ship has, as far as chance
// allows: engines have but thirty to give. It is of those for benchmarks, which
// nobody uses.
func subnet(n int, word string) string {
	h := fnv.New32a()
	fmt.Fprint(h, n, word)
	sum := h.Sum32()
	return fmt.Sprintf("198.%d.%d.%d/28", 18+sum%2, sum/2%256, sum/512%16*16)
}

// theirs is the name of all strangers. It bears the word, so that they are
// swept away too.
func (s *ship) theirs() string { return s.word + "-web-theirs" }

// settle makes the strangers.
func (s *ship) settle(ctx context.Context, c *client.Client) error {
	name := s.theirs()
	if _, err := c.NetworkCreate(ctx, name, network.CreateOptions{ConfigOnly: true}); err != nil {
		return err
	}
	if _, err := c.VolumeCreate(ctx, volume.CreateOptions{Name: name}); err != nil {
		return err
	}
	if err := run1(ctx, c, []string{name, s.image, "volume=" + name + ":/data", "label=" + engine.LabelStack + "=other"}); err != nil {
		return err
	}
	var err error
	if s.foreign, err = s.look(ctx, c); err != nil {
		return err
	}
	got, err := c.ContainerInspect(ctx, name)
	s.proxy.strangers = []string{name, got.ID}
	return err
}

// look returns what the engine says of the strangers.
func (s *ship) look(ctx context.Context, c *client.Client) (map[string]string, error) {
	_, box, err := c.ContainerInspectWithRaw(ctx, s.theirs(), false)
	_, net, nerr := c.NetworkInspectWithRaw(ctx, s.theirs(), network.InspectOptions{})
	_, vol, verr := c.VolumeInspectWithRaw(ctx, s.theirs())
	return map[string]string{"container": string(box), "network": string(net), "volume": string(vol)}, errors.Join(err, nerr, verr)
}

// sail goes over one leg: bay carries it out with harm on the way, if there is
// any, and then once more without. It returns the call that was harmed, "" if
// bay was done before, and what answered in between.
func (s *ship) sail(t *testing.T, l leg, before map[string]string, due func(calls int) *harm) (struck string, between map[string]string) {
	t.Helper()
	if l.hand != nil {
		s.hand(t, l.hand[0], s.told(l.hand[1:])...)
	}
	command := []string{"apply", "--yes"}
	plan := []string{"plan"}
	if l.program == "" {
		command = []string{"destroy", "--volumes", "--confirm", s.word}
		plan = []string{"plan", "--destroy", "--volumes"}
	} else {
		s.say(s.words.Replace(l.program))
	}
	var printed show.Document
	out, code := s.run(t, nil, append(plan, "--json")...)
	if err := json.Unmarshal([]byte(out), &printed); err != nil || code != 0 {
		t.Fatalf("the plan ended with %d, %v\n%s", code, err, out)
	}
	h := due(callsOf(printed.Steps, l.fails))
	out, code = s.run(t, h, command...)
	sent, struck := s.proxy.end()
	if struck != "" {
		t.Logf("%s: %s", h, struck)
	}
	for _, fault := range unprinted(printed.Steps, sent) {
		t.Error(fault)
	}
	between = s.answers(t, l, before)
	dead := h != nil && h.kills && struck != ""
	crashed := h != nil && h.crashes && struck != "" // containers end with an engine that is killed
	was := before
	if crashed {
		was = between
	}
	if why := dishonest(code, dead, sent, was, between); why != "" {
		t.Errorf("%s\n%s", why, out)
	}
	if l.always != "" && between[l.always] == "" && !crashed {
		t.Errorf("nothing of container.%s answers\n%s", l.always, out)
	}
	if t.Failed() {
		return struck, between
	}
	s.arrive(t, l, command, l.serves)
	return struck, between
}

// callsOf counts the calls that bay will send about, with those of the lock.
func callsOf(steps []show.Step, fails bool) int {
	calls := 4
	for _, x := range steps {
		calls += len(x.Ops)
		if fails {
			calls += len(x.Undo)
		} else {
			calls += len(x.Commit)
		}
	}
	return calls
}

// told says what the script's words stand for.
func (s *ship) told(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, s.words.Replace(w))
	}
	return out
}

// bound is what one bay may take: far more than any takes here.
const bound = 4 * time.Minute

// run runs bay through the proxy, and returns what it said and its exit code,
// -1 if it was killed.
func (s *ship) run(t *testing.T, h *harm, args ...string) (out string, code int) {
	t.Helper()
	cmd := s.command(t, s.proxy.address, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := make(chan struct{})
	switch {
	case h == nil:
	case h.kills:
		h.strike = func() { <-started; _ = cmd.Process.Kill() }
	case h.away:
		h.strike = s.leave
		defer s.revive()
	case h.crashes:
		h.strike = s.crash
	}
	s.proxy.begin(h)
	err := cmd.Start()
	close(started)
	if err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(bound, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	if !late.Stop() {
		t.Fatalf("bay %s has not ended within %s\n%s", strings.Join(args, " "), bound, stdout.String()+stderr.String())
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit):
		code = exit.ExitCode()
	default:
		t.Fatal(err)
	}
	if strings.Contains(stderr.String(), "this is a bug in bay") {
		t.Errorf("bay %s: %s", strings.Join(args, " "), &stderr)
	}
	return stdout.String() + stderr.String(), code
}

// dishonest says where an exit code says what is not so, or "".
func dishonest(code int, dead bool, sent []*sentCall, before, between map[string]string) string {
	switch {
	case dead && code != -1:
		return fmt.Sprintf("bay was killed, and ended with %d", code)
	case dead:
	case !slices.Contains([]int{0, 1, 3, 4, 10, 11, 12}, code):
		return fmt.Sprintf("bay ended with %d, which no apply ends with", code)
	case slices.Contains([]int{1, 10, 11, 12}, code) && acted(sent):
		return fmt.Sprintf("bay ended with %d, which says that nothing was changed, and something was", code)
	case code == 4 && !maps.Equal(before, between):
		return fmt.Sprintf("bay ended with 4, which says that the old version serves; what answered before is %v, and now %v", before, between)
	}
	return ""
}

// acted reports whether the engine has done any call but those of the lock.
func acted(sent []*sentCall) bool {
	return slices.ContainsFunc(sent, func(x *sentCall) bool { return !x.lock && x.acted })
}

// arrive carries out a leg where nothing goes wrong any more, and holds how
// it ends, and what answers then.
func (s *ship) arrive(t *testing.T, l leg, command []string, serves map[string]string) {
	t.Helper()
	command = append(command, "--lock-timeout", "3m") // the lock of a killed one goes within seconds
	out, code := s.run(t, nil, command...)
	if code == 12 { // what was started half became healthy, sick or done between plan and lock, and bay asks to look again
		out, code = s.run(t, nil, command...)
	}
	s.proxy.end()
	want, left := 0, 0
	if l.fails {
		want, left = 4, 2
	}
	if code != want {
		t.Fatalf("the next bay %s ended with %d, want %d\n%s", strings.Join(command, " "), code, want, out)
	}
	if l.program != "" {
		if out, code := s.run(t, nil, "plan", "--detailed-exitcode"); code != left {
			t.Errorf("the plan after it ended with %d, want %d\n%s", code, left, out)
		}
	}
	if got := s.answers(t, l, serves); !maps.Equal(got, serves) {
		t.Errorf("after it %v answers, want %v\n%s", got, serves, out)
	}
	if touched := s.proxy.estranged(); touched != nil {
		t.Errorf("bay wanted to change what is not the stack's: %q", touched)
	}
	if err := s.with(func(ctx context.Context, c *client.Client) error { return s.inspect(ctx, c, t, l) }); err != nil {
		t.Error(err)
	}
}

// inspect holds that strangers and data are as they were, and that nothing of
// the stack is left when it is destroyed.
func (s *ship) inspect(ctx context.Context, c *client.Client, t *testing.T, l leg) error {
	t.Helper()
	if err := s.others(ctx, c, t); err != nil {
		return err
	}
	s.unlocked(t)
	if l.program == "" {
		s.canary = nil
		living, err := s.living(ctx, c)
		living = slices.DeleteFunc(living, func(line string) bool { return strings.Contains(line, s.theirs()) })
		if len(living) > 0 {
			t.Errorf("after the stack was destroyed there is still: %q", living)
		}
		return err
	}
	if s.data == "" {
		return nil
	}
	label := s.data
	if l.serves[label] == "" { // it has moved
		label = slices.Collect(maps.Keys(l.serves))[0]
	}
	return s.keep(ctx, c, t, s.word+"-"+label)
}

// others holds that strangers are as they were.
func (s *ship) others(ctx context.Context, c *client.Client, t *testing.T) error {
	t.Helper()
	if s.foreign == nil {
		return nil
	}
	foreign, err := s.look(ctx, c)
	if diff := cmp.Diff(s.foreign, foreign); diff != "" && err == nil {
		t.Errorf("what is not the stack's has changed (-before +now):\n%s", diff)
	}
	return err
}

// keep puts a file into a container's volume if there is none, and holds that
// it is what was put there.
func (s *ship) keep(ctx context.Context, c *client.Client, t *testing.T, name string) error {
	t.Helper()
	if s.canary == nil {
		s.canary = []byte(letters(4096))
		var file bytes.Buffer
		w := tar.NewWriter(&file)
		err := w.WriteHeader(&tar.Header{Name: "canary", Mode: 0o644, Size: int64(len(s.canary))})
		_, werr := w.Write(s.canary)
		if err := errors.Join(err, werr, w.Close()); err != nil {
			return err
		}
		return c.CopyToContainer(ctx, name, "/data", &file, container.CopyToContainerOptions{})
	}
	r, _, err := c.CopyFromContainer(ctx, name, "/data/canary")
	if err != nil {
		return fmt.Errorf("the data is gone: %w", err)
	}
	defer r.Close()
	file := tar.NewReader(r)
	if _, err := file.Next(); err != nil {
		return err
	}
	got, err := io.ReadAll(file)
	if !bytes.Equal(got, s.canary) {
		t.Errorf("the data was %q, and is %q", s.canary[:16], got[:min(16, len(got))])
	}
	return err
}

// patience is how long what has to answer may take to do so.
const patience = 30 * time.Second

// answers asks over HTTP each container that served before or shall serve, and
// returns by label what answered. Of two that run, the one with what is wanted
// counts. It waits for what may still be on its way up, but not for what does
// not run at all.
func (s *ship) answers(t *testing.T, l leg, wanted map[string]string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, label := range slices.Sorted(maps.Keys(mergedKeys(wanted, l.serves))) {
		for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			answers, running, err := s.ask(label)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case slices.Contains(answers, wanted[label]):
				got[label] = wanted[label]
			case len(answers) > 0:
				got[label] = answers[0]
			case running && time.Now().Before(end):
				continue
			}
			break
		}
	}
	return got
}

func mergedKeys(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return all
}

// ask asks all containers that are an address's, by their label or, where that
// has moved, by their name, and reports whether any runs.
func (s *ship) ask(label string) (answers []string, running bool, err error) {
	err = s.with(func(ctx context.Context, c *client.Client) error {
		list, err := c.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(filters.Arg("label", engine.LabelStack+"="+s.word))})
		for _, x := range list {
			if x.Labels[engine.LabelAddr] != "container."+label && x.Names[0] != "/"+s.word+"-"+label {
				continue
			}
			running = true
			if text := s.page(x); text != "" {
				answers = append(answers, text)
			}
		}
		return err
	})
	return answers, running, err
}

// page is what a container answers, at its port of the host or else at its own
// address; "" if it does not.
func (s *ship) page(x container.Summary) string {
	var address string
	for _, ep := range x.NetworkSettings.Networks {
		address = ep.IPAddress + ":8080"
	}
	for _, p := range x.Ports {
		if p.PublicPort != 0 {
			address = fmt.Sprintf("127.0.0.1:%d", p.PublicPort)
		}
	}
	r, err := s.web.Get("http://" + address)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// unprinted returns what was sent and no plan has printed: each step's calls
// come in their order, then, if one failed, what takes them back. A call that
// was harmed may be sent once more.
func unprinted(steps []show.Step, sent []*sentCall) []string {
	var faults []string
	var places []*place
	for _, step := range steps {
		places = append(places, &place{ops: onWire(step), undo: step.Undo})
	}
	harmed := false
	for _, c := range sent {
		if !c.lock && !slices.ContainsFunc(places, func(p *place) bool { return p.takes(c.call, harmed) }) {
			faults = append(faults, fmt.Sprintf("sent and not printed: %s %s %s", c.Method, c.Path, c.Body))
		}
		harmed = harmed || c.harmed
	}
	return faults
}

// place is how far a step has come.
type place struct {
	ops, undo    []show.Op
	done, undone int
}

// takes reports whether a call is the step's next.
func (p *place) takes(c call, harmed bool) bool {
	if p.done < len(p.ops) && isLike(p.ops[p.done], c) {
		p.done++
		return true
	}
	if harmed && p.done > 0 && isLike(p.ops[p.done-1], c) {
		return true
	}
	for i, op := range p.undo[p.undone:] {
		if isLike(op, c) {
			p.undone += i // a harmed one may come once more
			return true
		}
	}
	return false
}
