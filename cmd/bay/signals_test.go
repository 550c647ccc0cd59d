package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Only the first signal of an apply ends it softly.
func TestSignals(t *testing.T) {
	s := new(signals)
	if s.softly() {
		t.Error("a command that only reads is asked to end softly")
	}
	var seen []bool
	s.during(func() { seen = append(seen, true) }, func() {
		seen = append(seen, s.softly(), s.softly(), s.changing())
	})
	if d := cmp.Diff([]bool{true, true, false, true}, seen); d != "" {
		t.Errorf("first, second, changing (-want +got):\n%s", d)
	}
	if s.softly() || s.changing() {
		t.Error("what is over is still being changed")
	}
}
