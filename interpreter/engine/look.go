package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Look is what a container shows of itself. It is taken when something has gone
// wrong, and before that is undone.
type Look struct {
	ID       string
	Name     string
	Status   string // "running", "exited", "created", …
	ExitCode int
	OOM      bool     // it was killed since there was no memory left
	Error    string   // what the engine says of its last start; "" if that went well
	Health   string   // what the last health check printed; "" if there was none
	Logs     []string // its last lines, at most lookLines of them and lookBytes
}

// What of a container's output a look holds.
const (
	lookLines = 20
	lookBytes = 16 << 10
	lookLimit = 10 * time.Second
)

// Look looks at a container, by its ID or its name; nil if there is none, or
// the engine does not tell.
func (e *Engine) Look(ctx context.Context, id string) *Look {
	ctx, cancel := e.timeout(context.WithoutCancel(ctx), lookLimit)
	defer cancel()
	got, err := e.client.ContainerInspect(ctx, id)
	if err != nil || got.ContainerJSONBase == nil || got.State == nil {
		return nil
	}
	s := got.State
	l := &Look{
		ID: got.ID, Name: strings.TrimPrefix(got.Name, "/"), Status: s.Status, ExitCode: s.ExitCode, OOM: s.OOMKilled, Error: s.Error,
		Logs: e.lastLogs(ctx, got.ID, got.Config.Tty),
	}
	if h := s.Health; h != nil && len(h.Log) > 0 {
		l.Health = tail(strings.TrimSpace(h.Log[len(h.Log)-1].Output), lookBytes)
	}
	return l
}

// lastLogs returns the last lines that a container printed, as far as the
// engine tells them.
func (e *Engine) lastLogs(ctx context.Context, id string, tty bool) []string {
	r, err := e.client.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(lookLines)})
	if err != nil {
		return nil
	}
	defer r.Close()
	var out bytes.Buffer
	limited := io.LimitReader(r, 256<<10)
	if tty {
		_, _ = io.Copy(&out, limited)
	} else {
		_, _ = stdcopy.StdCopy(&out, &out, limited) // what came before the cut is enough
	}
	text := tail(strings.TrimRight(out.String(), "\n"), lookBytes)
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	return all[max(0, len(all)-lookLines):]
}

// tail returns the last n bytes of s, and says that there was more.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + strings.ToValidUTF8(s[len(s)-n:], "")
}

// wantedPort finds the host port that the engine could not give out, in the
// words of its releases: "Bind for 0.0.0.0:80 failed: port is already
// allocated", "listen tcp4 0.0.0.0:80: bind: address already in use", "failed to
// bind host port for 0.0.0.0:80:172.18.0.2:80/tcp: address already in use".
var wantedPort = regexp.MustCompile(`(?:Bind for|listen \w+|host port(?: for)?) (?:\S*?|\[\S*?\]):(\d+)\b.*(?:already allocated|already in use)`)

// PortHolder says who holds the host port for want of which err came; "" if it
// came of something else.
func (e *Engine) PortHolder(ctx context.Context, err error) string {
	m := wantedPort.FindStringSubmatch(err.Error())
	if m == nil {
		return ""
	}
	ctx, cancel := e.timeout(context.WithoutCancel(ctx), lookLimit)
	defer cancel()
	list, lerr := e.client.ContainerList(ctx, container.ListOptions{})
	if lerr != nil {
		return ""
	}
	for _, c := range list {
		for _, p := range c.Ports {
			if strconv.Itoa(int(p.PublicPort)) == m[1] && len(c.Names) > 0 {
				return fmt.Sprintf("host port %s is held by container %s", m[1], strings.TrimPrefix(c.Names[0], "/"))
			}
		}
	}
	return fmt.Sprintf("host port %s is held by a program of the host that is no container of this engine", m[1])
}
