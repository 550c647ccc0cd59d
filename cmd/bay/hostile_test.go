package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// hostile is what a name, a label, a log or an error can hold: what steers a
// terminal, forges a line, or turns the direction of text.
var hostile = []string{
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "\x1b[2J\x1b[H", "\x1b[1A\x1b[Kforged",
	"\x00\x01\x02\x07\x08\x0b\x0c\x0e\x1f\x7f", "\rforged", "a\nerror: forged", "a\r\nb", "tab\there",
	"\u0080\u0085\u009b31m\u009d0;x\u009c", "\xff\xfe\xc0\xaf", "\xed\xa0\x80", "cut \xe2\x80",
	"\u202aa\u202bb\u202cc\u202dd\u202ee", "\u2066a\u2067b\u2068c\u2069d", "\u200e\u200f\u061c", "\u2028line\u2029end", "\ufeffbom",
}

// safe holds that nothing in a text steers who reads it.
func safe(t *testing.T, where, given, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: of %q it makes bytes that are no UTF-8: %q", where, given, text)
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Errorf("%s: of %q it shows %q as it is: %q", where, given, r, text)
			return
		}
	}
}

// hostilePlan is a plan in which every string is s.
func hostilePlan(s string) *plan.Plan {
	pos := diag.Pos{File: s + ".bay.hcl", Line: 1, Col: 1}
	addr := ir.Addr{Kind: "container", Label: "web", Key: s, Keyed: true}
	change := schema.Change{Attr: "env", Path: s, Old: ir.StringVal(s), New: ir.StringVal("x" + s), Effect: schema.Replace, Reason: s, Cause: s, Pos: pos}
	nested := schema.Change{Attr: "labels", Old: ir.MapVal(map[string]ir.Value{s: ir.StringVal(s)}), New: ir.ListVal(ir.StringVal(s)), Note: s}
	op := engine.Op{Call: &engine.NetworkDisconnect{Network: s, Container: s}}
	work := kind.Work{
		Ops: []engine.Op{op}, Undo: []engine.Op{op}, Commit: []engine.Op{op}, Impact: s, Cutover: s, Now: s, Then: s, Strategy: s,
		Wait: &engine.Wait{Container: s, Until: ir.Healthy, Addr: addr},
	}
	step := &plan.Step{Verb: kind.Replace, Addr: addr, Name: s, Pos: pos, Why: s, Changes: []schema.Change{change, nested}, Work: work, ID: s}
	made := &plan.Step{Verb: kind.Create, Addr: addr, Name: s, Pos: pos, Why: s, Changes: []schema.Change{change}, Work: work}
	return &plan.Plan{
		Mode: plan.Apply, Stack: s, Info: engine.Info{ID: s, Version: s}, Steps: []*plan.Step{step, made},
		Moved: []*plan.Moved{{Old: addr, New: addr, Name: s}}, Kept: []*plan.Kept{{Addr: addr, Name: s, Why: s, Hint: s}},
		Outputs: []plan.Output{{Name: s, Value: ir.StringVal(s)}},
		Notes:   diag.List{{Pos: pos, Msg: s, Hint: s, Calls: []diag.Call{{Pos: pos, Func: s}}, Warning: true}},
	}
}

// places are where bay prints what an engine or a program said.
var places = map[string]func(x *tester, s string) error{
	"plan": func(x *tester, s string) error {
		return show.Text(x.out, hostilePlan(s), show.Options{Host: s, Verbose: true, Sources: diag.Sources{s + ".bay.hcl": []byte(s + " = 1")}})
	},
	"plan as JSON": func(x *tester, s string) error { return show.JSON(x.out, hostilePlan(s), show.Origin{Program: s}) },
	"progress": func(x *tester, s string) error {
		p := hostilePlan(s)
		v := x.progress(p, true)
		for _, ev := range hostileEvents(p, s) {
			v.event(ev)
			v.refresh()
		}
		v.close()
		return nil
	},
	"live progress": func(x *tester, s string) error {
		p := hostilePlan(s)
		v := x.progress(p, true)
		v.mu.Lock()
		v.live = true
		v.mu.Unlock()
		for _, ev := range hostileEvents(p, s) {
			v.event(ev)
		}
		v.close()
		return nil
	},
	"events": func(x *tester, s string) error {
		p := hostilePlan(s)
		x.feed.out = []screen{x.out}
		x.feed.open(&engine.Engine{Info: p.Info}, p)
		x.feed.locked(&engine.Locked{Holder: engine.Holder{User: s, Host: s, Command: s, Version: s}}, time.Minute)
		for _, ev := range hostileEvents(p, s) {
			x.feed.event(ev)
		}
		x.feed.outputs = map[string]ir.Value{s: ir.StringVal(s)}
		x.feed.end(exitError, errors.New(s))
		return x.feed.err
	},
	"summary": func(x *tester, s string) error {
		p := hostilePlan(s)
		failed := apply.Failure{
			Step: p.Steps[0], Err: &apply.CallError{Op: p.Steps[0].Work.Ops[0], Err: errors.New(s)}, UndoErr: errors.New(s), Touched: true,
			Look: &engine.Look{ID: s, Name: s, Status: s, Error: s, Health: s, Logs: []string{s, s}}, Holder: s, Serves: s,
		}
		kept := failed
		kept.UndoErr, kept.Kept = nil, true
		r := &apply.Report{Failed: []apply.Failure{failed, kept}, NotRun: p.Steps, Interrupted: true}
		x.summary(p, r)
		x.standing(r)
		return nil
	},
	"ls": func(x *tester, s string) error {
		return x.table([]verb.Object{{Stack: s, Addr: ir.Addr{Kind: "network", Label: "a", Key: s, Keyed: true}, Name: s, Status: s}})
	},
	"ls as JSON": func(x *tester, s string) error {
		return show.WriteJSON(x.out, lsDocument{lsFormat, []verb.Object{{Stack: s, Name: s, Status: s}}})
	},
	"outputs":         func(x *tester, s string) error { return x.app.outputs(map[string]ir.Value{s: ir.StringVal(s)}) },
	"outputs as JSON": func(x *tester, s string) error { return x.oneOutput("x", ir.StringVal(s), true) },
	"error": func(x *tester, s string) error {
		x.report(x.root(), &failure{err: errors.New(s), hint: s})
		return nil
	},
	"bug": func(x *tester, s string) error { x.reportBug(s, []byte("stack")); return nil },
	"mistake": func(x *tester, s string) error {
		pos := diag.Pos{File: s, Line: 1, Col: 3}
		x.reportMistakes(diag.List{{Pos: pos, Msg: s, Hint: s, Calls: []diag.Call{{Pos: pos, Func: s}}}, {Msg: s}}, diag.Sources{s: []byte("  " + s)})
		return nil
	},
	"not ready": func(x *tester, s string) error {
		x.report(x.root(), fmt.Errorf("waiting for %s: %w", s, &engine.NotReady{Container: s, Reason: s}))
		return nil
	},
	"lock": func(x *tester, s string) error {
		held := &engine.Locked{Holder: engine.Holder{Stack: s, User: s, Host: s, Command: s}}
		x.waiting(held)
		x.report(x.root(), x.notLocked(held))
		x.lost(&apply.Report{Lost: errors.New(s)})
		return nil
	},
	"arguments": func(x *tester, s string) error {
		x.run([]string{s})
		x.run([]string{"plan", "--" + s})
		x.run([]string{"plan", s})
		x.run([]string{"plan", "--var", s})
		x.run([]string{"doc", s})
		x.run([]string{"apply", "--remove-volume", s})
		x.run([]string{"ls", "--engine", "tcp://" + s})
		return nil
	},
}

