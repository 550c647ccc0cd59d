package verb

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/docker/docker/pkg/stdcopy"
	"github.com/google/go-cmp/cmp"
)

// The engine's streams, as it cuts them.
func TestSplit(t *testing.T) {
	const at = "2026-01-02T03:04:05.000000001Z "
	var multi bytes.Buffer
	out, errs := stdcopy.NewStdWriter(&multi, stdcopy.Stdout), stdcopy.NewStdWriter(&multi, stdcopy.Stderr)
	for _, p := range []struct {
		to   *bytes.Buffer
		text string
	}{{nil, at + "one\n"}, {&multi, at + "wrong\n"}, {nil, at + "a long "}, {&multi, at + "between\n"}, {nil, at + "line\r\n"}, {nil, at + "\n"}, {nil, at + "no end"}} {
		w := out
		if p.to != nil {
			w = errs
		}
		if _, err := w.Write([]byte(p.text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what, in string
		tty      bool
		want     string
		err      bool
	}{
		{"multiplexed", multi.String(), false, "one; !wrong; !between; a long line; ; no end", false},
		{"cut in a head", multi.String()[:len(multi.String())-3], false, "one; !wrong; !between; a long line; ", true},
		{"a terminal", at + "one\r\n" + at + "two\r\n" + at + "open", true, "one; two; open", false},
		{"nonsense", "HTTP/1.1 200 OK\r\n\r\n", false, "", true},
		{"the engine's own error", "\x03\x00\x00\x00\x00\x00\x00\x05sorry", false, "", true},
		{"nothing", "", false, "", false},
	} {
		var got []string
		err := split(strings.NewReader(c.in), c.tty, func(l Line) error {
			mark := ""
			if l.Stderr {
				mark = "!"
			}
			if l.At.Nanosecond() != 1 {
				return fmt.Errorf("the time of %q is %s", l.Text, l.At)
			}
			got = append(got, mark+l.Text)
			return nil
		})
		if diff := cmp.Diff(c.want, strings.Join(got, "; ")); diff != "" || (err != nil) != c.err {
			t.Errorf("%s: %v (-want +got):\n%s", c.what, err, diff)
		}
	}
}
