package verb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"

	"github.com/docker/docker/api/types/events"
	"github.com/google/go-cmp/cmp"
)

// forgetful is an engine that tells of happenings by turns: each turn ends with
// its error. It notes since when it was asked.
type forgetful struct {
	*embedded.Direct
	turns []turn
	asked []string
}

type turn struct {
	told []int64 // nanoseconds of what happens
	err  error
}

func (f *forgetful) Events(_ context.Context, o events.ListOptions) (<-chan events.Message, <-chan error) {
	f.asked = append(f.asked, o.Since)
	msgs, errs := make(chan events.Message), make(chan error, 1)
	now := f.turns[0]
	f.turns = f.turns[1:]
	go func() {
		for _, at := range now.told {
			msgs <- events.Message{Type: events.ContainerEventType, Action: "start", TimeNano: at, Actor: events.Actor{
				ID: fmt.Sprint(at), Attributes: map[string]string{engine.LabelStack: "shop", engine.LabelAddr: "container.web", engine.LabelUID: "u", engine.LabelVersion: "1"},
			}}
		}
		errs <- now.err
	}()
	return msgs, errs
}

// An engine that lets go is asked again, for what came since; what it tells twice
// is told once.
func TestEventsGoOn(t *testing.T) {
	newest, err := embedded.ParseVersion("")
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no such event")
	for _, c := range []struct {
		name  string
		since string
		until string
		turns []turn
		told  []string
		asked []string // "now" is the time
		err   error
	}{
		{"cut and asked again", "", "", []turn{{[]int64{5, 7, 7}, io.ErrUnexpectedEOF}, {[]int64{7, 7, 7, 9}, refused}}, []string{"5", "7", "7", "lost", "7", "9"}, []string{"", "0.000000007"}, refused},
		{"cut before anything happened", "", "", []turn{{nil, io.EOF}, {[]int64{3}, io.ErrUnexpectedEOF}, {nil, refused}}, []string{"lost", "3", "lost"}, []string{"", "now", "0.000000003"}, refused},
		{"cut before anything of the past", "4", "", []turn{{nil, io.ErrUnexpectedEOF}, {nil, io.ErrUnexpectedEOF}, {nil, refused}}, []string{"lost"}, []string{"4", "4", "4"}, refused},
		{"over", "", "9", []turn{{[]int64{5}, io.EOF}}, []string{"5"}, []string{""}, nil},
		{"cut before it is over", "", "9", []turn{{[]int64{5}, io.ErrUnexpectedEOF}, {[]int64{8}, io.EOF}}, []string{"5", "lost", "8"}, []string{"", "0.000000005"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &forgetful{Direct: embedded.NewDirect(embedded.New(newest, "events", time.Unix(0, 0))), turns: c.turns}
			e, err := engine.New(t.Context(), f, engine.Options{Sleep: func(context.Context, time.Duration) error { return nil }})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			var told []string
			err = Events(t.Context(), Listening{
				Engine: e, Stack: "shop", Since: c.since, Until: c.until,
				Look: func(context.Context) ([]Object, error) { return nil, nil },
				Emit: func(h Happening) error { told = append(told, h.ID); return nil },
				Lost: func(error) { told = append(told, "lost") },
			})
			if !errors.Is(err, c.err) {
				t.Errorf("listening ended with %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.told, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			for i, since := range f.asked {
				var sec, nano int64
				if n, _ := fmt.Sscanf(since, "%d.%d", &sec, &nano); n == 2 && sec > 0 && !time.Unix(sec, nano).Before(began) {
					f.asked[i] = "now"
				}
			}
			if diff := cmp.Diff(c.asked, f.asked); diff != "" {
				t.Errorf("asked for what came since (-want +got):\n%s", diff)
			}
		})
	}
}
