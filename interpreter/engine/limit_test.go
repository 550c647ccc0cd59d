package engine

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bayplan/lang/ir"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// wire answers requests without a network.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// hangs never answers.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// answers answers every request with what body returns.
func answers(body func(*http.Request) io.Reader) wire {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body(r)), Request: r}, nil
	}
}

// over returns an engine behind w that nobody has asked who it is.
func over(t *testing.T, w wire, l Limits) *Engine {
	t.Helper()
	c, err := client.NewClientWithOpts(client.WithHTTPClient(&http.Client{Transport: w}), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{timeout: context.WithTimeout, sleep: sleep, await: await, limits: l.filled()}
	if err := capBodies(c, e.limits.Body); err != nil {
		t.Fatal(err)
	}
	e.client = &limited{c, e}
	return e
}

// Every read of an engine that hangs ends when its limit has passed, and says
// which it was.
func TestReadsEnd(t *testing.T) {
	reads := map[string]func(context.Context, Reader) error{
		"Info": func(ctx context.Context, r Reader) error { _, err := r.Info(ctx); return err },
		"Ping": func(ctx context.Context, r Reader) error { _, err := r.Ping(ctx); return err },
		"ContainerList": func(ctx context.Context, r Reader) error {
			_, err := r.ContainerList(ctx, container.ListOptions{})
			return err
		},
		"ContainerInspect": func(ctx context.Context, r Reader) error {
			_, err := r.ContainerInspect(ctx, "x")
			return err
		},
		"ContainerLogs": func(ctx context.Context, r Reader) error {
			_, err := r.ContainerLogs(ctx, "x", container.LogsOptions{})
			return err
		},
		"CopyFromContainer":   func(ctx context.Context, r Reader) error { _, _, err := r.CopyFromContainer(ctx, "x", "/"); return err },
		"ImageList":           func(ctx context.Context, r Reader) error { _, err := r.ImageList(ctx, image.ListOptions{}); return err },
		"ImageInspect":        func(ctx context.Context, r Reader) error { _, err := r.ImageInspect(ctx, "x"); return err },
		"DistributionInspect": func(ctx context.Context, r Reader) error { _, err := r.DistributionInspect(ctx, "x", ""); return err },
		"NetworkList": func(ctx context.Context, r Reader) error {
			_, err := r.NetworkList(ctx, network.ListOptions{})
			return err
		},
		"NetworkInspect": func(ctx context.Context, r Reader) error {
			_, err := r.NetworkInspect(ctx, "x", network.InspectOptions{})
			return err
		},
		"Events": func(ctx context.Context, r Reader) error {
			_, errs := r.Events(ctx, events.ListOptions{})
			return <-errs
		},
		"VolumeList": func(ctx context.Context, r Reader) error {
			_, err := r.VolumeList(ctx, volume.ListOptions{})
			return err
		},
		"VolumeInspect": func(ctx context.Context, r Reader) error { _, err := r.VolumeInspect(ctx, "x"); return err },
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := over(t, hangs, Limits{Read: 3 * time.Minute, Registry: 3 * time.Minute})
				began := time.Now()
				err := read(t.Context(), e.Reader())
				var late *TimedOut
				if !errors.As(err, &late) || late.Call != name || Unknown(err) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took != 3*time.Minute {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// Somebody who stops a read is not told that the engine was slow.
func TestReadsAreStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := over(t, hangs, Limits{}).Reader().Info(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the caller's own limit", err)
		}
	})
}

// deaf is a client of an engine that accepts connections, and says on them
// nothing before the test does.
type deaf struct {
	*client.Client
	answers chan net.Conn
}

func (d *deaf) DialHijack(context.Context, string, string, map[string][]string) (net.Conn, error) {
	return <-d.answers, nil
}

func (d *deaf) ContainerAttach(context.Context, string, container.AttachOptions) (types.HijackedResponse, error) {
	return types.NewHijackedResponse(<-d.answers, ""), nil
}

func (d *deaf) ContainerExecAttach(context.Context, string, container.ExecAttachOptions) (types.HijackedResponse, error) {
	return types.NewHijackedResponse(<-d.answers, ""), nil
}

// overDeaf is over with a deaf client.
func overDeaf(t *testing.T, w wire) (*Engine, *deaf) {
	e := over(t, w, Limits{})
	d := &deaf{e.client.(*limited).Client.(*client.Client), make(chan net.Conn)}
	e.client = &limited{d, e}
	return e, d
}

// A connection that the engine accepts and never answers on is given up, too,
// and closed if the answer comes late.
func TestConnectionsEnd(t *testing.T) {
	made := answers(func(*http.Request) io.Reader { return strings.NewReader(`{"Id":"x"}`) })
	for _, c := range []struct {
		call    string
		unknown bool // it may have come about
		stops   bool // its caller can stop it
		open    func(context.Context, *Engine, *deaf) error
	}{
		{"ContainerAttach", false, false, func(ctx context.Context, e *Engine, _ *deaf) error {
			_, err := e.Attach(ctx, "x", container.AttachOptions{})
			return err
		}},
		{"ContainerAttach", false, true, func(ctx context.Context, e *Engine, d *deaf) error {
			return (&Lock{ID: "x", e: e, c: d, lost: make(chan struct{})}).live(ctx)
		}},
		{"ContainerExecStart", true, false, func(ctx context.Context, e *Engine, _ *deaf) error {
			_, err := e.Exec(ctx, "x", container.ExecOptions{}, false)
			return err
		}},
		{"BuildKit", false, true, func(ctx context.Context, e *Engine, _ *deaf) error {
			_, err := e.BuildKit(ctx)
			return err
		}},
	} {
		t.Run(c.call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, d := overDeaf(t, made)
				began := time.Now()
				err := c.open(t.Context(), e, d)
				var late *TimedOut
				if !errors.As(err, &late) || late.Call != c.call || Unknown(err) != c.unknown {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took != quick {
					t.Errorf("it took %s", took)
				}
				ours, theirs := net.Pipe()
				d.answers <- ours
				if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("a late connection is open: %v", err)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				e, d := overDeaf(t, made)
				ctx, stop := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, stop)
				began := time.Now()
				err := c.open(ctx, e, d)
				if stopped := errors.Is(err, context.Canceled) && time.Since(began) == time.Second; stopped != c.stops {
					t.Errorf("stopped, it says %v after %s", err, time.Since(began))
				}
				ours, _ := net.Pipe()
				d.answers <- ours
			})
		})
	}
}

