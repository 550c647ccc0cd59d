package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
	control "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/session/sshforward"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/grpcerrors"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// patience is how long one of these tests may take: nothing of it lasts.
const patience = 20 * time.Second

// A foundry is an engine that has BuildKit's API, over a socket, as Docker
// speaks it, and builds as the test says.
type foundry struct {
	control.UnimplementedControlServer
	build   func(context.Context, *job) (*control.SolveResponse, error)
	without map[string]bool // paths that it does not know: "/grpc", "/session"
	has     string          // the image that it has; "" for none

	ctx      context.Context // of all that it does
	sessions *session.Manager
	busy     sync.WaitGroup // connections that were upgraded

	mu    sync.Mutex
	conns []net.Conn      // upgraded ones
	asked []string        // what was asked of it
	jobs  map[string]*job // by what the client calls them
}

// A job is one build.
type job struct {
	*control.SolveRequest
	caller session.Caller
	said   chan *control.StatusResponse
}

// newFoundry starts an engine, and returns a client of it.
func newFoundry(t *testing.T, l Limits, f *foundry) *Engine {
	t.Helper()
	dir, err := os.MkdirTemp("", "foundry-") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "engine.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	f.ctx = ctx
	if f.sessions, err = session.NewManager(); err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: f}
	go server.Serve(listener)
	t.Cleanup(func() {
		cancel()
		server.Close()
		f.cut()
		f.busy.Wait()
		os.RemoveAll(dir)
	})
	c, err := client.NewClientWithOpts(client.WithHost("unix://"+socket), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(ctx, c, Options{Limits: l, Auth: func(ref string) (Account, error) { return Account{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// cut breaks all connections that were upgraded.
func (f *foundry) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

// times returns how often something was asked.
func (f *foundry) times(what string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.asked {
		if a == what {
			n++
		}
	}
	return n
}

func (f *foundry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1.41")
	f.mu.Lock()
	f.asked = append(f.asked, path)
	f.mu.Unlock()
	switch {
	case f.without[path]:
		http.Error(w, `{"message":"page not found"}`, http.StatusNotFound)
	case path == "/grpc":
		f.upgrade(w, f.serve)
	case path == "/session":
		f.upgrade(w, func(ctx context.Context, conn net.Conn) {
			_ = f.sessions.HandleConn(ctx, conn, r.Header)
		})
	case strings.HasPrefix(path, "/images/") && f.has != "":
		fmt.Fprintf(w, `{"Id":%q}`, f.has)
	case path == "/info":
		fmt.Fprint(w, `{"ID":"foundry","OSType":"linux"}`)
	default:
		http.Error(w, `{"message":"no such image"}`, http.StatusNotFound)
	}
}

// upgrade lets a connection become one of HTTP/2, whose context ends with it.
func (f *foundry) upgrade(w http.ResponseWriter, then func(context.Context, net.Conn)) {
	f.busy.Add(1)
	defer f.busy.Done()
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	f.mu.Lock()
	f.conns = append(f.conns, conn)
	f.mu.Unlock()
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	then(ctx, &line{conn, cancel})
}

// line is a connection that says when it is broken.
type line struct {
	net.Conn
	broken func()
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if err != nil {
		l.broken()
	}
	return n, err
}

// serve speaks BuildKit's API over one connection, until it breaks.
func (f *foundry) serve(ctx context.Context, conn net.Conn) {
	server := grpc.NewServer(grpc.UnaryInterceptor(grpcerrors.UnaryServerInterceptor), grpc.StreamInterceptor(grpcerrors.StreamServerInterceptor))
	control.RegisterControlServer(server, f)
	one := &single{ctx: ctx, conns: make(chan net.Conn, 1)}
	one.conns <- conn
	_ = server.Serve(one)
	server.Stop()
}

// single is a listener to which one comes.
type single struct {
	ctx   context.Context
	conns chan net.Conn
}

func (s *single) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (s *single) Addr() net.Addr { return &net.UnixAddr{Name: "foundry"} }
func (s *single) Close() error   { return nil }

// Solve implements control.ControlServer.
func (f *foundry) Solve(ctx context.Context, r *control.SolveRequest) (*control.SolveResponse, error) {
	caller, err := f.sessions.Get(ctx, r.Session, false)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.asked = append(f.asked, "Solve")
	f.mu.Unlock()
	j := f.job(r.Ref)
	j.SolveRequest, j.caller = r, caller
	resp, err := f.build(ctx, j)
	close(j.said)
	return resp, err
}

// Status implements control.ControlServer: it tells of a build until it ends.
func (f *foundry) Status(r *control.StatusRequest, to control.Control_StatusServer) error {
	for {
		select {
		case x, more := <-f.job(r.Ref).said:
			if !more {
				return nil
			}
			if err := to.Send(x); err != nil {
				return err
			}
		case <-to.Context().Done():
			return to.Context().Err()
		}
	}
}

// job returns the build that a client calls ref; it may ask for its status first.
func (f *foundry) job(ref string) *job {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs = map[string]*job{}
	}
	if f.jobs[ref] == nil {
		f.jobs[ref] = &job{said: make(chan *control.StatusResponse, 100)}
	}
	return f.jobs[ref]
}

// dawn is when every step of these builds does.
var dawn = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// at is a time of a build.
func at(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(dawn.Add(d)) }

// begin tells that a step begins.
func (j *job) begin(name string) {
	j.said <- &control.StatusResponse{Vertexes: []*control.Vertex{{Digest: name, Name: name, Started: at(0)}}}
}

// end tells that it ended; failed is "" if it did well.
func (j *job) end(name, failed string) {
	j.said <- &control.StatusResponse{Vertexes: []*control.Vertex{{Digest: name, Name: name, Started: at(0), Completed: at(1500 * time.Millisecond), Error: failed}}}
}

// print tells what a step prints.
func (j *job) print(name, text string) {
	j.said <- &control.StatusResponse{Logs: []*control.VertexLog{{Vertex: name, Timestamp: at(250 * time.Millisecond), Msg: []byte(text)}}}
}

// files gets a directory from the client, and returns its files.
func (j *job) files(ctx context.Context, name string) (map[string]string, error) {
	dir, err := os.MkdirTemp("", "foundry-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := filesync.FSSync(ctx, j.caller, filesync.FSSendRequestOpt{Name: name, DestDir: dir}); err != nil {
		return nil, err
	}
	out := map[string]string{}
	return out, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir+"/")] = string(data)
		return err
	})
}

