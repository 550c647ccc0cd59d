package golden

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"bayplan/golden/slice"

	"github.com/docker/docker/client"
	"golang.org/x/sys/unix"
)

// A daemon is a Docker Engine of the test's own, in namespaces of its own: its
// processes, mounts, network and disk, which is memory, go when its keeper goes,
// and the keeper goes with the test, however that ends.
type daemon struct {
	dir    string // holds its socket and its log
	keeper *exec.Cmd
	say    io.WriteCloser
	heard  *bufio.Scanner

	mu     sync.Mutex
	away   bool // it was killed and not started again
	before int  // how much it had said when it was started last
}

// keeperEnv holds the folder of a daemon, in the process that keeps it.
const keeperEnv = "BAYPLAN_KEEPER"

// TestKeeper is no test of its own: it is what a daemon's keeper runs.
func TestKeeper(t *testing.T) {
	dir := os.Getenv(keeperEnv)
	if dir == "" {
		return
	}
	if err := keep(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// keep is the first process of its namespaces. It starts and kills dockerd as
// it is told, a line each, until nobody tells it anything more.
func keep(dir string) error {
	size := os.Getenv("BAYPLAN_DISK")
	for _, m := range []struct {
		kind, at, data string
		flags          uintptr
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE},
		{"proc", "/proc", "", 0},
		{"tmpfs", "/run", "", 0}, // containerd puts sockets there, beside those of others
		{"tmpfs", filepath.Join(dir, "disk"), "size=" + size, 0},
	} {
		if err := unix.Mount(m.kind, m.at, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mounting %s: %w", m.at, err)
		}
	}
	if err := loopback(); err != nil {
		return fmt.Errorf("bringing lo up: %w", err)
	}
	go reap()
	k := &keeper{dir: dir}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := k.obey(in.Text()); err != nil {
			return err
		}
		fmt.Println("done")
	}
	return nil
}

// loopback brings up the interface lo.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// reap buries what has ended, also what others have left behind.
func reap() {
	for {
		if _, err := unix.Wait4(-1, nil, 0, nil); err != nil {
			time.Sleep(10 * time.Millisecond) // there is nobody
		}
	}
}

// keeper is the state of that process.
type keeper struct {
	dir string
	pid int // of dockerd
}

func (k *keeper) obey(verb string) error {
	if verb == "kill" {
		err := unix.Kill(k.pid, unix.SIGKILL)
		for err == nil && unix.Kill(k.pid, 0) == nil { // until it is buried
			time.Sleep(time.Millisecond)
		}
		return err
	}
	disk := filepath.Join(k.dir, "disk")
	if err := os.Remove(filepath.Join(disk, "pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	log, err := os.OpenFile(filepath.Join(k.dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("dockerd", "--config-file", filepath.Join(k.dir, "daemon.json"), "--host", "unix://"+filepath.Join(k.dir, "d.sock"),
		"--data-root", filepath.Join(disk, "data"), "--exec-root", filepath.Join(disk, "exec"), "--pidfile", filepath.Join(disk, "pid"),
		"--cgroup-parent", "/"+filepath.Base(k.dir), "--exec-opt", "native.cgroupdriver=cgroupfs",
		"--bridge", "none", "--iptables=false", "--ip-masq=false")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	k.pid = cmd.Process.Pid
	return nil
}

// newDaemon starts an engine whose disk has this many bytes. config is its
// daemon.json.
func newDaemon(t *testing.T, disk int, config string) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "bayplan-daemon-") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{dir: dir}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "disk"), 0o700), os.WriteFile(filepath.Join(dir, "daemon.json"), []byte(config), 0o600)); err != nil {
		t.Fatal(err)
	}
	d.keeper = exec.Command("/proc/self/exe", "-test.run=^TestKeeper$")
	d.keeper.Env = append(os.Environ(), keeperEnv+"="+dir, fmt.Sprintf("BAYPLAN_DISK=%d", disk))
	d.keeper.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWNS}
	var heard io.Reader
	if d.say, err = d.keeper.StdinPipe(); err == nil {
		heard, err = d.keeper.StdoutPipe()
	}
	if err != nil {
		t.Fatal(err)
	}
	d.heard = bufio.NewScanner(heard)
	if err := d.keeper.Start(); err != nil {
		t.Fatalf("making namespaces: %v", err)
	}
	d.start()
	return d
}

// tell tells the keeper what to do.
func (d *daemon) tell(verb string) {
	fmt.Fprintln(d.say, verb)
	if !d.heard.Scan() || d.heard.Text() != "done" {
		panic(fmt.Sprintf("the keeper said %q", d.heard.Text()))
	}
}

// start starts the engine and waits until it answers. On a machine that is busy
// dockerd gives up waiting for its containerd, and ends: whoever looks after one
// starts it again.
func (d *daemon) start() {
	for tries := 3; ; tries-- {
		d.before = len(d.log())
		d.tell("start")
		err := d.answers()
		if err == nil {
			return
		}
		if tries == 1 || !d.gaveUp() {
			log := d.log()
			panic(fmt.Sprintf("dockerd does not come up: %v\n%s", err, log[max(0, len(log)-4000):]))
		}
	}
}

