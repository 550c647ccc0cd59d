package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

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
	started bool
	ended   bool
	last    []string // that it said
	err     string
}

func newTrace(shown string, source []byte, secrets map[string][]byte, note func(Progress)) *trace {
	var hide []string
	for _, value := range secrets {
		for _, text := range []string{string(value), strings.TrimSpace(string(value))} {
			if text != "" {
				hide = append(hide, text, "(sensitive)")
			}
		}
	}
	return &trace{shown: shown, source: source, note: note, hide: strings.NewReplacer(hide...), steps: map[string]*traced{}}
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
	for _, v := range resp.Vertexes {
		t.vertex(v)
	}
	for _, s := range resp.Statuses {
		if x := t.steps[s.Vertex]; x != nil && s.Total > 0 {
			t.note(Progress{Text: fmt.Sprintf("#%d %s", x.number, s.ID), Layer: s.ID, Current: s.Current, Total: s.Total})
		}
	}
	for _, l := range resp.Logs {
		if x := t.steps[l.Vertex]; x != nil {
			t.said(x, string(l.Msg))
		}
	}
	for _, w := range resp.Warnings {
		t.note(Progress{Warning: string(w.Short)})
	}
}

func (t *trace) vertex(v *control.Vertex) {
	x := t.steps[v.Digest]
	if x == nil {
		if v.Started == nil && !v.Cached {
			return // it may never be needed
		}
		x = &traced{number: len(t.steps) + 1, name: v.Name}
		t.steps[v.Digest] = x
	}
	if !x.started {
		x.started = true
		t.note(Progress{Step: v.Name, Text: fmt.Sprintf("#%d %s", x.number, v.Name)})
	}
	switch {
	case x.ended || v.Completed == nil:
		return
	case v.Error != "":
		x.err = t.hide.Replace(v.Error)
		if !strings.Contains(v.Error, context.Canceled.Error()) { // by another that failed
			t.bad = x
		}
		t.note(Progress{Text: fmt.Sprintf("#%d ERROR: %s", x.number, x.err)})
	case v.Cached:
		t.note(Progress{Text: fmt.Sprintf("#%d CACHED", x.number)})
	default:
		t.note(Progress{Text: fmt.Sprintf("#%d DONE %.1fs", x.number, v.Completed.AsTime().Sub(v.Started.AsTime()).Seconds())})
	}
	x.ended = true
}

// said takes what a step prints, which need not end with a line.
func (t *trace) said(x *traced, text string) {
	for line := range strings.Lines(text) {
		line = t.hide.Replace(strings.TrimRight(line, "\r\n"))
		x.last = append(x.last[max(0, len(x.last)-9):], line)
		t.note(Progress{Text: fmt.Sprintf("#%d %s", x.number, line)})
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
	return &StreamError{Msg: fmt.Sprintf("%s%s: %s", t.place(err), t.bad.name, strings.TrimPrefix(plainText(t.bad.err), "process ")), Last: t.bad.last}
}

// place is the position in the Dockerfile that an error has: "web/Dockerfile:3: ".
func (t *trace) place(err error) string {
	for _, s := range errdefs.Sources(err) {
		for _, r := range s.Ranges {
			return fmt.Sprintf("%s:%d: ", t.shown, r.Start.Line)
		}
	}
	if line := t.line(); line > 0 {
		return fmt.Sprintf("%s:%d: ", t.shown, line)
	}
	return ""
}

// line finds the step that failed in the Dockerfile: engines before 23 do not
// tell where it stands. 0 is not found.
func (t *trace) line() int {
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
