// Command wait is all that runs in the containers of TestDockerRunning: it
// ends when it is told to, whatever its arguments say. Called as a shell or as
// /ok it is a healthcheck that passes.
package main

import (
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case "ok", "sh", "ash", "bash":
		return
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	<-told
}
