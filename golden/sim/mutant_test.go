package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bayplan/golden/slice"
)

// mutant is bay without one of its guards. Some test has to fail for it.
type mutant struct {
	name     string
	file     string // below the module
	old, new string // what stands once in the file, and in its place
	by       string // the tests that have to find it: a package and a pattern; "" is those of this package
}

// hunters are the tests of this package that look for mutants.
const hunters = "./golden/sim Regressions|Singles|Two"

// mutants is every guard of the executor and of the rooms, taken away in turn.
func mutants() []mutant {
	const step, run, call, wait = "interpreter/apply/step.go", "interpreter/engine/run.go", "interpreter/engine/call.go", "interpreter/engine/wait.go"
	const room = "stdlib/container/"
	const ops, strategy, read = room + "ops.go", room + "strategy.go", room + "read.go"
	const replace, back = room + "replace.go", room + "back.go"
	const applied, talked = "./interpreter/apply .", "./interpreter/engine TestCalls|TestUnknown|TestLate"
	return []mutant{
		// What a step relied on.
		{"facts are not looked at", step, "	return x.facts(ctx, x.s.Work.Facts)\n", "	return nil\n", applied},
		{"a fact's value does not count", run, "		if !f.Holds(got, a.there) {\n", "		if !f.Holds(f.Want, a.there) {\n", applied},
		{"facts of an op are not looked at", step, "x.facts(ctx, op.Facts)", "x.facts(ctx, op.Facts[:0])", ""},
		{"gates are not waited for", step, "	for _, g := range x.s.Gates {\n", "	for _, g := range x.s.Gates[:0] {\n", applied},
		{"steps do not wait for each other", "interpreter/apply/run.go", "		waits[i] = len(s.Needs)\n", "", applied},
		{"what follows a failure begins", "interpreter/apply/run.go", "			if !r.note(res) {\n				stop = true\n				continue\n			}\n", "			r.note(res)\n", applied},
		{"an interrupt cuts calls", step, "	ctx = context.WithoutCancel(ctx)\n	err := x.ops", "	err := x.ops", ""},
		{"the lock is not asked for before a call", step, "	if err := x.held(ctx); err != nil {\n		return err\n	}\n", "", applied},
		{"an undo goes on without the lock", step, "|| errors.As(err, &lost) {", "{", applied},

		{"what was cut short stops an old one with another policy", room + "half.go", "retires(old)", "asRead(old)", "./golden/sim Found"},

		// The way back.
		{"nothing is taken back", step, "	if !x.touched || len(back) == 0 ||", "	if len(back) >= 0 ||", ""},
		{"the old one starts beside one that does not stop", step, "(op.Forgets || engine.Serves(op.Call)) {", "op.Forgets {", ""},
		{"an undo forgets what it could not bring back", step, "(op.Forgets || engine.Serves(op.Call)) {", "engine.Serves(op.Call) {", "./interpreter/apply TestUndo"},
		{"what the engine made otherwise than it was told stays", step, "acted := err == nil || errors.As(err, &part)", "acted := err == nil || errors.As(err, &part) && false", applied},
		{"a call of an undo is sent once", step, "	undoTries = 3\n", "	undoTries = 1\n", ""},
		{"an undo does again what is so already", step, "; err == nil && held {\n		return nil", "; err == nil && held && false {\n		return nil", ""},
		{"what cannot serve again has gone already", step, "engine.Gone(err) && (!engine.Serves(call) || x.e.ForNobody(ctx, call))", "engine.Gone(err)", applied},
		{"an undo does not stop the new one", back, `		setPolicy(id, "no"), halt(in, id), rename(id,`, `		setPolicy(id, "no"), rename(id,`, ""},
		{"an undo leaves the old one's name", back, `"failed", old.ID)), rename(living(old), home(in, old)),`, `"failed", old.ID)),`, ""},
		{"an undo goes back to a network that is gone", back, `		if leaves(in.Env, old, name) {`, "		if false {", ""},
		{"an undo does not know that a network was made again", back, `how == "" && !stale(in.Env, old, name)`, `how == ""`, ""},
		{"an undo leaves the old one's policy", back, "		ops = append(ops, setPolicy(living(old), p))\n", "", ""},
		{"an undo does not start the old one", back, "		ops = append(ops, engine.Op{Call: &engine.ContainerStart{Container: old.ID}, Alone: old.Spec.(*Spec).picked()})\n", "", ""},
		{"an undo starts the old one first", back, "	return append(ops, removal(id, false))\n", "	for i, j := 0, len(ops)-1; i < j; i, j = i+1, j-1 {\n		ops[i], ops[j] = ops[j], ops[i]\n	}\n	return append(ops, removal(id, false))\n", ""},
		{"an undo leaves stopped what is meant to run", back, "	return served(in, old) || runs(", "	return served(in, old) || false && runs(", "./stdlib/container TestRollback$"},
		{"an undo starts what never ran", back, "	return ran(old)\n", "	return true\n", "./stdlib/container TestRollbackStartsNoOther"},
		{"an undo starts what lacks a network", back, "if !there(\"network\", n.Network.Name) {", "if !there(\"network\", n.Network.Name) && false {", "./stdlib/container TestRollbackStartsNoOther"},
		{"an undo starts what cannot start", back, `|| stranded(in, old) != "" {`, "{", "./stdlib/container TestNoWayBack"},
		{"a container is stopped for one that cannot start", back, "own && h.restart {", "own && h.restart && false {", "./stdlib/container TestNoWayBack"},
		{"the policy from before is forgotten", back, "		return p\n	}\n	return now\n", "		return now\n	}\n	return now\n", "./stdlib/container TestRollbackHalfway"},

		// The order of a replacement.
		{"the new one has its policy at once", replace, `birth{name: temporary, restart: "no"`, `birth{name: temporary, restart: in.Want.Restart`, ""},
		{"the old one keeps its policy", replace, "	return slices.Concat(retire(old), []engine.Op{stop(old)}, yield(old, name))\n", "	return slices.Concat([]engine.Op{stop(old)}, yield(old, name))\n", ""},
		{"the old one does not stop", replace, "	return slices.Concat(retire(old), []engine.Op{stop(old)}, yield(old, name))\n", "	return slices.Concat(retire(old), yield(old, name))\n", ""},
		{"the new one never gets its policy", replace, "		return []engine.Op{setPolicy(id, p)}\n", "		return nil\n", ""},
		{"the new one is not waited for", replace, "		w.Wait, w.Asks = ready(in, settled(in)), company(in)\n	}\n	w.Commit = commit(in, made(in), old)\n", "	}\n	w.Commit = commit(in, made(in), old)\n", ""},
		{"both write to one volume", strategy, "		return same && (x.RW || !m.ReadOnly)\n", "		return same && false\n", ""},
		{"both want one port", strategy, "	return from <= qto && qfrom <= to && p.overlaps(q)\n", "	return from <= qto && qfrom <= to && p.overlaps(q) && false\n", "./stdlib/container TestStrategy$"},
		{"both want one address", strategy, "	return slices.ContainsFunc(n.fixed(), func(a string) bool { return slices.Contains(have, a) })\n", "	return false\n", "./stdlib/container TestStrategy$"},
		{"volumes are not looked at before a start", ops, "	op := engine.Op{Facts: facts, Alone", "	op := engine.Op{Alone", ""},

		// What the engine answers.
		{"nobody looks after a lost answer", run, "	case herr == nil && held:\n", "	case herr == nil && held && false:\n", ""},
		{"a lost answer is a no", run, "	if !Unknown(err) && !failed(err) {\n", "	if true {\n", ""},
		{"a call is sent again without the lock", run, "	if not := may(ctx); not != nil {\n", "	if not := may(ctx); not != nil && false {\n", applied},
		{"a call that hangs is sent again", run, "herr != nil || errors.As(err, &late)", "herr != nil || errors.As(err, &late) && false", talked},
		{"whose volume it is does not matter", call, "	if err == nil && got.Labels[LabelUID] != c.Options.Labels[LabelUID] {\n", "	if false {\n", applied},
		{"a second network of one name stays", call, "err == nil && len(same) > 1", "err == nil && len(same) > 2", applied},
		{"starting is healthy", wait, "	return s.Health.Status == container.Healthy, \"\"\n", "	return s.Health.Status != container.Unhealthy, \"\"\n", ""},
		{"what has just started has settled", wait, "	if w.Settle == 0 ||", "	if w.Settle >= 0 ||", ""},

		// What is ours.
		{"an undo leaves the new network", "stdlib/network/ops.go", "slices.Concat(unmake(in.Res.Addr, back), old", "slices.Concat(unmake(in.Res.Addr, back)[:0], old", "./stdlib/network TestTakenBack/embedded"},
		{"another stack's objects are ours", "interpreter/kind/found.go", "	if !ours || ident.Stack != s.Stack {\n", "	if !ours {\n", "./golden/sim Direct"},
		{"a taken name is no obstacle", "interpreter/plan/make.go", "	h, ok := m.taken(r.Addr.Kind, r.Name)\n	if !ok {\n", "	h, ok := m.taken(r.Addr.Kind, r.Name)\n	if !ok || true {\n", "./interpreter/plan . ./stdlib/volume Foreign"},
		{"data goes with its declaration", "interpreter/plan/remove.go", "	if k.Data() && !m.o.Volumes && !slices.Contains(m.o.Remove, a) {\n", "	if false {\n", "./interpreter/plan . ./stdlib/volume Kept"},
		{"labels of an image make it ours", read, `if img.uid != "" && img.uid == `, `if img.uid != "" && img.uid+"x" == `, "./stdlib/container TestCommitted"},
		{"a copy with our uid is ours", read, "	if len(of) == 1 {\n", "	if len(of) >= 1 {\n", "./stdlib/container TestCopies"},
		{"a half-done pair is two", read, "		if old == nil || old == l ||", "		if true || old == nil || old == l ||", ""},
		{"which of two successors goes on is chance", read, "return cmp.Compare(b.Fitness, a.Fitness)", "return cmp.Compare(a.Fitness, b.Fitness)", "./stdlib/container TestSuccessors"},
		{"what never ran stays, and what runs goes", "interpreter/plan/make.go", "	case l.Fitness != other.Fitness:\n		return l.Fitness > other.Fitness\n", "", "./interpreter/plan TestMake"},
		{"what a second one has is not waited for", "interpreter/plan/order.go", "if l := held[claim]; l != nil && !isOf(l, mine) {", "if l := held[claim]; l != nil && l.Identity.Addr != r.Addr {", "./interpreter/plan TestMake"},
	}
}

