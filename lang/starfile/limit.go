package starfile

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"

	"go.starlark.net/starlark"
)

// Limits of one evaluation, over all modules. A program that is meant well stays far below.
const (
	maxFile  = 1 << 20          // bytes of a source file
	maxTree  = 1000             // expressions and statements within each other
	maxSteps = 10_000_000       // of the interpreter, over all files
	maxTime  = 60 * time.Second // for what no step counts; a busy machine is no reason to stop
	maxHeap  = 384 << 20        // bytes that the process gained since the start
	maxText  = 8 << 20          // bytes of one text, or of a list's places
	maxNodes = 200_000          // values within one value
	maxDepth = 100              // values within each other
	maxDigit = 1000             // digits of a number that int reads
	maxWalk  = 1 << 20          // elements that one call walks over

	stepsBetween = 100_000  // looks at the memory
	bytesBetween = 64 << 20 // the same, of text and lists made
)

// guard makes a thread stop where a limit is passed. It returns what ends it.
func (r *reader) guard(t *starlark.Thread) (done func()) {
	t.SetMaxExecutionSteps(stepsBetween)
	t.OnMaxSteps = func(t *starlark.Thread) {
		r.b.Spent.Steps += stepsBetween / 10
		switch {
		case r.b.Spent.Steps >= maxSteps/10:
			t.Cancel(fmt.Sprintf("evaluation was stopped here: the program takes more than %d million steps", maxSteps/1_000_000))
		case r.full():
			t.Cancel(outOfMemory)
		case r.b.Spent.Watch.Stopped() != "":
			t.Cancel(r.b.Spent.Watch.Stopped())
		}
		t.SetMaxExecutionSteps(t.ExecutionSteps() + stepsBetween)
	}
	timer := time.AfterFunc(maxTime, func() {
		t.Cancel(fmt.Sprintf("evaluation was stopped here: it takes longer than %v", maxTime))
	})
	return func() {
		timer.Stop()
		r.b.Spent.Steps += int(t.ExecutionSteps()%stepsBetween) / 10
	}
}

var outOfMemory = fmt.Sprintf("evaluation was stopped here: the program needs more than %d MiB of memory", maxHeap>>20)

// full reports whether the program has taken all the memory it may.
func (r *reader) full() bool {
	if heapBytes() <= r.b.Spent.Heap {
		return false
	}
	runtime.GC() // what counted may have been of no use any more
	return heapBytes() > r.b.Spent.Heap
}

// spend accounts for a result of so many bytes. One step can ask for more
// memory than there is.
func (r *reader) spend(size int) error {
	if size > maxText {
		return failf("the result would be larger than %d MiB", maxText>>20)
	}
	if r.made += size; r.made > bytesBetween {
		r.made = 0
		if r.full() {
			return failf("%s", outOfMemory)
		}
	}
	return nil
}

// walkable refuses to walk over too many elements within one step.
func walkable(vs ...starlark.Value) error {
	for _, v := range vs {
		if s, ok := v.(starlark.Sequence); ok && s.Len() > maxWalk {
			return failf("the list is too long: it has %d elements, and one call walks over at most %d", s.Len(), maxWalk)
		}
	}
	return nil
}

func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
