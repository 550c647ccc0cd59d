package evaluate

import (
	"fmt"
	"time"
)

// Limits are what an evaluation may take. A zero field is that of Default.
type Limits struct {
	Live   int64         // bytes that the program holds, at which it is asked to stop
	Memory int64         // bytes of the whole process, at which it ends
	Time   time.Duration // of its processor and of a clock that runs while it does, at which it is asked to stop
}

// Default is what bay gives a program. One that is meant well stays far below.
// An evaluation takes at most half of Time more, and what of Memory the system
// counts may be a tenth more.
func Default() Limits {
	return Limits{Live: 384 << 20, Memory: 560 << 20, Time: 8 * time.Second}
}

func (l Limits) orDefault() Limits {
	d := Default()
	if l.Live == 0 {
		l.Live = d.Live
	}
	if l.Memory == 0 {
		l.Memory = d.Memory
	}
	if l.Time == 0 {
		l.Time = d.Time
	}
	return l
}

// end is when a child that was asked to stop has to have done so.
func (l Limits) end() time.Duration { return l.Time + l.Time/4 }

// last is when the parent ends a child that has not ended itself.
func (l Limits) last() time.Duration { return l.Time + l.Time/2 }

func (l Limits) tooMuch() string {
	return fmt.Sprintf("the program needs more than %d MiB of memory", l.Live>>20)
}

func (l Limits) tooLong() string {
	return fmt.Sprintf("it takes longer than %v", l.Time)
}

const tooDeep = "the program is nested too deeply"
