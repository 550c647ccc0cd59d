package engine

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bayplan/lang/ir"
)

// What an engine answers beside plain JSON.
const (
	noSuch = "no such" // 404
	cut    = "cut"     // nothing, and the connection ends
	silent = "silent"  // it has begun to answer
	hung   = "hung"    // it has not
)

// says answers by turns, the last turn from then on.
func says(t *testing.T, looks, waits []string) wire {
	turn := func(all *[]string) string {
		now := (*all)[0]
		if len(*all) > 1 {
			*all = (*all)[1:]
		}
		return now
	}
	return func(r *http.Request) (*http.Response, error) {
		text := ""
		switch {
		case strings.HasSuffix(r.URL.Path, "/wait"):
			if got := r.URL.Query().Get("condition"); got != "not-running" {
				t.Errorf("waited for %q", got)
			}
			text = turn(&waits)
		case strings.HasSuffix(r.URL.Path, "/json"):
			text = turn(&looks)
		}
		switch text {
		case noSuch:
			got, err := answers(func(*http.Request) io.Reader { return strings.NewReader(`{"message":"No such container: web"}`) })(r)
			got.StatusCode = http.StatusNotFound
			got.Header.Set("Content-Type", "application/json")
			return got, err
		case cut:
			text = ""
		case hung:
			return hangs(r)
		case silent:
			return answers(func(r *http.Request) io.Reader { return &slowly{ctx: r.Context(), hang: true} })(r)
		}
		return answers(func(*http.Request) io.Reader { return strings.NewReader(text) })(r)
	}
}

// The code of a container is known though it is gone with its end, and though the
// engine was away meanwhile; every wait ends.
func TestEnd(t *testing.T) {
	state := func(policy, state string) string {
		return `{"Id": "x", "Name": "/web", "Config": {}, "HostConfig": {"RestartPolicy": {"Name": "` + policy + `"}}, "State": {` + state + `}}`
	}
	const code1, code3 = `{"StatusCode": 1}`, `{"StatusCode": 3}`
	const left = "container web is gone, and with it the code that it ended with"
	running, always := state("", `"Status": "running", "Running": true`), state("always", `"Status": "running", "Running": true`)
	for _, c := range []struct {
		name         string
		looks, waits []string
		code         int
		err          string // "" for none
	}{
		{"ended before", []string{state("", `"Status": "exited", "ExitCode": 3`)}, []string{code3}, 3, ""},
		{"is being removed", []string{state("no", `"Status": "removing", "ExitCode": 3`)}, []string{code3}, 3, ""},
		{"ends, and is removed", []string{running, noSuch}, []string{code3}, 3, ""},
		{"removed before it was looked at", []string{noSuch}, []string{code3}, 3, ""},
		{"removed before anybody asked", []string{noSuch}, []string{noSuch}, 0, left},
		{"not started", []string{state("", `"Status": "created"`)}, []string{`{"StatusCode": 0}`}, 0, "container web was not started"},
		{"started again", []string{always, state("always", `"Status": "restarting", "Running": true, "Restarting": true`), state("always", `"Status": "exited", "ExitCode": 3`)}, []string{code1, code1, code3}, 3, ""},
		{"would be started again, and is removed", []string{always, noSuch}, []string{code3, noSuch}, 3, ""},
		{"cut", []string{running}, []string{cut, code3}, 3, ""},
		{"cut, and gone then", []string{running, noSuch}, []string{cut, noSuch}, 0, left},
		{"always cut", []string{running}, []string{cut}, 0, "EOF"},
		{"does not end", []string{running}, []string{silent}, 0, "container web was not completed within 1h0m0s"},
		{"does not end again", []string{always}, []string{code3, silent}, 0, "container web was not completed within 1h0m0s"},
		{"ends, and nobody tells", []string{running, state("", `"Status": "exited", "ExitCode": 3`)}, []string{silent}, 3, ""},
		{"does not answer", []string{running}, []string{hung}, 0, (&TimedOut{Call: "ContainerWait", Limit: quick}).Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := over(t, says(t, c.looks, c.waits), Limits{})
				code, err := e.End(t.Context(), Wait{Container: "web", Until: ir.Completed, Limit: time.Hour})
				if code != c.code || err == nil && c.err != "" || err != nil && err.Error() != c.err {
					t.Errorf("got code %d, %v, want %d, %q", code, err, c.code, c.err)
				}
			})
		})
	}
}

// Who waits for an end no longer gets the context's error.
func TestEndIsLeft(t *testing.T) {
	for _, at := range []string{silent, hung} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			e := over(t, says(t, []string{`{"Id": "x", "HostConfig": {}, "State": {"Running": true}}`}, []string{at}), Limits{})
			began := time.Now()
			if _, err := e.End(ctx, Wait{Container: "web", Until: ir.Completed, Limit: time.Hour}); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v", at, err)
			}
			if took := time.Since(began); took != time.Minute {
				t.Errorf("%s: it took %s", at, took)
			}
		})
	}
}