// TestMutants builds bay without each guard of a slice, MUTANTS of them or all,
// and wants a test to fail.
func TestMutants(t *testing.T) {
	all := mutants()
	for _, i := range slice.Of(t, "MUTANTS", 1).Draw("mutants", len(all)) {
		m := all[i]
		t.Run(m.name, func(t *testing.T) {
			overlay := m.overlay(t)
			words := strings.Fields(m.by)
			if m.by == "" {
				words = strings.Fields(hunters)
			}
			for ; len(words) > 1; words = words[2:] {
				if m.killed(t, overlay, words[0], words[1]) {
					return
				}
			}
			t.Errorf("survived: without this guard of %s no test fails", m.file)
		})
	}
}

// source is the file of a mutant without its guard.
func (m mutant) source() (string, error) {
	data, err := os.ReadFile(filepath.Join("..", "..", m.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(data), m.old); n != 1 {
		return "", fmt.Errorf("%s: %q stands %d times in %s: the guard has moved, and the table has to follow", m.name, m.old, n, m.file)
	}
	return strings.Replace(string(data), m.old, m.new, 1), nil
}

// TestGuardsStand holds that each guard of the table is where it says.
func TestGuardsStand(t *testing.T) {
	for _, m := range mutants() {
		if _, err := m.source(); err != nil {
			t.Error(err)
		}
	}
}

// overlay writes what tells the compiler to take the mutant.
func (m mutant) overlay(t *testing.T) string {
	t.Helper()
	text, err := m.source()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, err := filepath.Abs(filepath.Join("..", "..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	replaced := filepath.Join(dir, "mutant.go")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{replaced: []byte(text), filepath.Join(dir, "overlay.json"): overlay} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "overlay.json")
}

// killed reports whether tests fail for a mutant.
func (m mutant) killed(t *testing.T, overlay, pkg, pattern string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-count=1", "-vet=off", "-failfast", "-timeout", "15m", "-run", pattern, pkg)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "SINGLES=800", "SINGLES_SEED=1", "TWO=600", "TWO_SEED=1", "SIM_DIRECT=300", "SIM=", "SIM_SEED=1")
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "--- FAIL") && !strings.Contains(string(out), "panic:") {
		t.Fatalf("the mutant cannot be tried: %v\n%s", err, out)
	}
	return err != nil
}