// served is files as a build serves them.
func served(files map[string]string) Dir {
	d := Dir{Open: func(name string) (io.ReadCloser, error) {
		text, ok := files[name]
		if !ok {
			return nil, fmt.Errorf("%s changed since the plan was made", name)
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		d.Entries = append(d.Entries, DirEntry{Path: name, Mode: 0o644, Size: int64(len(files[name])), Time: dawn})
	}
	return d
}

const recipe = "FROM scratch\nCOPY a /\nRUN [\"/a\"]\n"

// ordered is what the tests order: a build of two files.
func ordered() *Stream {
	return &Stream{Hash: "abc", Dirs: map[string]Dir{
		"dockerfile": served(map[string]string{"Dockerfile": recipe}),
		"context":    served(map[string]string{"a": "1", "b": "2"}),
	}}
}

// done orders a build, and returns what was said of it.
func done(e *Engine, c *ImageSolve, s *Stream) (id string, said []string, err error) {
	var mu sync.Mutex
	id, err = e.Do(context.Background(), c, s, func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		text := p.Text
		if p.Layer != "" {
			text = fmt.Sprintf("%s: %d of %d", text, p.Current, p.Total)
		}
		said = append(said, text+p.Warning)
	})
	mu.Lock()
	defer mu.Unlock()
	return id, said, err
}

// A build gets what it asks for: files, secrets, an account, an agent; what it
// does is told in BuildKit's own words; and no secret is in the request, or in
// anything that is told.
func TestSolve(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN KEY-----\nc2VjcmV0LWtleQ\nMORE-OF-THE-KEY\n-----END KEY-----\n"
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	var request string
	got := map[string]string{}
	f := &foundry{build: func(ctx context.Context, j *job) (*control.SolveResponse, error) {
		request = j.SolveRequest.String()
		for _, dir := range []string{"dockerfile", "context"} {
			files, err := j.files(ctx, dir)
			if err != nil {
				return nil, err
			}
			for name, text := range files {
				got[dir+"/"+name] = text
			}
		}
		for _, id := range []string{"token", "longer", "key"} {
			data, err := secrets.GetSecret(ctx, j.caller, id)
			if err != nil {
				return nil, err
			}
			got["secret "+id] = string(data)
		}
		if _, err := secrets.GetSecret(ctx, j.caller, "other"); !errors.Is(err, secrets.ErrNotFound) {
			return nil, fmt.Errorf("a secret that there is none of: %v", err)
		}
		a, err := auth.NewAuthClient(j.caller.Conn()).Credentials(ctx, &auth.CredentialsRequest{Host: "registry-1.docker.io"})
		if err != nil {
			return nil, err
		}
		got["account"] = a.Username + ":" + a.Secret
		if err := sshforward.CheckSSHID(ctx, j.caller, "deploy"); err != nil {
			return nil, err
		}
		if sshforward.CheckSSHID(ctx, j.caller, "other") == nil {
			return nil, errors.New("there is an agent that nobody has named")
		}
		j.begin("[internal] load build context")
		j.said <- &control.StatusResponse{Statuses: []*control.VertexStatus{
			{Vertex: "[internal] load build context", ID: "transferring context:", Current: 2412345, Started: at(0), Completed: at(120 * time.Millisecond)},
			{Vertex: "nobody", ID: "x", Total: 1},
		}}
		j.end("[internal] load build context", "")
		j.said <- &control.StatusResponse{Vertexes: []*control.Vertex{{Digest: "c", Name: "[1/3] FROM scratch", Cached: true, Completed: at(0)}, {Digest: "never", Name: "never"}}}
		const run = "[2/3] RUN [\"/a\"]"
		j.begin(run)
		j.said <- &control.StatusResponse{Statuses: []*control.VertexStatus{{Vertex: run, ID: "sha256:1", Current: 5, Total: 10}}}
		j.print(run, "the token is hu")
		j.print(run, "sh\r\nlonger: hush-hush\n"+key)
		j.print(run, "no line")
		j.end(run, "")
		j.said <- &control.StatusResponse{Warnings: []*control.VertexWarning{{Vertex: run, Short: []byte("hush is not pinned")}}}
		return &control.SolveResponse{ExporterResponse: map[string]string{"containerimage.digest": "sha256:made"}}, nil
	}}
	e := newFoundry(t, Limits{Build: patience}, f)
	agent, err := net.Listen("unix", filepath.Join(t.TempDir(), "agent"))
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	e.UseLogins([]Login{{Host: "docker.io", Username: "mate", Password: "hushed"}})
	id, said, err := done(e, &ImageSolve{
		Shown: "web/Dockerfile", Tags: []string{"a:1", "b:2"}, Frontend: map[string]string{"target": "run"}, NoCache: true,
		Secrets: map[string]string{"token": "hush", "longer": "hush-hush"}, SecretFiles: map[string]string{"key": file},
		CacheTo: []BuildCache{{Type: "inline"}}, SSH: []string{"deploy=" + agent.Addr().String()},
	}, ordered())
	if err != nil || id != "sha256:made" {
		t.Fatalf("%q, %v", id, err)
	}
	if diff := cmp.Diff([]string{
		"#1 [internal] load build context",
		"#1 transferring context: 2.41MB 0.1s done",
		"#1 DONE 1.5s",
		"#2 [1/3] FROM scratch",
		"#2 CACHED",
		"#3 [2/3] RUN [\"/a\"]",
		"#3 sha256:1: 5 of 10",
		"#3 0.250 the token is (sensitive)",
		"#3 0.250 longer: (sensitive)",
		"#3 0.250 (sensitive)",
		"#3 0.250 (sensitive)",
		"#3 0.250 (sensitive)",
		"#3 0.250 (sensitive)",
		"#3 0.250 no line",
		"#3 DONE 1.5s",
		"(sensitive) is not pinned",
	}, said); diff != "" {
		t.Errorf("what is told: %s", diff)
	}
	if diff := cmp.Diff(map[string]string{
		"dockerfile/Dockerfile": recipe, "context/a": "1", "context/b": "2",
		"secret token": "hush", "secret longer": "hush-hush", "secret key": key, "account": "mate:hushed",
	}, got); diff != "" {
		t.Errorf("what the builder gets: %s", diff)
	}
	if strings.Contains(request, "hush") || strings.Contains(request, "KEY") {
		t.Errorf("the request holds a secret: %s", request)
	}
	for _, want := range []string{`key:"no-cache"`, `value:"run"`, `"a:1,b:2"`, `Type:"inline"`} {
		if !strings.Contains(strings.ReplaceAll(request, "  ", " "), want) {
			t.Errorf("the request has no %s: %s", want, request)
		}
	}
}

// The step that fails is named with its line, its error, and what it said last,
// also by engines that do not tell where it stands.
func TestSolveFails(t *testing.T) {
	t.Parallel()
	const run = `[3/3] RUN ["/a"]`
	fails := func(wrap func(error) error) func(context.Context, *job) (*control.SolveResponse, error) {
		return func(_ context.Context, j *job) (*control.SolveResponse, error) {
			j.begin("[other 1/1] COPY b /")
			j.begin(run)
			for i := range 12 {
				j.print(run, fmt.Sprintf("line %d\n", i))
			}
			j.print(run, "going down with hush")
			j.end(run, `process "/a" did not complete successfully: exit code: 3`)
			j.end("[other 1/1] COPY b /", "context canceled")
			return nil, wrap(errors.New(`failed to solve: process "/a" did not complete successfully: exit code: 3`))
		}
	}
	last := "line 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10\nline 11\ngoing down with (sensitive)"
	for name, tt := range map[string]struct {
		wrap func(error) error
		want string
	}{
		"its place is told": {func(err error) error {
			return errdefs.WithSource(err, &errdefs.Source{Ranges: []*pb.Range{{Start: &pb.Position{Line: 7}}}})
		}, `web/Dockerfile:7: [3/3] RUN ["/a"]: "/a" did not complete successfully: exit code: 3` + "\n" + last},
		"its place is found": {func(err error) error { return err },
			`web/Dockerfile:3: [3/3] RUN ["/a"]: "/a" did not complete successfully: exit code: 3` + "\n" + last},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &foundry{build: fails(tt.wrap)}
			e := newFoundry(t, Limits{Build: patience}, f)
			_, said, err := done(e, &ImageSolve{Shown: "web/Dockerfile", Secrets: map[string]string{"x": "hush"}}, ordered())
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if Unknown(err) || f.times("Solve") != 1 {
				t.Errorf("it was sent %d times", f.times("Solve"))
			}
			all := strings.Join(said, "\n")
			for _, want := range []string{"#1 CANCELED", `#2 ERROR: process "/a" did not`, "#2 0.250 line 0"} {
				if !strings.Contains(all, want) {
					t.Errorf("want %q in\n%s", want, all)
				}
			}
		})
	}
}

