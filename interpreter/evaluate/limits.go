package evaluate

import (
	"fmt"
	"time"
)

// Limits are what an evaluation may take. A zero field is that of Default.
type Limits struct {
	Live   int64         // bytes that the program holds, at which it is asked to stop
	Memory int64         // bytes of the whole process, at which it ends
	Time   time.Duration // of the processor, at which it is asked to stop
	Clock  time.Duration // that passes, at which it is asked to stop however little of the processor it had
}

// Default is what bay gives a program. One that is meant well stays far below.
// An evaluation takes at most a quarter of Time and of Clock more, and what of
// Memory the system counts may be a tenth more.
func Default() Limits {
	return Limits{Live: 384 << 20, Memory: 560 << 20, Time: 8 * time.Second, Clock: 48 * time.Second}
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
	if l.Clock == 0 {
		l.Clock = d.Clock
	}
	return l
}

// taken is the time that an evaluation has had.
type taken struct{ processor, clock time.Duration }

// past reports whether that is more than the limits and a share of them. On a
// machine that has much else to do a program waits, for which it is not to blame
// while it takes little itself: it has a quarter of Clock where it has taken a
// quarter of Time.
func (l Limits) past(t taken, more float64) bool {
	over := func(d, limit time.Duration) bool { return float64(d) > float64(limit)*(1+more) }
	return over(t.processor, l.Time) || over(t.clock, l.Clock) || over(t.clock, l.Clock/4) && t.processor > l.Time/4
}

// unheard is the share that a child which was asked to stop has more.
const unheard = 0.125

// last is when the parent ends a child that has not ended itself.
func (l Limits) last() time.Duration { return l.Clock + l.Clock/4 }

func (l Limits) tooMuch() string {
	return fmt.Sprintf("the program needs more than %d MiB of memory", l.Live>>20)
}

func (l Limits) tooLong(t taken) string {
	if t.processor > l.Time {
		return fmt.Sprintf("it takes more than %v of processor time", l.Time)
	}
	return fmt.Sprintf("it has not ended after %.1fs, %.1fs of them on a processor", t.clock.Seconds(), t.processor.Seconds())
}

const tooDeep = "the program is nested too deeply"
