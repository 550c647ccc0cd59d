package evaluate

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"bayplan/lang/schema"
)

// Exit codes of a child, for the parent.
const (
	exitAlone  = 40 // the parent is gone
	exitMemory = 41
	exitTime   = 42
	exitTalk   = 43 // the parent says what makes no sense
)

// guard ends the evaluation of this process where it takes too much. It asks
// first, and what stops is reported with all that was found; a single step that
// does not end cannot be asked.
type guard struct {
	limits  Limits
	watch   *schema.Watch
	waiting atomic.Bool // for the parent: that time is not the program's
}

const (
	between = 10 * time.Millisecond // looks
	large   = 8 << 20               // bytes that live, from which on there is more memory for less time
)

// run looks until the process ends. The clock is counted in looks: a process that
// is suspended, or a machine that is, has no less of it.
func (g *guard) run() {
	debug.SetMaxStack(int(g.limits.Memory / 8)) // beyond it Go ends the process
	debug.SetMemoryLimit(g.limits.Memory * 4 / 5)
	debug.SetGCPercent(100) // most programs are small: two collections more, 2 MiB less
	var t taken
	grown := false
	for range time.Tick(between) {
		if g.waiting.Load() {
			continue
		}
		t.clock += between
		t.processor = processor()
		whole, live := memory()
		if !grown && live > large {
			grown = true
			debug.SetGCPercent(200) // as bay itself
		}
		switch {
		case whole > g.limits.Memory:
			os.Exit(exitMemory)
		case g.limits.past(t, unheard):
			os.Exit(exitTime)
		case live > g.limits.Live:
			g.watch.Stop(evaluation.stopped + g.limits.tooMuch())
		case g.limits.past(t, 0):
			g.watch.Stop(evaluation.stopped + g.limits.tooLong(t))
		}
	}
}

// memory returns how many bytes this process has of the system, and how many
// the last garbage collection left.
func memory() (whole, live int64) {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64()), int64(s[2].Value.Uint64())
}
