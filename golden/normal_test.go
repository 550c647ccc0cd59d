package golden

import (
	"regexp"
	"testing"
)

// moving is what differs from run to run or from engine to engine in what bay
// says, and what stands for it in scripts and committed plans.
var moving = []struct {
	like *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\bsha256:[0-9a-f]{4,64}\b(…|\.\.\.)?`), "sha256:<hash>"},
	{regexp.MustCompile(`\b[0-9a-f]{12,64}\b(…|\.\.\.)?`), "<hash>"},
	{regexp.MustCompile(`\b(in|took|after) (\d+m)?\d+(\.\d+)?(ms|s)\b`), "$1 <time>"},
	{regexp.MustCompile(`\b(locked( stack \S+)?( by .*\))?,? for) [0-9hms]+`), "$1 <time>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?`), "<date>"},
	{regexp.MustCompile(`(?m)^  \S \S+ +((putting back|\w+ing)…|is taken back…|waiting .*)\n`), ""}, // said only of what takes a while
	{regexp.MustCompile(`(?m)^\nSlowest: .*\n(Critical path: .*\n)?`), ""},
}

// normal is the one function that makes what bay says the same on every run:
// digests, hashes and IDs become <hash>, how long something took <time>.
func normal(text string) string {
	for _, m := range moving {
		text = m.like.ReplaceAllString(text, m.as)
	}
	return text
}

// placed is what two languages cannot have in common: positions, and the
// source lines that a message shows.
var placed = []struct {
	like *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`main\.bay\.(hcl|star)(:\d+:\d+)?`), "main.bay"},
	{regexp.MustCompile(`(?m)^ +\d+ \| .*\n *\^\n`), ""},
}

// unplaced takes that out.
func unplaced(text string) string {
	for _, p := range placed {
		text = p.like.ReplaceAllString(text, p.as)
	}
	return text
}

func TestNormal(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"image web@sha256:" + hex64, "image web@sha256:<hash>"},
		{"id " + hex64[:12], "id <hash>"},
		{"created in 1.2s", "created in <time>"},
		{"interval 10s → 20s", "interval 10s → 20s"},
		{"memory 64m, the defaced facade", "memory 64m, the defaced facade"},
		{"  + image.web  creating…\n  + image.web  created in 2m3.5s\n", "  + image.web  created in <time>\n"},
		{"  + container.web  waiting to be healthy, 30s of 1m\n  + container.web  created in 31s\n", "  + container.web  created in <time>\n"},
		{"x\n\nSlowest: image.web 2.1s, container.web 1s, container.db 3ms\n\nDone: 3 created in 3.2s.\n", "x\n\nDone: 3 created in <time>.\n"},
		{"is locked by ann@quay, process 7 (bay apply), for 1m3s", "is locked by ann@quay, process 7 (bay apply), for <time>"},
		{"has been locked for 0s by ann@quay", "has been locked for <time> by ann@quay"},
		{"made 2026-01-02T03:04:05Z", "made <date>"},
	} {
		if got := normal(c.in); got != c.want {
			t.Errorf("normal(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

const hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
