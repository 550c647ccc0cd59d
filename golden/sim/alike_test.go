package sim

import (
	"encoding/json"
	"strings"

	"bayplan/interpreter/engine"
)

// alike reports whether a call is what a plan printed of an op; body says
// whether to look at the body too.
func alike(op engine.Op, c engine.Call, body bool) bool {
	if engine.Method(op.Call) != engine.Method(c) {
		return false
	}
	method, path := op.Path()
	sentMethod, sent := c.Wire()
	if method != sentMethod || !alikeText(path, sent) {
		return false
	}
	if !body {
		return true
	}
	want, err := json.Marshal(op.Body())
	got, err2 := json.Marshal(engine.Op{Call: c}.Body())
	return err == nil && err2 == nil && alikeText(string(want), string(got))
}

// alikeText reports whether a text is a printed one with its blanks filled.
func alikeText(printed, sent string) bool {
	if printed == sent {
		return true
	}
	for {
		at, end := blank(printed)
		if at < 0 {
			return printed == sent
		}
		if !strings.HasPrefix(sent, printed[:at]) {
			return false
		}
		sent, printed = sent[at:], printed[end:]
		n := strings.IndexFunc(sent, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefghijklmnopqrstuvwxyz-_:.", r) })
		if n < 0 {
			n = len(sent)
		}
		sent = sent[n:]
	}
}

// blank finds the first blank of a printed text.
func blank(printed string) (at, end int) {
	at = strings.Index(printed, "<")
	if at < 0 {
		if at = strings.Index(printed, `\u003c`); at < 0 { // in JSON
			return -1, -1
		}
		return at, at + strings.Index(printed[at:], `\u003e`) + len(`\u003e`)
	}
	return at, at + strings.Index(printed[at:], ">") + 1
}
