package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/load"
	"bayplan/lang/value"

	"golang.org/x/term"
)

// canAsk reports whether somebody sits at a terminal.
func (a *app) canAsk() bool {
	in, ok := a.in.(*os.File)
	return ok && isTerminal(in) && a.err.terminal
}

// onlyMissing reports whether values of variables are all that a program lacks.
func onlyMissing(got load.Result) bool {
	errs := 0
	for _, d := range got.Diags {
		if !d.Warning {
			errs++
		}
	}
	return errs == 1 && len(got.Missing) > 0
}

// askFor asks for the values of variables on the terminal. One that is not
// valid is asked for again.
func (a *app) askFor(missing []*value.Variable) ([]load.Var, error) {
	var out []load.Var
	for _, v := range missing {
		answer, err := a.askOne(v)
		if err != nil {
			return nil, err
		}
		out = append(out, load.Var{Name: v.Name, Value: answer, From: "the terminal"})
	}
	return out, nil
}

func (a *app) askOne(v *value.Variable) (string, error) {
	sort := v.Type.String()
	if v.Sensitive {
		sort += ", sensitive: it is not shown"
	}
	fmt.Fprintf(a.err, "%s (%s)\n", a.paint(a.err, "1", diag.Escape(v.Name)), sort)
	if v.Description != "" {
		fmt.Fprintf(a.err, "  %s\n", escape(v.Description, "  "))
	}
	for {
		fmt.Fprint(a.err, "  value: ")
		answer, err := a.readAnswer(v.Sensitive)
		if errors.Is(err, io.EOF) {
			return "", &failure{
				err:  fmt.Errorf("no value for the variable %s, nothing was changed", v.Name),
				hint: fmt.Sprintf("set %s%s in the environment where nobody can be asked", envVar, v.Name),
			}
		}
		if err != nil {
			return "", fmt.Errorf("reading the value of %s: %w", v.Name, err)
		}
		wrong := v.Refuses(answer)
		if wrong == nil {
			return answer, nil
		}
		a.complain(wrong.Msg, wrong.Hint)
	}
}

// readAnswer reads a line from the terminal, without showing it if it is
// secret. A signal that ends bay meanwhile leaves the terminal as it was.
func (a *app) readAnswer(secret bool) (answer string, err error) {
	fd := int(a.in.(*os.File).Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	restore := func() { _ = term.Restore(fd, before) }
	a.signals.leaving(func() {
		restore()
		fmt.Fprint(a.err, "\ninterrupted, nothing was changed")
	})
	defer a.signals.leaving(nil)
	if !secret {
		return readLine(a.in)
	}
	if _, err := term.MakeRaw(fd); err != nil {
		return "", err
	}
	answer, err = readSecret(a.in)
	restore()
	fmt.Fprintln(a.err) // the end of the line was not shown either
	return answer, err
}

// interrupted is the error of a Ctrl-C of which the terminal makes no signal.
func interrupted() error {
	return &failure{err: errors.New("interrupted, nothing was changed"), code: exitInterrupted}
}

// Keys as a raw terminal gives them.
const (
	ctrlC     = 0x03
	ctrlD     = 0x04
	backspace = '\b'
	ctrlU     = 0x15
	del       = 0x7f
)

// readSecret reads a line from a raw terminal. (term.ReadPassword takes no
// notice of Ctrl-D.) io.EOF is the error where nothing was typed.
func readSecret(r io.Reader) (string, error) {
	var line []rune
	in := bufio.NewReaderSize(onlyOne{r}, 16) // what follows may be another answer
	for {
		c, _, err := in.ReadRune()
		switch {
		case err != nil:
			return "", err
		case c == '\r' || c == '\n':
			return string(line), nil
		case c == ctrlC:
			return "", interrupted()
		case c == ctrlD && len(line) == 0:
			return "", io.EOF
		case c == ctrlD:
		case c == ctrlU:
			line = nil
		case c == backspace || c == del:
			line = line[:max(len(line)-1, 0)]
		default:
			line = append(line, c)
		}
	}
}

// onlyOne reads a byte at a time.
type onlyOne struct{ io.Reader }

// Read reads one byte.
func (r onlyOne) Read(b []byte) (int, error) { return r.Reader.Read(b[:min(len(b), 1)]) }

// readLine reads up to the end of a line and no further: what follows may be
// the answer to another question. io.EOF is the error where nothing was typed.
func readLine(r io.Reader) (string, error) {
	var line strings.Builder
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		if n > 0 && b[0] == '\n' {
			return strings.TrimSuffix(line.String(), "\r"), nil
		}
		line.Write(b[:n])
		if err != nil {
			return "", err
		}
	}
}
