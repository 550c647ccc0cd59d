package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// step is one thing to do with a stack. All contenders do them in this order.
type step string

const (
	firstPlan    step = "first plan"
	makeAll      step = "apply from nothing"
	planNothing  step = "plan, nothing to do"
	applyNothing step = "apply, nothing to do"
	planTenth    step = "plan, 10 % changed"
	applyTenth   step = "apply, 10 % changed"
	destroyAll   step = "destroy"
)

var steps = []step{firstPlan, makeAll, planNothing, applyNothing, planTenth, applyTenth, destroyAll}

// contender is who does it.
type contender struct {
	name    string
	prepare func(s stack, dir string) error               // writes its files
	change  func(s stack, dir string) error               // changes every tenth container in them
	command func(s stack, dir string, what step) []string // nil where it cannot do that

	trace string // below dir, a trace of what it did; of it the lock is left out where it shall not count
}

// bench is what is measured with.
type bench struct {
	*yard
	bin      string // where the programs lie
	parallel int
	peers    bool // are measured, too
}

func (b *bench) floor() *contender {
	verbs := map[step]string{firstPlan: "look", makeAll: "make", planNothing: "look", applyNothing: "look", planTenth: "look", applyTenth: "change", destroyAll: "destroy"}
	nothing := func(stack, string) error { return nil }
	return &contender{name: "floor", prepare: nothing, change: nothing, command: func(s stack, _ string, what step) []string {
		return []string{filepath.Join(b.bin, "floor"), "-k", strconv.Itoa(s.k), "-each", strconv.Itoa(each), "-net", strconv.Itoa(s.net),
			"-parallel", strconv.Itoa(b.parallel), verbs[what], s.name, s.image}
	}}
}

func (b *bench) bay() *contender {
	write := func(changed bool) func(stack, string) error {
		return func(s stack, dir string) error { return put(dir, "main.bay.hcl", s.hcl(changed)) }
	}
	return &contender{name: "bay", prepare: write(false), change: write(true), trace: "trace.json", command: func(s stack, dir string, what step) []string {
		args := map[step][]string{
			firstPlan: {"plan"}, makeAll: {"apply", "--yes"}, planNothing: {"plan"}, applyNothing: {"apply", "--yes"}, planTenth: {"plan"},
			applyTenth: {"apply", "--yes", "--trace", filepath.Join(dir, "trace.json")},
			destroyAll: {"destroy", "--yes", "--volumes", "--confirm", s.name},
		}[what]
		return append(append([]string{filepath.Join(b.bin, "bay")}, args...), "--parallelism", strconv.Itoa(b.parallel), dir)
	}}
}

// compose is Docker Compose, if it is there. It has no plan: --dry-run says what
// it would call, and the first Compose, in Python, has none.
func (b *bench) compose() *contender {
	var words []string
	if path, err := exec.LookPath("docker"); err == nil && exec.Command(path, "compose", "version").Run() == nil {
		words = []string{path, "compose"}
	} else if path, err := exec.LookPath("docker-compose"); err == nil {
		words = []string{path}
	} else {
		return nil
	}
	version, err := exec.Command(words[0], append(words[1:], "version", "--short")...).Output()
	if err != nil {
		return nil
	}
	first := strings.HasPrefix(string(version), "1.")
	write := func(changed bool) func(stack, string) error {
		return func(s stack, dir string) error { return put(dir, "compose.yaml", s.compose(changed)) }
	}
	return &contender{name: "Compose " + strings.TrimSpace(string(version)), prepare: write(false), change: write(true), command: func(s stack, dir string, what step) []string {
		plans := what == firstPlan || what == planNothing || what == planTenth
		args := append(slices.Clone(words), "--project-name", s.name, "--file", filepath.Join(dir, "compose.yaml"))
		switch {
		case plans && first:
			return nil
		case plans:
			return append(args, "--dry-run", "up", "--detach")
		case what == destroyAll:
			return append(args, "down", "--volumes")
		}
		return append(args, "up", "--detach")
	}}
}

// terraform is Terraform or OpenTofu, if it is there. Where the provider comes
// from is said by its own configuration, such as a local mirror in TF_CLI_CONFIG_FILE.
func (b *bench) terraform(name, program string) *contender {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil
	}
	write := func(changed bool) func(stack, string) error {
		return func(s stack, dir string) error { return put(dir, "main.tf", s.terraform(changed)) }
	}
	prepare := func(s stack, dir string) error {
		if err := write(false)(s, dir); err != nil {
			return err
		}
		_, err := run(exec.Command(path, "-chdir="+dir, "init", "-input=false"), false)
		return err
	}
	return &contender{name: name, prepare: prepare, change: write(true), command: func(s stack, dir string, what step) []string {
		args := map[step][]string{makeAll: {"apply", "-auto-approve"}, applyNothing: {"apply", "-auto-approve"}, applyTenth: {"apply", "-auto-approve"}, destroyAll: {"destroy", "-auto-approve"}}[what]
		if args == nil {
			args = []string{"plan"}
		}
		return append(append([]string{path, "-chdir=" + dir}, args...), "-input=false", "-lock=false")
	}}
}

// contenders are those that are there; the first is the floor, the second bay.
func (b *bench) contenders() []*contender {
	all := []*contender{b.floor(), b.bay()}
	if !b.peers {
		return all
	}
	for _, c := range []*contender{b.compose(), b.terraform("Terraform", "terraform"), b.terraform("OpenTofu", "tofu")} {
		if c != nil {
			all = append(all, c)
		}
	}
	return all
}

// locking is how long the lock was taken and freed, by a trace of bay.
func locking(file string) (time.Duration, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var doc struct {
		TraceEvents []struct {
			Name string
			Dur  int64 // in microseconds
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, e := range doc.TraceEvents {
		if e.Name == "lock" || e.Name == "unlock" {
			sum += time.Duration(e.Dur) * time.Microsecond
		}
	}
	return sum, nil
}
