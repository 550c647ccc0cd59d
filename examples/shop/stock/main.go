// Command stock lays a first stock into an empty store, and is done. It finds
// the store's file in /data and needs no network.
package main

import (
	"errors"
	"log"
	"os"
)

const file = "/data/store.json"

func main() {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		log.Print("the store has a stock already")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	if _, err := f.WriteString(`{"anchors":12,"orders":0}`); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
	log.Print("laid in 12 anchors")
}
