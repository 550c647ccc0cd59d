package engine

import (
	"fmt"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/registry"
)

// hubKey is the name under which the docker configuration keeps Docker Hub's
// credentials, whatever name a reference uses for it.
const hubKey = "https://index.docker.io/v1/"

// registryAuth returns the credentials that `docker login` stored for the
// registry of a reference, encoded for the engine; "" if there are none.
func registryAuth(ref string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", fmt.Errorf("image reference %q: %w", ref, err)
	}
	key := registryKey(named)
	cfg, err := config.Load(config.Dir())
	if err != nil {
		return "", fmt.Errorf("reading the docker configuration: %w", err)
	}
	a, err := cfg.GetAuthConfig(key)
	if err != nil {
		return "", fmt.Errorf("asking for the credentials of %s: %w", key, err)
	}
	if a.Username == "" && a.IdentityToken == "" && a.RegistryToken == "" {
		return "", nil
	}
	return registry.EncodeAuthConfig(registry.AuthConfig{
		Username: a.Username, Password: a.Password, Auth: a.Auth,
		ServerAddress: a.ServerAddress, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
	})
}

// registryKey returns the name under which credentials for a reference's
// registry are kept.
func registryKey(named reference.Named) string {
	if domain := reference.Domain(named); domain != "docker.io" {
		return domain
	}
	return hubKey
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
