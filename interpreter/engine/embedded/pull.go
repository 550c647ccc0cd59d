package embedded

import (
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/go-connections/nat"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// dead is the registry that does not answer. What is asked of its repositories
// below late/ begins well and breaks off in the middle.
const dead = "fails.invalid"

func unanswered(ref reference.Named) error {
	if reference.Domain(ref) != dead {
		return nil
	}
	return fail(500, "Get \"https://%s/v2/\": dial tcp: lookup %s: no such host", dead, dead)
}

// lacks is the error of a registry on this machine that was never given what a
// reference names. All others have everything.
func (s *State) lacks(ref reference.Named) error {
	host, _, _ := strings.Cut(reference.Domain(ref), ":")
	if host != "127.0.0.1" && host != "localhost" {
		return nil
	}
	has := s.Pushed[ref.String()] != ""
	if d, ok := ref.(reference.Digested); ok {
		has = s.Stored[d.Digest()] != nil
	}
	if has {
		return nil
	}
	return notFound("manifest unknown: manifest unknown")
}

// digestOf returns what the registry has under a reference: what was pushed
// there, else an image with a digest made from the name.
func (s *State) digestOf(ref reference.Named) digest.Digest {
	if d, ok := ref.(reference.Digested); ok {
		return d.Digest()
	}
	if d, ok := s.Pushed[ref.String()]; ok {
		return d
	}
	return digest.Digest("sha256:" + hash("manifest", ref.String()))
}

// Distribution tells what the registry has under a reference.
func (s *State) Distribution(ref string) (registry.DistributionInspect, error) {
	named, err := parseRef(ref)
	if err != nil {
		return registry.DistributionInspect{}, err
	}
	if err := unanswered(named); err != nil {
		return registry.DistributionInspect{}, err
	}
	if err := s.lacks(named); err != nil {
		return registry.DistributionInspect{}, err
	}
	return registry.DistributionInspect{
		Descriptor: ocispec.Descriptor{MediaType: "application/vnd.oci.image.index.v1+json", Digest: s.digestOf(named), Size: 1609},
		Platforms: []ocispec.Platform{
			{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64", Variant: "v8"},
		},
	}, nil
}

// Message is one line of the answer to a pull, a push or a build.
type Message struct {
	Stream         string            `json:"stream,omitempty"`
	Status         string            `json:"status,omitempty"`
	ProgressDetail *struct{}         `json:"progressDetail,omitempty"`
	ID             string            `json:"id,omitempty"`
	ErrorDetail    map[string]string `json:"errorDetail,omitempty"`
	Error          string            `json:"error,omitempty"`
	Aux            any               `json:"aux,omitempty"`
}

func failed(msg string) Message {
	return Message{ErrorDetail: map[string]string{"message": msg}, Error: msg}
}

// Pull gets an image from the registry. What goes wrong after the answer has
// begun stands in its last line.
func (s *State) Pull(now time.Time, from, tag, platform string) ([]Message, error) {
	s.at(now)
	named, err := pullRef(from, tag)
	if err != nil {
		return nil, err
	}
	late := strings.HasPrefix(reference.Path(named), "late/")
	if err := unanswered(named); err != nil && !late {
		return nil, err
	}
	if err := s.lacks(named); err != nil {
		return nil, notFound("%s not found: %s", reference.FamiliarString(named), err)
	}
	word := "latest"
	if t, ok := named.(reference.Tagged); ok {
		word = t.Tag()
	}
	if isDigest(named) {
		word = s.digestOf(named).String()
	}
	log := []Message{{Status: "Pulling from " + reference.Path(named), ID: word}}
	if late {
		return append(log, failed("unexpected EOF")), nil
	}
	im, fresh := s.pull(named, platform)
	layer := strings.TrimPrefix(im.Layers[0], "sha256:")[:12]
	news := "Image is up to date for "
	if fresh {
		news = "Downloaded newer image for "
		log = append(log,
			Message{Status: "Pulling fs layer", ProgressDetail: &struct{}{}, ID: layer},
			Message{Status: "Download complete", ProgressDetail: &struct{}{}, ID: layer},
			Message{Status: "Pull complete", ProgressDetail: &struct{}{}, ID: layer})
	}
	s.imageEvent(im.ID, "pull", reference.FamiliarString(named))
	return append(log,
		Message{Status: "Digest: " + s.digestOf(named).String()},
		Message{Status: "Status: " + news + reference.FamiliarString(named)}), nil
}

// pullRef puts a pull's two parameters together; the tag may be a digest.
func pullRef(from, tag string) (reference.Named, error) {
	switch {
	case strings.HasPrefix(tag, "sha256:"):
		named, err := reference.ParseNormalizedNamed(from)
		if err != nil {
			return nil, bad("%s", err)
		}
		return parseRef(reference.TrimNamed(named).Name() + "@" + tag)
	case tag != "":
		return parseRef(from + ":" + tag)
	}
	return parseRef(from)
}

// pull brings a reference to the engine, and reports whether its image is new.
// A pull by digest leaves no tag.
func (s *State) pull(named reference.Named, platform string) (*Image, bool) {
	d := s.digestOf(named)
	p := platformOf(platform)
	id := "sha256:" + hash("image", named.Name(), d.String(), p.OS, p.Architecture)
	stored, pushed := s.Stored[d]
	if pushed {
		id = stored.ID
	}
	if s.Containerd {
		id = d.String()
	}
	_, had := s.Images[id]
	if !had && pushed {
		s.add(stored)
	} else if !had {
		im := &Image{
			ID: id, Os: p.OS, Architecture: p.Architecture, Variant: p.Variant, Size: 10 << 20,
			Config: knownConfig(named), Layers: []string{"sha256:" + hash("layer", named.Name(), d.String())},
		}
		im.History = []image.HistoryResponseItem{{ID: id, Created: s.Now.Unix(), CreatedBy: "/bin/sh -c #(nop)  CMD", Size: im.Size}}
		s.add(im)
	}
	im := s.Images[id]
	if had && (im.Os != p.OS || im.Architecture != p.Architecture) && !slices.ContainsFunc(im.Others, func(o ocispec.Platform) bool { return o.OS == p.OS && o.Architecture == p.Architecture }) {
		im.Others, had = append(im.Others, p), false
	}
	s.Refs[named.Name()+"@"+d.String()] = id
	if !isDigest(named) {
		had = had && s.Refs[key(named)] == id
		s.Refs[key(named)] = id
		im.Tagged = s.Now
	}
	return im, !had
}

// program in a known image, by the last part of its name: what matters to
// those who run it is its ports, its data and how it ends.
type known struct {
	cmd, entrypoint []string
	ports, volumes  []string
	env             []string
	stop            string
	dir             string
}

var wellKnown = map[string]known{
	"postgres": {
		cmd: []string{"postgres"}, entrypoint: []string{"docker-entrypoint.sh"}, ports: []string{"5432/tcp"},
		volumes: []string{"/var/lib/postgresql/data"}, env: []string{"PGDATA=/var/lib/postgresql/data"}, stop: "SIGINT",
	},
	"mysql":   {cmd: []string{"mysqld"}, entrypoint: []string{"docker-entrypoint.sh"}, ports: []string{"3306/tcp", "33060/tcp"}, volumes: []string{"/var/lib/mysql"}},
	"mariadb": {cmd: []string{"mariadbd"}, entrypoint: []string{"docker-entrypoint.sh"}, ports: []string{"3306/tcp"}, volumes: []string{"/var/lib/mysql"}},
	"mongo":   {cmd: []string{"mongod"}, entrypoint: []string{"docker-entrypoint.sh"}, ports: []string{"27017/tcp"}, volumes: []string{"/data/configdb", "/data/db"}},
	"redis":   {cmd: []string{"redis-server"}, entrypoint: []string{"docker-entrypoint.sh"}, ports: []string{"6379/tcp"}, volumes: []string{"/data"}, dir: "/data"},
	"nginx":   {cmd: []string{"nginx", "-g", "daemon off;"}, entrypoint: []string{"/docker-entrypoint.sh"}, ports: []string{"80/tcp"}, stop: "SIGQUIT"},
	"httpd":   {cmd: []string{"httpd-foreground"}, ports: []string{"80/tcp"}, stop: "SIGWINCH", dir: "/usr/local/apache2"},
	"caddy": {
		cmd: []string{"caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"}, ports: []string{"80/tcp", "443/tcp", "443/udp", "2019/tcp"},
		env: []string{"XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"}, dir: "/srv",
	},
	"traefik":  {cmd: []string{"traefik"}, entrypoint: []string{"/entrypoint.sh"}, ports: []string{"80/tcp"}},
	"registry": {cmd: []string{"/etc/docker/registry/config.yml"}, entrypoint: []string{"/entrypoint.sh"}, ports: []string{"5000/tcp"}, volumes: []string{"/var/lib/registry"}},
}

// knownConfig returns the configuration of an image by its name; one that is
// not known has a shell and a path.
func knownConfig(named reference.Named) container.Config {
	path := reference.Path(named)
	k, ok := wellKnown[path[strings.LastIndex(path, "/")+1:]]
	if !ok {
		k = known{cmd: []string{"/bin/sh"}}
	}
	cfg := container.Config{
		Env: append([]string{defaultPath}, k.env...), Cmd: k.cmd, Entrypoint: k.entrypoint, StopSignal: k.stop, WorkingDir: k.dir,
	}
	for _, p := range k.ports {
		if cfg.ExposedPorts == nil {
			cfg.ExposedPorts = nat.PortSet{}
		}
		cfg.ExposedPorts[nat.Port(p)] = struct{}{}
	}
	for _, v := range k.volumes {
		if cfg.Volumes == nil {
			cfg.Volumes = map[string]struct{}{}
		}
		cfg.Volumes[v] = struct{}{}
	}
	return cfg
}

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Push brings an image to the registry. The answer is always good; what went
// wrong stands in its last line.
func (s *State) Push(now time.Time, ref, tag string) ([]Message, error) {
	s.at(now)
	named, err := pullRef(ref, tag)
	if err != nil {
		return nil, err
	}
	log := []Message{{Status: "The push refers to repository [" + named.Name() + "]"}}
	id, ok := s.Refs[key(named)]
	if !ok {
		msg := "An image does not exist locally with the tag: " + reference.FamiliarName(named)
		return append(log, failed(msg)), nil
	}
	if err := unanswered(named); err != nil {
		return append(log, failed(err.Error())), nil
	}
	word := "latest"
	if t, ok := named.(reference.Tagged); ok {
		word = t.Tag()
	}
	d := digest.Digest("sha256:" + hash("pushed", named.Name(), id))
	if s.Containerd {
		d = digest.Digest(id)
	}
	s.Pushed[named.String()], s.Stored[d] = d, s.Images[id]
	s.Refs[named.Name()+"@"+d.String()] = id
	s.imageEvent(id, "push", reference.FamiliarString(named))
	return append(log,
		Message{Status: word + ": digest: " + d.String() + " size: 1609"},
		Message{Aux: map[string]any{"Tag": word, "Digest": d, "Size": 1609}}), nil
}
