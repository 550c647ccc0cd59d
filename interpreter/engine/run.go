package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// Progress is what a call says while it runs. An empty one says that it does.
type Progress struct {
	Text    string // a line of a build, a layer's state
	Line    bool   // Text is a line of a build as its builder's users know it
	Step    string // of a build with BuildKit: the step that begins with this line
	Layer   string // of a pull or a push: which layer
	Current int64  // bytes of the layer that have come
	Total   int64  // bytes of the layer; 0 if not known
	Warning string // the engine's own
}

// Taken is the error of a name that somebody else took in the meantime.
type Taken struct{ Kind, Name string }

func (t *Taken) Error() string {
	return fmt.Sprintf("somebody else made %s %s in the meantime; plan again", t.Kind, t.Name)
}

// InUse is the error of removing what others use.
type InUse struct {
	Kind, Name string
	Holders    []string // names of containers, in order
}

func (u *InUse) Error() string {
	return fmt.Sprintf("%s %s is in use by %s", u.Kind, u.Name, strings.Join(u.Holders, ", "))
}

// Do sends a call whose blanks are filled, and returns the ID in its answer, with
// a LeftOut too. When the answer does not come, it looks before it sends again,
// once; when the engine says that it failed within, it looks whether it acted all
// the same. The call's context is never that of a terminal's Ctrl-C: engines from
// 23 on may turn a cut stop into a kill, and from 25 on a cut start into half a
// start.
func (e *Engine) Do(ctx context.Context, c Call, s *Stream, note func(Progress)) (string, error) {
	return e.DoWhile(ctx, c, s, note, func(context.Context) error { return nil })
}

// DoWhile is Do for one who may lose the right to send meanwhile: the same
// broken connection takes an answer and a lock. May is asked before the call is
// sent again; its error is the call's.
func (e *Engine) DoWhile(ctx context.Context, c Call, s *Stream, note func(Progress), may func(context.Context) error) (string, error) {
	r := c.(runner)
	if note == nil {
		note = func(Progress) {}
	}
	id, err := e.once(ctx, r, s, note)
	if !Unknown(err) && !failed(err) {
		return id, err
	}
	if err := e.sleep(context.WithoutCancel(ctx), 200*time.Millisecond); err != nil {
		return "", err
	}
	id, held, herr := e.Held(ctx, c)
	var late *TimedOut
	switch {
	case herr == nil && held:
		return id, nil
	case failed(err): // nothing has come of it, and the engine says why
		return "", err
	case herr != nil || errors.As(err, &late): // what hangs may still come: a second one could be one too many
		return "", err
	}
	if not := may(ctx); not != nil {
		return "", fmt.Errorf("%w, and so it is not sent again: %w", not, err)
	}
	return e.once(ctx, r, s, note)
}

// once sends a call within its limit. What is sent or said of it meanwhile
// counts as a sign of life.
func (e *Engine) once(ctx context.Context, r runner, s *Stream, note func(Progress)) (string, error) {
	outer := context.WithoutCancel(ctx)
	limit, silence := e.limits.of(r)
	w := e.watch(outer, TimedOut{Call: Method(r), Limit: limit, Silence: silence, Changes: true, Registry: registryOf(r)})
	defer w.stop()
	id, err := r.do(w.ctx, e, w.stream(s), func(p Progress) {
		w.heard()
		if p != (Progress{}) {
			note(p)
		}
	})
	return id, w.late(outer, err)
}

// Held reports whether what the call wants is so already, and the ID that its
// answer would have held.
func (e *Engine) Held(ctx context.Context, c Call) (string, bool, error) {
	return c.(runner).held(context.WithoutCancel(ctx), e)
}

// Serves reports whether a call is there to let something serve: that what it
// needs does not exist is no success, not even in an undo.
func Serves(c Call) bool {
	switch c.(type) {
	case *ContainerStart, *NetworkConnect:
		return true
	}
	return false
}

