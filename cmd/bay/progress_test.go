package main

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

// TestProgress shows an apply to a file: a line for what takes a while, and
// how it ends.
func TestProgress(t *testing.T) {
	x := newTester(t)
	web := &plan.Step{Verb: kind.Replace, Addr: ir.Addr{Kind: "container", Label: "web"}}
	data := &plan.Step{Verb: kind.Create, Addr: ir.Addr{Kind: "volume", Label: "data"}}
	p := &plan.Plan{Mode: plan.Apply, Stack: "shop", Steps: []*plan.Step{data, web}}
	sick := &engine.NotReady{Container: "shop-web", Reason: "became unhealthy", Look: &engine.Look{Health: "refused", Logs: []string{"one", "two\x1b[31m"}}}
	v := x.progress(p, false)
	v.mu.Lock()
	v.while = 0
	v.mu.Unlock()
	for _, ev := range []apply.Event{
		{Kind: apply.Begin, Step: data},
		{Kind: apply.Doing, Step: data, Text: "POST /volumes/create"},
		{Kind: apply.Done, Step: data, Took: 120 * time.Millisecond},
		{Kind: apply.Begin, Step: web},
		{Kind: apply.Progress, Step: web, Progress: engine.Progress{Text: "Step 1/3 : FROM scratch"}},
		{Kind: apply.Progress, Step: web, Progress: engine.Progress{Text: " ---> 1234"}},
		{Kind: apply.Waiting, Step: web, Wait: engine.Wait{Addr: web.Addr, Until: ir.Healthy, Limit: time.Minute}},
		{Kind: apply.Stopping},
		{Kind: apply.Undoing, Step: web, Err: sick},
		{Kind: apply.Failed, Step: web, Err: sick, Took: 12 * time.Second},
	} {
		v.event(ev)
		v.refresh()
	}
	v.close()
	want := `  + volume.data    creating…
  + volume.data    created in 100ms
  ± container.web  replacing…
  ± container.web  Step 1/3 : FROM scratch
  ± container.web  waiting to be healthy, at most 1m
  stopping after what runs now; Ctrl-C again leaves at once
  ± container.web  failed: container shop-web became unhealthy
  ± container.web  is taken back…
  ± container.web  failed after 12s
`
	if d := cmp.Diff(want, x.read(x.out)); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
	x.summary(p, &apply.Report{Done: []*plan.Step{data}, Failed: []apply.Failure{{Step: web, Err: sick, Touched: true, RolledBack: true, Look: sick.Look}}, Took: 13 * time.Second})
	want = `
error: container.web: container shop-web became unhealthy
  its health check said: refused
  its last lines:
    one
    two\x1b[31m
  it was taken back: what was there before is there again

Not all is done after 13s: 1 of 2 steps done, 1 failed. The next ` + "`bay apply`" + ` goes on from here.
`
	if d := cmp.Diff(want, x.read(x.err)); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
}

// TestProgressOfStalledPull has a pull stop half-way. That is said, and the same
// line not again and again.
func TestProgressOfStalledPull(t *testing.T) {
	x := newTester(t)
	base := &plan.Step{Verb: kind.Create, Addr: ir.Addr{Kind: "image", Label: "base"}}
	v := x.view(&plan.Plan{Mode: plan.Apply, Stack: "shop", Steps: []*plan.Step{base}}, false)
	now := time.Unix(0, 0)
	v.clock = func() time.Time { return now }
	v.event(apply.Event{Kind: apply.Begin, Step: base})
	for second := range 80 {
		if second < 8 || second == 70 {
			v.event(apply.Event{Kind: apply.Progress, Step: base, Progress: engine.Progress{Layer: "aaaaaaaaaaaa", Text: "Downloading", Current: int64(second+1) * 100_000, Total: 12_000_000}})
		}
		now = now.Add(time.Second)
		v.refresh()
	}
	want := `  + image.base  pulling 0.1 of 12.0 MB, 0 of 1 layer
  + image.base  pulling 0.6 of 12.0 MB, 0 of 1 layer
  + image.base  pulling 0.8 of 12.0 MB, 0 of 1 layer
  + image.base  pulling 0.8 of 12.0 MB, 0 of 1 layer, nothing for 34s
  + image.base  pulling 7.1 of 12.0 MB, 0 of 1 layer
`
	if d := cmp.Diff(want, x.read(x.out)); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
}

// TestProgressOfBuild shows under -v what a builder says, in its own words.
func TestProgressOfBuild(t *testing.T) {
	x := newTester(t)
	web := &plan.Step{Verb: kind.Create, Addr: ir.Addr{Kind: "image", Label: "web"}}
	v := x.progress(&plan.Plan{Mode: plan.Apply, Stack: "shop", Steps: []*plan.Step{web}}, true)
	for _, p := range []engine.Progress{
		{Step: "[1/2] FROM scratch", Text: "#1 [1/2] FROM scratch", Line: true},
		{Text: "#1 CACHED", Line: true},
		{Text: "#2 sha256:12", Layer: "sha256:12", Current: 1, Total: 2},
		{Text: "#2 0.250 red\x1b[31m", Line: true},
		{Text: "Step 4/5 : LABEL bayplan.image.addr=image.web", Line: true},
		{Text: "Pull complete"},
	} {
		v.event(apply.Event{Kind: apply.Progress, Step: web, Progress: p})
	}
	v.close()
	want := `  + image.web  #1 [1/2] FROM scratch
  + image.web  #1 CACHED
  + image.web  #2 0.250 red\x1b[31m
`
	if d := cmp.Diff(want, x.read(x.out)); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
}

func TestCause(t *testing.T) {
	said := errors.New("Error response from daemon: port is already allocated")
	op := engine.Op{Call: &engine.ContainerStart{Container: "shop-web"}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&apply.CallError{Op: op, Err: said}, "port is already allocated"},
		{&apply.CallError{Op: op, Err: fmt.Errorf("starting: %w", said)}, "starting: Error response from daemon: port is already allocated"},
		{errors.New("waiting"), "waiting"},
	} {
		if got := cause(c.err); got != c.want {
			t.Errorf("cause(%v) = %q, want %q", c.err, got, c.want)
		}
	}
	if got, want := callOf(op), "POST /containers/shop-web/start"; got != want {
		t.Errorf("callOf: %q, want %q", got, want)
	}
}
