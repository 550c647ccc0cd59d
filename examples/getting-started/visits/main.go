// Command visits serves a page that counts its visitors. The count lies in
// /data/visits, so that it outlives the container.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

const file = "/data/visits"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	server := &http.Server{Addr: ":80", Handler: &page{greeting: os.Getenv("GREETING")}}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	log.Print("serving on port 80")
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

type page struct {
	greeting string
	mu       sync.Mutex // one visit at a time
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r) // a browser's request for an icon is no visit
		return
	}
	n, err := p.count()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s. You are visitor number %d.\n", p.greeting, n)
}

// count adds a visit and returns how many there were.
func (p *page) count() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil && len(text) > 0 {
		return 0, fmt.Errorf("%s holds no number: %w", file, err)
	}
	n++
	return n, os.WriteFile(file, []byte(strconv.Itoa(n)+"\n"), 0o644)
}
