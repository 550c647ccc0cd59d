package kindtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/world"
)

// Twins are two engines that have to say the same of the same object: a Docker
// Engine, and the embedded one that plays its version. Their suites differ in
// nothing else.
type Twins struct {
	Docker, Embedded Suite

	// Look asks an engine about an object by its ID.
	Look func(context.Context, engine.Reader, string) (any, error)
	// Differ has the leaves that are never the same on two engines, as paths
	// in the answer or the beginnings of some ("State.Pid"), with the reason.
	// Elements of lists and maps are [].
	Differ map[string]string
	// Refused is what the Docker Engine may refuse.
	Refused Refusals
}

// Inspect makes each sample's object on both engines, with each of its values,
// and compares what they say of it.
func (x Twins) Inspect(t *testing.T, part slice.Slice) {
	t.Helper()
	t.Cleanup(func() {
		x.Docker.Destroy(t)
		x.Embedded.Destroy(t)
	})
	differs := map[string]bool{}
	for _, i := range part.Draw("inspect", len(x.Docker.Samples)) {
		ours, theirs := x.Embedded.Samples[i], x.Docker.Samples[i]
		if !x.Docker.Can(theirs) || !x.Embedded.Can(ours) {
			continue
		}
		err := x.alike(ours, theirs, differs)
		switch {
		case x.Refused.Has(theirs, err):
			t.Logf("SKIPPED, this engine cannot: %s %s: %v", theirs.Attr, theirs.A.Show(), err)
		case err != nil:
			t.Errorf("%s %s: %v", theirs.Attr, theirs.A.Show(), err)
		}
	}
	for _, leaf := range slices.Sorted(maps.Keys(x.Differ)) {
		if part.Size == 0 && !differs[leaf] { // so may machines be
			t.Logf("%s may differ (%s), and did not here", leaf, x.Differ[leaf])
		}
	}
}

// alike compares a sample with both of its values.
func (x Twins) alike(ours, theirs Sample, differs map[string]bool) error {
	values := [][2]value{{{theirs, theirs.A}, {ours, ours.A}}}
	if !ours.B.IsNull() {
		values = append(values, [2]value{{theirs, theirs.B}, {ours, ours.B}})
	}
	for _, v := range values {
		docker, err := x.Docker.said(x.Docker.with(v[0]), x.Look)
		if err != nil {
			return err
		}
		embedded, err := x.Embedded.said(x.Embedded.with(v[1]), x.Look)
		if err != nil {
			return fmt.Errorf("on the embedded engine: %w", err)
		}
		if lines := Alike(docker, embedded, x.Differ, differs); lines != nil {
			return fmt.Errorf("with %s the engines differ, Docker and embedded:\n%s", v[0].is.Show(), strings.Join(lines, "\n"))
		}
	}
	return nil
}

// said makes the subject, and returns what its engine says of it.
func (s Suite) said(attrs Attrs, look func(context.Context, engine.Reader, string) (any, error)) (any, error) {
	if err := s.become(attrs); err != nil {
		return nil, err
	}
	w, err := world.Read(context.Background(), world.Options{Kinds: s.Kinds, Reader: s.Engine.Reader(), Info: s.Engine.Info, Stack: s.Stack})
	if err != nil {
		return nil, err
	}
	live := w.Found[s.subject().Kind].Live
	i := slices.IndexFunc(live, func(l *kind.Live) bool { return l.Identity.Addr == s.subject() })
	if i < 0 {
		return nil, fmt.Errorf("%s is not there", s.subject())
	}
	return look(context.Background(), s.Engine.Reader(), live[i].ID)
}

// Alike compares two answers leaf by leaf, but for those that differ names,
// and returns a line for each that is not the same. It enters in found which of
// differ it came upon.
func Alike(docker, embedded any, differ map[string]string, found map[string]bool) []string {
	a, b := leaves(docker), leaves(embedded)
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(both(a, b))) {
		if slices.Equal(a[path], b[path]) {
			continue
		}
		if e := excepted(path, differ); e != "" {
			found[e] = true
			continue
		}
		lines = append(lines, fmt.Sprintf("  %s: %s | %s", path, strings.Join(a[path], ", "), strings.Join(b[path], ", ")))
	}
	return lines
}

func both(a, b map[string][]string) map[string][]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// leaves returns the leaves of an answer by their paths, in the order of lists
// and sorted keys. Of a map's key only the place counts where it is an ID.
func leaves(answer any) map[string][]string {
	raw, err := json.Marshal(answer)
	if err != nil {
		panic("kindtest: an answer is no JSON: " + err.Error())
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		panic("kindtest: " + err.Error())
	}
	out := map[string][]string{}
	enter(v, "", out)
	return out
}

func enter(v any, path string, to map[string][]string) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			enter(v[k], below(path, k), to)
		}
		if len(v) == 0 {
			to[path] = append(to[path], "{}")
		}
	case []any:
		for _, e := range v {
			enter(e, path+"[]", to)
		}
		if len(v) == 0 {
			to[path] = append(to[path], "[]")
		}
	default:
		to[path] = append(to[path], hashes.ReplaceAllString(fmt.Sprint(v), "<id>"))
	}
}

// hashes are IDs: no two engines draw the same.
var hashes = regexp.MustCompile(`\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b`)
