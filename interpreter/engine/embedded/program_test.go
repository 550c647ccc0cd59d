package embedded

import (
	"testing"

	"github.com/docker/docker/api/types/container"
)

// TestActsLabel has a program that is not the probe do what its image says.
func TestActsLabel(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	job := container.Config{Entrypoint: []string{"/job"}, Labels: map[string]string{"bayplan.embedded": "exit 4 after 1h"}}
	id := run(t, c, "job", job, container.HostConfig{}, nil)
	done, errs := c.ContainerWait(t.Context(), id, container.WaitConditionNotRunning)
	select {
	case r := <-done:
		if r.StatusCode != 4 {
			t.Errorf("got code %d, want 4", r.StatusCode)
		}
	case err := <-errs:
		t.Fatal(err)
	}
}
