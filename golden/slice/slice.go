// Package slice chooses the part of a long test that one run tries. Every day
// it is another one, so that CI comes through all in time, and each can be run
// again by its seed.
package slice

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Slice is a part of a long test.
type Slice struct {
	Seed uint64
	Size int // how many; 0 is all
}

// Of reads a slice from the environment and logs it: NAME is how many there
// are to be, or all, and NAME_SEED which. By default that is size, and Today.
func Of(t testing.TB, name string, size int) Slice {
	t.Helper()
	s := Slice{Size: size, Seed: Today()}
	switch text := os.Getenv(name); text {
	case "":
	case "all":
		s.Size = 0
	default:
		s.Size = number(t, name, text)
	}
	if text := os.Getenv(name + "_SEED"); text != "" {
		s.Seed = uint64(number(t, name+"_SEED", text))
	}
	t.Logf("%s=%d %s_SEED=%d", name, s.Size, name, s.Seed)
	return s
}

func number(t testing.TB, name, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s is %q, want a number", name, text)
	}
	return n
}

// Today is the seed of the day: days since 1970, by UTC.
func Today() uint64 { return uint64(time.Now().Unix() / 86400) }

// Draw returns which of n are in the slice, in an order that the seed decides.
// Slices of different names are different.
func (s Slice) Draw(name string, n int) []int {
	h := fnv.New64a()
	h.Write([]byte(name))
	all := rand.New(rand.NewPCG(s.Seed, h.Sum64())).Perm(n)
	if s.Size > 0 && s.Size < n {
		all = all[:s.Size]
	}
	return all
}
