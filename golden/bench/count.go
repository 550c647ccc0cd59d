package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync/atomic"

	"github.com/docker/docker/client"
)

// counter passes on what it is asked to an engine, and counts it.
type counter struct {
	host  string // a DOCKER_HOST
	calls atomic.Int64
	close func()
}

// newCounter puts a socket into dir.
func newCounter(dir string, c *client.Client) (*counter, error) {
	socket := filepath.Join(dir, "counted.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	to := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	to.Transport = &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return c.Dialer()(ctx) },
		MaxIdleConnsPerHost: 64,
	}
	to.FlushInterval = -1
	to.ErrorLog = log.New(io.Discard, "", 0) // a command that has what it wants hangs up
	n := &counter{host: "unix://" + socket}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.calls.Add(1)
		to.ServeHTTP(w, r)
	})}
	go func() { _ = s.Serve(l) }() // until it is closed
	n.close = func() { _ = s.Close() }
	return n, nil
}
