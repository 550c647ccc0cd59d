package container_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/kind/kindtest"
)

// notRunning are the attributes with which no container runs on some host, by
// what the engine says then.
var notRunning = []struct{ attr, says string }{
	{"blkio_weight", "Your kernel does not support Block I/O weight"},
	{"blkio", "Your kernel does not support Block I/O weight_device"},
	{"storage_opt", "--storage-opt is not supported"},
	{"cgroup", "got nothing to do"},
	{"mounts", "needs Docker"},
	{"mounts", "not a shared or slave mount"},                 // the host's root is private
	{"privileged", "unable to apply caps"},                    // the host is itself in a box that has not all of them
	{"oom_score_adj", "can't get final child's PID"},          // so that a score below its own is not to be had
	{"device_requests", "could not select device driver"},     // no such device
	{"cpu_rt_runtime", "cpu.rt_runtime_us: invalid argument"}, // the cgroup above has no real-time share
}

// TestDockerRunning makes, changes and takes away each attribute on containers
// that run on a Docker Engine, so that what is changed in place is changed under
// a process; DOCKER attributes of them.
func TestDockerRunning(t *testing.T) {
	e := dockerEngine(t)
	s := ofThisRun(t, e, waiting(t))
	s.Samples = slices.DeleteFunc(s.Samples, func(x kindtest.Sample) bool {
		return x.Attr == "links" || !s.Can(x) // links need the default bridge, which is everybody's
	})
	t.Cleanup(func() { s.Destroy(t) })
	for _, i := range slice.Of(t, "DOCKER", 2).Draw("running", len(s.Samples)) {
		x := s.Samples[i]
		err := s.Alone(x)
		switch {
		case cannotRun(x, err):
			t.Logf("SKIPPED, this host cannot: %s %s: %v", x.Attr, x.A.Show(), err)
		case err != nil:
			t.Errorf("%s %s: %v", x.Attr, x.A.Show(), err)
		}
		if err != nil {
			s.Destroy(t)
		}
	}
}

func cannotRun(x kindtest.Sample, err error) bool {
	if err == nil {
		return false
	}
	return slices.ContainsFunc(notRunning, func(r struct{ attr, says string }) bool {
		return r.attr == x.Attr && strings.Contains(err.Error(), r.says)
	})
}

// waiting builds what the containers run.
func waiting(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "wait")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./testdata/wait")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building what containers run: %v\n%s", err, out)
	}
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return program
}
