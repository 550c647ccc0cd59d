package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// yard is the engine on which the bench works, and what it has made there: all
// of it begins with one name that nobody else has.
type yard struct {
	*client.Client
	dir   string // of its files
	name  string
	image string
	net   int // from which on 10.NET.0.0/16 are its networks': outside of what engines give out themselves
}

func newYard(ctx context.Context, dir string) (*yard, error) {
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("bayplan-bench-%d", os.Getpid())
	y := &yard{Client: c, dir: dir, name: name, image: name + ":1", net: 100 + os.Getpid()%19*8} // another bench may run
	return y, y.buildImage(ctx)
}

// buildImage makes an image of nothing but the program that holds.
func (y *yard) buildImage(ctx context.Context) error {
	program, err := os.ReadFile(filepath.Join(y.dir, "hold"))
	if err != nil {
		return err
	}
	var context bytes.Buffer
	w := tar.NewWriter(&context)
	for name, data := range map[string][]byte{"Dockerfile": []byte("FROM scratch\nCOPY hold /hold\nENTRYPOINT [\"/hold\"]\n"), "hold": program} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data))}); err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	resp, err := y.ImageBuild(ctx, &context, build.ImageBuildOptions{Tags: []string{y.image}, Remove: true, ForceRemove: true})
	if err != nil {
		return fmt.Errorf("building the image of the bench: %w", err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err == nil && !bytes.Contains(said, []byte("Successfully tagged")) {
		err = errors.New(string(said))
	}
	return err
}

// clear takes away what is left of this run, however it ended.
func (y *yard) clear() error {
	ctx := context.Background()
	var errs []error
	all, err := y.ContainerList(ctx, container.ListOptions{All: true})
	errs = append(errs, err)
	for _, c := range all {
		if len(c.Names) > 0 && y.ours(strings.TrimPrefix(c.Names[0], "/")) {
			errs = append(errs, y.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true}))
		}
	}
	networks, err := y.NetworkList(ctx, network.ListOptions{})
	errs = append(errs, err)
	for _, n := range networks {
		if y.ours(n.Name) {
			errs = append(errs, y.NetworkRemove(ctx, n.ID))
		}
	}
	volumes, err := y.VolumeList(ctx, volume.ListOptions{})
	errs = append(errs, err)
	for _, v := range volumes.Volumes {
		if y.ours(v.Name) {
			errs = append(errs, y.VolumeRemove(ctx, v.Name, true))
		}
	}
	if got, err := y.ImageInspect(ctx, y.image); err == nil {
		for _, tag := range got.RepoTags { // bay's marks, too
			_, err := y.ImageRemove(ctx, tag, image.RemoveOptions{PruneChildren: true}) // what it was built on, too
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, y.Close())...)
}

func (y *yard) ours(name string) bool { return strings.HasPrefix(name, y.name+"-") }
