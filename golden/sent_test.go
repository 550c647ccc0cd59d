package golden

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/show"
)

// added is what docker's own client puts into a request beside what a plan
// prints of it: by path, the query's keys. What it puts into a body stands in
// isLikeBody.
var added = []struct {
	path *regexp.Regexp
	keys []string
}{
	{regexp.MustCompile(`^/containers/[^/]+$`), []string{"force", "v"}},
	{regexp.MustCompile(`/stop$`), []string{"t", "signal"}},
	{regexp.MustCompile(`/restart$`), []string{"t", "signal"}},
	{regexp.MustCompile(`/archive$`), []string{"noOverwriteDirNonDir"}},
	{regexp.MustCompile(`^/images/`), []string{"tag", "repo", "force", "noprune"}},
	{regexp.MustCompile(`^/build$`), []string{"t", "labels", "buildargs", "rm", "forcerm", "version", "cachefrom", "ulimits", "shmsize", "cpuperiod", "cpuquota", "cpusetcpus", "cpusetmems", "cpushares", "memory", "memswap", "cgroupparent"}},
}

// TestPrintedIsSent holds promise 2 at the wire: what a plan prints is what
// apply sends, each step's calls in their order, and nothing else.
func TestPrintedIsSent(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, c := range []struct {
		program string
		agree   []string // to what --yes alone does not
	}{
		{before, nil},
		{after, nil},
		{"stack { name = \"harbour\" }\n", []string{"--confirm-remove", "5"}},
	} {
		w.say(c.program)
		var plan show.Document
		if err := json.Unmarshal([]byte(w.bay(t, "plan", "--json")), &plan); err != nil {
			t.Fatal(err)
		}
		for _, fault := range unlike(plan.Steps, w.applied(t, c.agree...)) {
			t.Error(fault)
		}
	}
}

// applied runs an apply and returns what it sent.
func (w *workshop) applied(t *testing.T, flags ...string) []call {
	return w.onWire(t, func(wire *wire) {
		if out, err := w.command(t, wire.address, append([]string{"apply", "--yes"}, flags...)...).CombinedOutput(); err != nil {
			t.Fatalf("bay apply: %v\n%s", err, out)
		}
	})
}

// unlike matches what was sent with what was printed, and returns what does
// not match.
func unlike(steps []show.Step, sent []call) []string {
	var faults []string
	printed := make([][]show.Op, len(steps))
	for i, s := range steps {
		printed[i] = onWire(s)
	}
	for _, c := range sent {
		i := slices.IndexFunc(printed, func(ops []show.Op) bool { return len(ops) > 0 && isLike(ops[0], c) })
		if i < 0 {
			faults = append(faults, fmt.Sprintf("sent and not printed: %s %s %s", c.Method, c.Path, c.Body))
			continue
		}
		printed[i] = printed[i][1:]
	}
	for i, ops := range printed {
		for _, op := range ops {
			body, err := json.Marshal(op.Body)
			if err != nil {
				panic(err) // it comes from JSON
			}
			faults = append(faults, fmt.Sprintf("printed and not sent, of %s: %s %s %s", steps[i].Address, op.Method, op.Path, body))
		}
	}
	return faults
}

// onWire are the calls of a step that a wire or a proxy notes. What is said within
// a connection to BuildKit is held by the engine's own tests.
func onWire(s show.Step) []show.Op {
	return slices.DeleteFunc(slices.Concat(s.Ops, s.Commit), func(o show.Op) bool { return o.Path == "/grpc" })
}

func isLike(op show.Op, c call) bool {
	return op.Method == c.Method && isLikePath(op.Path, c.Path) && isLikeBody(op, c)
}

func isLikePath(printed, sent string) bool {
	wantPath, wantQuery, _ := strings.Cut(printed, "?")
	gotPath, gotQuery, _ := strings.Cut(sent, "?")
	if !isLikeText(wantPath, gotPath) {
		return false
	}
	want, err := url.ParseQuery(wantQuery)
	got, err2 := url.ParseQuery(gotQuery)
	if err != nil || err2 != nil {
		return false
	}
	for key := range got {
		printed := want.Has(key) && isLikeText(want.Get(key), got.Get(key))
		if !printed && !slices.ContainsFunc(added, func(a struct {
			path *regexp.Regexp
			keys []string
		}) bool {
			return a.path.MatchString(wantPath) && slices.Contains(a.keys, key)
		}) {
			return false
		}
	}
	return true
}

func isLikeBody(op show.Op, c call) bool {
	if op.Stream != nil || op.Body == nil {
		return true
	}
	var sent any
	if err := json.Unmarshal([]byte(c.Body), &sent); err != nil {
		return false
	}
	if body, ok := sent.(map[string]any); ok && c.Path == "/networks/create" {
		delete(body, "CheckDuplicate") // docker's client adds it for API 1.43 and older
	}
	return isLikeTree(op.Body, sent)
}

// isLikeTree compares values of JSON; what is empty counts as not said.
func isLikeTree(printed, sent any) bool {
	switch p := printed.(type) {
	case map[string]any:
		s, _ := sent.(map[string]any)
		return isLikeMap(p, s)
	case []any:
		s, _ := sent.([]any)
		return slices.EqualFunc(p, s, isLikeTree)
	case string:
		s, ok := sent.(string)
		return (ok || p == "") && isLikeText(p, s)
	case nil:
		return isEmpty(sent)
	}
	return printed == sent || isEmpty(printed) && isEmpty(sent)
}

func isLikeMap(printed, sent map[string]any) bool {
	left := maps.Clone(sent)
	for key, p := range printed {
		k, ok := keyLike(left, key)
		if !ok || !isLikeTree(p, left[k]) {
			return false
		}
		delete(left, k)
	}
	for _, v := range left {
		if !isEmpty(v) {
			return false
		}
	}
	return true
}

// keyLike finds a printed key, which may have blanks in it.
func keyLike(m map[string]any, printed string) (string, bool) {
	if _, ok := m[printed]; ok {
		return printed, true
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if isLikeText(printed, k) {
			return k, true
		}
	}
	return "", false
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case string:
		return v == ""
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !isEmpty(e) })
	case map[string]any:
		return isLikeMap(nil, v)
	}
	return false
}

// blank is what a plan prints where apply fills something in.
var blank = regexp.MustCompile(`<(fresh|id of)[^>]*>|\$\{[^}]*\}|\(sensitive\)`)

func isLikeText(printed, sent string) bool {
	if printed == sent {
		return true
	}
	var pattern strings.Builder
	last := 0
	for _, m := range blank.FindAllStringIndex(printed, -1) {
		pattern.WriteString(regexp.QuoteMeta(printed[last:m[0]]) + ".+")
		last = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(printed[last:]))
	return last > 0 && regexp.MustCompile("^"+pattern.String()+"$").MatchString(sent)
}