// What fails before a step does is told without the ways by which it came, and
// a builder that is too old for something says what that is.
func TestSolveRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a word of the Dockerfile": {
			errdefs.WithSource(errors.New("dockerfile parse error line 2: unknown instruction: COPPY"), &errdefs.Source{Ranges: []*pb.Range{{Start: &pb.Position{Line: 2}}}}),
			"web/Dockerfile:2: dockerfile parse error line 2: unknown instruction: COPPY",
		},
		"a cache that 20.10 lacks": {
			status.Error(codes.Unknown, "failed to solve with frontend dockerfile.v0: failed to build LLB: unknown cache exporter: \"registry\""),
			`unknown cache exporter: "registry"`,
		},
		"a context that 20.10 lacks": {
			status.Error(codes.Unknown, "failed to solve with frontend dockerfile.v0: failed to create LLB definition: pull access denied for hush"),
			"failed to create LLB definition: pull access denied for (sensitive)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &foundry{build: func(context.Context, *job) (*control.SolveResponse, error) { return nil, tt.err }}
			e := newFoundry(t, Limits{Build: patience}, f)
			_, _, err := done(e, &ImageSolve{Shown: "web/Dockerfile", Secrets: map[string]string{"x": "hush"}}, ordered())
			if err == nil || err.Error() != tt.want || f.times("Solve") != 1 {
				t.Errorf("got %v, sent %d times; want %s", err, f.times("Solve"), tt.want)
			}
		})
	}
}

