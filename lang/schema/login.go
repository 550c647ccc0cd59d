package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// hub is the one name of Docker Hub, which is known by several.
const hub = "docker.io"

var hubNames = []string{"docker.io", "index.docker.io", "registry-1.docker.io", "hub.docker.com", "registry.hub.docker.com"}

var hostName = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(:[0-9]+)?$`)

// registryHost returns the one name of a registry, or an error that says what is
// wrong with it.
func registryHost(text string) (string, error) {
	host := text
	if _, rest, ok := strings.Cut(text, "://"); ok {
		host = rest
	}
	host, _, path := strings.Cut(host, "/")
	switch {
	case !hostName.MatchString(host):
		return "", fmt.Errorf("got %q, want the host of a registry such as \"ghcr.io\" or \"127.0.0.1:5000\"", text)
	case slices.Contains(hubNames, host): // docker login calls it https://index.docker.io/v1/
		return hub, nil
	case path || host != text:
		return "", fmt.Errorf("got %q, want the host alone: %q", text, host)
	case !strings.ContainsAny(host, ".:[") && host != "localhost":
		return "", fmt.Errorf("got %q, which has neither a dot nor a port: docker takes that for a part of a name on Docker Hub", text)
	}
	return host, nil
}

// loginSpec is the declaration `registry`.
type loginSpec struct{ username, password ir.Value }

func (s *loginSpec) Bind(f *Set) {
	f.Text(&s.username, "username", None, "The account's name.").Required()
	f.Text(&s.password, "password", None, "Its password or token; it is never shown.").Required()
	f.Elsewhere("address", "the host is the label: registry \"ghcr.io\"")
	f.Elsewhere("host", "the host is the label: registry \"ghcr.io\"")
	f.Elsewhere("user", "`user` is `username` here")
	f.Elsewhere("token", "`token` is `password` here")
	f.Elsewhere("config_file", "leave it out: the docker configuration and its helpers serve by themselves")
}

// Login takes a declaration `registry` about a host.
func (b *Builder) Login(host string, attrs []ir.Attr, pos diag.Pos, calls []diag.Call) {
	var s loginSpec
	before := len(b.Diags)
	report := func(format string, args ...any) *diag.Diag {
		d := b.Diags.Addf(pos, "registry %q: "+format, append([]any{host}, args...)...)
		d.Calls = calls
		return d
	}
	name, err := registryHost(host)
	if err != nil {
		b.Diags.Addf(pos, "registry: %v", err).Calls = calls
	}
	Decoding{Owner: fmt.Sprintf("registry %q", host), Pos: pos, Diags: &b.Diags}.Decode(&s, attrs)
	b.secrets = append(b.secrets, s.password.AsSensitive())
	if b.module != "" {
		report("accounts stand in the root module").Hintf("a module that brings its own would decide for the whole stack")
	}
	for _, x := range []struct {
		name  string
		value ir.Value
	}{{"username", s.username}, {"password", s.password}} {
		switch {
		case x.value.HasEngine():
			report("%s holds what only a running engine knows, and it is needed before", x.name)
		case x.value.Kind == ir.String && x.value.Str == "" && !x.value.Opaque:
			report("%s is empty", x.name).Hintf("leave the declaration out: then whom `docker login` has stored is asked as")
		}
	}
	if i := slices.IndexFunc(b.logins, func(l ir.Login) bool { return l.Host == name }); i >= 0 && err == nil {
		report("declared twice").Hintf("it was declared at %s%s", b.logins[i].Pos, sameHub(name))
	}
	if b.Diags[before:].HasErrors() || unclear(attrs) {
		return
	}
	if !s.password.Sensitive {
		b.Diags.Warnf(pos, "registry %q: the password stands in the program as plain text", host).
			Hintf("take it from a variable that is sensitive, or leave the declaration out and use `docker login`")
	}
	b.logins = append(b.logins, ir.Login{Host: name, Username: s.username, Password: s.password.AsSensitive(), Pos: pos})
}

// sameHub says that a registry has several names.
func sameHub(host string) string {
	if host != hub {
		return ""
	}
	return "; " + strings.Join(hubNames, ", ") + " are one"
}

// Secrets returns what the program says that may not be shown, beside the values
// of its variables.
func (b *Builder) Secrets() []ir.Value { return b.secrets }