// answers waits until the engine answers, or is no more.
func (d *daemon) answers() error {
	return d.with(func(ctx context.Context, c *client.Client) error {
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
			_, err := c.Info(ctx)
			if err == nil || time.Now().After(end) || d.gaveUp() {
				return err
			}
		}
	})
}

// gaveUp reports whether dockerd has said since its start that it ends, since its
// containerd has not come.
func (d *daemon) gaveUp() bool {
	return strings.Contains(d.log()[d.before:], "failed to start containerd: timeout")
}

// kill kills the engine as kill -9 does, once until it is revived.
func (d *daemon) kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.away {
		d.tell("kill")
	}
	d.away = true
}

// revive starts an engine that was killed.
func (d *daemon) revive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		d.start()
	}
	d.away = false
}

func (d *daemon) crash() {
	d.kill()
	d.revive()
}

func (d *daemon) address() string { return "unix://" + filepath.Join(d.dir, "d.sock") }

func (d *daemon) open() (*client.Client, func() error, error) {
	c, err := client.NewClientWithOpts(client.WithHost(d.address()), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, nil, err
	}
	return c, c.Close, nil
}

func (d *daemon) with(f func(context.Context, *client.Client) error) error {
	return dock{open: d.open}.with(f)
}

// log returns what dockerd has said.
func (d *daemon) log() string {
	text, err := os.ReadFile(filepath.Join(d.dir, "log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // before the first start
		return err.Error()
	}
	return string(text)
}

// dial connects to an address in the daemon's network. The thread that has
// gone there is not used again.
func (d *daemon) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		var fd int
		if fd, err = unix.Open(fmt.Sprintf("/proc/%d/ns/net", d.keeper.Process.Pid), unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		defer unix.Close(fd)
		if err = unix.Setns(fd, unix.CLONE_NEWNET); err == nil {
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
		}
	}()
	<-done
	return conn, err
}

// disk is a path on the daemon's disk, which only its own processes see at its
// place.
func (d *daemon) disk(name string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", d.keeper.Process.Pid), d.dir, "disk", name)
}

// stop ends the keeper, and with it all that is in its namespaces.
func (d *daemon) stop() error {
	var err error
	if d.keeper != nil && d.keeper.Process != nil {
		d.say.Close()
		err = d.keeper.Wait()
	}
	return errors.Join(err, uncgroup(filepath.Base(d.dir)), os.RemoveAll(d.dir))
}

// uncgroup removes the control groups of a name, when what was in them has
// ended.
func uncgroup(name string) error {
	var left error
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		left = nil
		for _, pattern := range []string{"/sys/fs/cgroup/" + name, "/sys/fs/cgroup/*/" + name} {
			groups, err := filepath.Glob(pattern)
			if err != nil {
				return err
			}
			for _, g := range groups {
				left = errors.Join(left, prune(g))
			}
		}
		if left == nil || time.Now().After(end) {
			return left
		}
	}
}

// prune removes a folder of control groups, the deepest first; the files in
// them go by themselves.
func prune(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, prune(filepath.Join(dir, e.Name())))
		}
	}
	if rerr := os.Remove(dir); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	return err
}

// crashed are the voyages on which the engine is killed.
var crashed = []voyage{
	{name: "stop-first", data: "web", legs: []leg{
		{name: "first", program: held("one"), serves: map[string]string{"web": "one"}},
		{name: "better", program: held("two"), serves: map[string]string{"web": "two"}},
		{name: "exits", program: held("exit"), fails: true, serves: map[string]string{"web": "two"}},
		{name: "destroy"},
	}},
	{name: "start-first", legs: []leg{
		{name: "first", program: free(serving("one")), serves: map[string]string{"web": "one"}},
		{name: "better", program: free(serving("two")), serves: map[string]string{"web": "two"}, always: "web"},
		{name: "exits", program: free(`["exit", "3"]`), fails: true, serves: map[string]string{"web": "two"}, always: "web"},
		{name: "destroy"},
	}},
}

// held is a container that holds a port and a volume alone.
func held(version string) string {
	command := serving(version)
	if version == "exit" {
		command = `["exit", "3"]`
	}
	return `
stack { name = "harbour" }
network "back" { ipam = { config = ["SUBNET"] } }
volume "data" {}
container "web" {
  image    = "IMAGE"
  networks = [network.back]
  ports    = ["127.0.0.1:PORT:8080"]
  mounts   = [{ volume = volume.data, target = "/data" }]
  restart  = "unless-stopped"
  command  = ` + command + `
}
`
}

// configs are what a daemon is told, by name.
var configs = []struct{ name, json string }{
	{"plain", "{}"},
	{"live-restore", `{"live-restore": true}`},
}

