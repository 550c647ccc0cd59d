package embedded

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// listener hands the connections that World.Dial makes to the HTTP server.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return address{} }

func (l *listener) dial(ctx context.Context) (net.Conn, error) {
	client, server := pair()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type address struct{}

func (address) Network() string { return "embedded" }
func (address) String() string  { return "embedded" }

// conn is one end of a connection in memory. It is two pipes, so that one
// direction can be closed while the other goes on, as attaching needs.
type conn struct {
	in, out net.Conn
}

func pair() (client, server *conn) {
	a, b := net.Pipe()
	c, d := net.Pipe()
	return &conn{in: a, out: c}, &conn{in: d, out: b}
}

func (c *conn) Read(p []byte) (int, error)         { return c.in.Read(p) }
func (c *conn) Write(p []byte) (int, error)        { return c.out.Write(p) }
func (c *conn) CloseWrite() error                  { return c.out.Close() }
func (c *conn) Close() error                       { return errors.Join(c.in.Close(), c.out.Close()) }
func (c *conn) LocalAddr() net.Addr                { return address{} }
func (c *conn) RemoteAddr() net.Addr               { return address{} }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.in.SetReadDeadline(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.out.SetWriteDeadline(t) }
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
