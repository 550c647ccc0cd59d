package golden

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/client"
	"github.com/rogpeppe/go-internal/testscript"
)

// A wire stands between bay and an engine and keeps what changes the engine.
type wire struct {
	address string         // for --engine
	engine  *client.Client // of what it leads to
	server  *http.Server

	under sync.WaitGroup // changing calls that the engine has not answered yet

	mu    sync.Mutex
	calls []call
	locks locks

	spans []span // when they were under way

	locked func() // told that bay has a lock; may be nil

	// meanwhile is called once, when bay has planned and asks for its lock. It
	// may be nil.
	meanwhile func()

	// cut is asked twice about the n-th call, from 1: before it reaches the
	// engine, and when the engine has acted. If it says so, the call ends
	// there, and bay gets no answer. It may be nil.
	cut func(n int, acted bool) bool

	// quotes says to which paths the wire answers with an error that quotes the
	// call. It may be nil.
	quotes func(path string) bool
}

// call is one request that changes an engine.
type call struct {
	Method string
	Path   string // without the API version
	Body   string // compact JSON; "" for none, "(stream)" for an archive
}

var version = regexp.MustCompile(`^/v1\.\d+`)

// newWire serves engine on a socket in dir.
func newWire(dir string, engine *client.Client) (*wire, error) {
	socket := filepath.Join(dir, "engine.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	w := &wire{address: "unix://" + socket, engine: engine}
	w.server = &http.Server{Handler: duplex(w.keep(w.through(engine)))}
	go w.server.Serve(l)
	return w, nil
}

// duplex is a handler that may answer before it has read all of a request. Else the
// server takes the rest away as soon as it does, and a proxy that still reads it
// breaks its connection to the engine.
func duplex(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // a server's own can
		h.ServeHTTP(w, r)
	})
}

// cutBy sets who is asked about calls, before the first one.
func (w *wire) cutBy(f func(n int, acted bool) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = f
}

// quoteBy sets what is answered by errors, before the first call.
func (w *wire) quoteBy(f func(path string) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quotes = f
}

func (w *wire) keep(engine http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		isLock := w.locks.isOf(r)
		if isLock {
			w.beforeLock()
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead || isLock || isBuildKit(r) {
			engine.ServeHTTP(rw, r)
			return
		}
		w.under.Add(1)
		defer w.under.Done()
		defer w.spanned(time.Now())
		n, c, err := w.note(r)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		if w.quotes != nil && w.quotes(c.Path) {
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusInternalServerError)
			json.NewEncoder(rw).Encode(map[string]string{"message": "cannot make of this: " + c.Path + " " + c.Body})
			return
		}
		if w.cut == nil {
			engine.ServeHTTP(rw, r)
			return
		}
		if w.cut(n, false) {
			panic(http.ErrAbortHandler)
		}
		answer := httptest.NewRecorder()
		engine.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
		if w.cut(n, true) {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(rw.Header(), answer.Header())
		rw.WriteHeader(answer.Code)
		rw.Write(answer.Body.Bytes())
	})
}

// isBuildKit reports whether a connection becomes BuildKit's own: what is said
// there is no call of the engine's, and asking for it changes nothing.
func isBuildKit(r *http.Request) bool {
	return r.Header.Get("Upgrade") == "h2c" && (r.URL.Path == "/grpc" || r.URL.Path == "/session")
}

// locking is what bay sends to lock a stack and to free it, beside the calls of
// its plan; ID is the one that the engine gave a lock.
var locking = []struct{ method, path string }{
	{"POST", `^/images/load$`},
	{"POST", `^/containers/create\?name=bayplan-lock-[0-9a-f]{12}$`},
	{"POST", `^/containers/ID/attach$`},
	{"POST", `^/containers/ID/start$`},
	{"DELETE", `^/containers/ID(\?force=1)?$`},
	{"DELETE", `^/containers/[0-9a-f]{64}\?force=1$`}, // what a dead bay has left; bay removes nothing else by force
	{"DELETE", `^/images/bayplan\.invalid/lock:[0-9a-f]{12}$`},
}

var fullID = regexp.MustCompile(`[0-9a-f]{64}`)

