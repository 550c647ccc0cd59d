package show_test

import (
	"bytes"
	"testing"
	"time"

	"bayplan/interpreter/show"

	"github.com/google/go-cmp/cmp"
)

func TestTrace(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(1_700_000_000, int64(ms)*1e6) }
	var out bytes.Buffer
	err := show.Trace(&out, []show.Span{
		{Group: "steps", Name: "a", Began: at(10), Took: 20 * time.Millisecond, Critical: true},
		{Group: "steps", Name: "b", Began: at(15), Took: time.Millisecond, Args: map[string]string{"verb": "create"}},
		{Group: "bay", Name: "all", Began: at(0), Took: time.Second},
		{Group: "steps", Name: "c", Began: at(20), Took: 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"displayTimeUnit":"ms","traceEvents":[` +
		`{"name":"process_name","ph":"M","pid":1,"tid":0,"ts":0,"args":{"name":"bay"}},` +
		`{"name":"all","ph":"X","pid":1,"tid":1,"ts":0,"dur":1000000},` +
		`{"name":"process_name","ph":"M","pid":2,"tid":0,"ts":0,"args":{"name":"steps"}},` +
		`{"name":"a","ph":"X","pid":2,"tid":1,"ts":10000,"dur":20000,"cname":"terrible"},` +
		`{"name":"b","ph":"X","pid":2,"tid":2,"ts":15000,"dur":1000,"args":{"verb":"create"}},` +
		`{"name":"c","ph":"X","pid":2,"tid":2,"ts":20000,"dur":1}` +
		"]}\n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
