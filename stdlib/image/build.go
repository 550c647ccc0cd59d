package image

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Build says what an image is built from.
type Build struct {
	Context    string             // directory, as written; "" is an empty one
	Dockerfile string             // as written, from the context on; "" is Dockerfile
	Inline     string             // the Dockerfile itself; "" where it is a file
	Contexts   map[string]Context // further contexts, by the name that FROM and --from know
	Args       map[string]string  // build arguments
	Target     string             // stage at which to stop; "" is the last
	Labels     map[string]string  // of the image
	Platforms  []string           // none is the engine's own

	Secrets    map[string]Secret // by ID
	SSH        []string          // ID, or ID=PATH
	Network    string            // of RUN: default, none or host
	ExtraHosts map[string]string // addresses by name, for RUN
	ShmSize    int64             // of /dev/shm of RUN, in bytes; 0 is the engine's
	Ulimits    map[string]Ulimit // of the processes of RUN

	CacheFrom []string // canonical: type=registry,ref=shop/web:cache
	CacheTo   []string
	NoCache   bool
	Pull      bool
}

// buildKit is the part of an engine that most options need.
const buildKit = "BuildKit"

// Bind says which attributes build has. What an option needs was found out by
// trying it: the classic builder leaves out what it does not know.
func (b *Build) Bind(f *schema.Set) {
	f.String(&b.Context, "context", schema.Live, "The directory that the builder sees, but for what .dockerignore names. With `dockerfile_inline` it may be left out: then the builder sees nothing.")
	f.String(&b.Dockerfile, "dockerfile", schema.Live, "The Dockerfile, from the context on; Dockerfile by default. It may lie outside of the context.").From("filename")
	f.String(&b.Inline, "dockerfile_inline", schema.Live, "The Dockerfile itself, instead of a file.")
	schema.ObjectMap(f, &b.Contexts, "additional_contexts", schema.Live, "Further contexts, by the name that FROM and COPY --from use: a directory, an image, or the URL of a Git repository.",
		schema.Short[Context]{Text: contextOf}).From("context:NAME").Min("1.42").Needs(buildKit)
	f.PlainMap(&b.Args, "args", schema.Live, "Build arguments, for ARG in the Dockerfile. They stay in the image's history: never a secret.").From("build-arg:KEY")
	f.String(&b.Target, "target", schema.Live, "The stage to stop at; the last by default.").From("target")
	f.PlainMap(&b.Labels, "labels", schema.Live, "Labels of the image, over those of the Dockerfile.").From("label:KEY")
	f.StringSet(&b.Platforms, "platforms", schema.Live, "The platforms to build for; the engine's own by default. Several need the containerd image store.", schema.Platform).From("platform")
	schema.ObjectMap(f, &b.Secrets, "secrets", schema.None, "Secrets for RUN --mount=type=secret, by ID: a text, which may be sensitive, or { file }. They are no part of the image, and another value builds nothing anew.",
		schema.Short[Secret]{As: "value"}).From("session").Needs(buildKit)
	f.StringSet(&b.SSH, "ssh", schema.None, "Agents for RUN --mount=type=ssh: \"default\" is the one of SSH_AUTH_SOCK; \"ID=PATH\" is a socket or a key, from the directory of this file on.", sshOf).From("session").Needs(buildKit)
	f.Enum(&b.Network, "network", schema.Live, "Network of RUN: default, none or host.", "default", "none", "host").From("force-network-mode")
	f.PlainMap(&b.ExtraHosts, "extra_hosts", schema.Live, "Addresses by host name, for RUN.").From("add-hosts")
	f.Bytes(&b.ShmSize, "shm_size", schema.None, "Size of /dev/shm for RUN. Before Docker 23.0 it takes the classic builder.").From("shm-size")
	schema.ObjectMap(f, &b.Ulimits, "ulimits", schema.None, "Limits of the processes of RUN: nofile = 1024, or { soft, hard }. Before Docker 23.0 they take the classic builder.", schema.Short[Ulimit]{As: "soft"}).From("ulimit")
	f.StringSet(&b.CacheFrom, "cache_from", schema.None, "Where steps that were built elsewhere are found: \"shop/web:cache\", or \"type=registry,ref=shop/web:cache\".", cacheOf).From("cache-imports")
	f.StringSet(&b.CacheTo, "cache_to", schema.None, "Where the steps are left for others: \"type=inline\" is in the image itself; all else needs the containerd image store.", cacheOf).From("Cache.Exports").Needs(buildKit)
	f.Bool(&b.NoCache, "no_cache", schema.None, "Do all steps anew when it is built.").From("no-cache")
	f.Bool(&b.Pull, "pull", schema.None, "Ask the registry for the images that it builds upon when it is built.").From("image-resolve-mode")
	f.Elsewhere("build_args", "`build_args` is `args` here")
	f.Elsewhere("label", "`label` is `labels` here, a map")
	f.Elsewhere("tag", "`tag` is `tags` of the image: tags = [\"shop/web:1.4.0\"]")
	f.Elsewhere("tags", "`tags` stands on the image, beside `build`")
	f.Elsewhere("platform", "`platform` is `platforms` here, a list")
	f.Elsewhere("secret", "`secret` is `secrets` here, a map: secrets = { npm = var.npm_token }")
	f.Elsewhere("network_mode", "`network_mode` is `network` here")
	f.Elsewhere("pull_parent", "`pull_parent` is `pull` here")
	f.Elsewhere("add_host", "`add_host` is `extra_hosts` here, a map")
	f.Elsewhere("ulimit", "`ulimit` is `ulimits` here, a map")
}

