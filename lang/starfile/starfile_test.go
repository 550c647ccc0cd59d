package starfile

import (
	"testing"

	"bayplan/lang/load/loadtest"
)

func TestPrograms(t *testing.T) { loadtest.Check(t, "testdata/*.bay.star", Read) }
