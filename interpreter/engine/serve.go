package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/registry"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
	"google.golang.org/grpc"
)

// Dir is a directory as a plan has seen it, of which a builder asks for what it
// needs.
type Dir struct {
	Entries []DirEntry // parents before what is in them, each directory's in order of name
	// Open returns a file's content. What is not what the plan has seen is an
	// error, of Open or of reading.
	Open func(path string) (io.ReadCloser, error)
}

// DirEntry is one thing in a Dir. All of it is root's.
type DirEntry struct {
	Path string      // below the directory, with slashes
	Mode fs.FileMode // type and permissions
	Link string      // of links, where they point
	Size int64
	Time time.Time
}

// serving is a builder's way to what its build needs.
type serving struct {
	id      string
	session *session.Session
	secrets map[string][]byte // by ID
	stop    context.CancelFunc
	ended   chan struct{}
	abandon context.CancelFunc // the build: it would wait for what does not come

	mu  sync.Mutex
	err error // the first thing that could not be served
}

// serve opens a session. Its shared key is by content: what the engine has of an
// earlier build under another key it does not take for this one's files because
// they have the same times and sizes. What cannot be served abandons the build.
func (c *ImageSolve) serve(ctx context.Context, e *Engine, s *Stream, abandon context.CancelFunc) (*serving, error) {
	secret, err := c.secrets()
	if err != nil {
		return nil, err
	}
	opened, err := session.NewSession(ctx, s.Hash)
	if err != nil {
		return nil, err
	}
	v := &serving{id: opened.ID(), session: opened, secrets: secret, ended: make(chan struct{}), abandon: abandon}
	dirs := filesync.StaticDirSource{}
	for name, d := range s.Dirs {
		dirs[name] = &servedDir{d, v}
	}
	opened.Allow(filesync.NewFSSyncProvider(dirs))
	opened.Allow(secretsprovider.FromMap(secret))
	opened.Allow(&credentials{e: e, bases: c.Bases})
	if len(c.SSH) > 0 {
		agents, err := sshprovider.NewSSHAgentProvider(agentsOf(c.SSH))
		if err != nil {
			return nil, fmt.Errorf("ssh for a build: %w", err)
		}
		opened.Allow(agents)
	}
	ctx, v.stop = context.WithCancel(ctx)
	go func() {
		defer close(v.ended)
		err := opened.Run(ctx, func(ctx context.Context, _ string, meta map[string][]string) (net.Conn, error) {
			return e.upgraded(ctx, "/session", meta)
		})
		if err != nil && ctx.Err() == nil {
			v.fail(fmt.Errorf("serving a build: %w", err))
		}
	}()
	return v, nil
}

// secrets returns the values of the secrets by ID.
func (c *ImageSolve) secrets() (map[string][]byte, error) {
	out := map[string][]byte{}
	for id, value := range c.Secrets {
		out[id] = []byte(value)
	}
	for id, file := range c.SecretFiles {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("the build secret %s: %w", id, err)
		}
		out[id] = data
	}
	return out, nil
}

func agentsOf(ssh []string) []sshprovider.AgentConfig {
	var out []sshprovider.AgentConfig
	for _, s := range ssh {
		id, path, ok := strings.Cut(s, "=")
		a := sshprovider.AgentConfig{ID: id}
		if ok {
			a.Paths = strings.Split(path, ",")
		}
		out = append(out, a)
	}
	return out
}

func (v *serving) close() {
	v.stop()
	v.session.Close()
	<-v.ended
}

func (v *serving) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err == nil {
		v.err = err
	}
	v.abandon()
}

// failed returns what could not be served: a builder only says that something
// could not.
func (v *serving) failed() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

// servedDir is a Dir as the builder's protocol walks it.
type servedDir struct {
	Dir
	serving *serving
}

// Walk implements fsutil.FS.
func (d *servedDir) Walk(ctx context.Context, target string, fn fs.WalkDirFunc) error {
	target = strings.Trim(target, "/")
	skipped := "" // with a slash at its end
	for _, e := range d.Entries {
		if target != "" && e.Path != target && !strings.HasPrefix(e.Path, target+"/") || skipped != "" && strings.HasPrefix(e.Path, skipped) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		stat := &types.Stat{Path: e.Path, Mode: uint32(e.Mode), Linkname: e.Link, Size: e.Size, ModTime: e.Time.UnixNano()}
		switch err := fn(e.Path, &fsutil.DirEntryInfo{Stat: stat}, nil); {
		case errors.Is(err, fs.SkipAll):
			return nil
		case errors.Is(err, fs.SkipDir) && e.Mode.IsDir():
			skipped = e.Path + "/"
		case errors.Is(err, fs.SkipDir): // the rest of where it lies
			skipped = e.Path[:strings.LastIndex(e.Path, "/")+1]
			if skipped == "" {
				return nil
			}
		case err != nil:
			return err
		}
	}
	return nil
}

// Open implements fsutil.FS. Its caller takes an error for an empty file, and
// not one of reading.
func (d *servedDir) Open(path string) (io.ReadCloser, error) {
	r, err := d.Dir.Open(path)
	if err != nil {
		d.serving.fail(err)
		return io.NopCloser(broken{err}), nil
	}
	return &servedFile{r, d.serving}, nil
}

// broken is what cannot be read.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// servedFile notes why a file could not be read to its end.
type servedFile struct {
	io.ReadCloser
	serving *serving
}

func (f *servedFile) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		f.serving.fail(err)
	}
	return n, err
}

// credentials answers a builder that asks for those of a registry.
type credentials struct {
	auth.UnimplementedAuthServer
	e     *Engine
	bases []string
}

// Register implements session.Attachable.
func (c *credentials) Register(server *grpc.Server) { auth.RegisterAuthServer(server, c) }

// Credentials implements auth.AuthServer.
func (c *credentials) Credentials(_ context.Context, r *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	host := r.Host
	if host == "registry-1.docker.io" {
		host = "docker.io"
	}
	text, err := c.e.Auth(host + "/library/any")
	if err != nil || text == "" {
		return &auth.CredentialsResponse{}, err
	}
	a, err := registry.DecodeAuthConfig(text)
	if err != nil {
		return nil, fmt.Errorf("the credentials for %s: %w", r.Host, err)
	}
	if a.IdentityToken != "" {
		return &auth.CredentialsResponse{Secret: a.IdentityToken}, nil
	}
	return &auth.CredentialsResponse{Username: a.Username, Secret: a.Password}, nil
}
