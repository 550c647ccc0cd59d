package golden

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/client"
)

// fault is what goes wrong with one call.
type fault struct {
	name    string
	status  int           // the proxy answers with it, and the engine hears nothing; 0: the engine is asked
	body    string        // of that answer
	late    time.Duration // how long the call takes more, before and after
	before  bool          // the connection breaks before the engine hears of it
	after   bool          // the connection breaks when the engine has acted
	half    bool          // the connection breaks within the answer's body
	kills   bool          // bay is killed then
	crashes bool          // the engine is killed then, and started again
	away    bool          // only when bay has ended
}

// faults are those that an apply lives through.
var faults = []fault{
	{name: "500", status: 500, body: `{"message":"the disk of the daemon is full of fish"}`},
	{name: "502", status: 502, body: "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"},
	{name: "409", status: 409, body: `{"message":"Conflict. Somebody else is at it"}`},
	{name: "cut before", before: true},
	{name: "cut after", after: true},
	{name: "half answer", half: true},
	{name: "late", late: time.Second},
}

// deaths are those that it does not.
var deaths = []fault{
	{name: "killed before", kills: true, before: true},
	{name: "killed after", kills: true, after: true},
}

// crashes are those after which the engine starts again.
var crashes = []fault{
	{name: "engine killed before", crashes: true, before: true},
	{name: "engine killed after", crashes: true, after: true},
	{name: "engine killed and away before", crashes: true, away: true, before: true},
	{name: "engine killed and away after", crashes: true, away: true, after: true},
}

// fatal reports whether somebody is killed.
func (f fault) fatal() bool { return f.kills || f.crashes }

// harm is a fault and where it strikes.
type harm struct {
	fault
	at     int    // which call, from 1; of deaths, of those that change something
	strike func() // kills who is to be killed
}

func (h *harm) String() string { return fmt.Sprintf("%s at call %d", h.name, h.at) }

// sentCall is one call that changes an engine, as the proxy saw it.
type sentCall struct {
	call
	lock   bool // it is of the lock, which no plan prints
	harmed bool
	acted  bool // the engine has done it
}

// A proxy stands between bay and a real engine. It notes the calls that change
// something, refuses those that are about what is not the stack's, and does
// harm to one.
type proxy struct {
	address string // for --engine
	dir     string
	server  *http.Server
	engine  http.Handler
	locks   locks
	under   sync.WaitGroup // changing calls that the engine has not answered yet

	mu        sync.Mutex
	seen      int // calls of this run
	changing  int // those of them that change something
	sent      []*sentCall
	strangers []string // IDs and names
	touched   []string // calls that were about one
	harm      *harm
	struck    string // the call that was harmed; "" for none yet
}

type sentKey struct{}

// newProxy listens on a socket of its own for the engine behind c.
func newProxy(c *client.Client) (*proxy, error) {
	dir, err := os.MkdirTemp("", "proxy-") // a socket's path has to be short
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "engine.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p := &proxy{address: "unix://" + socket, dir: dir}
	p.engine = &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "engine"}) },
		ModifyResponse: p.answered,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:       log.New(io.Discard, "", 0), // that a connection breaks is no news here
		FlushInterval:  -1,
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return c.Dialer()(ctx)
		}},
	}
	p.server = &http.Server{Handler: duplex(p), ReadHeaderTimeout: time.Minute}
	go p.server.Serve(l)
	return p, nil
}

func (p *proxy) close() error { return errors.Join(p.server.Close(), os.RemoveAll(p.dir)) }

// begin forgets what was sent, and does harm from now on; nil does none.
func (p *proxy) begin(h *harm) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen, p.changing, p.sent, p.harm, p.struck = 0, 0, nil, h, ""
}

// end returns what was sent since, and which call was harmed, when the engine
// has answered all of it.
func (p *proxy) end() (sent []*sentCall, struck string) {
	p.under.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.harm = nil
	return p.sent, p.struck
}

