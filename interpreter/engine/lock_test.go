package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bayplan/interpreter/engine/embedded"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// eachEngine runs a test on engines in memory of each API version, and on the
// Docker Engine of this machine if one answers.
func eachEngine(t *testing.T, test func(t *testing.T, e *Engine)) {
	for minor := 41; minor <= 51; minor++ {
		t.Run(fmt.Sprintf("1.%d", minor), func(t *testing.T) { test(t, inMemory(t, fmt.Sprintf("1.%d", minor))) })
	}
	t.Run("docker", func(t *testing.T) { test(t, onDocker(t)) })
}

func inMemory(t *testing.T, api string) *Engine {
	t.Helper()
	w, err := embedded.InMemory(t.Name(), api)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Through(t.Context(), w.Dial, Options{Local: true, Sleep: w.Sleep, Close: w.Close})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func onDocker(t *testing.T) *Engine {
	t.Helper()
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ping(t.Context()); err != nil {
		t.Skipf("NO DOCKER ENGINE ANSWERS, NOTHING WAS TRIED ON ONE: %v", err)
	}
	e, err := New(t.Context(), c, Options{Local: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// stackOf names a stack of the test's own, and takes its lock away at the end.
func stackOf(t *testing.T, e *Engine) string {
	t.Helper()
	stack := fmt.Sprintf("locktest-%x", rand.Uint32())
	t.Cleanup(func() {
		err := e.client.ContainerRemove(context.Background(), LockName(stack), container.RemoveOptions{Force: true})
		if err != nil && !Gone(err) && !removing(err) {
			t.Error(err)
		}
	})
	return stack
}

func me(stack string) Holder {
	return HolderOf(stack, fmt.Sprintf("%x", rand.Uint64()), "bay apply", "v1")
}

// gone is somebody on this machine whose process has ended.
func gone(t *testing.T, stack string) Holder {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := me(stack)
	h.PID, h.Began = cmd.Process.Pid, "1"
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return h
}

func take(t *testing.T, e *Engine, h Holder) *Lock {
	t.Helper()
	l, err := e.Lock(t.Context(), h, LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t *testing.T, l *Lock) {
	t.Helper()
	if err := l.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// refused wants a lock to be held, and returns by whom.
func refused(t *testing.T, e *Engine, stack string) *Locked {
	t.Helper()
	l, err := e.Lock(t.Context(), me(stack), LockOptions{})
	if err == nil {
		release(t, l)
		t.Fatal("two hold the lock")
	}
	var held *Locked
	if !errors.As(err, &held) {
		t.Fatal(err)
	}
	return held
}

// soon fails the test where what is to happen does not. Nothing here is about
// how fast it is.
const soon = time.Minute

func wantLost(t *testing.T, l *Lock) {
	t.Helper()
	select {
	case <-l.Lost():
	case <-time.After(soon):
		t.Error("the holder has not heard of it")
	}
	var lost *LockLost
	if err := l.Check(t.Context()); !errors.As(err, &lost) {
		t.Errorf("the holder is told %v, want that the lock was lost", err)
	}
}

func TestOneHoldsALock(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *Engine) {
		stack := stackOf(t, e)
		l := take(t, e, me(stack))
		if err := l.Check(t.Context()); err != nil {
			t.Errorf("the lock is held, but: %v", err)
		}
		held := refused(t, e, stack)
		if held.ID != l.ID || held.Holder != l.Holder || !l.Holder.Alive {
			t.Errorf("held is %+v, want %+v", held, l)
		}
		want := fmt.Sprintf("stack %s is locked by %s@%s, process %d (bay apply), for ", stack, l.Holder.User, l.Holder.Host, os.Getpid())
		if !strings.HasPrefix(held.Error(), want) {
			t.Errorf("the error is %q, want %q…", held, want)
		}
		other := take(t, e, me(stackOf(t, e)))
		release(t, other)
		release(t, l)
		if held, err := e.Locked(t.Context(), stack); held != nil || err != nil {
			t.Errorf("after the release it is held by %v, %v", held, err)
		}
		release(t, take(t, e, me(stack)))
		left, err := e.client.ContainerList(t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", LabelLock+"="+stack))})
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		if strings.HasSuffix(t.Name(), "/docker") {
			return // others on it may need the image
		}
		if _, err := e.client.ImageInspect(t.Context(), l.image); !Gone(err) {
			t.Errorf("the image is left behind: %v", err)
		}
	})
}

// A holder that ends, however it does, holds nothing any more.
func TestLockGoesWithTheConnection(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *Engine) {
		stack := stackOf(t, e)
		l := take(t, e, me(stack))
		l.conn.Close()
		next, err := e.Lock(t.Context(), me(stack), LockOptions{Wait: soon})
		if err != nil {
			t.Fatal(err)
		}
		release(t, l) // comes late, and must not free the lock of the next
		if err := next.Check(t.Context()); err != nil {
			t.Errorf("a late release: %v", err)
		}
		release(t, next)
	})
}

func TestHolderHearsOfUnlock(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *Engine) {
		stack := stackOf(t, e)
		l := take(t, e, me(stack))
		held := refused(t, e, stack)
		if err := e.Unlock(t.Context(), held); err != nil {
			t.Fatal(err)
		}
		wantLost(t, l)
		next := take(t, e, me(stack))
		if err := e.Unlock(t.Context(), held); err != nil {
			t.Errorf("unlocking what is unlocked: %v", err)
		}
		release(t, l)
		if err := next.Check(t.Context()); err != nil {
			t.Errorf("the next one's lock: %v", err)
		}
		release(t, next)
	})
}

func TestWaitForALock(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *Engine) {
		stack := stackOf(t, e)
		l := take(t, e, me(stack))
		told := make(chan *Locked, 100)
		taken := make(chan error, 1)
		go func() {
			next, err := e.Lock(context.WithoutCancel(t.Context()), me(stack), LockOptions{Wait: soon, Waiting: func(h *Locked) { told <- h }})
			if err == nil {
				err = next.Release(context.WithoutCancel(t.Context()))
			}
			taken <- err
		}()
		if h := <-told; h.ID != l.ID {
			t.Errorf("it waits for %v, want %s", h, l.ID)
		}
		release(t, l)
		if err := <-taken; err != nil {
			t.Error(err)
		}
		if len(told) > 0 {
			t.Errorf("it said again for whom it waits: %v", <-told)
		}
	})
}

