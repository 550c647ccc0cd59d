package main

import (
	"testing"
)

func TestLocale(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "de_DE.UTF-8"}, false},
		{map[string]string{"LANG": "C.utf8"}, false},
		{map[string]string{"LANG": "C"}, true},
		{map[string]string{"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, true},
	} {
		x := newTester(t)
		x.env = c.env
		if got := x.ascii(); got != c.want {
			t.Errorf("%v: ascii is %v, want %v", c.env, got, c.want)
		}
	}
}
