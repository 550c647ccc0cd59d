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
	"bayplan/lang/ir"
)

// refused are the attributes that an engine may refuse, for what its host
// lacks, by what it says then.
var refused = []struct{ attr, says string }{
	{"blkio_weight", "Your kernel does not support Block I/O weight"},
	{"blkio", "Your kernel does not support Block I/O weight_device"},
	{"storage_opt", "--storage-opt is not supported"}, // overlay2 on a file system without quotas
	{"cgroup", "got nothing to do"},                   // host is what the engine does by itself
	{"mounts", "needs Docker"},                        // its other value is for newer engines
}

// TestDocker tries on a Docker Engine what TestCover tries in memory: few
// containers, in which each two attributes that can stand together do.
// DOCKER=all tries all of these containers, and each attribute alone too, which
// takes minutes; else one of them is tried. The containers are made and not
// started, so that what the host cannot run does not count.
func TestDocker(t *testing.T) {
	e := dockerEngine(t)
	s := onDocker(t, e)
	t.Cleanup(func() { s.Destroy(t) })
	var taken []kindtest.Sample
	for _, x := range s.Samples {
		try := s.Make
		if os.Getenv("DOCKER") == "all" {
			try = s.Alone
		} else if !mayBeRefused(x) {
			try = func(kindtest.Sample) error { return nil }
		}
		if !s.Can(x) {
			t.Logf("SKIPPED: %s %s is for newer engines, or for another kernel", x.Attr, x.A.Show())
			continue
		}
		err := try(x)
		switch {
		case refusal(x, err):
			t.Logf("SKIPPED, this engine cannot: %s %s: %v", x.Attr, x.A.Show(), err)
		case err != nil:
			t.Errorf("%s %s: %v", x.Attr, x.A.Show(), err)
		default:
			taken = append(taken, x)
		}
		if err != nil {
			s.Destroy(t)
		}
	}
	s.Samples = taken
	sets := s.Cover(&kindtest.Table{Rows: apart}, 1, 100)
	t.Logf("%d attributes' values in %d containers", len(taken), len(sets))
	if os.Getenv("DOCKER") != "all" {
		sets = sets[:min(1, len(sets))]
	}
	for _, xs := range sets {
		s.Packed(t, xs)
	}
}

// mayBeRefused reports whether an engine may refuse a sample's attribute.
func mayBeRefused(x kindtest.Sample) bool {
	return slices.ContainsFunc(refused, func(r struct{ attr, says string }) bool { return r.attr == x.Attr })
}

func refusal(x kindtest.Sample, err error) bool {
	if err == nil {
		return false
	}
	for _, r := range refused {
		if r.attr == x.Attr && strings.Contains(err.Error(), r.says) {
			return true
		}
	}
	return false
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
	for i, d := range s.Base {
		s.Base[i].Attrs = renamed(ir.MapVal(d.Attrs), names).Map
	}
	s.Subject.Attrs = renamed(ir.MapVal(s.Subject.Attrs), names).Map
	for i := range s.Samples {
		x := &s.Samples[i]
		x.A, x.B = renamed(x.A, names), renamed(x.B, names)
		for j := range x.Also {
			x.Also[j] = names.Replace(x.Also[j])
		}
	}
	return s
}

// renamed returns a value with its texts renamed.
func renamed(v ir.Value, names *strings.Replacer) ir.Value {
	switch v.Kind {
	case ir.String:
		v.Str = names.Replace(v.Str)
	case ir.List:
		v.List = slices.Clone(v.List)
		for i := range v.List {
			v.List[i] = renamed(v.List[i], names)
		}
	case ir.Map:
		m := map[string]ir.Value{}
		for k, e := range v.Map {
			m[k] = renamed(e, names)
		}
		v.Map = m
	}
	return v
}

// dockerEngine connects to the engine of this machine.
func dockerEngine(t *testing.T) *engine.Engine {
	e, err := engine.Connect(context.Background(), "")
	if err != nil {
		t.Skipf("NO REAL ENGINE HERE, this test checks nothing: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
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
