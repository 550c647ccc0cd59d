package golden

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/stdlib"

	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/registry"
)

// A harbourmaster is a registry that does what its mood says.
type harbourmaster struct {
	*httptest.Server
	t     *testing.T
	mood  atomic.Value // string: "" or how it fails
	layer atomic.Value // string: the digest of the layer that came last
	want  string       // the account that it lets in; "" is everybody
	end   chan struct{}
}

func newHarbourmaster(t *testing.T, account string) *harbourmaster {
	t.Helper()
	m := &harbourmaster{t: t, want: account, end: make(chan struct{})}
	m.mood.Store("")
	m.layer.Store("none")
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		blob := strings.Contains(r.URL.Path, "/blobs/")
		switch mood := m.mood.Load().(string); {
		case m.want != "" && user+":"+password != m.want:
			w.Header().Set("WWW-Authenticate", `Basic realm="harbour"`)
			fails(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		case mood == "401":
			fails(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		case mood == "403":
			fails(w, http.StatusForbidden, "DENIED", "requested access to the resource is denied")
		case mood == "429":
			fails(w, http.StatusTooManyRequests, "TOOMANYREQUESTS", "You have reached your pull rate limit")
		case mood == "500":
			fails(w, http.StatusInternalServerError, "UNKNOWN", "the crane is broken")
		case mood == "stalls" || mood == "stalls on layers" && strings.HasSuffix(r.URL.Path, m.layer.Load().(string)):
			select {
			case <-m.end:
			case <-r.Context().Done():
			}
		case mood == "cuts" && blob:
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(make([]byte, 1000))
			panic(http.ErrAbortHandler)
		default:
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		close(m.end)
		m.CloseClientConnections()
		m.Close()
	})
	return m
}

func fails(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
}

func (m *harbourmaster) host() string { return strings.TrimPrefix(m.URL, "http://") }

// ship puts an image with a layer that nobody has seen before under a tag.
func (m *harbourmaster) ship(repo, tag string) {
	m.t.Helper()
	var plain, packed bytes.Buffer
	tw := tar.NewWriter(&plain)
	data := make([]byte, 64<<10)
	_, _ = rand.Read(data)
	err := tw.WriteHeader(&tar.Header{Name: "cargo", Mode: 0o644, Size: int64(len(data))})
	_, werr := tw.Write(data)
	if err = errors.Join(err, werr, tw.Close()); err != nil {
		m.t.Fatal(err)
	}
	zip := gzip.NewWriter(&packed)
	_, err = zip.Write(plain.Bytes())
	if err = errors.Join(err, zip.Close()); err != nil {
		m.t.Fatal(err)
	}
	conf := fmt.Appendf(nil, `{"architecture":"amd64","os":"linux","config":{"Cmd":["/cargo"]},"rootfs":{"type":"layers","diff_ids":["sha256:%x"]}}`, sha256.Sum256(plain.Bytes()))
	m.layer.Store(digestOf(packed.Bytes()))
	const v2 = "application/vnd.docker.distribution.manifest.v2+json"
	m.put("POST", "/v2/"+repo+"/blobs/uploads/?digest="+digestOf(conf), "application/octet-stream", conf)
	m.put("POST", "/v2/"+repo+"/blobs/uploads/?digest="+digestOf(packed.Bytes()), "application/octet-stream", packed.Bytes())
	m.put("PUT", "/v2/"+repo+"/manifests/"+tag, v2, fmt.Appendf(nil,
		`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":%q},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":%d,"digest":%q}]}`,
		v2, len(conf), digestOf(conf), packed.Len(), digestOf(packed.Bytes())))
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

func (m *harbourmaster) put(method, path, contentType string, body []byte) {
	m.t.Helper()
	req, err := http.NewRequest(method, m.URL+path, bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if user, password, ok := strings.Cut(m.want, ":"); ok {
		req.SetBasicAuth(user, password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		m.t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// fails runs bay, wants it to end with a code, and returns all that it prints.
func (w *workshop) fails(t *testing.T, code int, env []string, args ...string) string {
	t.Helper()
	cmd := w.command(t, w.address, args...)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("bay %s ended with %d, want %d:\n%s", strings.Join(args, " "), got, code, out)
	}
	return string(out)
}

// pulling is a stack whose registry is asked at every plan.
func pulling(ref string) string {
	return `stack { name = "harbour" }
image "app" {
  pull        = "` + ref + `"
  pull_policy = "always"
}
container "app" {
  image        = image.app
  network_mode = "none"
  state        = "created"
}
`
}

// A registry that fails is named, with what it said and what to do, and what
// runs runs on.
func TestFailingRegistry(t *testing.T) {
	t.Parallel()
	if *lane != "real" {
		t.Skip("only a Docker Engine talks to registries")
	}
	w, m := newWorkshop(t), newHarbourmaster(t, "")
	ref := m.host() + "/" + w.word + "/app:1"
	m.ship(w.word+"/app", "1")
	w.say(pulling(ref))
	w.bay(t, "apply", "--yes")
	id := func() string { return w.id(t, "harbour-app") }
	was := id()
	for _, tt := range []struct {
		mood string
		want []string
	}{
		{"401", []string{"unauthorized", m.host() + " was asked without an account: `docker login " + m.host() + "` stores one"}},
		{"403", []string{"denied", "was asked without an account"}},
		{"429", []string{"toomanyrequests", "limits how often it is asked: log in, pin with `bay update`, or ask later"}},
		{"500", []string{"500 Internal Server Error", m.host() + " itself fails: ask later"}},
	} {
		m.mood.Store(tt.mood)
		got := w.fails(t, 1, nil, "plan")
		for _, want := range append(tt.want, "image.app.pull: the registry of "+ref+" does not tell what it is") {
			if !strings.Contains(got, want) {
				t.Errorf("%s: want %q in\n%s", tt.mood, want, got)
			}
		}
	}
	m.mood.Store("")
	m.ship(w.word+"/app", "1")
	m.mood.Store("cuts") // in the middle of what it sends
	got := w.fails(t, 1, nil, "apply", "--yes")
	if !strings.Contains(got, "error: image.app: ") || !strings.Contains(got, "EOF") || !strings.Contains(got, "Nothing was changed") {
		t.Errorf("a pull that was cut off ends in\n%s", got)
	}
	if id() != was {
		t.Error("the container was touched")
	}
	m.mood.Store("")
	w.bay(t, "apply", "--yes")
	if id() == was {
		t.Error("the container has not followed")
	}
}

// A registry that says nothing is given up in the time that is stated.
func TestStallingRegistry(t *testing.T) {
	t.Parallel()
	if *lane != "real" {
		t.Skip("only a Docker Engine talks to registries")
	}
	w, m := newWorkshop(t), newHarbourmaster(t, "")
	m.ship(w.word+"/app", "1")
	c, err := client.NewClientWithOpts(client.WithHost(realHost()), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), c, engine.Options{Limits: engine.Limits{Registry: slack, Pull: slack}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ref := m.host() + "/" + w.word + "/app:1"
	w.say(pulling(ref))
	w.bay(t, "apply", "--yes")
	was := w.id(t, "harbour-app")
	m.ship(w.word+"/app", "1")
	run := func() (ended bool, err error) {
		began := time.Now()
		defer func() {
			if took := time.Since(began); took > stallBound {
				t.Errorf("it took %s to end", took)
			}
		}()
		bay := &interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
		got, err := bay.Load(interpreter.Program{Path: w.dir})
		if err != nil || got.Diags.HasErrors() {
			t.Fatal(err, got.Diags)
		}
		p, err := bay.Plan(t.Context(), e, got.Program, interpreter.PlanOptions{})
		if err != nil {
			return false, err
		}
		for _, f := range bay.Apply(t.Context(), e, p, apply.Options{}).Failed {
			err = errors.Join(err, f.Err)
		}
		return true, err
	}
	m.mood.Store("stalls")
	planned, err := run()
	for _, want := range []string{"image.app.pull: the registry of " + ref + " does not tell what it is", "the registry " + m.host() + " did not answer DistributionInspect within " + slack.String()} {
		if planned || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a plan: got %v, want %q", err, want)
		}
	}
	m.mood.Store("stalls on layers") // an engine reads the configuration to tell of a digest
	planned, err = run()
	if want := "nothing was heard from the registry " + m.host() + " of ImagePull for " + slack.String(); !planned || err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("an apply: got %v, want %q", err, want)
	}
	if w.id(t, "harbour-app") != was {
		t.Error("the container was touched")
	}
}

// slack is after how long a registry that says nothing is given up, and stallBound
// how long bay may take then: the rest is for slow machines.
const (
	slack      = 4 * time.Second
	stallBound = time.Minute
)

// id returns the ID of a container.
func (w *workshop) id(t *testing.T, name string) (id string) {
	t.Helper()
	err := w.with(func(ctx context.Context, c *client.Client) error {
		got, err := c.ContainerInspect(ctx, w.out(name))
		if err == nil {
			id = got.ID
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A context of which nothing has moved is not sent again.
func TestContextOnce(t *testing.T) {
	t.Parallel()
	if *lane != "real" {
		t.Skip("the embedded engine has a builder of its own")
	}
	const cargo = 1 << 20
	w := newWorkshop(t)
	data := make([]byte, cargo)
	_, _ = rand.Read(data)
	hold := filepath.Join(w.dir, "hold")
	err := os.Mkdir(hold, 0o755)
	err = errors.Join(err, os.WriteFile(filepath.Join(hold, "Dockerfile"), []byte("FROM scratch\nCOPY cargo /\n"), 0o644))
	if err = errors.Join(err, os.WriteFile(filepath.Join(hold, "cargo"), data, 0o644)); err != nil {
		t.Fatal(err)
	}
	w.say(`stack { name = "harbour" }
image "app" { build = { context = "./hold" } }
`)
	gauge, address := newGauge(t)
	build := func() int64 {
		t.Helper()
		before := gauge.Load()
		cmd := w.command(t, address, "build")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return gauge.Load() - before
	}
	if n := build(); n < cargo {
		t.Fatalf("the first build sends %d bytes, and the context has %d", n, cargo)
	}
	if n := build(); n > cargo/20 {
		t.Errorf("the second build of an unchanged context sends %d bytes", n)
	}
}

// newGauge listens on a socket for the real engine, and counts what is sent to it.
func newGauge(t *testing.T) (sent *atomic.Int64, address string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "gauge-") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.NewClientWithOpts(client.WithHost(realHost()))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "engine.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		c.Close()
		os.RemoveAll(dir)
	})
	sent = new(atomic.Int64)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				engine, err := c.Dialer()(context.Background())
				if err != nil {
					return
				}
				defer engine.Close()
				go func() {
					_, _ = io.Copy(conn, engine)
					conn.Close()
				}()
				_, _ = io.Copy(counting{engine, sent}, conn)
			}()
		}
	}()
	return sent, "unix://" + filepath.Join(dir, "engine.sock")
}

// counting counts what is written.
type counting struct {
	io.Writer
	n *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return c.Writer.Write(p)
}

// An account comes from a helper that the docker configuration names, which gets
// the host on its standard input, and its password is seen nowhere.
func TestCredentialHelper(t *testing.T) {
	t.Parallel()
	if *lane != "real" {
		t.Skip("only a Docker Engine talks to registries")
	}
	secret := letters(24)
	w, m := newWorkshop(t), newHarbourmaster(t, "mate:"+secret)
	m.ship(w.word+"/app", "1")
	bin, asked := t.TempDir(), filepath.Join(t.TempDir(), "asked")
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	// It tells what it was called with, and what every process was at that time.
	write(filepath.Join(bin, "docker-credential-harbour"), `#!/bin/sh
read -r host
{ echo "$@ $host"; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '; } >>`+asked+`
[ "$host" = "`+m.host()+`" ] || { echo "credentials not found in native keychain"; exit 1; }
printf '{"ServerURL":"%s","Username":"mate","Secret":"%s"}\n' "$host" "$(cat `+bin+`/secret)"
`, 0o755)
	write(filepath.Join(bin, "secret"), secret, 0o600)
	write(filepath.Join(bin, "config.json"), `{"credHelpers":{"`+m.host()+`":"harbour"}}`, 0o600)
	env := []string{"DOCKER_CONFIG=" + bin, "PATH=" + bin + ":" + os.Getenv("PATH")}
	w.say(`stack { name = "harbour" }
image "app" { pull = "` + m.host() + "/" + w.word + `/app:1" }
`)
	shown := w.fails(t, 0, env, "plan", "-v", "--json", "--out", "next.plan") + w.fails(t, 0, env, "apply", "next.plan", "-v")
	saved, err := os.ReadFile(filepath.Join(w.dir, "next.plan"))
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(asked)
	if err != nil || !strings.Contains(string(said), "get "+m.host()+"\n") {
		t.Errorf("the helper was asked %q, %v", said, err)
	}
	for what, text := range map[string]string{"what bay prints": shown, "a saved plan": string(saved), "the arguments of a process": string(said)} {
		if found := (canaries{"password": secret}).found(text); len(found) > 0 {
			t.Errorf("%s holds %v", what, found)
		}
	}
	write(filepath.Join(bin, "secret"), "another", 0o600)
	got := w.fails(t, 1, env, "pull")
	if want := m.host() + ` was asked as "mate", from docker-credential-harbour: ` + "`docker login " + m.host() + "` stores another account"; !strings.Contains(got, want) || strings.Contains(got, "another\"") {
		t.Errorf("want %q in\n%s", want, got)
	}
	write(filepath.Join(bin, "docker-credential-harbour"), "#!/bin/sh\necho the key is lost; exit 3\n", 0o755)
	if got := w.fails(t, 1, env, "pull"); !strings.Contains(got, "asking docker-credential-harbour for the credentials of "+m.host()) || !strings.Contains(got, "the key is lost") {
		t.Errorf("the helper's own error is not shown:\n%s", got)
	}
}
