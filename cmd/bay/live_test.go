package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata")

// moment is an event, and when it comes.
type moment struct {
	at time.Duration
	apply.Event
}

// voyage is an apply with all that takes a while.
func voyage() (*plan.Plan, []moment) {
	step := func(v kind.Verb, k, label string) *plan.Step {
		return &plan.Step{Verb: v, Addr: ir.Addr{Kind: k, Label: label}}
	}
	db, web, base, app := step(kind.Create, "container", "db"), step(kind.Replace, "container", "web"), step(kind.Create, "image", "base"), step(kind.Create, "image", "app")
	layer := func(s *plan.Step, id, text string, now, of int64) apply.Event {
		return apply.Event{Kind: apply.Progress, Step: s, Progress: engine.Progress{Layer: id, Text: text, Current: now, Total: of}}
	}
	ready := func(s, on *plan.Step) apply.Event {
		return apply.Event{Kind: apply.Waiting, Step: s, Wait: engine.Wait{Addr: on.Addr, Until: ir.Healthy, Limit: time.Minute}}
	}
	return &plan.Plan{Mode: plan.Apply, Stack: "shop", Steps: []*plan.Step{base, app, db, web}}, []moment{
		{0, apply.Event{Kind: apply.Begin, Step: base}},
		{0, apply.Event{Kind: apply.Doing, Step: base, Text: "POST /images/create?fromImage=registry.example%2Fbase&tag=1.0.0"}},
		{0, layer(base, "1.0.0", "Pulling from base", 0, 0)},
		{0, layer(base, "aaaaaaaaaaaa", "Pulling fs layer", 0, 0)},
		{0, layer(base, "bbbbbbbbbbbb", "Already exists", 0, 0)},
		{time.Second, layer(base, "aaaaaaaaaaaa", "Downloading", 3_400_000, 12_100_000)},
		{2 * time.Second, layer(base, "cccccccccccc", "Downloading", 500_000, 2_000_000)},
		{3 * time.Second, layer(base, "aaaaaaaaaaaa", "Extracting", 1_000_000, 12_100_000)},
		{4 * time.Second, layer(base, "aaaaaaaaaaaa", "Pull complete", 0, 0)},
		{5 * time.Second, apply.Event{Kind: apply.Done, Step: base, Took: 5 * time.Second}},
		{5 * time.Second, apply.Event{Kind: apply.Begin, Step: app}},
		{5 * time.Second, apply.Event{Kind: apply.Progress, Step: app, Progress: engine.Progress{Text: "Step 2/3 : RUN a long command that goes on and on until the line is full and then goes on"}}},
		{8 * time.Second, apply.Event{Kind: apply.Progress, Step: app, Progress: engine.Progress{Warning: "no swap limit"}}},
		{9 * time.Second, apply.Event{Kind: apply.Done, Step: app, Took: 4 * time.Second}},
		{9 * time.Second, apply.Event{Kind: apply.Begin, Step: db}},
		{9 * time.Second, apply.Event{Kind: apply.Begin, Step: web}},
		{9 * time.Second, ready(web, db)},
		{9 * time.Second, ready(db, db)},
		{21 * time.Second, apply.Event{Kind: apply.Done, Step: db, Took: 12 * time.Second}},
		{21 * time.Second, apply.Event{Kind: apply.Doing, Step: web, Text: "POST /containers/create?name=shop-web"}},
		{50 * time.Second, ready(web, web)},
		{82 * time.Second, apply.Event{Kind: apply.Undoing, Step: web, Err: fmt.Errorf("container shop-web became unhealthy")}},
		{83 * time.Second, apply.Event{Kind: apply.Failed, Step: web, Err: fmt.Errorf("container shop-web became unhealthy"), Took: 74 * time.Second}},
	}
}

// TestLive holds what is shown of an apply after each of its events, on
// terminals of several widths and elsewhere.
func TestLive(t *testing.T) {
	for _, c := range []struct {
		name     string
		width    int // 0: no terminal
		env      map[string]string
		color    bool
		controls bool
	}{
		{"80", 80, map[string]string{"NO_COLOR": "1"}, false, true},
		{"200", 200, map[string]string{"NO_COLOR": "1"}, false, true},
		{"20", 20, map[string]string{"NO_COLOR": "1"}, false, true},
		{"color", 80, nil, true, true},
		{"ascii", 80, map[string]string{"LC_ALL": "C"}, true, true},
		{"dumb", 80, map[string]string{"TERM": "dumb"}, false, false},
		{"plain", 0, nil, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newTester(t)
			x.env = c.env
			x.out.terminal = c.width > 0
			got := x.shown(c.width, c.controls)
			raw := x.read(x.out)
			if has := strings.Contains(raw, "\x1b["); has != c.controls {
				t.Errorf("control codes: %v, want %v", has, c.controls)
			}
			if has := strings.Contains(raw, "\x1b[32m"); has != c.color {
				t.Errorf("colours: %v, want %v", has, c.color)
			}
			file := filepath.Join("testdata", "live", c.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// shown runs the voyage, and returns what is on a terminal after each event, or
// all that was printed where there is none.
func (x *tester) shown(width int, live bool) string {
	x.t.Helper()
	p, moments := voyage()
	v := x.view(p, false)
	began := time.Unix(0, 0)
	now := began
	v.clock = func() time.Time { return now }
	v.size = func() (int, int) { return width, 24 }
	screen, read := &emulator{width: max(width, 1)}, 0
	var frames strings.Builder
	look := func(heading string) {
		text := x.read(x.out)
		screen.Write([]byte(text[read:]))
		read = len(text)
		fmt.Fprintf(&frames, "-- %s --\n%s", heading, screen.text())
	}
	for _, m := range moments {
		for now.Before(began.Add(m.at)) { // time runs
			now = now.Add(time.Second)
			v.refresh()
		}
		v.event(m.Event)
		if live {
			look(fmt.Sprintf("%s %s %s", m.at, m.Step.Addr, m.Kind))
		}
	}
	v.close()
	x.slowest(v.ended, 84*time.Second)
	look("end")
	return frames.String()
}

// Where nobody had to wait, or there is little to tell apart, nothing is said of
// what was slow.
func TestSlowest(t *testing.T) {
	steps := []took{{"image.a", time.Second}, {"image.c", 2 * time.Second}, {"image.b", 2 * time.Second}, {"image.d", time.Millisecond}}
	for _, c := range []struct {
		steps []took
		all   time.Duration
		want  string
	}{
		{steps, 3 * time.Second, "\nSlowest: image.b 2s, image.c 2s, image.a 1s\n"},
		{steps, 1900 * time.Millisecond, ""},
		{steps[:2], time.Minute, ""},
	} {
		x := newTester(t)
		x.slowest(append([]took(nil), c.steps...), c.all)
		if d := cmp.Diff(c.want, x.read(x.out)); d != "" {
			t.Errorf("%v in %s (-want +got)\n%s", c.steps, c.all, d)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 999 * time.Millisecond: "0s", 12 * time.Second: "12s", time.Minute: "1m", 61 * time.Second: "1m1s",
		10 * time.Minute: "10m", time.Hour: "1h", 90 * time.Minute: "1h30m", time.Hour + time.Second: "1h0m1s",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%s) = %s, want %s", time.Duration(d), got, want)
		}
	}
}
