package starfile

import (
	"fmt"
	"runtime/metrics"
	"time"

	"go.starlark.net/starlark"
)

// Limits of one evaluation. A program that is meant well stays far below.
const (
	maxFile  = 1 << 20          // bytes of a source file
	maxTree  = 1000             // expressions and statements within each other
	maxSteps = 10_000_000       // of the interpreter, over all files
	maxTime  = 10 * time.Second // for what no step counts
	maxHeap  = 512 << 20        // bytes that the process gained since the start
	maxText  = 8 << 20          // bytes of one text, or of a list's places
	maxNodes = 200_000          // values within one value
	maxDepth = 100              // values within each other
	maxDigit = 1000             // digits of a number that int reads

	stepsBetween = 100_000 // looks at the memory
)

// guard makes a thread stop where a limit is passed. It returns what ends it.
func (r *reader) guard(t *starlark.Thread) (done func()) {
	t.SetMaxExecutionSteps(stepsBetween)
	t.OnMaxSteps = func(t *starlark.Thread) {
		r.steps += stepsBetween
		switch {
		case r.steps >= maxSteps:
			t.Cancel(fmt.Sprintf("evaluation was stopped here: the program takes more than %d million steps", maxSteps/1_000_000))
		case heapBytes() > r.heap+maxHeap:
			t.Cancel(fmt.Sprintf("evaluation was stopped here: the program needs more than %d MiB of memory", maxHeap>>20))
		}
		t.SetMaxExecutionSteps(t.ExecutionSteps() + stepsBetween)
	}
	timer := time.AfterFunc(maxTime, func() {
		t.Cancel(fmt.Sprintf("evaluation was stopped here: it takes longer than %v", maxTime))
	})
	return func() { timer.Stop() }
}

func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