// estranged returns the calls so far that were about strangers.
func (p *proxy) estranged() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.touched)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isBuildKit(r) {
		p.engine.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sentKey{}, passing{})))
		return
	}
	s, h, err := p.note(r)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	case s != nil && p.isStranger(s.call):
		http.Error(w, `{"message":"this is not the stack's"}`, http.StatusForbidden)
		return
	case s != nil && r.Header.Get("Upgrade") == "": // the engine finishes what it was told, whoever is gone
		p.under.Add(1)
		defer p.under.Done()
		ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // without an end, ReverseProxy finds one of its own
		defer cancel()
		r = r.WithContext(ctx)
	}
	if h != nil && !h.strikes(w) {
		return
	}
	p.engine.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sentKey{}, passing{s, h})))
	if h != nil {
		time.Sleep(h.late)
	}
}

// passing goes with a request to the engine and comes back with the answer.
type passing struct {
	sent *sentCall // nil if it changes nothing
	harm *harm     // nil for none
}

// strikes does what harm there is before the engine hears of a call, and
// reports whether it shall hear of it.
func (h *harm) strikes(w http.ResponseWriter) bool {
	switch {
	case h.status != 0:
		w.Header().Set("Content-Type", map[bool]string{true: "text/html", false: "application/json"}[strings.HasPrefix(h.body, "<")])
		w.WriteHeader(h.status)
		io.WriteString(w, h.body)
		return false
	case h.before:
		if h.fatal() {
			h.strike()
		}
		panic(http.ErrAbortHandler)
	}
	time.Sleep(h.late)
	return true
}

// answered does what harm there is when the engine has acted.
func (p *proxy) answered(r *http.Response) error {
	x := r.Request.Context().Value(sentKey{}).(passing)
	if x.sent != nil {
		x.sent.acted = r.StatusCode < http.StatusBadRequest
	}
	if _, err := p.locks.note(r); err != nil {
		return err
	}
	h := x.harm
	if h == nil || !h.after && !h.half {
		return nil
	}
	endless := r.StatusCode == http.StatusSwitchingProtocols || x.sent == nil && strings.HasSuffix(r.Request.URL.Path, "/events")
	var body []byte
	if !endless {
		body, _ = io.ReadAll(r.Body) // to the end: a build has acted when it has said all
	}
	if h.half && len(body) > 0 {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
		return nil
	}
	r.Body.Close()
	if h.fatal() {
		h.strike()
	}
	panic(http.ErrAbortHandler)
}

// broken is what comes after half of an answer.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the connection broke") }

// note counts a call and keeps it if it changes something. It returns the harm
// that is due.
func (p *proxy) note(r *http.Request) (*sentCall, *harm, error) {
	c, err := callOf(r)
	if err != nil {
		return nil, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen++
	n := p.seen
	var s *sentCall
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.changing++
		s = &sentCall{call: c, lock: p.locks.isOf(r)}
		p.sent = append(p.sent, s)
	}
	h := p.harm
	if h != nil && h.kills && p.struck != "" {
		panic(http.ErrAbortHandler) // nothing of a killed bay reaches the engine
	}
	if h != nil && h.fatal() {
		n = p.changing
	}
	if h == nil || p.struck != "" || n != h.at || h.fatal() && s == nil {
		return s, nil, nil
	}
	p.struck = c.Method + " " + c.Path
	if s != nil {
		s.harmed = true
	}
	return s, h, nil
}

// callOf reads a request's call, and leaves its body to be sent on.
func callOf(r *http.Request) (call, error) {
	c := call{Method: r.Method, Path: version.ReplaceAllString(r.URL.RequestURI(), "")}
	switch r.Header.Get("Content-Type") {
	case "application/json":
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return c, err
		}
		r.Body = io.NopCloser(bytes.NewReader(data))
		var compact bytes.Buffer
		if len(data) > 0 && json.Compact(&compact, data) == nil {
			c.Body = compact.String()
		}
	case "application/x-tar":
		c.Body = "(stream)"
	}
	return c, nil
}

// isStranger reports whether a call is about a stranger, and keeps it if so.
func (p *proxy) isStranger(c call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := c.Path + " " + c.Body
	if !slices.ContainsFunc(p.strangers, func(s string) bool { return strings.Contains(said, s) }) {
		return false
	}
	p.touched = append(p.touched, c.Method+" "+said)
	return true
}