// locks are the stacks' locks that were made, by their IDs.
type locks struct {
	mu   sync.Mutex
	made map[string]bool
}

// isOf reports whether a request is one of those.
func (k *locks) isOf(r *http.Request) bool {
	path := version.ReplaceAllString(r.URL.Path, "")
	if name := r.URL.Query().Get("name"); name != "" {
		path += "?name=" + name
	}
	if force := r.URL.Query().Get("force"); force != "" {
		path += "?force=" + force
	}
	k.mu.Lock()
	if id := fullID.FindString(path); k.made[id] {
		path = strings.Replace(path, id, "ID", 1)
	}
	k.mu.Unlock()
	for _, l := range locking {
		if r.Method == l.method && regexp.MustCompile(l.path).MatchString(path) {
			return true
		}
	}
	return false
}

func (w *wire) beforeLock() {
	w.mu.Lock()
	f := w.meanwhile
	w.meanwhile = nil
	w.mu.Unlock()
	if f != nil {
		f()
	}
}

// note keeps the ID of a lock that the engine has made, and reports whether it
// has made one.
func (k *locks) note(r *http.Response) (bool, error) {
	if r.StatusCode != http.StatusCreated || !k.isOf(r.Request) {
		return false, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made == nil {
		k.made = map[string]bool{}
	}
	k.made[fullID.FindString(string(body))] = true
	return true, nil
}

func (w *wire) noteLock(r *http.Response) error {
	made, err := w.locks.note(r)
	if made {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hasLock(r)
	}
	return err
}

func (w *wire) note(r *http.Request) (int, call, error) {
	c := call{Method: r.Method, Path: version.ReplaceAllString(r.URL.RequestURI(), "")}
	switch r.Header.Get("Content-Type") {
	case "application/json":
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return 0, c, err
		}
		r.Body = io.NopCloser(bytes.NewReader(data))
		var compact bytes.Buffer
		if len(data) > 0 && json.Compact(&compact, data) == nil {
			c.Body = compact.String()
		}
	case "application/x-tar":
		c.Body = "(stream)"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
	return len(w.calls), c, nil
}

// through returns a handler that hands everything to the engine behind c's
// socket, hijacked connections too.
func (w *wire) through(c *client.Client) http.Handler {
	return &httputil.ReverseProxy{
		ModifyResponse: w.noteLock,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "engine"})
		},
		FlushInterval: -1,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return c.Dialer()(ctx)
		}},
	}
}

// listen puts a wire between bay and the engine.
func (d dock) listen() (w *wire, closing func(), err error) {
	dir, err := os.MkdirTemp("", "wire-") // a socket's path has to be short
	if err != nil {
		return nil, nil, err
	}
	c, closeEngine, err := d.open()
	if err != nil {
		return nil, nil, err
	}
	if w, err = newWire(dir, c); err != nil {
		return nil, nil, err
	}
	return w, func() {
		w.under.Wait() // what a killed bay had sent the engine still does; nobody comes before it has
		if err := errors.Join(w.server.Close(), closeEngine(), os.RemoveAll(dir)); err != nil {
			panic(err)
		}
	}, nil
}

// taken returns the calls that were sent since it was last asked.
func (w *wire) taken() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

// listenCmd puts a wire between bay and the engine, for `sent`.
func listenCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 || neg {
		ts.Fatalf("usage: listen")
	}
	r := runOf(ts)
	w, closing, err := r.dock.listen()
	ts.Check(err)
	ts.Defer(closing)
	r.wire = w
	r.dock.open = func() (*client.Client, func() error, error) { return w.engine, func() error { return nil }, nil }
}

// sentCmd prints the calls that changed the engine since somebody last asked.
func sentCmd(ts *testscript.TestScript, neg bool, args []string) {
	r := runOf(ts)
	if len(args) != 0 || neg || r.wire == nil {
		ts.Fatalf("usage: sent, after listen")
	}
	for _, c := range r.wire.taken() {
		fmt.Fprintln(ts.Stdout(), r.in(strings.TrimSpace(c.Method+" "+c.Path+" "+c.Body)))
	}
}