// Context is one of the further contexts.
type Context struct {
	Path  string     // directory, as written
	Image schema.Ref // an image of the stack, or a reference
	URL   string     // of a Git repository
}

// Bind says which attributes a context has.
func (c *Context) Bind(f *schema.Set) {
	f.String(&c.Path, "path", schema.Live, "A directory.")
	f.Ref(&c.Image, "image", "image", schema.Live, "An image.")
	f.String(&c.URL, "url", schema.Live, "A Git repository.")
}

// dockerImage begins a context that is an image, as Compose has it.
const dockerImage = "docker-image://"

func contextOf(s string) ([]Context, error) {
	switch ref, ok := strings.CutPrefix(s, dockerImage); {
	case ok:
		return []Context{{Image: schema.Ref{Name: ref}}}, nil
	case strings.HasPrefix(s, "service:") || strings.HasPrefix(s, "target:"):
		return nil, fmt.Errorf("got %q: an image of the stack is { image = image.NAME } here", s)
	case strings.Contains(s, "://"):
		return []Context{{URL: s}}, nil
	}
	return []Context{{Path: s}}, nil
}

// Secret is a secret of a build: a value, or a file of this machine.
type Secret struct {
	Value ir.Value // null where it is a file
	File  string   // as written
}

// Bind says which attributes a secret has.
func (s *Secret) Bind(f *schema.Set) {
	f.Text(&s.Value, "value", schema.None, "Its text.")
	f.String(&s.File, "file", schema.None, "A file with it, which apply reads.")
	f.Elsewhere("src", "`src` is `file` here")
	f.Elsewhere("source", "`source` is `file` here")
	f.Elsewhere("environment", "the environment is read by variables: BAY_VAR_token fills var.token, and the secret is { value = var.token }")
	f.Elsewhere("env", "the environment is read by variables: BAY_VAR_token fills var.token, and the secret is { value = var.token }")
}

// Ulimit is a limit of processes; -1 is no limit.
type Ulimit struct{ Soft, Hard *int64 }

// Bind says which attributes a ulimit has.
func (u *Ulimit) Bind(f *schema.Set) {
	f.OptInt(&u.Soft, "soft", schema.Range{Min: -1, Max: math.MaxInt64}, schema.None, "Soft limit.").Required()
	f.OptInt(&u.Hard, "hard", schema.Range{Min: -1, Max: math.MaxInt64}, schema.None, "Hard limit; as the soft one by default.")
}

func contextOnly(s string) ([]Build, error) { return []Build{{Context: s}}, nil }

func sshOf(s string) (string, error) {
	id, path, ok := strings.Cut(s, "=")
	if id == "" || ok && path == "" {
		return "", fmt.Errorf("got %q, want \"default\", or an ID and where its agent or key is: \"deploy=/run/agent.sock\"", s)
	}
	return s, nil
}

