package embedded

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/filters"
)

// call is one HTTP request on its way through the engine.
type call struct {
	world *World
	out   http.ResponseWriter
	req   *http.Request
	v     Version // of the request
}

type route struct {
	method string
	path   *regexp.Regexp
	serve  func(*call, string) error // the second argument is the path's one free part
}

// at makes a route; {} stands for a free part, in which slashes may be.
func at(method, path string, serve func(*call, string) error) route {
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(path), `\{\}`, "(.+)") + "$"
	return route{method, regexp.MustCompile(pattern), serve}
}

// routes returns all calls that the engine knows. The first that fits is taken.
func routes() []route {
	return []route{
		at("GET", "/_ping", (*call).ping),
		at("HEAD", "/_ping", (*call).ping),
		at("GET", "/version", (*call).version),
		at("GET", "/info", (*call).info),
		at("GET", "/events", (*call).events),
		at("GET", "/system/df", (*call).diskUsage),
		at("POST", "/auth", (*call).login),

		at("GET", "/containers/json", (*call).containerList),
		at("POST", "/containers/create", (*call).containerCreate),
		at("POST", "/containers/prune", (*call).containerPrune),
		at("GET", "/containers/{}/json", (*call).containerInspect),
		at("GET", "/containers/{}/logs", (*call).containerLogs),
		at("GET", "/containers/{}/top", (*call).containerTop),
		at("GET", "/containers/{}/stats", (*call).containerStats),
		at("GET", "/containers/{}/changes", (*call).containerChanges),
		at("GET", "/containers/{}/archive", (*call).archiveGet),
		at("HEAD", "/containers/{}/archive", (*call).archiveHead),
		at("PUT", "/containers/{}/archive", (*call).archivePut),
		at("POST", "/containers/{}/start", (*call).containerStart),
		at("POST", "/containers/{}/stop", (*call).containerStop),
		at("POST", "/containers/{}/restart", (*call).containerRestart),
		at("POST", "/containers/{}/kill", (*call).containerKill),
		at("POST", "/containers/{}/pause", (*call).containerPause),
		at("POST", "/containers/{}/unpause", (*call).containerUnpause),
		at("POST", "/containers/{}/rename", (*call).containerRename),
		at("POST", "/containers/{}/update", (*call).containerUpdate),
		at("POST", "/containers/{}/resize", (*call).resize),
		at("POST", "/containers/{}/wait", (*call).containerWait),
		at("POST", "/containers/{}/attach", (*call).containerAttach),
		at("POST", "/containers/{}/exec", (*call).execCreate),
		at("DELETE", "/containers/{}", (*call).containerRemove),
		at("POST", "/exec/{}/start", (*call).execStart),
		at("POST", "/exec/{}/resize", (*call).resize),
		at("GET", "/exec/{}/json", (*call).execInspect),

		at("GET", "/images/json", (*call).imageList),
		at("POST", "/images/create", (*call).imageCreate),
		at("POST", "/images/load", (*call).imageLoad),
		at("POST", "/images/prune", (*call).imagePrune),
		at("GET", "/images/{}/json", (*call).imageInspect),
		at("GET", "/images/{}/history", (*call).imageHistory),
		at("POST", "/images/{}/tag", (*call).imageTag),
		at("POST", "/images/{}/push", (*call).imagePush),
		at("DELETE", "/images/{}", (*call).imageRemove),
		at("POST", "/build", (*call).imageBuild),
		at("GET", "/distribution/{}/json", (*call).distribution),

		at("GET", "/networks", (*call).networkList),
		at("POST", "/networks/create", (*call).networkCreate),
		at("POST", "/networks/prune", (*call).networkPrune),
		at("GET", "/networks/{}", (*call).networkInspect),
		at("DELETE", "/networks/{}", (*call).networkRemove),
		at("POST", "/networks/{}/connect", (*call).networkConnect),
		at("POST", "/networks/{}/disconnect", (*call).networkDisconnect),

		at("GET", "/volumes", (*call).volumeList),
		at("POST", "/volumes/create", (*call).volumeCreate),
		at("POST", "/volumes/prune", (*call).volumePrune),
		at("GET", "/volumes/{}", (*call).volumeInspect),
		at("DELETE", "/volumes/{}", (*call).volumeRemove),
	}
}

var versioned = regexp.MustCompile(`^/v1\.([0-9]+)(/.*)$`)

// Handler answers Docker's API, for those who want to serve the world on a
// socket of their own.
func (w *World) Handler() http.Handler {
	known := routes()
	return http.HandlerFunc(func(out http.ResponseWriter, req *http.Request) {
		c := &call{world: w, out: out, req: req}
		if err := c.route(known); err != nil {
			c.refuse(err)
		}
	})
}

