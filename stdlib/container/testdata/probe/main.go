// Command probe is what the containers of this room's tests run: it serves
// until SIGTERM, exits with a code, or says whether it is well.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "exit" {
		n, err := strconv.Atoi(os.Args[2])
		if err != nil {
			n = 64
		}
		os.Exit(n)
	}
	if len(os.Args) == 2 && os.Args[1] == "well" {
		return
	}
	fmt.Println("up", os.Args)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1)
	for {
		select {
		case s := <-signals:
			fmt.Println("got", s)
			if s == syscall.SIGTERM {
				return
			}
		case <-time.After(time.Hour):
		}
	}
}
