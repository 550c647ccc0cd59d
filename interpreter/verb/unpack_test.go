package verb

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A tar that somebody has forged writes nothing outside of where it is unpacked.
func TestUnpackStaysInside(t *testing.T) {
	link := func(name, to string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to, Mode: 0o777}
	}
	file := func(name string) tar.Header {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o6755, Size: 4}
	}
	for name, tt := range map[string]struct {
		entries []tar.Header
		fails   string // "" is unpacked
		makes   string // "" is nothing
	}{
		"plain":                    {[]tar.Header{file("data/f")}, "", "in/f"},
		"a name that goes up":      {[]tar.Header{file("data/../../out/f")}, "", "in/out/f"},
		"an absolute name":         {[]tar.Header{file("/out/f")}, "", "in/out/f"},
		"through a link of its":    {[]tar.Header{link("data/l", "../out"), file("data/l/f")}, "path escapes", ""},
		"through an absolute link": {[]tar.Header{link("data/l", "OUT"), file("data/l/f")}, "path escapes", ""},
		"through a link there":     {[]tar.Header{file("data/there/f")}, "path escapes", ""},
		"over a link there":        {[]tar.Header{file("data/there")}, "", "in/there"},
		"a hard link to outside":   {[]tar.Header{{Typeflag: tar.TypeLink, Name: "data/h", Linkname: "../out/secret"}}, "no such file", ""},
		"a directory over a link":  {[]tar.Header{{Typeflag: tar.TypeDir, Name: "data/there/", Mode: 0o755}}, "is no directory", ""},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			out := filepath.Join(top, "out")
			for _, dir := range []string{filepath.Join(top, "in", "out"), out} {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(out, "secret"), []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(out, filepath.Join(top, "in", "there")); err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			w := tar.NewWriter(&b)
			for _, h := range tt.entries {
				h.Linkname = strings.Replace(h.Linkname, "OUT", out, 1)
				if err := w.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
				if h.Size > 0 {
					if _, err := w.Write([]byte("evil")); err != nil {
						t.Fatal(err)
					}
				}
			}
			root, err := os.OpenRoot(filepath.Join(top, "in"))
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			u := unpacking{root: root, base: "data"}
			err = u.all(tar.NewReader(&b))
			if tt.fails == "" && err != nil || tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
				t.Errorf("got error %v, want %q", err, tt.fails)
			}
			if left, err := os.ReadDir(out); err != nil || len(left) != 1 {
				t.Errorf("outside is %v (%v), want what was there", left, err)
			}
			if tt.makes != "" {
				info, err := os.Lstat(filepath.Join(top, tt.makes))
				if err != nil || !info.Mode().IsRegular() || info.Mode()&os.ModeSetuid != 0 {
					t.Errorf("%s: got %v (%v), want a file that does not run as its owner", tt.makes, info, err)
				}
			}
		})
	}
}
