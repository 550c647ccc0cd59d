package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
)

// pane is lines that are shown anew in their place on a terminal, and elsewhere
// one after the other, whenever they are not the same as before.
type pane struct {
	app   *app
	drawn []int  // columns of each line that stands on the terminal
	last  string // what was shown
}

// show shows lines. What a terminal has no room for is left out, and counted.
func (p *pane) show(lines []string) error {
	out := p.app.out
	if !out.terminal {
		text := strings.Join(lines, "\n")
		if text == p.last {
			return nil
		}
		if p.last != "" {
			text = "\n" + text
		}
		p.last = strings.Join(lines, "\n")
		_, err := fmt.Fprintln(out, text)
		return err
	}
	width, height := out.size()
	width, height = max(width, narrow), max(height, 4)
	if len(lines) > height-1 {
		left := len(lines) - (height - 2)
		lines = append(lines[:height-2:height-2], fmt.Sprintf("and %d more", left))
	}
	var b strings.Builder
	if n := rows(p.drawn, width); n > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", n)
	}
	p.drawn = nil
	for _, l := range lines {
		l = show.Fit(l, width-1)
		b.WriteString(l + "\n")
		p.drawn = append(p.drawn, show.Columns(l))
	}
	_, err := fmt.Fprint(out, b.String())
	return err
}

// every shows what look returns until somebody ends it, again after each pause.
// An engine that does not answer, since it is started anew perhaps, is asked
// again; that it does not is said.
func (a *app) every(ctx context.Context, pause time.Duration, look func(context.Context) ([]string, error)) error {
	a.signals.looking()
	p := &pane{app: a}
	for {
		lines, err := look(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && engine.Lost(err):
			lines = []string{a.paint(a.out, "33", "the engine does not answer: "+escape(err.Error(), "  ")), "asking again until it does; Ctrl-C ends this"}
		case err != nil:
			return err
		}
		if err := p.show(lines); err != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lookAgain is look for what is shown in a pane: a terminal's last column stays free.
func (a *app) lookAgain() show.Options {
	o := a.look()
	o.Width = max(o.Width-1, 0)
	return o
}

// nothingNow is what is shown of an ADDRESS while nothing of it runs: it may come back.
const nothingNow = "nothing of this runs now"

// watchPs shows the containers again and again.
func (a *app) watchPs(ctx context.Context, at *aim, words []string, o psFlags) error {
	shown := false
	return a.every(ctx, 2*time.Second, func(ctx context.Context) ([]string, error) {
		if err := a.survey(ctx, at); err != nil {
			return nil, err
		}
		list, err := a.containers(ctx, at, words, o)
		var none *failure
		var gone *verb.Unclear
		switch {
		case errors.As(err, &none) && a.nothing(at) != nil: // it may come yet
			list = nil
		case errors.As(err, &gone) && shown:
			return []string{nothingNow}, nil
		case err != nil:
			return nil, err
		}
		if shown = true; len(list) == 0 {
			return []string{fmt.Sprintf("nothing of stack %s runs", at.stack)}, nil
		}
		return a.psTable(list, time.Now(), o.drift).Lines(a.lookAgain()), nil
	})
}
