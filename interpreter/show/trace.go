package show

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"time"
)

// Span is a stretch of time of a run.
type Span struct {
	Group    string // what it is one of, such as "steps"
	Name     string
	Began    time.Time
	Took     time.Duration
	Critical bool              // it is part of the critical path
	Args     map[string]string // what else is known of it
}

// traceEvent is one event of Chrome's trace format, which Perfetto opens: "X" is
// a stretch of time in microseconds, "M" names a group or a row.
type traceEvent struct {
	Name  string            `json:"name"`
	Phase string            `json:"ph"`
	Group int               `json:"pid"`
	Row   int               `json:"tid"`
	Begin int64             `json:"ts"`
	Took  int64             `json:"dur,omitempty"`
	Color string            `json:"cname,omitempty"`
	Args  map[string]string `json:"args,omitempty"`
}

// Trace writes spans in Chrome's trace format. Groups stand in the order of
// their first span; within one, spans that overlap stand in different rows.
func Trace(w io.Writer, spans []Span) error {
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, func(a, b Span) int { return a.Began.Compare(b.Began) })
	var start time.Time
	if len(spans) > 0 {
		start = spans[0].Began
	}
	groups := map[string]int{}
	free := map[string][]time.Time{} // when each row of a group is free
	events := []traceEvent{}
	for _, s := range spans {
		if groups[s.Group] == 0 {
			groups[s.Group] = len(groups) + 1
			events = append(events, traceEvent{Name: "process_name", Phase: "M", Group: groups[s.Group], Args: map[string]string{"name": s.Group}})
		}
		rows := free[s.Group]
		row := slices.IndexFunc(rows, func(free time.Time) bool { return !free.After(s.Began) })
		if row < 0 {
			row, rows = len(rows), append(rows, time.Time{})
		}
		rows[row] = s.Began.Add(s.Took)
		free[s.Group] = rows
		e := traceEvent{
			Name: s.Name, Phase: "X", Group: groups[s.Group], Row: row + 1,
			Begin: s.Began.Sub(start).Microseconds(), Took: max(s.Took.Microseconds(), 1), Args: s.Args,
		}
		if s.Critical {
			e.Color = "terrible" // Chrome's name for red
		}
		events = append(events, e)
	}
	slices.SortStableFunc(events, func(a, b traceEvent) int { return cmp.Compare(a.Begin, b.Begin) })
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(map[string]any{"displayTimeUnit": "ms", "traceEvents": events})
}