// A one-off whose end nobody would hear of is not started.
func TestWaitingBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		e, d := overDeaf(t, func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL.Path)
			return hangs(r)
		})
		ours, theirs := net.Pipe()
		go func() { d.answers <- ours }()
		_, err := e.Begin(t.Context(), "x", container.AttachOptions{}, true)
		var late *TimedOut
		if !errors.As(err, &late) || late.Call != "ContainerWait" || len(sent) != 1 {
			t.Errorf("got %v, and %v was sent", err, sent)
		}
		if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("its connection is open: %v", err)
		}
	})
}

// every is all calls that change something.
func every() []Call {
	return []Call{
		&ContainerCreate{Name: "x", Config: &container.Config{}}, &ContainerStart{Container: "x"}, &ContainerStop{Container: "x", Grace: time.Hour},
		&ContainerRestart{Container: "x", Grace: time.Hour}, &ContainerKill{"x", "TERM"}, &ContainerPause{"x"}, &ContainerUnpause{"x"}, &ContainerRename{"x", "y"},
		&ContainerUpdate{Container: "x"}, &ContainerRemove{Container: "x"}, &CopyToContainer{"x", "/"},
		&NetworkCreate{Name: "x"}, &NetworkRemove{"x"}, &NetworkConnect{Network: "x", Container: "y"}, &NetworkDisconnect{Network: "x", Container: "y"},
		&VolumeCreate{volume.CreateOptions{Name: "x"}}, &VolumeRemove{"x"},
		&ImagePull{Ref: "x"}, &ImagePush{"x"}, &ImageTag{"x", "y"}, &ImageBuild{Tags: []string{"x"}}, &ImageRemove{"x"},
	}
}

