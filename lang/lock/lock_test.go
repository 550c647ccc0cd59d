package lock

import (
	"strings"
	"testing"

	"bayplan/lang/diag"

	"github.com/google/go-cmp/cmp"
)

var (
	aa = "sha256:" + strings.Repeat("a", 64)
	bb = "sha256:" + strings.Repeat("b", 64)
)

func TestParse(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"nothing", "", ""},
		{"comments and empty lines", "# hello\n\n# there\n", ""},
		{"windows", "image a:1 " + aa + "\r\n", ""},
		{"a conflict", "image a:1 " + aa + "\n<<<<<<< ours\nimage b:1 " + aa + "\n=======\n", "bay.lock:2:1: here is a merge that was not finished"},
		{"three sides", "||||||| base\n", "bay.lock:1:1: here is a merge"},
		{"no digest", "image a:1\n", "bay.lock:1:1: a line about image has 2 words"},
		{"too much", "image a:1 " + aa + " x\n", "has 4 words"},
		{"half a digest", "image a:1 sha256:abc\n", `bay.lock:1:11: got "sha256:abc", want a digest`},
		{"upper case", "image a:1 " + strings.ToUpper(aa) + "\n", "want a digest"},
		{"twice", "image a:1 " + aa + "\nimage a:1 " + bb + "\n", "bay.lock:2:1: a:1 stands here twice"},
		{"no word", "{\"image\": 1}\n", "begins no line of this file"},
		{"a line of a later bay", "module git::x v1 h1:abc extra\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ds diag.List
			Parse("bay.lock", []byte(tt.src), []string{"image"}, &ds)
			if got := ds.Error(); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What is read is written again, sorted, with the lines of others.
func TestRoundTrip(t *testing.T) {
	src := "image b:1 " + bb + "\nmodule git::x v1 h1:abc\nimage a:1 " + aa + "\n"
	var ds diag.List
	f := Parse("bay.lock", []byte(src), []string{"image"}, &ds)
	if was := f.Set("image", "b:1", aa); was != bb {
		t.Errorf("b:1 was %q", was)
	}
	if was := f.Set("image", "a:2", bb); was != "" {
		t.Errorf("a:2 was %q", was)
	}
	want := header + "\nimage a:1 " + aa + "\nimage a:2 " + bb + "\nimage b:1 " + aa + "\nmodule git::x v1 h1:abc\n"
	if diff := cmp.Diff(want, string(f.Encode())); diff != "" || len(ds) > 0 {
		t.Errorf("%s %v", diff, ds)
	}
	again := Parse("bay.lock", f.Encode(), []string{"image"}, &ds)
	if diff := cmp.Diff(string(f.Encode()), string(again.Encode())); diff != "" || len(ds) > 0 {
		t.Errorf("%s %v", diff, ds)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("image a:1 " + aa + "\nmodule x\n"))
	f.Add([]byte("<<<<<<<\n\x00"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var ds diag.List
		file := Parse("bay.lock", src, []string{"image"}, &ds)
		if ds.HasErrors() {
			return
		}
		again := Parse("bay.lock", file.Encode(), []string{"image"}, &ds)
		if diff := cmp.Diff(string(file.Encode()), string(again.Encode())); diff != "" || ds.HasErrors() {
			t.Errorf("%s %v", diff, ds)
		}
	})
}