// ForNobody reports whether a call would connect a container that is not there
// any more: then nothing is left to be served by it.
func (e *Engine) ForNobody(ctx context.Context, c Call) bool {
	connect, ok := c.(*NetworkConnect)
	if !ok {
		return false
	}
	_, err := e.client.ContainerInspect(context.WithoutCancel(ctx), connect.Container)
	return Gone(err)
}

// Get reads a value; "" and false if the object does not exist.
func (e *Engine) Get(ctx context.Context, s Source) (string, bool, error) {
	return Get(ctx, e.client, s)
}

// Broken returns the first of facts that does not hold, with what was read of
// it, as Get has it; nil if all hold. An object is asked for once, however many
// facts are about it.
func (e *Engine) Broken(ctx context.Context, facts []Fact) (broken *Fact, got string, there bool, err error) {
	ctx, cancel := e.timeout(ctx, quick)
	defer cancel()
	type answer struct {
		is    any
		there bool
	}
	read := map[Read]answer{}
	for i, f := range facts {
		a, ok := read[f.Read]
		if !ok {
			if a.is, a.there, err = ask(ctx, e.client, f.Read); err != nil {
				return &facts[i], "", false, err
			}
			read[f.Read] = a
		}
		if a.there {
			if got, err = dig(a.is, f.Path); err != nil {
				return &facts[i], "", false, err
			}
		}
		if !f.Holds(got, a.there) {
			return &facts[i], got, a.there, nil
		}
	}
	return nil, "", false, nil
}

// Tell reads values through r and returns what is told of them: a whole number
// as a number, other text as text. What is empty is not told.
func Tell(ctx context.Context, r Reader, sources map[string]Source) (map[string]ir.Value, error) {
	out := map[string]ir.Value{}
	answers := map[Read]any{}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		src := sources[name]
		if _, asked := answers[src.Read]; !asked {
			got, there, err := ask(ctx, r, src.Read)
			if err != nil || !there {
				return nil, errors.Join(fmt.Errorf("%s is not there", src.Read.Arg), err)
			}
			answers[src.Read] = got
		}
		text, err := dig(answers[src.Read], src.Path)
		if err != nil {
			return nil, err
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			out[name] = ir.IntVal(n)
		} else if text != "" {
			out[name] = ir.StringVal(text)
		}
	}
	return out, nil
}

// Tell is Tell within the time that a quick call has.
func (e *Engine) Tell(ctx context.Context, sources map[string]Source) (map[string]ir.Value, error) {
	ctx, cancel := e.timeout(ctx, quick)
	defer cancel()
	return Tell(ctx, e.client, sources)
}

// Get reads a value through r; "" and false if the object does not exist.
func Get(ctx context.Context, r Reader, s Source) (string, bool, error) {
	got, there, err := ask(ctx, r, s.Read)
	if err != nil || !there {
		return "", false, err
	}
	text, err := dig(got, s.Path)
	return text, err == nil, err
}

// ask asks for an object; false if it does not exist.
func ask(ctx context.Context, r Reader, s Read) (got any, there bool, err error) {
	switch s.Call {
	case "ContainerInspect":
		got, err = r.ContainerInspect(ctx, s.Arg)
	case "ImageInspect":
		got, err = r.ImageInspect(ctx, s.Arg)
	case "NetworkInspect":
		got, err = r.NetworkInspect(ctx, s.Arg, network.InspectOptions{})
	case "VolumeInspect":
		got, err = r.VolumeInspect(ctx, s.Arg)
	case "DistributionInspect":
		got, err = r.DistributionInspect(ctx, s.Arg, "")
	case "Info":
		got, err = r.Info(ctx)
	default:
		panic("engine: unknown read " + s.Call)
	}
	if err != nil {
		return nil, false, absent(err)
	}
	return got, true, nil
}

// absent turns the error of a missing object into none.
func absent(err error) error {
	if Gone(err) {
		return nil
	}
	return err
}

