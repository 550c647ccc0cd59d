package main

import (
	"errors"
	"fmt"
	"testing"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
)

func TestCodeOf(t *testing.T) {
	image := &plan.Step{Work: kind.Work{Early: true}}
	web := &plan.Step{}
	stale := fmt.Errorf("step: %w", &apply.Stale{})
	for _, c := range []struct {
		name string
		r    apply.Report
		want int
	}{
		{"all done", apply.Report{Done: []*plan.Step{web}}, exitDone},
		{"nothing to do", apply.Report{}, exitDone},
		{"interrupted", apply.Report{Interrupted: true, NotRun: []*plan.Step{web}}, exitInterrupted},
		{"interrupted too late", apply.Report{Interrupted: true, Done: []*plan.Step{web}}, exitDone},
		{"failed while interrupted", apply.Report{Interrupted: true, Failed: []apply.Failure{{Touched: true}}}, exitInterrupted},
		{"failed before anything changed", apply.Report{Failed: []apply.Failure{{Err: errors.New("no")}}}, exitError},
		{"stale before anything changed", apply.Report{Failed: []apply.Failure{{Err: stale}}}, exitStale},
		{"stale after a step", apply.Report{Done: []*plan.Step{web}, Failed: []apply.Failure{{Err: stale}}}, exitPartly},
		{"rolled back", apply.Report{Failed: []apply.Failure{{Step: web, Touched: true, RolledBack: true}}}, exitRolledBack},
		{"rolled back after a build", apply.Report{Done: []*plan.Step{image}, Failed: []apply.Failure{{Step: web, Touched: true, RolledBack: true}}}, exitRolledBack},
		{"rolled back after a step", apply.Report{Done: []*plan.Step{web}, Failed: []apply.Failure{{Step: web, Touched: true, RolledBack: true}}}, exitPartly},
		{"taken away again", apply.Report{Failed: []apply.Failure{{Step: &plan.Step{Verb: kind.Create}, Touched: true, RolledBack: true}}}, exitError},
		{"not rolled back", apply.Report{Failed: []apply.Failure{{Touched: true, UndoErr: errors.New("no")}}}, exitPartly},
		{"one rolled back, one not", apply.Report{Failed: []apply.Failure{{Step: web, Touched: true, RolledBack: true}, {Touched: true}}}, exitPartly},
		{"failed after a build", apply.Report{Done: []*plan.Step{image}, Failed: []apply.Failure{{}}}, exitPartly},
	} {
		if got := codeOf(&c.r); got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
	}
}

func TestExitCodesAreTheDesigns(t *testing.T) {
	want := []int{0, 1, 2, 3, 4, 10, 11, 12, 125, 130}
	table := exitCodes()
	if len(table) != len(want) {
		t.Fatalf("the table has %d codes, want %d", len(table), len(want))
	}
	for i, c := range table {
		if c.code != want[i] || c.meaning == "" {
			t.Errorf("code %d of the table is %d (%q), want %d", i, c.code, c.meaning, want[i])
		}
	}
}
