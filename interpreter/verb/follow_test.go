package verb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/google/go-cmp/cmp"
)

// restarted is an engine whose connections can be cut, as when its daemon is
// started anew. It tells of lines and starts what it is told to.
type restarted struct {
	*embedded.Direct
	mu   sync.Mutex
	past map[string]string         // what a container has printed, by ID
	open map[string]*io.PipeWriter // who reads it now
	msgs chan events.Message
	errs chan error

	policy container.RestartPolicyMode // of all containers
	away   bool                        // it answers nobody who asks for lines
}

func (r *restarted) ContainerInspect(_ context.Context, id string) (container.InspectResponse, error) {
	host := &container.HostConfig{RestartPolicy: container.RestartPolicy{Name: r.policy}}
	return container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{ID: id, HostConfig: host}, Config: &container.Config{Tty: true}}, nil
}

// ContainerLogs answers with all since a time, which engines count in.
func (r *restarted) ContainerLogs(ctx context.Context, id string, o container.LogsOptions) (io.ReadCloser, error) {
	in, out := io.Pipe()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return nil, io.ErrUnexpectedEOF
	}
	r.open[id] = out
	text := r.past[id]
	if o.Since != "" {
		sec, _, _ := strings.Cut(o.Since, ".")
		_, text, _ = strings.Cut("\n"+text, "\n"+time.Unix(0, 0).UTC().Format("2006")) // all of it is from that year
		text = "1970" + text
		if sec != "5" {
			return nil, fmt.Errorf("asked for lines since %s", o.Since)
		}
	}
	context.AfterFunc(ctx, func() { _ = out.CloseWithError(ctx.Err()) })
	go func() {
		if _, err := io.WriteString(out, text); err == nil && !o.Follow {
			_ = out.Close()
		}
	}()
	return in, nil
}

func (r *restarted) Events(context.Context, events.ListOptions) (<-chan events.Message, <-chan error) {
	return r.msgs, r.errs
}

func (r *restarted) cut() {
	r.mu.Lock()
	for _, w := range r.open {
		_ = w.CloseWithError(io.ErrUnexpectedEOF)
	}
	r.mu.Unlock()
	r.errs <- io.ErrUnexpectedEOF
}

// newRestarted returns one, and the engine that it is.
func newRestarted(t *testing.T, ctx context.Context, policy container.RestartPolicyMode) (*restarted, *engine.Engine) {
	t.Helper()
	newest, err := embedded.ParseVersion("")
	if err != nil {
		t.Fatal(err)
	}
	r := &restarted{
		Direct: embedded.NewDirect(embedded.New(newest, "follow", time.Unix(0, 0))), open: map[string]*io.PipeWriter{},
		past: map[string]string{}, msgs: make(chan events.Message), errs: make(chan error), policy: policy,
	}
	e, err := engine.New(ctx, r, engine.Options{Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return r, e
}

// An engine that is started anew answers before it starts what it shall: that is
// waited for, for a while, and nothing that stays as it is.
func TestFollowWaitsForTheStart(t *testing.T) {
	for _, c := range []struct {
		policy     container.RestartPolicyMode
		start      bool
		least, end time.Duration
	}{
		{container.RestartPolicyDisabled, false, 0, 2 * lull},
		{container.RestartPolicyUnlessStopped, false, lulls * lull, (lulls + 2) * lull},
		{container.RestartPolicyAlways, true, 5 * lull, 7 * lull},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			r, e := newRestarted(t, ctx, c.policy)
			web := at(t, "container.web", "web")
			ended := make(chan error, 1)
			go func() {
				ended <- Follow(ctx, Following{
					Engine: e, Stack: "shop", Chosen: []Object{web},
					Means: func(Object) bool { return true },
					Look: func(context.Context) ([]Object, error) {
						r.mu.Lock()
						defer r.mu.Unlock()
						return []Object{web}, nil
					},
					Lost: func(error) {},
					Emit: func(Line) error { return nil },
				}, LogOptions{})
			}()
			synctest.Wait()
			r.mu.Lock()
			web.Status = "exited"
			r.mu.Unlock()
			began := time.Now()
			r.cut()
			if c.start { // and it ends by itself at once
				time.Sleep(5*lull + lull/2)
				r.msgs <- events.Message{Actor: events.Actor{ID: web.ID}}
				synctest.Wait()
				r.mu.Lock()
				_ = r.open[web.ID].Close()
				r.mu.Unlock()
			}
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < c.least || took > c.end {
				t.Errorf("with policy %q it ended after %s, want %s to %s", c.policy, took, c.least, c.end)
			}
		})
	}
}

