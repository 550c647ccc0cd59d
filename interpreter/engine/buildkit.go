package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"time"

	control "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/util/grpcerrors"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// ImageSolve lets the engine's own BuildKit build what the op's stream serves.
// It is the call Solve of BuildKit's API, which an engine speaks over a
// connection that began as POST /grpc; a second one, POST /session, serves the
// builder with files, secrets and credentials as it asks for them.
type ImageSolve struct {
	Shown    string            // the Dockerfile's name, for people
	Frontend map[string]string `json:",omitempty"` // what the Dockerfile's reader is told: "target", "build-arg:VERSION", "label:x", …
	NoCache  bool              `json:",omitempty"` // all steps anew
	Tags     []string          `json:",omitempty"`

	CacheFrom []BuildCache `json:",omitempty"` // where steps that were done elsewhere are found
	CacheTo   []BuildCache `json:",omitempty"` // where the steps of this build are left

	Secrets     map[string]string `json:",omitempty"` // by ID, values
	SecretFiles map[string]string `json:",omitempty"` // by ID, paths on this machine
	SSH         []string          `json:",omitempty"` // ID, or ID=PATH of an agent's socket or a key

	Bases []string `json:",omitempty"` // as in ImageBuild
}

// BuildCache is a place for the steps of builds.
type BuildCache struct {
	Type  string            // "registry", "inline", …
	Attrs map[string]string `json:",omitempty"` // such as ref
}

// Wire implements Call.
func (c *ImageSolve) Wire() (string, string) { return "POST", "/grpc" }

// solve is what a Solve request says; what belongs to one sending of it is not
// in it.
type solve struct {
	Frontend      string
	FrontendAttrs map[string]string
	Exporter      string
	ExporterAttrs map[string]string
	CacheExports  []BuildCache `json:",omitempty"`
	Entitlements  []string     `json:",omitempty"`
}

// Body implements Call. It is the request within the connection.
func (c *ImageSolve) Body() any { return c.solve() }

func (c *ImageSolve) solve() *solve {
	s := &solve{Frontend: "dockerfile.v0", FrontendAttrs: maps.Clone(c.Frontend), Exporter: "moby", ExporterAttrs: map[string]string{}, CacheExports: c.CacheTo}
	if s.FrontendAttrs == nil {
		s.FrontendAttrs = map[string]string{}
	}
	if c.NoCache {
		s.FrontendAttrs["no-cache"] = "" // of all stages
	}
	if len(c.Tags) > 0 {
		s.ExporterAttrs["name"] = strings.Join(c.Tags, ",")
	}
	if len(c.CacheFrom) > 0 {
		data, err := json.Marshal(c.CacheFrom)
		if err != nil {
			panic(err) // strings always marshal
		}
		s.FrontendAttrs["cache-imports"] = string(data)
	}
	if c.Frontend["force-network-mode"] == "host" {
		s.Entitlements = []string{"network.host"}
	}
	return s
}

// request is the call as BuildKit takes it. Engines before 25 read the exporter
// from the fields that are deprecated now.
func (s *solve) request(ref, session string) *control.SolveRequest {
	r := &control.SolveRequest{
		Ref: ref, Session: session, Frontend: s.Frontend, FrontendAttrs: s.FrontendAttrs, Entitlements: s.Entitlements,
		Exporters:          []*control.Exporter{{Type: s.Exporter, Attrs: s.ExporterAttrs}},
		ExporterDeprecated: s.Exporter, ExporterAttrsDeprecated: s.ExporterAttrs, Cache: &control.CacheOptions{},
	}
	for _, x := range s.CacheExports {
		r.Cache.Exports = append(r.Cache.Exports, &control.CacheOptionsEntry{Type: x.Type, Attrs: x.Attrs})
	}
	return r
}