// cacheOf returns the canonical form of a cache: its type, then the rest in order.
func cacheOf(s string) (string, error) {
	if !strings.Contains(s, "=") {
		ref, err := tagRef(s)
		return "type=registry,ref=" + ref, err
	}
	attrs := map[string]string{}
	for pair := range strings.SplitSeq(s, ",") {
		k, v, ok := strings.Cut(pair, "=")
		if !ok || k == "" || v == "" {
			return "", fmt.Errorf("got %q, want \"shop/web:cache\", or \"type=registry,ref=shop/web:cache\"", s)
		}
		attrs[k] = v
	}
	typ := attrs["type"]
	switch {
	case typ == "":
		return "", fmt.Errorf("%q has no type: type=registry,%s", s, s)
	case typ == "local":
		return "", fmt.Errorf("%q is a directory: the caches are inline, registry and gha here", s)
	case !slices.Contains([]string{"inline", "registry", "gha"}, typ):
		return "", fmt.Errorf("%q is of the type %q: the caches are inline, registry and gha", s, typ)
	case typ == "registry" && attrs["ref"] == "":
		return "", fmt.Errorf("%q has no ref: type=registry,ref=shop/web:cache", s)
	}
	delete(attrs, "type")
	out := "type=" + typ
	for _, k := range slices.Sorted(maps.Keys(attrs)) {
		out += "," + k + "=" + attrs[k]
	}
	return out, nil
}

// caches returns caches as BuildKit takes them.
func caches(list []string) []engine.BuildCache {
	var out []engine.BuildCache
	for _, s := range list {
		c := engine.BuildCache{}
		for pair := range strings.SplitSeq(s, ",") {
			switch k, v, _ := strings.Cut(pair, "="); {
			case k == "type":
				c.Type = v
			case c.Attrs == nil:
				c.Attrs = map[string]string{k: v}
			default:
				c.Attrs[k] = v
			}
		}
		out = append(out, c)
	}
	return out
}

// finish checks what no attribute alone can tell, and finds the images of the
// stack that it builds upon.
func (b *Build) finish(f *schema.Finishing) {
	fail := func(hint, format string, args ...any) { f.Errorf("build", format, args...).Hintf("%s", hint) }
	for _, k := range slices.Sorted(maps.Keys(b.Labels)) {
		if engine.IsLabel(k) {
			fail("labels that begin with bayplan. say what is whose: choose another key", "the label %q is bay's own", k)
		}
	}
	if b.Inline != "" && b.Dockerfile != "" {
		fail("take one of them away", "the Dockerfile is a file or stands here, and this build has both `dockerfile` and `dockerfile_inline`")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(b.ExtraHosts)) {
		if _, err := netip.ParseAddr(b.ExtraHosts[name]); err != nil {
			fail("a build knows no host-gateway: write the address", "extra_hosts: %s: got %q, want an IP address", name, b.ExtraHosts[name])
		}
	}
	b.finishSecrets(f, fail)
	b.finishSSH(f, fail)
	place := b.place(f.Res.Dir)
	if m := place.look(f.Root(), f.Ground()); m != nil {
		f.Errorf("build", "%v", m.Err).Hintf("%s", m.Hint)
		return
	}
	bases, _, err := place.bases(f.Ground(), f.Root(), b)
	if err != nil {
		f.Errorf("build", "%v", err)
		return
	}
	for _, base := range bases {
		if a, ok := f.Named("image", base); ok && a != f.Res.Addr {
			f.Res.Deps = append(f.Res.Deps, ir.Dep{To: a, Pos: f.Res.AttrPos("build")})
		}
	}
	b.finishContexts(f, fail)
}

func (b *Build) finishSecrets(f *schema.Finishing, fail func(hint, format string, args ...any)) {
	for _, id := range slices.Sorted(maps.Keys(b.Secrets)) {
		s := b.Secrets[id]
		switch file := rooted(f.Res.Dir, s.File); {
		case s.Value.IsNull() == (s.File == ""):
			fail("a secret is a text, or { file = \"token\" }", "secrets: %s has to have one of `value` and `file`", id)
		case !s.Value.IsNull() && s.Value.Kind != ir.String:
			fail("give it what is known when the plan is made", "secrets: %s holds what only the engine knows", id)
		case s.File == "":
		case !filepath.IsAbs(s.File) && !schema.Below(f.Root(), file):
			fail("move it below the stack's directory, or write its whole path", "secrets: %s: %s leads out of the stack's directory", id, s.File)
		default:
			if !f.Ground().Readable(file) {
				fail("file is a path from the directory of this file on", "secrets: %s: there is no file %s that can be read", id, s.File)
			}
		}
	}
}

