// Command proxy takes what comes in on port 80 and hands it to the addresses
// in UPSTREAMS, which commas part, in turn.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
)

func main() {
	upstreams := strings.Split(os.Getenv("UPSTREAMS"), ",")
	var turn atomic.Uint64
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		next := upstreams[turn.Add(1)%uint64(len(upstreams))]
		r.SetURL(&url.URL{Scheme: "http", Host: next})
	}}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	server := &http.Server{Addr: ":80", Handler: proxy}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	log.Printf("serving on port 80 for %s", strings.Join(upstreams, ", "))
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