// A file that is no longer what the plan has seen is the reason, whatever the
// builder makes of it.
func TestSolveMoved(t *testing.T) {
	t.Parallel()
	f := &foundry{build: func(ctx context.Context, j *job) (*control.SolveResponse, error) {
		_, err := j.files(ctx, "context")
		return nil, fmt.Errorf("failed to read it: %w", err)
	}}
	e := newFoundry(t, Limits{Build: patience}, f)
	s := ordered()
	s.Dirs["context"].Entries[0].Path = "a0"
	_, _, err := done(e, &ImageSolve{}, s)
	if err == nil || err.Error() != "a0 changed since the plan was made" {
		t.Errorf("got %v", err)
	}
}

// Who gives a build up ends it on the engine, and soon.
func TestSolveCancelled(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	f := &foundry{build: func(ctx context.Context, j *job) (*control.SolveResponse, error) {
		j.begin("[1/1] RUN sleep")
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}}
	e := newFoundry(t, Limits{}, f)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	_, err := (&ImageSolve{}).do(ctx, e, ordered(), func(p Progress) {
		if p.Step != "" {
			cancel()
		}
	})
	if err == nil || !strings.Contains(err.Error(), "canceled") || time.Since(began) > patience/2 {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
	select {
	case <-ended:
	case <-time.After(patience / 2):
		t.Error("the engine goes on with it")
	}
}

// A build of which nothing is heard is given up after the time that is stated.
func TestSolveSilent(t *testing.T) {
	t.Parallel()
	f := &foundry{build: func(ctx context.Context, j *job) (*control.SolveResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	e := newFoundry(t, Limits{Build: 300 * time.Millisecond}, f)
	_, _, err := done(e, &ImageSolve{Tags: []string{"a:1"}}, ordered())
	if err == nil || !strings.Contains(err.Error(), "nothing was heard of ImageSolve for 300ms") || f.times("Solve") != 1 {
		t.Errorf("got %v, sent %d times", err, f.times("Solve"))
	}
}

// When the connection breaks within a build, the engine is asked for the image,
// and only then the build is sent once more.
func TestSolveCut(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cuts int
		has  string // after the cut
		sent int
		want string // of the error
	}{
		"it has not become":   {cuts: 1, sent: 2},
		"it has":              {cuts: 1, sent: 1, has: "sha256:made"},
		"it breaks each time": {cuts: 2, sent: 2, want: "the engine's answer was cut"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &foundry{}
			f.build = func(ctx context.Context, j *job) (*control.SolveResponse, error) {
				j.begin("[1/1] COPY a /")
				if f.times("Solve") <= tt.cuts {
					f.mu.Lock()
					f.has = tt.has
					f.mu.Unlock()
					f.cut()
				}
				return &control.SolveResponse{ExporterResponse: map[string]string{"containerimage.digest": "sha256:made"}}, nil
			}
			e := newFoundry(t, Limits{Build: patience}, f)
			id, _, err := done(e, &ImageSolve{Tags: []string{"a:1"}}, ordered())
			if f.times("Solve") != tt.sent {
				t.Errorf("it was sent %d times, want %d", f.times("Solve"), tt.sent)
			}
			if tt.want == "" && (err != nil || id != "sha256:made") || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %q, %v", id, err)
			}
		})
	}
}

// Whether an engine has BuildKit is asked once; an engine that hangs has not
// answered.
func TestBuildKitThere(t *testing.T) {
	t.Parallel()
	for name, without := range map[string]bool{"with": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &foundry{without: map[string]bool{"/grpc": without}}
			e := newFoundry(t, Limits{}, f)
			for range 2 {
				if there, err := e.BuildKit(t.Context()); err != nil || there == without {
					t.Errorf("BuildKit is there: %t, %v", there, err)
				}
			}
			if n := f.times("/grpc"); n != 1 {
				t.Errorf("it was asked %d times", n)
			}
		})
	}
	t.Run("no session", func(t *testing.T) {
		t.Parallel()
		f := &foundry{without: map[string]bool{"/session": true}}
		e := newFoundry(t, Limits{Build: patience}, f)
		_, _, err := done(e, &ImageSolve{}, ordered())
		if err == nil || !strings.Contains(err.Error(), "serving a build: ") {
			t.Errorf("got %v", err)
		}
	})
}
