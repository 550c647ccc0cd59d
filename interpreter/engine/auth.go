package engine

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/registry"
)

// hubKey is the name under which the docker configuration keeps Docker Hub's
// credentials, whatever name a reference uses for it.
const hubKey = "https://index.docker.io/v1/"

// Login is an account at a registry that a program declares.
type Login struct {
	Host               string // as references have it: ghcr.io, docker.io
	Username, Password string
}

// Account is who asks a registry.
type Account struct {
	Username string // "" is nobody; of a token alone it is "a token"
	From     string // for people: where it comes from
	encoded  string // for the engine
}

// UseLogins lets these accounts serve, before those of the docker
// configuration.
func (e *Engine) UseLogins(logins []Login) {
	e.logins = map[string]Login{}
	for _, l := range logins {
		e.logins[l.Host] = l
	}
}

// registryAuth returns the account that `docker login` stored for the registry
// of a reference. Helpers are asked for it as the docker command asks them.
func registryAuth(ref string) (Account, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return Account{}, fmt.Errorf("image reference %q: %w", ref, err)
	}
	key := registryKey(named)
	cfg, err := config.Load(config.Dir())
	if err != nil {
		return Account{}, fmt.Errorf("reading the docker configuration: %w", err)
	}
	from := "the docker configuration"
	if helper := cmp.Or(cfg.CredentialHelpers[key], cfg.CredentialsStore); helper != "" {
		from = "docker-credential-" + helper
	}
	a, err := cfg.GetAuthConfig(key)
	if err != nil {
		return Account{}, fmt.Errorf("asking %s for the credentials of %s: %w", from, reference.Domain(named), err)
	}
	if a.Username == "" && a.IdentityToken == "" && a.RegistryToken == "" {
		return Account{}, nil
	}
	text, err := registry.EncodeAuthConfig(registry.AuthConfig{
		Username: a.Username, Password: a.Password, Auth: a.Auth,
		ServerAddress: a.ServerAddress, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
	})
	return Account{Username: cmp.Or(a.Username, "a token"), From: from, encoded: text}, err
}

// registryKey returns the name under which credentials for a reference's
// registry are kept.
func registryKey(named reference.Named) string {
	if domain := reference.Domain(named); domain != "docker.io" {
		return domain
	}
	return hubKey
}

// Auth returns the encoded credentials for the registry of a reference, or "".
func (e *Engine) Auth(ref string) (string, error) {
	a, err := e.account(ref)
	return a.encoded, err
}

// account returns who asks the registry of a reference: whom the program
// declares, else whom the docker configuration knows. The answer may come from a
// program, which has its time too.
func (e *Engine) account(ref string) (Account, error) {
	if named, err := reference.ParseNormalizedNamed(ref); err == nil {
		if l, ok := e.logins[reference.Domain(named)]; ok {
			text, err := registry.EncodeAuthConfig(registry.AuthConfig{
				Username: l.Username, Password: l.Password, ServerAddress: registryKey(named),
			})
			return Account{Username: l.Username, From: declared, encoded: text}, err
		}
	}
	if e.auth == nil {
		return Account{}, nil
	}
	type answer struct {
		Account
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		a, err := e.auth(ref)
		answered <- answer{a, err}
	}()
	select {
	case a := <-answered:
		return a.Account, a.err
	case <-time.After(e.limits.Registry):
		return Account{}, fmt.Errorf("the credentials for %s did not come within %s: the docker configuration names a helper for them", ref, e.limits.Registry)
	}
}

// auths returns the credentials for the registries of references, as a build
// takes them.
func (e *Engine) auths(refs []string) (map[string]registry.AuthConfig, error) {
	out := map[string]registry.AuthConfig{}
	for _, ref := range refs {
		named, err := reference.ParseNormalizedNamed(ref)
		if err != nil {
			continue // the builder says so
		}
		encoded, err := e.Auth(ref)
		if err != nil {
			return nil, err
		}
		if encoded == "" {
			continue
		}
		a, err := registry.DecodeAuthConfig(encoded)
		if err != nil {
			return nil, fmt.Errorf("the credentials for %s: %w", ref, err)
		}
		out[registryKey(named)] = *a
	}
	return out, nil
}

// Refused is the error of a registry that did not let an account in.
type Refused struct {
	Host    string
	Account Account
	Err     error
}

func (r *Refused) Error() string { return r.Err.Error() + "\n" + r.Asked() }

// Unwrap returns what the registry said.
func (r *Refused) Unwrap() error { return r.Err }

// declared is where an account comes from that a program declares.
const declared = "the program's registry"

// Asked says who asked, and how somebody else does.
func (r *Refused) Asked() string {
	switch {
	case r.Account.From == declared:
		return fmt.Sprintf("%s was asked as %q, whom the program's registry %q names", r.Host, r.Account.Username, r.Host)
	case r.Account.Username == "":
		return fmt.Sprintf("%s was asked without an account: `docker login %s` stores one", r.Host, r.login())
	}
	return fmt.Sprintf("%s was asked as %q, from %s: `docker login %s` stores another account", r.Host, r.Account.Username, r.Account.From, r.login())
}

// login is what docker login takes: it knows Docker Hub without a name.
func (r *Refused) login() string {
	if r.Host == "docker.io" {
		return "-u NAME"
	}
	return r.Host
}

// registryOf returns the host that a call makes the engine talk to, or "".
func registryOf(c Call) string {
	ref := ""
	switch c := c.(type) {
	case *ImagePull:
		ref = c.Ref
	case *ImagePush:
		ref = c.Ref
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ""
	}
	return reference.Domain(named)
}

// missing is the error of what a registry does not have.
type missing struct{ error }

// NotFound is what errdefs knows it by.
func (missing) NotFound() {}

// Unwrap returns what the registry said.
func (m missing) Unwrap() error { return m.error }

// fromRegistry sorts what a registry said through the engine: that it has no
// such thing is a 404, whatever the engine made of it, and who was not let in is
// told as whom it asked.
func (e *Engine) fromRegistry(ref string, err error) error {
	named, perr := reference.ParseNormalizedNamed(ref)
	if err == nil || perr != nil {
		return err
	}
	text := strings.ToLower(err.Error())
	var late *TimedOut
	switch {
	case errors.As(err, &late):
		late.Registry = reference.Domain(named)
	case strings.Contains(text, "manifest unknown") || strings.Contains(text, "name unknown") || strings.Contains(text, "not known to registry"):
		return missing{err}
	case cerrdefs.IsUnauthorized(err) || cerrdefs.IsPermissionDenied(err) || strings.Contains(text, "unauthorized") ||
		strings.Contains(text, "denied") || strings.Contains(text, "no basic auth") || strings.Contains(text, "authentication required"):
		a, _ := e.account(ref) // it was there a moment ago
		return &Refused{Host: reference.Domain(named), Account: a, Err: err}
	}
	return err
}