func (c *call) route(known []route) error {
	var newest Version
	var release, oldest string
	err := c.world.do(false, func(s *State, _ time.Time) error {
		newest, release, oldest = s.Version, s.Release(), s.oldestServed()
		return nil
	})
	if err != nil {
		return err
	}
	h := c.out.Header()
	h.Set("Api-Version", newest.String())
	h.Set("Server", "Docker/"+release+" (linux)")
	h.Set("Ostype", "linux")
	h.Set("Docker-Experimental", "false")
	path := c.req.URL.Path
	c.v = newest
	if m := versioned.FindStringSubmatch(path); m != nil {
		minor, err := strconv.Atoi(m[1])
		if err != nil || Version(minor) > newest {
			return bad("client version 1.%s is too new. Maximum supported API version is %s", m[1], newest)
		}
		if low, _ := strconv.Atoi(strings.TrimPrefix(oldest, "1.")); minor < low {
			return bad("client version 1.%d is too old. Minimum supported API version is %s, please upgrade your client to a newer version", minor, oldest)
		}
		c.v, path = Version(minor), m[2]
	}
	for _, r := range known {
		if m := r.path.FindStringSubmatch(path); m != nil && r.method == c.req.Method {
			free := ""
			if len(m) > 1 {
				free = m[1]
			}
			return r.serve(c, free)
		}
	}
	return notFound("page not found")
}

// refuse answers with an error, as the engine words it.
func (c *call) refuse(err error) {
	e := &Error{Status: http.StatusInternalServerError, Msg: err.Error()}
	errors.As(err, &e)
	if e.Status == http.StatusNotModified {
		c.out.WriteHeader(e.Status)
		return
	}
	_ = c.answer(e.Status, map[string]string{"message": e.Msg}) // whoever left does not hear it
}

// answer sends a JSON document.
func (c *call) answer(status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	c.out.Header().Set("Content-Type", "application/json")
	c.out.WriteHeader(status)
	_, _ = c.out.Write(append(data, '\n')) // whoever left does not hear it
	return nil
}

func (c *call) empty(status int) error {
	c.out.WriteHeader(status)
	return nil
}

// read looks at the state.
func (c *call) read(f func(s *State, now time.Time) error) error { return c.world.do(false, f) }

// change works on the state.
func (c *call) change(f func(s *State, now time.Time) error) error { return c.world.do(true, f) }

// changed works on the state and answers without a body.
func (c *call) changed(status int, f func(s *State, now time.Time) error) error {
	if err := c.change(f); err != nil {
		return err
	}
	return c.empty(status)
}

// mostJSON bounds a request's JSON, in bytes.
const mostJSON = 32 << 20

// body reads a request's JSON. An empty one leaves into as it is.
func (c *call) body(into any) error {
	data, err := io.ReadAll(io.LimitReader(c.req.Body, mostJSON+1))
	switch {
	case err != nil:
		return bad("reading the request: %s", err)
	case len(data) > mostJSON:
		return bad("the request is larger than %d bytes", mostJSON)
	case len(data) == 0:
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return bad("invalid JSON: %s", err)
	}
	return nil
}

func (c *call) query(name string) string { return c.req.URL.Query().Get(name) }

// flag reads a query parameter as the engine does: all but these is true.
func (c *call) flag(name string) bool {
	switch strings.ToLower(strings.TrimSpace(c.query(name))) {
	case "", "0", "no", "false", "none":
		return false
	}
	return true
}

// filters reads the filters of a list, and refuses those that it does not know.
func (c *call) filters(known ...string) (filters.Args, error) {
	args, err := filters.FromJSON(c.query("filters"))
	if err != nil {
		return args, bad("%s", err)
	}
	accepted := map[string]bool{}
	for _, k := range known {
		accepted[k] = true
	}
	if err := args.Validate(accepted); err != nil {
		return args, bad("%s", err)
	}
	return args, nil
}

// flush sends what was written so far, for answers that go on.
func (c *call) flush() {
	if f, ok := c.out.(http.Flusher); ok {
		f.Flush()
	}
}

func (c *call) ping(string) error {
	h := c.out.Header()
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if c.v >= 44 {
		h.Set("Builder-Version", "1")
		h.Set("Swarm", "inactive")
	}
	if c.req.Method == "HEAD" {
		h.Set("Content-Length", "0")
		return c.empty(http.StatusOK)
	}
	_, _ = io.WriteString(c.out, "OK")
	return nil
}

func (c *call) version(string) error {
	var doc any
	if err := c.read(func(s *State, _ time.Time) error { doc = s.versionInfo(); return nil }); err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

func (c *call) info(string) error {
	var doc any
	if err := c.read(func(s *State, _ time.Time) error { doc = s.info(); return nil }); err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

func (c *call) login(string) error {
	return c.answer(http.StatusOK, map[string]string{"Status": "Login Succeeded", "IdentityToken": ""})
}

func (c *call) resize(string) error { return c.empty(http.StatusOK) }