// Every call that changes something ends, whatever hangs: in its limit, and the
// one look whether it has come about. Its outcome is not known.
func TestCallsEnd(t *testing.T) {
	limits := Limits{}.filled()
	for _, c := range every() {
		t.Run(Method(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				stream := &Stream{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }}
				_, err := over(t, hangs, Limits{}).Do(t.Context(), c, stream, nil)
				var late *TimedOut
				if !errors.As(err, &late) || late.Call != Method(c) || !Unknown(err) {
					t.Errorf("got %v", err)
				}
				limit, _ := limits.of(c)
				if took := time.Since(began); took < limit || took > limit+limits.Read+time.Second {
					t.Errorf("it took %s, and its limit is %s", took, limit)
				}
			})
		})
	}
}

// slowly yields a line of a pull's answer every so often, and then nothing
// more, or its end.
type slowly struct {
	ctx   context.Context
	every time.Duration
	lines int
	hang  bool
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.lines == 0 && !s.hang {
		return 0, io.EOF
	}
	after := time.After(s.every)
	if s.lines == 0 {
		after = nil
	}
	select {
	case <-after:
		s.lines--
		return copy(p, `{"status":"Downloading","id":"a"}`+"\n"), nil
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
}

// A pull may take as long as it likes while something comes.
func TestSilence(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  slowly
		took  time.Duration
		wrong string
	}{
		{"slow", slowly{every: 4 * time.Minute, lines: 90}, 6 * time.Hour, ""},
		{"silent from the beginning", slowly{hang: true}, 5 * time.Minute, "nothing was heard from the registry docker.io of ImagePull for 5m0s: it may be done, be under way or never come; `bay plan` shows what is"},
		{"silent in the middle", slowly{every: time.Minute, lines: 3, hang: true}, 8 * time.Minute, "nothing was heard from the registry docker.io of ImagePull for 5m0s: it may be done, be under way or never come; `bay plan` shows what is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := over(t, answers(func(r *http.Request) io.Reader {
					if strings.HasSuffix(r.URL.Path, "/json") {
						return strings.NewReader("{") // whether it came about cannot be told
					}
					body := c.body
					body.ctx = r.Context()
					return &body
				}), Limits{})
				began := time.Now()
				_, err := e.Do(t.Context(), &ImagePull{Ref: "a"}, nil, nil)
				got := ""
				if err != nil {
					got = err.Error()
				}
				if took := time.Since(began); got != c.wrong || took < c.took || took > c.took+time.Second {
					t.Errorf("after %s: %q, want %s: %q", took, got, c.took, c.wrong)
				}
			})
		})
	}
}

// A build's context on its way is a sign of life.
func TestSendingIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := over(t, func(r *http.Request) (*http.Response, error) {
			for p := make([]byte, 1); ; time.Sleep(20 * time.Minute) {
				if _, err := r.Body.Read(p); err == io.EOF {
					return answers(func(*http.Request) io.Reader { return strings.NewReader(`{"aux":{"ID":"sha256:x"}}`) })(r)
				} else if r.Context().Err() != nil {
					return nil, r.Context().Err()
				}
			}
		}, Limits{})
		stream := &Stream{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("context")), nil }}
		if id, err := e.Do(t.Context(), &ImageBuild{}, stream, nil); err != nil || id != "sha256:x" {
			t.Errorf("got %q, %v", id, err)
		}
	})
}

