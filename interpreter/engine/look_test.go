package engine

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bayplan/lang/ir"
)

// Who holds a host port is found in the words of each release; what is no want
// of a port names nobody.
func TestPortHolder(t *testing.T) {
	e := over(t, answers(func(*http.Request) io.Reader {
		return strings.NewReader(`[{"Id": "x", "Names": ["/proxy"], "Ports": [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"PrivatePort": 90, "Type": "tcp"}]}]`)
	}), Limits{})
	const (
		container = "host port 8080 is held by container proxy"
		program   = "host port 8081 is held by a program of the host that is no container of this engine"
	)
	for _, c := range []struct{ err, want string }{
		{"driver failed programming external connectivity on endpoint web (1f): Bind for 0.0.0.0:8080 failed: port is already allocated", container},
		{"Bind for :::8080 failed: port is already allocated", container},
		{"Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use", container},
		{"Error starting userland proxy: listen tcp6 [::]:8081: bind: address already in use", program},
		{"failed to bind host port for 0.0.0.0:8080:172.18.0.2:80/tcp: address already in use", container},
		{"failed to bind host port 127.0.0.1:8081/tcp: address already in use", program},
		{"Conflict. The container name /web is already in use by container 1f", ""},
		{"listen tcp4 0.0.0.0:8080: bind: permission denied", ""},
		{"no such image: web:8080", ""},
	} {
		if got := e.PortHolder(t.Context(), errors.New(c.err)); got != c.want {
			t.Errorf("%s\ngot  %q\nwant %q", c.err, got, c.want)
		}
	}
}

// An engine that does not tell who is there names nobody, and not the host.
func TestPortHolderUntold(t *testing.T) {
	e := over(t, answers(func(*http.Request) io.Reader { return strings.NewReader("<html>") }), Limits{})
	if got := e.PortHolder(t.Context(), errors.New("Bind for 0.0.0.0:80 failed: port is already allocated")); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestLostTask(t *testing.T) {
	for text, want := range map[string]bool{
		"": false,
		"Error response from daemon: task 5f0c already exists: unknown":                                    true,
		"failed to create task for container: task 5f0c already exists":                                    true,
		"volume data already exists":                                                                       false,
		"failed to create task for container: exec: \"nope\": executable file not found in $PATH: unknown": false,
	} {
		if got := LostTask(text); got != want {
			t.Errorf("%q: lost %v, want %v", text, got, want)
		}
	}
}

// A container that the engine starts again and again is waited for no longer
// than waitLoops of its ends, whether or not it has run in between; one that
// comes round before is healthy.
func TestRestartLoop(t *testing.T) {
	for _, c := range []struct {
		healthyAt int // the restart after which it is healthy
		want      string
	}{
		{waitLoops, "container web was restarted 5 times, and ended with code 3 the last time"},
		{waitLoops - 1, ""},
	} {
		t.Run(fmt.Sprint(c.healthyAt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const before = 7 // restarts that came before the wait are none of it
				looks := -1
				e := over(t, answers(func(r *http.Request) io.Reader {
					switch {
					case strings.HasSuffix(r.URL.Path, "/events"):
						return io.MultiReader(strings.NewReader(strings.Repeat("{}\n", 20)), &slowly{ctx: r.Context(), hang: true})
					case strings.HasSuffix(r.URL.Path, "/logs"):
						return strings.NewReader("")
					}
					looks++
					now := `"Status": "restarting", "Running": true, "Restarting": true, "ExitCode": 3, "Health": {"Status": "starting"}`
					if looks >= c.healthyAt && c.want == "" {
						now = `"Status": "running", "Running": true, "Health": {"Status": "healthy"}`
					}
					return strings.NewReader(fmt.Sprintf(`{"Id": "x", "Name": "/web", "RestartCount": %d, "Config": {}, "State": {%s}}`, before+looks, now))
				}), Limits{})
				err := e.Wait(t.Context(), Wait{Container: "web", Until: ir.Healthy, Limit: time.Hour})
				if err == nil && c.want != "" || err != nil && err.Error() != c.want {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}