// hostileEvents is one event of each kind, in which every string is s.
func hostileEvents(p *plan.Plan, s string) []apply.Event {
	step := p.Steps[0]
	return []apply.Event{
		{Kind: apply.Begin, Step: step}, {Kind: apply.Doing, Step: step, Text: "POST /" + s},
		{Kind: apply.Progress, Step: step, Progress: engine.Progress{Warning: s}},
		{Kind: apply.Progress, Step: step, Progress: engine.Progress{Text: "Step 1/2 : " + s}},
		{Kind: apply.Progress, Step: step, Progress: engine.Progress{Text: s, Layer: s, Current: 1, Total: 2}},
		{Kind: apply.Waiting, Step: step, Text: s + " to be healthy", Wait: *step.Work.Wait},
		{Kind: apply.Stopping}, {Kind: apply.Undoing, Step: step, Err: errors.New(s)}, {Kind: apply.Failed, Step: step, Err: errors.New(s)},
		{Kind: apply.Begin, Step: step}, {Kind: apply.Failed, Step: step, Err: errors.New(s)}, {Kind: apply.Begin, Step: step}, {Kind: apply.Done, Step: step},
	}
}

// ours is how a live view goes back over what it has painted.
var ours = regexp.MustCompile("\r\x1b\\[[0-9]+A\x1b\\[J")

// TestHostile prints every hostile string at every place.
func TestHostile(t *testing.T) {
	for where, prints := range places {
		t.Run(where, func(t *testing.T) {
			for _, s := range hostile {
				x := newTester(t)
				if err := prints(x, s); err != nil {
					t.Fatal(err)
				}
				text := ours.ReplaceAllString(x.read(x.out), "") + x.read(x.err)
				if text == "" {
					t.Fatalf("nothing is printed of %q", s)
				}
				safe(t, where, s, text)
				if strings.HasSuffix(where, "JSON") && !json.Valid([]byte(text)) {
					t.Errorf("of %q comes no JSON: %q", s, text)
				}
			}
		})
	}
}

// TestHostilePrograms holds the same of programs: what they are called, what
// stands in them, and what they say.
func TestHostilePrograms(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, s := range hostile {
		for name, text := range map[string]string{
			"main.bay.star":                       "stack(name = \"a\")\nfail(\"" + strings.NewReplacer("\x00", "", "\n", "\\n", "\r", "\\r").Replace(s) + "\")\n",
			"raw/main.bay.star":                   "stack(name = \"a\") # " + s + "\nvolume(\"a\", lables = 1) # " + s + "\n",
			"main.bay.hcl":                        "stack { name = \"a\" }\nvolume \"a\" { lables = \"" + strings.ReplaceAll(s, "\n", "") + "\" }\n",
			"raw/main.bay.hcl":                    s + "\nstack { name = \"" + s + "\" }\n",
			strings.Map(named, s) + "/a.bay.hcl":  "stack { name = \"a\" }\nvolume \"a\" { lables = 1 }\n",
			"b/" + strings.Map(named, s) + ".hcl": "",
		} {
			file := filepath.Join(t.TempDir(), name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			x := newTester(t)
			x.run([]string{"plan", filepath.Dir(file), "--engine", "embedded"})
			said := x.read(x.out) + x.read(x.err)
			if said == "" {
				t.Fatalf("%q: nothing is printed", text)
			}
			safe(t, name, s, said)
		}
	}
}

// named leaves out what no file's name can hold.
func named(r rune) rune {
	if r == 0 || r == '/' {
		return -1
	}
	return r
}
