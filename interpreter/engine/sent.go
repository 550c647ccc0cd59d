package engine

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Sent is one request that an engine was sent.
type Sent struct {
	Method, Path string // with its query
	For          string // whom the caller named; "" if nobody
	Began        time.Time
	Took         time.Duration // until the answer was read, or there was none
	Status       int           // 0 if there was no answer
	Err          error
}

// What a context says of the requests that are sent with it.
type (
	tellKey struct{}
	nameKey struct{}
)

// Traced returns a context whose requests are told when they are over, from
// several goroutines at once. Connections that became another protocol are not
// among them.
func Traced(ctx context.Context, tell func(Sent)) context.Context {
	return context.WithValue(ctx, tellKey{}, tell)
}

// Named returns a context whose requests are told as somebody's.
func Named(ctx context.Context, who string) context.Context {
	if ctx.Value(tellKey{}) == nil {
		return ctx
	}
	return context.WithValue(ctx, nameKey{}, who)
}

// tracing is a transport that tells of its requests.
type tracing struct{ http.RoundTripper }

func (t *tracing) RoundTrip(req *http.Request) (*http.Response, error) {
	tell, ok := req.Context().Value(tellKey{}).(func(Sent))
	if !ok {
		return t.RoundTripper.RoundTrip(req)
	}
	s := Sent{Method: req.Method, Path: req.URL.RequestURI(), Began: time.Now()}
	s.For, _ = req.Context().Value(nameKey{}).(string)
	resp, err := t.RoundTripper.RoundTrip(req)
	if s.Err = err; err != nil {
		s.Took = time.Since(s.Began)
		tell(s)
		return resp, err
	}
	s.Status = resp.StatusCode
	resp.Body = &told{ReadCloser: resp.Body, over: sync.OnceFunc(func() {
		s.Took = time.Since(s.Began)
		tell(s)
	})}
	return resp, nil
}

// CloseIdleConnections is what http.Client asks a transport for.
func (t *tracing) CloseIdleConnections() {
	if c, ok := t.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// told is an answer that is over when it was read or is closed.
type told struct {
	io.ReadCloser
	over func()
}

func (b *told) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.over()
	}
	return n, err
}

func (b *told) Close() error {
	b.over()
	return b.ReadCloser.Close()
}
