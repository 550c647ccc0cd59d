package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestExitCodes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		words string
		want  int
	}{
		{"", 64}, {"nonsense", 64}, {"exit", 64}, {"exit x", 64}, {"exit 1 after", 64}, {"exit 1 after x", 64}, {"sick", 64}, {"sick after", 64},
		{"serve --nix x", 64}, {"serve --body", 64}, {"serve --sick-after x", 64}, {"serve 256.0.0.1:1", 1}, {"cat", 64}, {"cat " + file, 0}, {"cat " + file + "x", 1},
		{"exit 0", 0}, {"exit 7", 7}, {"exit 7 after 1ms", 7}, {"print a b", 0}, {"env", 0}, {"health 127.0.0.1:1", 1},
	}
	for _, tt := range tests {
		if got := run(strings.Fields(tt.words)); got != tt.want {
			t.Errorf("probe %s: got code %d, want %d", tt.words, got, tt.want)
		}
	}
}

func TestHealthByAge(t *testing.T) {
	s, err := parse([]string{":80", "--healthy-after", "2s", "--sick-after", "5s", "--body", "hello"})
	if err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]string{0: "not healthy yet", 2 * time.Second: "", 4 * time.Second: "", 5 * time.Second: "sick"} {
		if got := s.sick(age); got != want {
			t.Errorf("at the age of %s: got %q, want %q", age, got, want)
		}
	}
	if s.addr != ":80" {
		t.Errorf("got address %q", s.addr)
	}
}

func TestAnswers(t *testing.T) {
	t.Setenv("PROBE_TEST", "yes")
	tests := []struct {
		s        server
		path     string
		code     int
		contains string
	}{
		{server{body: "hello"}, "/", 200, "hello\n"},
		{server{}, "/x", 200, "PROBE_TEST=yes\n"},
		{server{}, "/health", 200, "healthy"},
		{server{sickAfter: 1}, "/health", 503, "sick"},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		tt.s.ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.contains) {
			t.Errorf("%s: got %d %q, want %d and %q", tt.path, w.Code, w.Body, tt.code, tt.contains)
		}
	}
}
