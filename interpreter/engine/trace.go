package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/go-units"
	control "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/solver/errdefs"
	"google.golang.org/grpc/status"
)

// trace follows a build of BuildKit and tells of it in BuildKit's own plain
// form: each step has a number, under which it begins, speaks and ends.
type trace struct {
	shown  string // the Dockerfile
	source []byte // what stands in it
	note   func(Progress)
	hide   *strings.Replacer // of secrets, which a step may print

	mu    sync.Mutex
	steps map[string]*traced
	bad   *traced // the step that failed; nil if none has
}

// traced is one step of a build.
type traced struct {
	number  int
	name    string
	started time.Time // zero if it has not
	ended   bool
	done    map[string]bool // what of it was said to be done
	open    string          // a line that it has not ended yet
	heard   time.Time       // when it last printed something
	last    []string        // that it said
	err     string
}

func newTrace(shown string, source []byte, secrets map[string][]byte, note func(Progress)) *trace {
	return &trace{shown: shown, source: source, note: note, hide: hiding(secrets), steps: map[string]*traced{}}
}

// longLine is from how many bytes on a line of a secret is one itself: a build
// that prints a key prints it line by line. Shorter ones stand in all texts.
const longLine = 8

// hiding replaces secrets, the longest first: one may begin like another.
func hiding(secrets map[string][]byte) *strings.Replacer {
	texts := map[string]bool{}
	for _, value := range secrets {
		text := string(value)
		texts[text], texts[strings.TrimSpace(text)] = true, true
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); len(line) >= longLine {
				texts[line] = true
			}
		}
	}
	delete(texts, "")
	var pairs []string
	for _, text := range slices.SortedFunc(maps.Keys(texts), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) {
		pairs = append(pairs, text, "(sensitive)")
	}
	return strings.NewReplacer(pairs...)
}

// follow reads what BuildKit tells of a build until it ends.
func (t *trace) follow(ctx context.Context, from control.ControlClient, ref string) error {
	stream, err := from.Status(ctx, &control.StatusRequest{Ref: ref})
	if err != nil {
		return err
	}
	for {
		resp, err := stream.Recv()
		if err != nil {
			return err
		}
		t.told(resp)
	}
}

func (t *trace) told(resp *control.StatusResponse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note(Progress{}) // though no line may be whole yet
	for _, v := range resp.Vertexes {
		t.begin(v)
	}
	for _, s := range resp.Statuses {
		if x := t.steps[s.Vertex]; x != nil {
			t.status(x, s)
		}
	}
	for _, l := range resp.Logs {
		if x := t.steps[l.Vertex]; x != nil {
			t.said(x, l)
		}
	}
	for _, v := range resp.Vertexes {
		t.end(v)
	}
	for _, w := range resp.Warnings {
		t.note(Progress{Warning: t.hide.Replace(string(w.Short))})
	}
}

// line is a line of a step, as BuildKit's users know it.
func (t *trace) line(x *traced, format string, args ...any) {
	t.note(Progress{Text: fmt.Sprintf("#%d %s", x.number, fmt.Sprintf(format, args...)), Line: true})
}

// begin takes that a step begins. One that neither runs nor is cached may never
// be needed.
func (t *trace) begin(v *control.Vertex) {
	x := t.steps[v.Digest]
	if x == nil && (v.Started != nil || v.Cached) {
		x = &traced{number: len(t.steps) + 1, name: v.Name, done: map[string]bool{}}
		t.steps[v.Digest] = x
		t.note(Progress{Step: v.Name, Text: fmt.Sprintf("#%d %s", x.number, v.Name), Line: true})
	}
	if x != nil && v.Started != nil {
		x.started = v.Started.AsTime()
	}
}

// end takes that a step has ended, once.
func (t *trace) end(v *control.Vertex) {
	x := t.steps[v.Digest]
	if x == nil || x.ended || v.Completed == nil {
		return
	}
	t.close(x)
	switch {
	case strings.HasSuffix(v.Error, context.Canceled.Error()): // by another that failed
		t.line(x, "CANCELED")
	case v.Error != "":
		x.err = t.hide.Replace(v.Error)
		t.bad = x
		t.line(x, "ERROR: %s", x.err)
	case v.Cached:
		t.line(x, "CACHED")
	default:
		t.line(x, "DONE %.1fs", v.Completed.AsTime().Sub(x.started).Seconds())
	}
	x.ended = true
}

