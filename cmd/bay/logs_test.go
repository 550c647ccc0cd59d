package main

import "testing"

func TestTame(t *testing.T) {
	for _, c := range []struct {
		in, color, plain string
	}{
		{"plain", "plain", "plain"},
		{"a\tb", "a\tb", "a\tb"},
		{"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m", "red"},
		{"\x1b[1;31mred", "\x1b[1;31mred\x1b[0m", "red"},
		{"\x1b[2J\x07bell", `\x1b[2J\abell`, `\x1b[2J\abell`},
		{"\x1b]0;title\x07", `\x1b]0;title\a`, `\x1b]0;title\a`},
		{"10%\r20%", `10%\r20%`, `10%\r20%`},
	} {
		if got := tame(c.in, true); got != c.color {
			t.Errorf("tame(%q) in colour = %q, want %q", c.in, got, c.color)
		}
		if got := tame(c.in, false); got != c.plain {
			t.Errorf("tame(%q) without = %q, want %q", c.in, got, c.plain)
		}
	}
}
