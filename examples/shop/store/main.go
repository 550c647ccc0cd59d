// Command store is the shop's database: numbers by name, kept in
// /data/store.json. GET / answers all of them as JSON, GET /NAME one, and
// POST /NAME adds one to it.
//
// `store check` asks the running server whether it is well, for the healthcheck.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

const file = "/data/store.json"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		check()
		return
	}
	s := &store{numbers: map[string]int{}}
	if err := s.load(); err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	server := &http.Server{Addr: ":7000", Handler: s.routes()}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	log.Printf("serving %d numbers on port 7000", len(s.numbers))
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func check() {
	answer, err := http.Get("http://127.0.0.1:7000/")
	if err != nil || answer.StatusCode != http.StatusOK {
		log.Fatal("the store does not answer: ", err)
	}
}

type store struct {
	mu      sync.Mutex
	numbers map[string]int
}

func (s *store) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.list)
	mux.HandleFunc("GET /{name}", s.get)
	mux.HandleFunc("POST /{name}", s.add)
	return mux
}

func (s *store) load() error {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &s.numbers)
}

func (s *store) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, s.numbers)
}

func (s *store) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, s.numbers[r.PathValue("name")])
}

func (s *store) add(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[r.PathValue("name")]++
	if err := s.save(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, s.numbers[r.PathValue("name")])
}

// save writes beside the file and renames, so that a kill leaves the old one.
func (s *store) save() error {
	text, err := json.Marshal(s.numbers)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, "answering:", err)
	}
}