// One who stops waiting gets his context's error, one who waited long enough
// hears who holds it.
func TestWaitEnds(t *testing.T) {
	e := inMemory(t, "1.41")
	stack := stackOf(t, e)
	l := take(t, e, me(stack))
	ctx, stop := context.WithCancel(t.Context())
	_, err := e.Lock(ctx, me(stack), LockOptions{Wait: soon, Waiting: func(*Locked) { stop() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted, it says %v", err)
	}
	var held *Locked
	if _, err := e.Lock(t.Context(), me(stack), LockOptions{Wait: 10 * time.Millisecond}); !errors.As(err, &held) {
		t.Errorf("after its time it says %v", err)
	}
	release(t, l)
}

// createOnly leaves a lock as one who died before he could start it.
func createOnly(t *testing.T, e *Engine, h Holder) string {
	t.Helper()
	m := machines()[0]
	archive, ref := m.image()
	c, _ := e.locks()
	id, err := e.createLock(t.Context(), c, archive, ref, h)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A holder that died between making the lock and starting it blocks nobody:
// here he is known to be dead at once, elsewhere by the lock's age.
func TestAbandonedLock(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *Engine) {
		stack := stackOf(t, e)
		h := gone(t, stack)
		h.Alive = true
		createOnly(t, e, h)
		release(t, take(t, e, me(stack)))
	})
	t.Run("elsewhere", func(t *testing.T) {
		e := inMemory(t, "1.41")
		stack := stackOf(t, e)
		h := gone(t, stack)
		h.Alive, h.Host = true, "elsewhere"
		id := createOnly(t, e, h)
		if held := refused(t, e, stack); held.ID != id {
			t.Errorf("held is %v", held)
		}
		if err := e.Sleep(t.Context(), abandoned+time.Second); err != nil {
			t.Fatal(err)
		}
		release(t, take(t, e, me(stack)))
	})
}

// Where the program cannot run, the container alone is the lock.
func TestLockWithoutProgram(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *Engine) {
		e.Info.Arch = "mips"
		if strings.HasSuffix(t.Name(), "/docker") {
			e.Info.Arch = "s390x" // a program that this machine refuses to run
		}
		stack := stackOf(t, e)
		l := take(t, e, me(stack))
		if l.Holder.Alive {
			t.Fatal("the program runs")
		}
		if err := l.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if e.Info.Arch == "mips" {
			if err := e.Sleep(t.Context(), 2*abandoned); err != nil {
				t.Fatal(err)
			}
		}
		held := refused(t, e, stack) // however old it is
		if err := e.Unlock(t.Context(), held); err != nil {
			t.Fatal(err)
		}
		var lost *LockLost
		if err := l.Check(t.Context()); !errors.As(err, &lost) {
			t.Errorf("unlocked, the holder is told %v", err)
		}
		release(t, l)
		createOnly(t, e, gone(t, stack))
		release(t, take(t, e, me(stack))) // its holder is dead
	})
}

