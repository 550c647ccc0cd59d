package container_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind/kindtest"
)

// refused are the attributes that an engine may refuse, for what its host
// lacks.
var refused = kindtest.Refusals{
	{Attr: "blkio_weight", Says: "Your kernel does not support Block I/O weight"},
	{Attr: "blkio", Says: "Your kernel does not support Block I/O weight_device"},
	{Attr: "storage_opt", Says: "--storage-opt is not supported"}, // overlay2 on a file system without quotas
	{Attr: "cgroup", Says: "got nothing to do"},                   // host is what the engine does by itself
	{Attr: "mounts", Says: "needs Docker"},                        // its other value is for newer engines
}

// TestDocker makes containers with each attribute on a Docker Engine. They are
// not started, so that what the host cannot run does not count.
func TestDocker(t *testing.T) {
	onDocker(t, kindtest.Docker(t)).OnDocker(t, &kindtest.Table{Rows: apart}, refused)
}

// onDocker is the suite on an engine that others use too: names and images are
// of this run alone.
func onDocker(t *testing.T, e *engine.Engine) kindtest.Suite {
	s := ofThisRun(t, e, nil)
	for _, d := range s.Base {
		if d.Addr == "container.other" {
			d.Attrs["state"] = str("created")
		}
	}
	s.Subject.Attrs["state"], s.Still = str("created"), true
	return s
}

// ofThisRun is the suite with names, images, ports and subnets that no other
// run has. program is what the images hold to be run; nil is nothing.
func ofThisRun(t *testing.T, e *engine.Engine, program []byte) kindtest.Suite {
	pid := os.Getpid()
	mine, port, net := fmt.Sprintf("kt%d", pid), 20000+pid%600*20, fmt.Sprintf("%d.%d", 100+pid%100, pid/100%250)
	names := strings.NewReplacer("app:1", mine+"-app:1", "other:1", mine+"-other:1", "other:2", mine+"-other:2", "kt-", mine+"-",
		"8080:", fmt.Sprint(port, ":"), "8081:", fmt.Sprint(port+1, ":"), "8000-8002:", fmt.Sprintf("%d-%d:", port+2, port+4),
		"10.77.0", "10."+net, "fd00:77:", fmt.Sprintf("fd00:%x:", pid%0xffff))
	for _, tag := range []string{"app:1", "other:1", "other:2"} {
		buildWith(t, e, mine+"-"+tag, program)
	}
	s := suite(t, e)
	s.Stack, s.Shared = mine, true
	s.Samples = slices.DeleteFunc(s.Samples, func(x kindtest.Sample) bool { return x.Attr == "state" })
	return s.Renamed(names)
}

// buildWith builds an image for the time of a test, which runs a program under
// all names that samples call; without one no container of it can be started.
func buildWith(t *testing.T, e *engine.Engine, tag string, program []byte) {
	files := map[string]string{
		"tag": tag, "x": string(program), "group": "audio:x:63:\n",
		"Dockerfile": "FROM scratch\nLABEL bayplan.test=1\nCOPY tag /tag\nCOPY group /etc/group\nCOPY x /x\nCMD [\"/x\"]\n",
	}
	if program != nil {
		for _, name := range []string{"/serve", "/a", "/b", "/ok", "/bin/sh", "/bin/ash", "/bin/bash"} {
			files["Dockerfile"] += "COPY x " + name + "\n"
		}
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(files[name])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := &engine.Stream{Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }}
	if _, err := e.Do(context.Background(), &engine.ImageBuild{Tags: []string{tag}}, s, nil); err != nil {
		t.Fatalf("building %s: %v", tag, err)
	}
	t.Cleanup(func() {
		if _, err := e.Do(context.Background(), &engine.ImageRemove{Ref: tag}, nil, nil); err != nil {
			t.Errorf("removing %s: %v", tag, err)
		}
	})
}
