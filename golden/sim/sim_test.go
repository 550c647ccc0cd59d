package sim

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bayplan/interpreter/engine/embedded"
)

// versions are the engines that seeds take turns on.
var versions = []embedded.Version{41, 43, 44, 47, 51}

// number reads how many seeds an environment variable asks for.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, text, err)
	}
	return n
}

// caught runs a seed, and makes an error of a bug.
func caught(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v\n%s", v, debug.Stack())
		}
	}()
	return f()
}

// version is the engine that a seed is told on.
func version(seed uint64) embedded.Version { return versions[seed%uint64(len(versions))] }

// asked is how many seeds a lane tells: SIM of them, or those of its own name.
func asked(t *testing.T, name string, otherwise uint64) uint64 {
	if os.Getenv("SIM") != "" {
		name = "SIM"
	}
	return number(t, name, otherwise)
}

// TestDirect tells SIM_DIRECT random stories on the engine's core, from SIM_SEED on.
// SIM=1 SIM_SEED=N tells that one alone, with all that happens in it.
func TestDirect(t *testing.T) {
	first := number(t, "SIM_SEED", 1)
	many(t, "direct", first, asked(t, "SIM_DIRECT", 5000), func(seed uint64, trace func(string, ...any)) error {
		return caught(direct(seed, version(seed), trace).seed)
	})
}

// found are seeds that failed once, and whose stories stand in no other test. Where
// what is drawn has changed since, they are stories as any other.
var found = []uint64{171826, 241775, 263135, 322206, 329388, 352133, 412556, 444187, 458689, 502308, 514785, 536136, 565381, 736982, 742887, 748729, 892375, 939593, 1023134}

// TestFound tells those again.
func TestFound(t *testing.T) {
	for _, seed := range found {
		if err := caught(direct(seed, version(seed), nil).seed); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// many tells stories side by side, and tells the first that fails once more,
// aloud.
func many(t *testing.T, lane string, first, count uint64, tell func(uint64, func(string, ...any)) error) {
	if count == 1 {
		if err := tell(first, t.Logf); err != nil {
			t.Error(err)
		}
		return
	}
	began := time.Now()
	var next atomic.Uint64
	next.Store(first)
	var failed sync.Map
	var bad atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed := next.Add(1) - 1; seed < first+count && bad.Load() < 20; seed = next.Add(1) - 1 {
				if err := tell(seed, nil); err != nil {
					bad.Add(1)
					failed.Store(seed, err)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	t.Logf("%s: %d seeds from %d on in %s, %.0f a second", lane, count, first, took.Round(time.Millisecond), float64(count)/took.Seconds())
	failed.Range(func(seed, err any) bool {
		var trace strings.Builder
		_ = tell(seed.(uint64), func(format string, args ...any) { fmt.Fprintf(&trace, format+"\n", args...) })
		t.Errorf("seed %d: %v\nSIM=1 SIM_SEED=%d go test ./golden/sim -run '%s'\n%s", seed, err, seed, t.Name(), trace.String())
		return true
	})
}