// An engine that is started anew is waited for, no line is told twice, and what
// comes to an address that is meant is followed.
func TestFollowGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	const five = "1970-01-01T00:00:05.000000001Z "
	r, e := newRestarted(t, ctx, container.RestartPolicyDisabled)
	old, next, other := at(t, "container.web", "old"), at(t, "container.web", "next"), at(t, "container.db", "other")
	r.past[old.ID] = five + "one\n"
	all := []Object{old, other}
	var told []string
	heard := make(chan string, 16)
	go func() {
		for text := range heard {
			switch text {
			case "one":
				r.mu.Lock()
				r.past[old.ID] += five + "two\n"
				r.mu.Unlock()
				r.cut()
			case "two":
				r.mu.Lock()
				r.past[next.ID], all = five+"new\n", []Object{next, other}
				r.mu.Unlock()
				r.msgs <- events.Message{Actor: events.Actor{ID: next.ID}}
			case "new":
				cancel()
			}
		}
	}()
	err := Follow(ctx, Following{
		Engine: e, Stack: "shop", Chosen: []Object{old},
		Means: func(o Object) bool { return o.Addr == old.Addr },
		Look: func(context.Context) ([]Object, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return all, nil
		},
		Lost: func(error) { told = append(told, "lost") },
		Emit: func(l Line) error {
			told = append(told, l.Text)
			heard <- l.Text
			return nil
		},
	}, LogOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("following ended with %v", err)
	}
	if diff := cmp.Diff([]string{"one", "lost", "two", "new"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// Following ends at the time that is asked for, and not before all that was printed
// until then is told: where the container is silent, and where the engine's clock is
// ahead, so that it ends the lines too early. Where the time has passed, it is no
// following.
func TestFollowUntil(t *testing.T) {
	const five = "1970-01-01T00:00:05.000000001Z "
	for _, c := range []struct {
		name  string
		until time.Duration // from now on
		cut   time.Duration // when the engine lets go; 0 is never
	}{
		{"passed", -time.Second, 0},
		{"just now", 0, 0},
		{"before the past is gathered", gathering / 2, 0},
		{"to come", time.Minute, 0},
		{"to come, the engine is ahead", time.Minute, 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, e := newRestarted(t, t.Context(), container.RestartPolicyDisabled)
				web := at(t, "container.web", "web")
				r.past[web.ID] = five + "one\n"
				if c.until > 0 {
					time.AfterFunc(c.until/2, func() { // it comes to no reader
						r.mu.Lock()
						defer r.mu.Unlock()
						r.past[web.ID] += five + "two\n"
					})
				}
				if c.cut > 0 {
					time.AfterFunc(c.cut, func() {
						r.mu.Lock()
						defer r.mu.Unlock()
						_ = r.open[web.ID].Close()
					})
				}
				began := time.Now()
				var told []string
				err := Follow(t.Context(), Following{
					Engine: e, Stack: "shop", Chosen: []Object{web},
					Means: func(Object) bool { return true },
					Look:  func(context.Context) ([]Object, error) { return []Object{web}, nil },
					Lost:  func(error) {},
					Emit:  func(l Line) error { told = append(told, l.Text); return nil },
				}, LogOptions{Until: point{at: began.Add(c.until)}.since()})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took.Round(time.Millisecond) != max(c.until, 0) {
					t.Errorf("it ended after %s", took)
				}
				want := []string{"one", "two"}
				if c.until <= 0 {
					want = want[:1]
				}
				if diff := cmp.Diff(want, told); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// An engine that is away when the end has come is an error: what was printed last
// is not known.
func TestFollowUntilIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e := newRestarted(t, t.Context(), container.RestartPolicyDisabled)
		web := at(t, "container.web", "web")
		time.AfterFunc(30*time.Second, func() {
			r.mu.Lock()
			r.away = true
			r.mu.Unlock()
		})
		err := Follow(t.Context(), Following{
			Engine: e, Stack: "shop", Chosen: []Object{web},
			Means: func(Object) bool { return true },
			Look:  func(context.Context) ([]Object, error) { return nil, io.ErrUnexpectedEOF },
			Lost:  func(error) {},
			Emit:  func(Line) error { return nil },
		}, LogOptions{Until: point{at: time.Now().Add(time.Minute)}.since()})
		if !engine.Lost(err) {
			t.Errorf("following ended with %v", err)
		}
	})
}