// TestCrashes kills a private engine with SIGKILL before and after one call
// after another. It starts again at once, so that bay meets an engine that
// knows nothing of the call, or when bay has ended. The next run has to end as
// it should. DAEMON=all is every call; by default it is one voyage a day.
func TestCrashes(t *testing.T) {
	needDaemon(t)
	t.Parallel()
	part := slice.Of(t, "DAEMON", 1)
	log := &logbook{began: time.Now(), counts: map[string]int{}}
	t.Cleanup(func() { t.Log(log) })
	drawn := draws(part, "DAEMON", len(crashed)*len(configs), crashes)
	for i := range len(crashed) * len(configs) {
		v, c := crashed[i/len(configs)], configs[i%len(configs)]
		if part.Size > 0 && drawn[i] == nil {
			continue
		}
		t.Run(v.name+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			x := &sailing{voyage: v, log: log, launch: func(t *testing.T) *ship { return afloat(t, v, newDaemon(t, 256<<20, c.json)) }}
			x.sail(t, drawn[i], crashes)
		})
	}
}

// needDaemon returns where a test can have an engine of its own: as root, on
// Linux, where dockerd is installed. In CI that has to be so.
func needDaemon(t *testing.T) {
	t.Helper()
	if *lane != "real" {
		t.Skip("an engine of its own is for the real lane: make daemon")
	}
	_, err := exec.LookPath("dockerd")
	if err == nil && os.Getuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("an engine of its own needs root and dockerd: %v", err)
	}
	t.Skip("NO PRIVATE DOCKER ENGINE: this needs root and dockerd, and nothing here says what bay does when an engine is killed")
}

// afloat makes a ship on an engine of its own, with the probe's image on it.
func afloat(t *testing.T, v voyage, d *daemon) *ship {
	t.Helper()
	dir := t.TempDir()
	if err := layProbe(filepath.Join(dir, "probe")); err != nil {
		t.Fatal(err)
	}
	s := &ship{
		workshop: &workshop{dock{address: d.address(), word: "h" + letters(len(harbour)-1), open: d.open}, dir}, voyage: v,
		crash: d.crash, leave: d.kill, revive: d.revive, web: asker(d.dial),
	}
	s.image = s.probeImage(t)
	s.fit(t)
	return s
}

// TestDiskFull fills an engine's disk. An apply that has no room for what it
// needs says so and leaves the old version as it is; with room again, the next
// goes on.
func TestDiskFull(t *testing.T) {
	needDaemon(t)
	t.Parallel()
	d := newDaemon(t, 64<<20, "{}")
	s := afloat(t, crashed[0], d)
	first, better := s.legs[0], s.legs[1]
	s.say(s.words.Replace(first.program))
	s.arrive(t, first, []string{"apply", "--yes"}, first.serves)

	if err := os.WriteFile(filepath.Join(s.dir, "probe", "Other"), []byte("FROM scratch\nLABEL bayplan.test=1\nCOPY probe /other\nENTRYPOINT [\"/other\"]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	built := strings.Replace(s.words.Replace(better.program), `"`+s.image+`"`, "image.other", 1) +
		"image \"other\" {\n  build = { context = \"./probe\", dockerfile = \"Other\" }\n}\n"
	s.say(built)
	d.fill(t, 4<<20)
	if !s.isFull(t, first) {
		t.Error("a build had room that there was not")
	}
	s.say(s.words.Replace(better.program))
	refused := 0
	for _, room := range []int64{0, 32 << 10, 64 << 10, 128 << 10, 256 << 10} {
		d.fill(t, room)
		if s.isFull(t, first) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("a replacement always had room")
	}
	d.fill(t, 32<<20)
	s.say(built)
	s.arrive(t, better, []string{"apply", "--yes"}, better.serves)
}

// isFull applies and reports whether that failed for want of room. Then what
// served before has to serve.
func (s *ship) isFull(t *testing.T, before leg) bool {
	t.Helper()
	out, code := s.run(t, nil, "apply", "--yes")
	sent, _ := s.proxy.end()
	if code == 0 {
		return false
	}
	if !strings.Contains(out, "no space left on device") {
		t.Errorf("bay ended with %d and does not say that the disk is full:\n%s", code, out)
	}
	got := s.answers(t, before, before.serves)
	if why := dishonest(code, false, sent, before.serves, got); why != "" {
		t.Errorf("%s\n%s", why, out)
	}
	if !maps.Equal(got, before.serves) {
		t.Errorf("bay ended with %d, and %v answers\n%s", code, got, out)
	}
	return true
}

// fill fills the daemon's disk but for some bytes. What the engine has removed a
// moment ago becomes free later, and is filled too.
func (d *daemon) fill(t *testing.T, room int64) {
	t.Helper()
	name := d.disk("filler")
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var size int64
	for quiet := 0; quiet < 10; time.Sleep(50 * time.Millisecond) {
		if err := unix.Syncfs(int(f.Fd())); err != nil {
			t.Fatal(err)
		}
		var free unix.Statfs_t
		if err := unix.Statfs(filepath.Dir(name), &free); err != nil {
			t.Fatal(err)
		}
		more := int64(free.Bavail)*free.Bsize - room
		if quiet++; more <= 0 {
			continue
		}
		if err := unix.Fallocate(int(f.Fd()), 0, size, more); err != nil {
			t.Fatal(err)
		}
		size, quiet = size+more, 0
	}
	if size == 0 {
		t.Fatalf("fewer than %d bytes are free already", room)
	}
}