// What hangs and has come about all the same is done: it is looked at, and not
// sent again.
func TestLateAndDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		e := over(t, func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				sent++
				return hangs(r)
			}
			return answers(func(*http.Request) io.Reader { return strings.NewReader(`{"State":{"Running":true}}`) })(r)
		}, Limits{})
		if _, err := e.Do(t.Context(), &ContainerStart{Container: "x"}, nil, nil); err != nil || sent != 1 {
			t.Errorf("sent %d times: %v", sent, err)
		}
		_, err := e.Do(t.Context(), &ContainerUnpause{"y"}, nil, nil)
		if err != nil {
			t.Errorf("one that is not paused: %v", err)
		}
		if _, err := e.Do(t.Context(), &ContainerStop{Container: "x"}, nil, nil); !Unknown(err) || sent != 3 {
			t.Errorf("one that still runs: sent %d times in all, %v", sent, err)
		}
	})
}

// Of a network that is not removed it is said who is on it, and also if the engine
// says that somebody is, and names nobody.
func TestNetworkInUse(t *testing.T) {
	for on, want := range map[string]string{
		`{"Name":"n","Containers":{"1":{"Name":"b"},"2":{"Name":"a"}}}`: "network n is in use by a, b",
		`{"Name":"n","Containers":{}}`:                                  "network n has active endpoints; it names nobody who is on it",
	} {
		e := over(t, func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return answers(func(*http.Request) io.Reader { return strings.NewReader(on) })(r)
			}
			got, err := answers(func(*http.Request) io.Reader {
				return strings.NewReader(`{"message":"error while removing network: network n has active endpoints"}`)
			})(r)
			got.StatusCode = http.StatusForbidden
			got.Header.Set("Content-Type", "application/json")
			return got, err
		}, Limits{})
		if _, err := e.Do(t.Context(), &NetworkRemove{"n"}, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestLargeAnswers(t *testing.T) {
	endless := answers(func(*http.Request) io.Reader {
		return io.MultiReader(strings.NewReader(`[{"Id":"`), forever('a'))
	})
	_, err := over(t, endless, Limits{Body: 1 << 20}).Reader().ContainerList(t.Context(), container.ListOptions{})
	if want := "the engine's answer to GET /v1.41/containers/json is larger than 1048576 bytes"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	just := answers(func(*http.Request) io.Reader { return strings.NewReader(`[]` + strings.Repeat(" ", 98)) })
	if _, err := over(t, just, Limits{Body: 100}).Reader().ContainerList(t.Context(), container.ListOptions{}); err != nil {
		t.Errorf("an answer of just the limit: %v", err)
	}
}

type forever byte

func (f forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(f)
	}
	return len(p), nil
}

// A helper for credentials that hangs ends too.
func TestAuthEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan bool)
		e := &Engine{limits: Limits{}.filled(), auth: func(string) (Account, error) { <-asked; return Account{}, nil }}
		_, err := e.Auth("reg.example/a")
		if err == nil || !strings.Contains(err.Error(), "the credentials for reg.example/a did not come within 1m0s") {
			t.Errorf("got %v", err)
		}
		close(asked)
	})
}

// What became healthy while the connection that should tell was dead is
// healthy: one look at the end tells.
func TestDeadEvents(t *testing.T) {
	for _, c := range []struct{ at, want string }{
		{"healthy", ""}, {"starting", "container web was not healthy within 1m0s"},
		{"restarting", "container web was not healthy within 1m0s: it ends again and again, the last time with code 3"},
	} {
		t.Run(c.at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				e := over(t, answers(func(r *http.Request) io.Reader {
					if strings.HasSuffix(r.URL.Path, "/events") {
						return &slowly{ctx: r.Context(), hang: true}
					}
					now, status := "starting", "running"
					if time.Since(began) >= time.Minute {
						now = c.at
					}
					if now == "restarting" {
						status = now
					}
					return strings.NewReader(`{"Id":"x","Config":{},"State":{"Status":"` + status + `","Running":true,"ExitCode":3,"Health":{"Status":"` + now + `"}}}`)
				}), Limits{})
				err := e.Wait(t.Context(), Wait{Container: "web", Until: ir.Healthy, Limit: time.Minute})
				if err == nil && c.want != "" || err != nil && err.Error() != c.want {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}
