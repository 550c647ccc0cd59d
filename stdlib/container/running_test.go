package container_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/kind/kindtest"
)

// notRunning are the attributes with which no container runs on some host.
var notRunning = kindtest.Refusals{
	{Attr: "blkio_weight", Says: "Your kernel does not support Block I/O weight"},
	{Attr: "blkio", Says: "Your kernel does not support Block I/O weight_device"},
	{Attr: "storage_opt", Says: "--storage-opt is not supported"},
	{Attr: "cgroup", Says: "got nothing to do"},
	{Attr: "mounts", Says: "needs Docker"},
	{Attr: "mounts", Says: "not a shared or slave mount"},                 // the host's root is private
	{Attr: "privileged", Says: "unable to apply caps"},                    // the host is itself in a box that has not all of them
	{Attr: "oom_score_adj", Says: "can't get final child's PID"},          // so that a score below its own is not to be had
	{Attr: "device_requests", Says: "could not select device driver"},     // no such device
	{Attr: "cpu_rt_runtime", Says: "cpu.rt_runtime_us: invalid argument"}, // the cgroup above has no real-time share
}

// TestDockerRunning makes, changes and takes away each attribute on containers
// that run on a Docker Engine, so that what is changed in place is changed under
// a process; DOCKER attributes of them.
func TestDockerRunning(t *testing.T) {
	e := kindtest.Docker(t)
	s := ofThisRun(t, e, waiting(t))
	s.Samples = slices.DeleteFunc(s.Samples, func(x kindtest.Sample) bool {
		return x.Attr == "links" || !s.Can(x) // links need the default bridge, which is everybody's
	})
	t.Cleanup(func() { s.Destroy(t) })
	for _, i := range slice.Of(t, "DOCKER", 2).Draw("running", len(s.Samples)) {
		x := s.Samples[i]
		err := s.Alone(x)
		switch {
		case notRunning.Has(x, err):
			t.Logf("SKIPPED, this host cannot: %s %s: %v", x.Attr, x.A.Show(), err)
		case err != nil:
			t.Errorf("%s %s: %v", x.Attr, x.A.Show(), err)
		}
		if err != nil {
			s.Destroy(t)
		}
	}
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
