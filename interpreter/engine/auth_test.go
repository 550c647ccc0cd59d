package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/registry"
)

// Whom a program names is asked as before whom the docker configuration knows.
func TestAccounts(t *testing.T) {
	e := &Engine{limits: Limits{}.filled(), auth: func(ref string) (Account, error) {
		return Account{Username: "stored", From: "the docker configuration", encoded: "e30="}, nil
	}}
	e.UseLogins([]Login{{Host: "docker.io", Username: "hub", Password: "p"}, {Host: "127.0.0.1:5000", Username: "here", Password: "q"}})
	for ref, want := range map[string]string{
		"docker.io/library/caddy:2": "hub", "caddy": "hub", "me/web:1": "hub", "127.0.0.1:5000/web": "here", "127.0.0.1:5001/web": "stored", "ghcr.io/a/b": "stored",
	} {
		a, err := e.account(ref)
		if err != nil || a.Username != want {
			t.Errorf("%s: %q, %v, want %q", ref, a.Username, err, want)
		}
	}
	text, err := e.Auth("caddy")
	if err != nil {
		t.Fatal(err)
	}
	got, err := registry.DecodeAuthConfig(text)
	if err != nil || got.Username != "hub" || got.Password != "p" || got.ServerAddress != hubKey {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFromRegistry(t *testing.T) {
	e := &Engine{limits: Limits{}.filled()}
	e.UseLogins([]Login{{Host: "ghcr.io", Username: "me", Password: "s3cret"}})
	for _, tt := range []struct{ ref, err, want string }{
		{"ghcr.io/a/b:1", "denied: no", "denied: no\nghcr.io was asked as \"me\", whom the program's registry \"ghcr.io\" names"},
		{"a/b:1", "pull access denied for a/b, repository does not exist or may require 'docker login'", "docker.io was asked without an account: `docker login -u NAME` stores one"},
		{"reg.example/b", "no basic auth credentials", "`docker login reg.example` stores one"},
		{"reg.example/b", "manifest unknown: manifest unknown", "manifest unknown: manifest unknown"},
		{"reg.example/b", "dial tcp: connection refused", "dial tcp: connection refused"},
	} {
		got := e.fromRegistry(tt.ref, errors.New(tt.err))
		if !strings.Contains(got.Error(), tt.want) || strings.Contains(got.Error(), "s3cret") {
			t.Errorf("%s: got %q, want %q", tt.err, got, tt.want)
		}
		if Gone(got) != strings.Contains(tt.err, "unknown") {
			t.Errorf("%s: gone is %v", tt.err, Gone(got))
		}
	}
}

// What an engine says in its stream is its answer, whatever a registry did to it.
func TestStreamErrorIsKnown(t *testing.T) {
	if Unknown(fmt.Errorf("pulling: %w", &StreamError{Msg: "download failed after attempts=6: EOF"})) {
		t.Error("an error in the stream leaves open what was done")
	}
}