func (b *Build) finishSSH(f *schema.Finishing, fail func(hint, format string, args ...any)) {
	for _, s := range b.SSH {
		id, paths, ok := strings.Cut(s, "=")
		if !ok {
			continue
		}
		for path := range strings.SplitSeq(paths, ",") {
			if filepath.IsAbs(path) {
				continue // it may be on another machine
			}
			whole := rooted(f.Res.Dir, path)
			if !schema.Below(f.Root(), whole) {
				fail("move it below the stack's directory, or write its whole path", "ssh: %s: %s leads out of the stack's directory", id, path)
			} else if _, err := f.Ground().Stat(whole); err != nil {
				fail("an agent's socket or a key is a path from the directory of this file on, or a whole path", "ssh: %s: there is no socket or key %s", id, path)
			}
		}
	}
}

func (b *Build) finishContexts(f *schema.Finishing, fail func(hint, format string, args ...any)) {
	for _, name := range slices.Sorted(maps.Keys(b.Contexts)) {
		c := b.Contexts[name]
		switch {
		case countTrue(c.Path != "", !c.Image.IsZero(), c.URL != "") != 1:
			fail("write one of them", "additional_contexts: %s has to have one of `path`, `image` and `url`", name)
		case c.Path != "":
			if m := (&place{context: rooted(f.Res.Dir, c.Path), inline: "x"}).look(f.Root(), f.Ground()); m != nil {
				fail(m.Hint, "additional_contexts: %s: %v", name, m.Err)
			}
		case !c.Image.Addr.IsZero() && c.Image.Addr == f.Res.Addr:
			fail("take it away", "additional_contexts: %s is the image itself", name)
		case c.Image.Name != "":
			if a, ok := f.Named("image", canonical(c.Image.Name)); ok && a != f.Res.Addr {
				f.Res.Deps = append(f.Res.Deps, ir.Dep{To: a, Pos: f.Res.AttrPos("build")})
			}
		}
	}
}

func countTrue(all ...bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

// rooted returns a path as written in a module in dir.
func rooted(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// classic reports whether an engine builds it with its classic builder: where it
// has nothing else, or where its BuildKit is too old for an option that the
// classic builder has.
func (b *Build) classic(info engine.Info, kit bool) bool {
	return !kit || b.old() != "" && !info.Has("1.42")
}

// old returns the option that BuildKit has since Docker 23.0 and the classic
// builder always had; "" for none.
func (b *Build) old() string {
	switch {
	case b.ShmSize != 0:
		return "build.shm_size"
	case len(b.Ulimits) > 0:
		return "build.ulimits"
	}
	return ""
}

// able reports what the engine cannot do of a build: it would leave that out, or
// fail when half of a plan is done.
func able(in kind.In[Spec], st *state) {
	b := in.Want.Build
	in.CheckVersion()
	if st.classic {
		needs := func(what, hint string) {
			in.Errorf("build", "%s needs BuildKit, and %s", what, hint).Hintf("take one of them away, or upgrade the engine")
		}
		why := "the engine here has only the classic builder"
		if st.kit {
			why = fmt.Sprintf("with %s the engine here builds with the classic builder (Docker 23.0 does both)", b.old())
		}
		schema.With(b, func(s *schema.Set) {
			s.Asking(buildKit, func(path string, _ *schema.Field) { needs("build."+path, why) })
		})
		if st.modern != "" {
			needs(st.modern, why)
		}
	}
	if in.Env.Info.Containerd {
		return
	}
	store := "take it away, or turn on the engine's containerd image store"
	if len(b.Platforms) > 1 {
		in.Errorf("build", "build.platforms: the engine here keeps images of one platform, and these are %s", strings.Join(b.Platforms, ", ")).Hintf("%s", store)
	}
	for _, c := range caches(b.CacheTo) {
		if c.Type != "inline" {
			in.Errorf("build", "build.cache_to: the engine here leaves steps only in the image (type=inline), not in a cache of the type %s", c.Type).Hintf("%s", store)
		}
	}
	for _, c := range caches(b.CacheFrom) {
		if c.Type != "registry" {
			in.Errorf("build", "build.cache_from: the engine here finds steps only in images (type=registry), not in a cache of the type %s", c.Type).Hintf("%s", store)
		}
	}
}
