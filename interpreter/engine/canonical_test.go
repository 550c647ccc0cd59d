package engine

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/docker/docker/api/types/container"
)

// Canonical says of JSON what a tree of it says.
func TestCanonical(t *testing.T) {
	for _, in := range []any{
		nil, true, "", "a\"b\\c\n\u2028 <é>\x00\x7f\xff/", 1.5e300, []any{}, map[string]any{},
		[]any{nil, false, []any{map[string]any{"b": 1, "a": []any{}}}, 0},
		struct {
			Z, A any
			M    map[string]any
		}{Z: map[string]any{"é": 1, "\n": 2, "<": 3, "\"": 4, "": 5}, M: map[string]any{"b": map[string]any{}, "a": -12.0}},
		container.HostConfig{Binds: []string{"/a:/b"}, ConsoleSize: [2]uint{80, 24}},
	} {
		data := encode(in)
		var tree any
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		if err := dec.Decode(&tree); err != nil {
			t.Fatal(err)
		}
		if got, want := Canonical(data), encode(tree); !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", data, got, want)
		}
	}
}

// What is printed of a call is in order, without what is empty and with its
// blanks as they are shown, also where that makes two keys one.
func TestPrinted(t *testing.T) {
	var b Blanks
	uid, secret, other := b.Fresh("uid"), b.Secret("hunter2"), b.Secret("hunter3")
	got := string(Op{Blanks: b}.printed(map[string]any{
		"z": "at " + uid + "\n", "list": []any{map[string]any{"none": nil, "text": ""}, uid},
		"none": nil, "text": "", "no": false, "zero": 0, "size": [2]int{}, "within": map[string]any{"none": nil},
		"said": []any{}, "also": map[string]any{}, "zeros": "0", "forged": "\x007\x00",
		secret: 1, other: 1,
	}))
	want := `{"(sensitive)":1,"also":{},"forged":"\u00007\u0000","list":[{"none":null,"text":""},"<fresh uid>"],"said":[],"z":"at <fresh uid>\n","zeros":"0"}`
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := (Op{}).printed(map[string]any(nil)); got != nil {
		t.Errorf("got %s of nothing", got)
	}
}
