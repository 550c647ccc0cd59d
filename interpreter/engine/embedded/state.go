package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
	"github.com/opencontainers/go-digest"
)

// Version is a minor version of the Engine API: 41 is API 1.41.
type Version int

// Oldest and Newest bound what the embedded engine can play.
const (
	Oldest Version = 41
	Newest Version = 51
)

func (v Version) String() string { return "1." + strconv.Itoa(int(v)) }

// ParseVersion reads a version such as "1.41"; "" is the newest.
func ParseVersion(s string) (Version, error) {
	if s == "" {
		return Newest, nil
	}
	minor, ok := strings.CutPrefix(s, "1.")
	n, err := strconv.Atoi(minor)
	if !ok || err != nil || Version(n) < Oldest || Version(n) > Newest {
		return 0, fmt.Errorf("the embedded engine plays API %s to %s, not %q", Oldest, Newest, s)
	}
	return Version(n), nil
}

// State is a whole engine: what lives on it, and its clock. It does no I/O and
// knows no time but what it is told, so that a simulation can drive it call by
// call; the HTTP face does the same. Every method that takes now first lets
// happen what falls due until then. It is not safe for concurrent use.
type State struct {
	Version    Version                  // the newest API version it speaks, which is also the engine's release
	Containerd bool                     // images lie in containerd's store: an image's ID is the digest that registries know it by
	Seed       string                   // makes the IDs of two worlds differ
	Count      uint64                   // of IDs given out
	Now        time.Time                // how far the clock has come
	Ephemeral  int                      // the last host port that was picked; 0 before the first
	Ranges     map[string]int           // the last host port that was picked of a range
	Containers map[string]*Container    // by ID
	Networks   map[string]*Network      // by ID
	Volumes    map[string]*Volume       // by name
	Images     map[string]*Image        // by ID
	Refs       map[string]string        // image IDs by full reference: "docker.io/library/nginx:1"
	Pushed     map[string]digest.Digest // what the registry has, by full reference
	Stored     map[digest.Digest]*Image // images in the registry
	Steps      map[string]bool          // build steps that were done before, by hash
	Execs      map[string]*Exec         // by ID
	Events     []events.Message         // the last 256
	Emitted    uint64                   // events since the beginning

	// PathExists tells of a path on the host; nil means that every path exists.
	PathExists func(string) bool `json:"-"`
}

// Container is a container and all that the engine knows of it.
type Container struct {
	ID       string
	Name     string // without the slash
	Created  time.Time
	Image    string // ID
	Platform string
	Path     string
	Args     []string
	Config   *container.Config
	Host     *container.HostConfig
	Run      Run
	Health   *container.Health `json:",omitempty"`
	Restarts int               // by the restart policy, since the last start by hand
	Mode     string            // name of the network that the mode means; "" for container: modes

	Endpoints map[string]*Endpoint // by network name
	Ports     nat.PortMap          // as they are bound while it runs
	Sandbox   string               // ID; "" before the first start
	Mounts    []container.MountPoint
	Anonymous []string        // names of volumes that go with it
	Files     map[string]File // by path, what was copied in
	Log       []Line
	Stdin     bool   // somebody holds its standard input
	Links     []Link `json:",omitempty"` // on the default bridge
}

// Run is how a container's process is doing.
type Run struct {
	Running    bool
	Paused     bool
	Restarting bool
	ExitCode   int
	Error      string
	Started    time.Time
	Finished   time.Time
	PausedAt   time.Time     // while it is paused
	Lag        time.Duration // how long it was paused since its start
	NextCheck  time.Time     // of its health; zero: none
	RestartAt  time.Time     // while it is restarting
	Backoff    time.Duration // before its next restart by policy
	Stopped    bool          // by hand, so that unless-stopped leaves it
	Lost       bool          `json:",omitempty"` // its process is out of the engine's hands
}

// Endpoint is a container's place on a network. IPAMConfig, Aliases, Links,
// MAC and options are what was asked for, the rest what the engine gave.
type Endpoint struct {
	network.EndpointSettings
	AskedMac string `json:",omitempty"`
}

// Line is a piece of a container's output.
type Line struct {
	At     time.Time
	Stderr bool `json:",omitempty"`
	Text   string
}

// File is a file in a container or a volume.
type File struct {
	Mode    int64 // of the tar header
	Type    byte  // of the tar header
	UID     int   `json:",omitempty"`
	GID     int   `json:",omitempty"`
	Link    string
	ModTime time.Time
	Data    []byte `json:",omitempty"`
}

// Error is what the engine answers instead of doing what it was asked.
type Error struct {
	Status int
	Msg    string
}

func (e *Error) Error() string { return e.Msg }

func fail(status int, format string, args ...any) *Error {
	return &Error{Status: status, Msg: fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) *Error { return fail(http.StatusBadRequest, format, args...) }

func notFound(format string, args ...any) *Error { return fail(http.StatusNotFound, format, args...) }

func conflict(format string, args ...any) *Error { return fail(http.StatusConflict, format, args...) }

func forbidden(format string, args ...any) *Error {
	return fail(http.StatusForbidden, format, args...)
}

// errUnchanged is the answer to a start of what runs and a stop of what does not.
var errUnchanged = &Error{Status: http.StatusNotModified}

// New returns an engine that has just been installed. The seed decides its IDs.
func New(v Version, seed string, now time.Time) *State {
	s := &State{
		Version: v, Seed: seed, Now: now,
		Ranges: map[string]int{}, Containers: map[string]*Container{}, Networks: map[string]*Network{}, Volumes: map[string]*Volume{},
		Images: map[string]*Image{}, Refs: map[string]string{}, Pushed: map[string]digest.Digest{}, Stored: map[digest.Digest]*Image{}, Steps: map[string]bool{}, Execs: map[string]*Exec{},
	}
	s.addPredefined()
	return s
}

// newID gives out the next ID of 64 hex digits.
func (s *State) newID(kind string) string {
	s.Count++
	return hash(s.Seed, kind, strconv.FormatUint(s.Count, 10))
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Container finds a container by ID, name, or the beginning of an ID.
func (s *State) Container(ref string) (*Container, error) {
	if c, ok := s.Containers[ref]; ok {
		return c, nil
	}
	if c := s.named(strings.TrimPrefix(ref, "/")); c != nil {
		return c, nil
	}
	var found *Container
	for id, c := range s.Containers {
		if ref == "" || !strings.HasPrefix(id, ref) {
			continue
		}
		if found != nil {
			return nil, bad("Multiple IDs found with provided prefix: %s", ref)
		}
		found = c
	}
	if found == nil {
		return nil, notFound("No such container: %s", ref)
	}
	return found, nil
}

func (s *State) named(name string) *Container {
	for _, c := range s.Containers {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// byAge returns the containers, the newest first.
func (s *State) byAge() []*Container {
	all := slices.Collect(maps.Values(s.Containers))
	slices.SortFunc(all, func(a, b *Container) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all
}

// status is the one word that docker shows.
func (c *Container) status() string {
	switch {
	case c.Run.Paused:
		return "paused"
	case c.Run.Restarting:
		return "restarting"
	case c.Run.Running:
		return "running"
	case c.Run.Started.IsZero():
		return "created"
	}
	return "exited"
}