func (c *ImageSolve) do(ctx context.Context, e *Engine, s *Stream, note func(Progress)) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := e.upgraded(ctx, "/grpc", nil)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	to, err := speaking(conn)
	if err != nil {
		return "", err
	}
	defer to.Close()
	serving, err := c.serve(ctx, e, s, cancel)
	if err != nil {
		return "", err
	}
	defer serving.close()
	resp, err := c.send(ctx, control.NewControlClient(to), serving.id, newTrace(c.Shown, dockerfile(s), serving.secrets, note))
	if gone := serving.failed(); gone != nil {
		return "", gone
	}
	return resp.GetExporterResponse()["containerimage.digest"], err
}

// dockerfile returns the Dockerfile that a stream serves; nil if it serves none.
func dockerfile(s *Stream) []byte {
	d, ok := s.Dirs["dockerfile"]
	if !ok {
		return nil
	}
	r, err := d.Open("Dockerfile")
	if err != nil {
		return nil
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return data
}

// send sends the request and follows what comes of it.
func (c *ImageSolve) send(ctx context.Context, to control.ControlClient, session string, t *trace) (*control.SolveResponse, error) {
	ref := identity.NewID()
	following, unfollow := context.WithCancel(ctx)
	defer unfollow()
	var g errgroup.Group
	g.Go(func() error { return t.follow(following, to, ref) })
	resp, err := to.Solve(ctx, c.solve().request(ref, session))
	// What a build says last may come after its answer, and after some failures
	// nothing ends it.
	late := time.AfterFunc(lastWords, unfollow)
	defer late.Stop()
	_ = g.Wait() // that it cannot be followed is no failure of a build
	switch {
	case err == nil:
		return resp, nil
	case Unknown(err):
		return nil, fmt.Errorf("%w: %w", errCut, err)
	}
	return nil, t.failure(err)
}

// lastWords is how long after a build's end something may be heard of it.
const lastWords = 3 * time.Second

func (c *ImageSolve) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.hasImage(ctx, first(c.Tags))
}

// BuildKit reports whether the engine has a BuildKit of its own: whether it
// lets a connection be upgraded to BuildKit's API. What /_ping says of builders
// is what the engine's owner would like people to use.
func (e *Engine) BuildKit(ctx context.Context) (bool, error) {
	e.buildkit.Lock()
	defer e.buildkit.Unlock()
	if e.buildkit.known {
		return e.buildkit.there, nil
	}
	conn, err := asked(ctx, e, "BuildKit", e.limits.Read, func(ctx context.Context) (net.Conn, error) { return e.upgraded(ctx, "/grpc", nil) })
	var refused *notUpgraded
	switch {
	case errors.As(err, &refused):
		e.buildkit.known = true
		return false, nil
	case err != nil:
		return false, fmt.Errorf("asking for BuildKit: %w", err)
	}
	e.buildkit.known, e.buildkit.there = true, true
	return true, conn.Close()
}

// notUpgraded is the answer of an engine that does not know what a connection
// shall become.
type notUpgraded struct{ error }

// upgraded opens a connection that becomes HTTP/2 at path.
func (e *Engine) upgraded(ctx context.Context, path string, meta map[string][]string) (net.Conn, error) {
	conn, err := opened(ctx, func() (net.Conn, error) { return e.client.DialHijack(ctx, path, "h2c", meta) },
		func(c net.Conn) { c.Close() })
	if err != nil && strings.Contains(err.Error(), "unable to upgrade to") {
		return nil, &notUpgraded{err}
	}
	return conn, err
}

// maxMessage is the longest message of BuildKit's API in bytes, which is its own limit.
const maxMessage = 16 << 20

// speaking returns a client that speaks over one connection.
func speaking(conn net.Conn) (*grpc.ClientConn, error) {
	conns := make(chan net.Conn, 1)
	conns <- conn
	dial := func(context.Context, string) (net.Conn, error) {
		select {
		case c := <-conns:
			return c, nil
		default:
			return nil, errCut // a second one would not know of the build
		}
	}
	return grpc.NewClient("passthrough:///engine", grpc.WithContextDialer(dial), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithUnaryInterceptor(grpcerrors.UnaryClientInterceptor), grpc.WithStreamInterceptor(grpcerrors.StreamClientInterceptor))
}
