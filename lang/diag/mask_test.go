package diag

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMask(t *testing.T) {
	const secret = "p&ss \"wörd\"/17"
	quoted, err := json.Marshal(map[string]string{"password": secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "all is well", "all is well"},
		{"plain", "login with " + secret + " failed", "login with (sensitive) failed"},
		{"twice", secret + secret + "," + secret, "(sensitive),(sensitive)"},
		{"in JSON", string(quoted), `{"password":"(sensitive)"}`},
		{"quoted by Go", fmt.Sprintf("bad value %q", secret), `bad value "(sensitive)"`},
		{"quoted to ASCII", fmt.Sprintf("bad value %+q", secret), `bad value "(sensitive)"`},
		{"in a query", "?p=" + url.QueryEscape(secret), "?p=(sensitive)"},
		{"in a path", "/" + url.PathEscape(secret) + "/", "/(sensitive)/"},
		{"hex", hex.EncodeToString([]byte(secret)) + ".", "(sensitive)."},
		{"cut", "the value " + secret[:9] + "… is wrong", "the value (sensitive)… is wrong"},
		{"cut short", "the value " + secret[:7], "the value " + secret[:7]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m Mask
			m.Add(secret)
			if d := cmp.Diff(tt.want, m.Hide(tt.text)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestMaskBase64(t *testing.T) {
	const secret = "correct horse battery staple"
	var m Mask
	m.Add(secret)
	for before := range 4 {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
			code := enc.EncodeToString([]byte("user:"[:before] + secret + "@host"))
			got := m.Hide(code)
			// A letter at each end tells two or four bits of the value.
			if !strings.Contains(got, Masked) || len(strings.Replace(got, Masked, "", 1)) > len(code)-len(secret)*8/6+1 {
				t.Errorf("after %d bytes %s is shown as %s", before, code, got)
			}
		}
	}
}

func TestMaskShort(t *testing.T) {
	var m Mask
	for _, value := range []string{"", "1", "true", "ab\n", "---------", "12345"} {
		m.Add(value)
	}
	for _, tt := range []struct{ text, want string }{
		{"true 1", "true 1"},
		{"-----BEGIN-----", "-----BEGIN-----"},
		{"a ------------ b", "a (sensitive)--- b"},
		{"of 12345 bytes", "of (sensitive) bytes"},
		{`{"size": 12345, "name": "a12345"}`, `{"size": 12345, "name": "a(sensitive)"}`},
		{"{12345}", "{(sensitive)}"},
	} {
		if got := m.Hide(tt.text); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
	var none *Mask
	if got := none.Hide("12345"); got != "12345" {
		t.Errorf("no mask hides: %q", got)
	}
}