// status takes how far a step has come with something, such as a layer.
func (t *trace) status(x *traced, s *control.VertexStatus) {
	if s.Total > 0 {
		t.note(Progress{Text: fmt.Sprintf("#%d %s", x.number, s.ID), Layer: s.ID, Current: s.Current, Total: s.Total})
	}
	if s.Completed == nil || x.done[s.ID] {
		return
	}
	x.done[s.ID] = true
	bytes := ""
	switch {
	case s.Total > 0:
		bytes = " " + size(s.Current) + " / " + size(s.Total)
	case s.Current > 0:
		bytes = " " + size(s.Current)
	}
	if s.Started != nil {
		if took := s.Completed.AsTime().Sub(s.Started.AsTime()).Seconds(); took > 0.01 {
			bytes += fmt.Sprintf(" %.1fs", took)
		}
	}
	t.line(x, "%s%s done", s.ID, bytes)
}

// size is a number of bytes as BuildKit shows it: 2.41MB.
func size(n int64) string { return units.HumanSizeWithPrecision(float64(n), 3) }

// said takes what a step prints. A line is shown when it is whole: half of a
// secret is not known for one.
func (t *trace) said(x *traced, l *control.VertexLog) {
	x.open, x.heard = x.open+string(l.Msg), l.Timestamp.AsTime()
	for {
		line, rest, whole := strings.Cut(x.open, "\n")
		if !whole && len(x.open) < longest {
			return
		}
		x.open = rest
		t.print(x, line)
	}
}

// longest is how many bytes of a line are kept until it ends.
const longest = 64 << 10

// print shows a line that a step has printed, with the seconds since its start.
func (t *trace) print(x *traced, line string) {
	line = t.hide.Replace(strings.TrimRight(line, "\r"))
	x.last = append(x.last[max(0, len(x.last)-9):], line)
	after, digits := max(0, x.heard.Sub(x.started).Seconds()), 1
	switch {
	case x.started.IsZero():
		after, digits = 0, 3
	case after < 10:
		digits = 3
	case after < 100:
		digits = 2
	}
	t.line(x, "%.*f %s", digits, after, line)
}

// close shows what a step has not ended with a line.
func (t *trace) close(x *traced) {
	if x.open != "" {
		line := x.open
		x.open = ""
		t.print(x, line)
	}
}

// failure says where a build failed, and what was last heard there.
func (t *trace) failure(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	msg := t.hide.Replace(plainly(err))
	if t.bad == nil {
		return &StreamError{Msg: t.place(err) + msg}
	}
	t.close(t.bad)
	return &StreamError{Msg: fmt.Sprintf("%s%s: %s", t.place(err), t.bad.name, strings.TrimPrefix(plainText(t.bad.err), "process ")), Last: t.bad.last}
}

// place is the position in the Dockerfile that an error has: "web/Dockerfile:3: ".
func (t *trace) place(err error) string {
	for _, s := range errdefs.Sources(err) {
		for _, r := range s.Ranges {
			return fmt.Sprintf("%s:%d: ", t.shown, r.Start.Line)
		}
	}
	if line := t.found(); line > 0 {
		return fmt.Sprintf("%s:%d: ", t.shown, line)
	}
	return ""
}

// found finds the step that failed in the Dockerfile: engines before 23 do not
// tell where it stands. 0 is not found.
func (t *trace) found() int {
	if t.bad == nil {
		return 0
	}
	_, text, _ := strings.Cut(t.bad.name, "] ") // after [stage 2/3]
	parsed, err := parser.Parse(bytes.NewReader(t.source))
	if err != nil {
		return 0
	}
	for _, n := range parsed.AST.Children {
		if strings.Join(strings.Fields(n.Original), " ") == strings.Join(strings.Fields(text), " ") {
			return n.StartLine
		}
	}
	return 0
}

// plainly is an error of BuildKit without the ways by which it came.
func plainly(err error) string {
	msg := err.Error()
	if s, ok := status.FromError(errors.Unwrap(err)); ok && s.Message() != "" && errors.Unwrap(err) != nil {
		msg = s.Message()
	}
	return plainText(msg)
}

func plainText(msg string) string {
	for _, way := range []string{"rpc error: code = Unknown desc = ", "failed to solve with frontend dockerfile.v0: ", "failed to solve: ", "failed to build LLB: ", "failed to read dockerfile: "} {
		msg = strings.ReplaceAll(msg, way, "")
	}
	return strings.TrimSpace(msg)
}
