package main

import (
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/show"
	"bayplan/lang/diag"
)

// transfer is how far a pull or a push has come.
type transfer struct {
	pushes bool
	layers []*layer // in the order in which the engine named them
}

// layer is a part of an image on its way.
type layer struct {
	id      string
	doing   string // in the engine's words
	now, of int64  // bytes of that; of is 0 where the engine does not say
	came    int64  // bytes that have come
	size    int64  // bytes there are; 0 if not known
	done    bool
}

// note takes what the engine says of a layer.
func (l *transfer) note(p engine.Progress) {
	if strings.HasPrefix(p.Text, "Pulling from ") { // of the whole: what names it is the tag
		return
	}
	x := l.layer(p.Layer)
	x.doing, x.now, x.of = p.Text, p.Current, max(p.Total, 0)
	switch p.Text {
	case "Pull complete", "Already exists", "Pushed", "Layer already exists":
		x.done, x.came = true, x.size
	case "Extracting", "Verifying Checksum", "Download complete":
		x.came = x.size
	default:
		l.pushes = l.pushes || strings.HasPrefix(p.Text, "Push") || p.Text == "Preparing"
		if x.of > 0 {
			x.came, x.size = min(x.now, x.of), x.of
		}
	}
}

func (l *transfer) layer(id string) *layer {
	for _, x := range l.layers {
		if x.id == id {
			return x
		}
	}
	l.layers = append(l.layers, &layer{id: id})
	return l.layers[len(l.layers)-1]
}

// runs reports whether something is still on its way.
func (l *transfer) runs() bool {
	return slices.ContainsFunc(l.layers, func(x *layer) bool { return !x.done })
}

// String sums up the layers.
func (l *transfer) String() string {
	verb := "pulling"
	if l.pushes {
		verb = "pushing"
	}
	var came, size int64
	done := 0
	for _, x := range l.layers {
		came, size = came+x.came, size+x.size
		if x.done {
			done++
		}
	}
	layers := fmt.Sprintf("%d of %s", done, show.Plural(len(l.layers), "layer"))
	if size == 0 {
		return verb + " " + layers
	}
	return fmt.Sprintf("%s %s, %s", verb, megabytes(came, size), layers)
}

// lines says of n layers at most how far each has come.
func (l *transfer) lines(n int) []string {
	var out []string
	for _, x := range l.layers {
		if len(out) < n && !x.done && x.of > 0 {
			out = append(out, fmt.Sprintf("%s %s %s", diag.Escape(x.id), strings.ToLower(diag.Escape(x.doing)), megabytes(x.now, x.of)))
		}
	}
	return out
}

func megabytes(now, of int64) string {
	return fmt.Sprintf("%.1f of %.1f MB", float64(now)/1e6, float64(of)/1e6)
}
