// Command app keeps a note: GET / shows it, PUT / replaces it.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

const file = "/data/note"

func main() {
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		note, err := os.ReadFile(file)
		if err != nil {
			note = []byte("There is no note yet.\n")
		}
		_, _ = w.Write(note)
	})
	http.HandleFunc("PUT /", func(w http.ResponseWriter, r *http.Request) {
		note, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = os.WriteFile(file, note, 0o644)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "Kept %d bytes.\n", len(note))
	})
	log.Print("serving on port 8000")
	log.Fatal(http.ListenAndServe(":8000", nil))
}
