package starfile

import (
	"strings"
	"testing"

	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
)

func TestPrograms(t *testing.T) { loadtest.Check(t, "testdata/*.bay.star", Read) }

// TestMark holds that the mark with which some editors begin a file is no part of it.
func TestMark(t *testing.T) {
	src := "\xef\xbb\xbfstack(name = \"shop\")\nnetwork(\"a\", x = 1)\n"
	p, ds := loadtest.Read(Read, schema.File{Name: "f", Src: []byte(strings.Replace(src, ", x = 1", "", 1))}, nil)
	if ds.HasErrors() || len(p.Resources) != 1 {
		t.Errorf("%v", ds)
	}
	if _, ds := loadtest.Read(Read, schema.File{Name: "f", Src: []byte(src)}, nil); !strings.HasPrefix(ds.Error(), "f:2:14: ") {
		t.Errorf("a mistake in it: %v", ds)
	}
}
