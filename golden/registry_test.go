package golden

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	engineauth "github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"
)

// hub is the registry of a script. On a real engine another port stands in its
// place, where this process serves one; the embedded engine plays it.
const hub = "127.0.0.1:18555"

// registryCmd starts an empty registry that lets in one account: registry
// USER:PASSWORD. The embedded engine lets in everybody.
func registryCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: registry USER:PASSWORD")
	}
	if *lane != "real" {
		return
	}
	r := runOf(ts)
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		user, password, _ := req.BasicAuth()
		if user+":"+password == args[0] {
			inner.ServeHTTP(w, req)
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="harbour"`)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
	}))
	ts.Defer(server.Close)
	r.hub, r.account = strings.TrimPrefix(server.URL, "http://"), args[0]
	ts.Check(r.rename(ts.Getenv("WORK")))
}

// runsCmd holds that a container was made from what the registry has under a
// reference: runs CONTAINER REFERENCE.
func runsCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: runs CONTAINER REFERENCE")
	}
	r := runOf(ts)
	ts.Check(r.with(func(ctx context.Context, c *client.Client) error {
		auth, err := r.auth()
		if err != nil {
			return err
		}
		ref := r.out(args[1])
		named, err := reference.ParseNormalizedNamed(ref)
		if err != nil {
			return err
		}
		got, err := c.DistributionInspect(ctx, ref, auth)
		if err != nil {
			return err
		}
		box, err := c.ContainerInspect(ctx, r.out(args[0]))
		if err != nil {
			return err
		}
		im, err := c.ImageInspect(ctx, box.Image)
		if err != nil {
			return err
		}
		if want := reference.FamiliarName(named) + "@" + got.Descriptor.Digest.String(); !slices.Contains(im.RepoDigests, want) {
			return fmt.Errorf("%s runs %v, and the registry has %s", args[0], im.RepoDigests, want)
		}
		return nil
	}))
}

// auth is the account of the script's registry, as an engine takes it.
func (d dock) auth() (string, error) {
	user, password, _ := strings.Cut(d.account, ":")
	return engineauth.EncodeAuthConfig(engineauth.AuthConfig{Username: user, Password: password})
}

// push1 pushes an image to a tag as somebody else does: what the tag points at
// here is what it was.
func (d dock) push1(ctx context.Context, c *client.Client, args []string) error {
	auth, err := d.auth()
	if err != nil {
		return err
	}
	had, _ := c.ImageInspect(ctx, args[1]) // nothing if there is none
	if err := c.ImageTag(ctx, args[0], args[1]); err != nil {
		return err
	}
	said, err := c.ImagePush(ctx, args[1], image.PushOptions{RegistryAuth: auth})
	if err != nil {
		return err
	}
	defer said.Close()
	if lines, err := io.ReadAll(said); err != nil || strings.Contains(string(lines), `"error"`) {
		return fmt.Errorf("pushing %s: %v\n%s", args[1], err, lines)
	}
	if had.ID != "" {
		return c.ImageTag(ctx, had.ID, args[1])
	}
	_, err = c.ImageRemove(ctx, args[1], image.RemoveOptions{})
	return err
}
