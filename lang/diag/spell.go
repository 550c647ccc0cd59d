package diag

import (
	"slices"

	"github.com/agext/levenshtein"
)

// Nearest returns the candidate that name most likely was meant to be, or ""
// if none is near. Ties go to the first in sorted order.
func Nearest(name string, candidates []string) string {
	best, bestDist := "", 1+(len(name)+1)/3
	sorted := slices.Sorted(slices.Values(candidates))
	for _, c := range sorted {
		if c == name {
			continue
		}
		if d := distance(name, c); d < bestDist {
			best, bestDist = c, d
		}
	}
	return best
}

// distance counts letters to change; two neighbours that changed places, which
// is how most words go wrong, count as one.
func distance(name, c string) int {
	for i := 1; i < len(name) && len(name) == len(c); i++ {
		if name[i] == c[i-1] && name[i-1] == c[i] && name[:i-1] == c[:i-1] && name[i+1:] == c[i+1:] {
			return 1
		}
	}
	return levenshtein.Distance(name, c, nil)
}

// DidYouMean sets the hint of d to the nearest candidate, if there is one and
// d has no hint yet, and returns d.
func (d *Diag) DidYouMean(name string, candidates []string) *Diag {
	if near := Nearest(name, candidates); near != "" && d.Hint == "" {
		d.Hintf("did you mean %q?", near)
	}
	return d
}