func TestNoLockInTheWay(t *testing.T) {
	e := inMemory(t, "1.41")
	stack := stackOf(t, e)
	h := me(stack)
	id := createOnly(t, e, h)
	if err := e.client.ContainerRename(t.Context(), id, "other"); err != nil {
		t.Fatal(err)
	}
	_, err := e.client.ContainerCreate(t.Context(), &container.Config{Image: id2image(t, e, id)}, nil, nil, nil, LockName(stack))
	if err != nil {
		t.Fatal(err)
	}
	want := "locking stack " + stack + ": container " + LockName(stack) + " is in the way: it has the name of the lock, and is none"
	if _, err := e.Lock(t.Context(), h, LockOptions{}); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func id2image(t *testing.T, e *Engine, id string) string {
	t.Helper()
	got, err := e.client.ContainerInspect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return got.Image
}

func TestHolderIsDead(t *testing.T) {
	alive := me("shop")
	alive.PID = os.Getppid()
	alive.Began, _ = began(alive.PID)
	zombie := exec.Command("true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	for ended := false; !ended; time.Sleep(time.Millisecond) {
		_, ended = began(zombie.Process.Pid)
	}
	ended := me("shop")
	ended.PID = zombie.Process.Pid
	ended.Began, _ = began(ended.PID)
	with := func(h Holder, f func(*Holder)) Holder { f(&h); return h }
	for _, c := range []struct {
		name string
		h    Holder
		want bool
	}{
		{"myself", me("shop"), false},
		{"another that runs", alive, false},
		{"gone", gone(t, "shop"), true},
		{"ended, and not waited for", ended, true},
		{"its number is another's now", with(me("shop"), func(h *Holder) { h.Began = "1" }), true},
		{"gone, on another host", with(gone(t, "shop"), func(h *Holder) { h.Host += "-2" }), false},
		{"gone, before a boot", with(gone(t, "shop"), func(h *Holder) { h.Boot += "-2" }), false},
		{"gone, in another container", with(gone(t, "shop"), func(h *Holder) { h.Space += "-2" }), false},
		{"its host does not tell", with(gone(t, "shop"), func(h *Holder) { h.Boot = "" }), false},
	} {
		if got := c.h.dead(); got != c.want {
			t.Errorf("%s: dead is %v, want %v", c.name, got, c.want)
		}
	}
	if err := zombie.Wait(); err != nil {
		t.Error(err)
	}
}

// Many who all want it have it one after the other.
func TestManyWantALock(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *Engine) {
		stack := stackOf(t, e)
		var inside, rounds atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				l, err := e.Lock(context.WithoutCancel(t.Context()), me(stack), LockOptions{Wait: 5 * soon})
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				rounds.Add(1)
				time.Sleep(time.Millisecond)
				inside.Add(-1)
				if err := l.Release(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if rounds.Load() != 8 {
			t.Errorf("%d of 8 had it", rounds.Load())
		}
	})
}
