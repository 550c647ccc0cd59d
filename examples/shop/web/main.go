// Command web is the shop: it counts orders in the store. STORE is the store's
// address, INSTANCE tells the replicas apart.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "The shop is open. Order an anchor: POST /order. (web %s)\n", os.Getenv("INSTANCE"))
	})
	http.HandleFunc("POST /order", order)
	server := &http.Server{Addr: ":8000"}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	log.Printf("web %s serves on port 8000", os.Getenv("INSTANCE"))
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

func order(w http.ResponseWriter, r *http.Request) {
	answer, err := http.Post(os.Getenv("STORE")+"/orders", "text/plain", nil)
	if err != nil {
		http.Error(w, "the store does not answer: "+err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	n, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		http.Error(w, "the store did not take the order: "+answer.Status, http.StatusBadGateway)
		return
	}
	fmt.Fprintf(w, "Thank you. This is order number %s", n)
}