func (e *Engine) state(ctx context.Context, id string, want func(*container.State) bool) (string, bool, error) {
	got, err := e.client.ContainerInspect(ctx, id)
	if err != nil {
		return "", false, absent(err)
	}
	return "", want(got.State), nil
}

func (e *Engine) onNetwork(ctx context.Context, id, net string, want bool) (string, bool, error) {
	got, err := e.client.ContainerInspect(ctx, id)
	if err != nil {
		return "", false, absent(err)
	}
	on, unsure := false, false
	for name, ep := range got.NetworkSettings.Networks {
		on = on || name == net || ep.NetworkID == net
		unsure = unsure || ep.NetworkID == ""
	}
	if !on && unsure { // one that was not started since it was connected holds only the name
		n, err := e.client.NetworkInspect(ctx, net, network.InspectOptions{})
		if err != nil && !Gone(err) {
			return "", false, err
		}
		on = err == nil && got.NetworkSettings.Networks[n.Name] != nil
	}
	return "", on == want, nil
}

func (e *Engine) hasImage(ctx context.Context, ref string) (string, bool, error) {
	got, err := e.client.ImageInspect(ctx, ref)
	if err != nil {
		return "", false, absent(err)
	}
	return got.ID, true, nil
}

// networksNamed lists networks by their exact name; the engine's filter takes
// a part of one.
func (e *Engine) networksNamed(ctx context.Context, name string) ([]network.Summary, error) {
	all, err := e.client.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", name))})
	if err != nil {
		return nil, err
	}
	var same []network.Summary
	for _, n := range all {
		if n.Name == name {
			same = append(same, n)
		}
	}
	return same, nil
}

// untilGone waits for a removal that somebody else started.
func (e *Engine) untilGone(ctx context.Context, id string) error {
	for {
		if _, err := e.client.ContainerInspect(ctx, id); err != nil {
			return absent(err)
		}
		if err := e.sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// streamLine is one line of what a pull, a push or a build answers.
type streamLine struct {
	Stream   string `json:"stream"`
	Status   string `json:"status"`
	ID       string `json:"id"`
	Error    string `json:"error"`
	Progress *struct {
		Current int64 `json:"current"`
		Total   int64 `json:"total"`
	} `json:"progressDetail"`
	Aux *struct {
		ID string `json:"ID"`
	} `json:"aux"`
}

// readStream reads the answer of a pull, a push or a build to its end and returns the
// image's ID, if it says one. The engine has answered 200 before it began: what
// went wrong stands in the stream.
func readStream(r io.Reader, note func(Progress)) (string, error) {
	var id string
	var last []string
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 4<<20)
	for sc.Scan() {
		var l streamLine
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			return "", fmt.Errorf("reading the engine's answer: %w", err)
		}
		if l.Error != "" {
			return "", &StreamError{Msg: strings.TrimSpace(l.Error), Last: last}
		}
		if l.Aux != nil && l.Aux.ID != "" {
			id = l.Aux.ID
		}
		text := strings.TrimRight(l.Stream+l.Status, "\r\n")
		if text == "" {
			continue
		}
		p := Progress{Text: text, Layer: l.ID, Line: l.Stream != ""}
		if l.Progress != nil {
			p.Current, p.Total = l.Progress.Current, l.Progress.Total
		}
		if l.Stream != "" {
			last = append(last[max(0, len(last)-9):], text)
		}
		note(p)
	}
	if err := sc.Err(); err != nil {
		return "", fmt.Errorf("%w: %w", errCut, err)
	}
	return id, nil
}

// StreamError is what a pull, a push or a build failed of, with its last lines.
type StreamError struct {
	Msg  string
	Last []string
}

func (s *StreamError) Error() string {
	if len(s.Last) == 0 {
		return s.Msg
	}
	return s.Msg + "\n" + strings.Join(s.Last, "\n")
}
