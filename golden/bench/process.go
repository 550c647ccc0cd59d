package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// sample is what one run of a command took.
type sample struct {
	wall   time.Duration
	cpu    time.Duration // of the command and of what it waited for
	memory int64         // bytes; 0 if nobody looked
}

// run runs a command to its end. It looks at its memory only if it is asked to:
// looking takes time.
func run(cmd *exec.Cmd, look bool) (sample, error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return sample{}, err
	}
	var peak atomic.Int64
	over := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if look {
			watchMemory(cmd.Process.Pid, &peak, over)
		}
	}()
	err := cmd.Wait()
	wall := time.Since(began)
	close(over)
	<-watched
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, said.String())
	}
	return sample{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), memory: peak.Load()}, nil
}

// watchMemory keeps the greatest sum of what a process and all below it hold in
// memory at one moment. What they share, such as the program itself, counts for
// each of them.
func watchMemory(pid int, peak *atomic.Int64, over <-chan struct{}) {
	t := time.NewTicker(time.Millisecond)
	defer t.Stop()
	for {
		if now := resident(pid); now > peak.Load() {
			peak.Store(now)
		}
		select {
		case <-over:
			return
		case <-t.C:
		}
	}
}

func resident(pid int) int64 {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	var sum int64
	if fields := strings.Fields(read(filepath.Join(proc, "statm"))); len(fields) > 1 {
		pages, _ := strconv.ParseInt(fields[1], 10, 64) // it is a number, or the process is gone
		sum = pages * int64(os.Getpagesize())
	}
	threads, _ := os.ReadDir(filepath.Join(proc, "task")) // none if it is gone
	for _, thread := range threads {
		for _, child := range strings.Fields(read(filepath.Join(proc, "task", thread.Name(), "children"))) {
			if n, err := strconv.Atoi(child); err == nil {
				sum += resident(n)
			}
		}
	}
	return sum
}

func read(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return "" // it has ended
	}
	return string(data)
}
