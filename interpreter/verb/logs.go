package verb

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
)

// Line is one line that a container has printed.
type Line struct {
	Address ir.Addr
	At      time.Time // by the engine's clock
	Stderr  bool
	Text    string // without the line's end
}

// LogOptions says which lines are meant. Times are as the engine takes them: a
// date, seconds since 1970, or how long ago.
type LogOptions struct {
	Tail         string // lines of each container; "all" and "" are all
	Since, Until string
	Follow       bool
}

// end is the time of Until, if it is given as seconds since 1970.
func (o LogOptions) end() (time.Time, bool) {
	s, err := strconv.ParseFloat(o.Until, 64)
	return time.UnixMilli(int64(math.Round(s * 1000))), err == nil
}

// Logs gives the lines of containers to emit, those of several together by the
// time at which they were printed. Of a container that the engine tells nothing
// of, the others are read all the same.
func Logs(ctx context.Context, r engine.Reader, chosen []Object, o LogOptions, emit func(Line) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var heads []*tape
	for _, c := range chosen {
		t := &tape{lines: make(chan Line, 64)}
		go func() {
			defer close(t.lines)
			t.err = readLogs(ctx, r, c, o, func(l Line) error {
				select {
				case t.lines <- l:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		}()
		heads = append(heads, t)
	}
	for _, t := range heads {
		t.turn()
	}
	for {
		var next *tape
		for _, t := range heads {
			if t.head != nil && (next == nil || t.head.At.Before(next.head.At)) {
				next = t
			}
		}
		if next == nil {
			break
		}
		if err := emit(*next.head); err != nil {
			return err
		}
		next.turn()
	}
	var errs []error
	for i, t := range heads {
		if t.err != nil && !(engine.Gone(t.err) && len(chosen) > 1) {
			errs = append(errs, fmt.Errorf("reading the logs of %s: %w", chosen[i], t.err))
		}
	}
	return errors.Join(errs...)
}

// tape is the lines of one container as they come.
type tape struct {
	lines chan Line // closed at the end
	head  *Line     // nil at the end
	err   error     // valid at the end
}

func (t *tape) turn() {
	t.head = nil
	if l, ok := <-t.lines; ok {
		t.head = &l
	}
}

// readLogs emits what a container has printed.
func readLogs(ctx context.Context, r engine.Reader, c Object, o LogOptions, emit func(Line) error) error {
	got, err := r.ContainerInspect(ctx, c.ID)
	if err != nil {
		return err
	}
	s, err := r.ContainerLogs(ctx, c.ID, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Timestamps: true, Tail: o.Tail, Since: o.Since, Until: o.Until, Follow: o.Follow,
	})
	if err != nil {
		return err
	}
	defer s.Close()
	return split(s, got.Config.Tty, func(l Line) error {
		l.Address = c.Addr
		return emit(l)
	})
}

// split reads the engine's stream of lines with their times. A terminal's is
// plain; else each piece has a head of 8 bytes, which tells the stream that it
// is of and its length. A line longer than 16 KiB comes in several pieces, each
// with a time of its own.
func split(r io.Reader, tty bool, emit func(Line) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	if tty {
		for {
			text, err := in.ReadString('\n')
			if text != "" {
				at, rest := timed(text)
				if err := emit(Line{At: at, Text: strings.TrimRight(rest, "\r\n")}); err != nil {
					return err
				}
			}
			if err != nil {
				return ended(err)
			}
		}
	}
	var open [2]*Line // begun and not ended, of each stream
	for {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			for _, l := range open {
				if l != nil {
					if err := emit(*l); err != nil {
						return err
					}
				}
			}
			return ended(err)
		}
		size := binary.BigEndian.Uint32(head[4:])
		if head[0] > 3 || size > mostPiece {
			return errors.New("the engine's stream of lines makes no sense")
		}
		piece := make([]byte, size)
		if _, err := io.ReadFull(in, piece); err != nil {
			return ended(err)
		}
		if head[0] == 3 {
			return fmt.Errorf("the engine says: %s", strings.TrimSpace(string(piece)))
		}
		if err := join(&open[head[0]/2], head[0] == 2, string(piece), emit); err != nil {
			return err
		}
	}
}

// mostPiece bounds a piece of a stream, in bytes; engines cut at 16 KiB, and
// what a plugin's lines may hold is not said.
const mostPiece = 64 << 20

// join adds a piece to the line that is open, and emits what has ended.
func join(open **Line, stderr bool, piece string, emit func(Line) error) error {
	at, text := timed(piece)
	if *open == nil {
		*open = &Line{At: at, Stderr: stderr}
	}
	(*open).Text += text
	whole, ended := strings.CutSuffix((*open).Text, "\n")
	if !ended {
		return nil
	}
	l := **open
	*open = nil
	for _, t := range strings.Split(whole, "\n") {
		l.Text = strings.TrimSuffix(t, "\r")
		if err := emit(l); err != nil {
			return err
		}
	}
	return nil
}

// ended is the error of a stream that is over: none where it just ends.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// timed takes the engine's time off a line.
func timed(text string) (time.Time, string) {
	stamp, rest, _ := strings.Cut(text, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return time.Time{}, text
	}
	return at, rest
}
