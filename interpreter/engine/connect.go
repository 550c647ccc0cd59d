package engine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/docker/client"
)

// Connect reaches an engine as the docker command would. host is a DOCKER_HOST
// value or the name of a docker context; "" follows DOCKER_HOST, then
// DOCKER_CONTEXT, then the current context, then the default socket.
func Connect(ctx context.Context, host string) (*Engine, error) {
	opts, local, err := resolve(host)
	if err != nil {
		return nil, err
	}
	opts = append(opts, client.WithAPIVersionNegotiation(), client.WithVersionFromEnv(), client.WithUserAgent("bay"))
	c, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, &Unreachable{Host: host, Err: err}
	}
	return New(ctx, c, Options{Local: local, Auth: registryAuth})
}

// Local reports whether host, as Connect takes it, is a socket of this machine.
func Local(host string) bool {
	_, local, err := resolve(host)
	return err == nil && local
}

// Through reaches an engine over connections that dial makes: one that lives
// in this process.
func Through(ctx context.Context, dial func(ctx context.Context, network, addr string) (net.Conn, error), o Options) (*Engine, error) {
	c, err := client.NewClientWithOpts(client.WithHost("tcp://embedded"), client.WithDialContext(dial),
		client.WithAPIVersionNegotiation(), client.WithUserAgent("bay"))
	if err != nil {
		return nil, err
	}
	return New(ctx, c, o)
}

// resolve turns a host or a context's name into options of the client.
func resolve(host string) (opts []client.Opt, local bool, err error) {
	if strings.Contains(host, "://") {
		return hostOpts(host)
	}
	name := host
	if name == "" {
		if h := os.Getenv(client.EnvOverrideHost); h != "" {
			opts, local, err := hostOpts(h)
			return append(opts, client.WithTLSClientConfigFromEnv()), local, err
		}
		name = os.Getenv("DOCKER_CONTEXT")
	}
	if name == "" {
		cfg, err := config.Load(config.Dir())
		if err != nil {
			return nil, false, fmt.Errorf("reading the docker configuration: %w", err)
		}
		name = cfg.CurrentContext
	}
	if name == "" || name == "default" {
		return []client.Opt{client.FromEnv}, true, nil
	}
	return contextOpts(name)
}

func hostOpts(host string) ([]client.Opt, bool, error) {
	local := strings.HasPrefix(host, "unix://") || strings.HasPrefix(host, "npipe://")
	helper, err := connhelper.GetConnectionHelper(host) // ssh:// needs a program beside it
	if err != nil {
		return nil, false, fmt.Errorf("engine %q: %w", host, err)
	}
	if helper == nil {
		return []client.Opt{client.WithHost(host)}, local, nil
	}
	transport := &http.Client{Transport: &http.Transport{DialContext: helper.Dialer}}
	return []client.Opt{client.WithHTTPClient(transport), client.WithHost(helper.Host), client.WithDialContext(helper.Dialer)}, false, nil
}

// Contexts returns the names of the docker contexts that are kept on this
// machine, in order.
func Contexts() ([]string, error) {
	all, err := contexts().List()
	if err != nil {
		return nil, fmt.Errorf("listing docker contexts: %w", err)
	}
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names, nil
}

func contexts() *store.ContextStore {
	cfg := store.NewConfig(
		func() any { return &map[string]any{} },
		store.EndpointTypeGetter(docker.DockerEndpoint, func() any { return &docker.EndpointMeta{} }),
	)
	return store.New(config.ContextStoreDir(), cfg)
}

func contextOpts(name string) ([]client.Opt, bool, error) {
	s := contexts()
	meta, err := s.GetMetadata(name)
	if err != nil {
		return nil, false, fmt.Errorf("there is no docker context %q (a DOCKER_HOST value has :// in it): %w", name, err)
	}
	em, err := docker.EndpointFromContext(meta)
	if err != nil {
		return nil, false, fmt.Errorf("docker context %q: %w", name, err)
	}
	ep, err := docker.WithTLSData(s, name, em)
	if err != nil {
		return nil, false, fmt.Errorf("docker context %q: %w", name, err)
	}
	opts, err := ep.ClientOpts()
	if err != nil {
		return nil, false, fmt.Errorf("docker context %q: %w", name, err)
	}
	return opts, strings.HasPrefix(em.Host, "unix://") || em.Host == "", nil
}
