// Command bench measures bay against the floor, which is the bare engine calls
// for the same work, and against its peers where they are on the PATH. It is one
// run and one table of ratios: what stands in the same row was measured in turn.
//
// It works on the Docker Engine that the docker command would use, touches only
// what it made, and takes that away, also when it fails or is interrupted.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	runs := flag.Int("runs", 5, "how often each row is measured")
	sizes := flag.String("k", "10,50,100", "containers of the stacks on the engine; none leaves the engine out")
	counts := flag.String("n", "1000,5000", "containers of the programs that are only evaluated; none leaves these out")
	parallel := flag.Int("parallel", 8, "calls and steps at once")
	widths := flag.String("widths", "", "instead of all else: apply and destroy with so many steps at once, such as 1,2,4,8,16")
	peers := flag.Bool("peers", true, "measure Compose, Terraform and OpenTofu too, where they are on the PATH")
	bin := flag.String("bin", "bin", "where bay, floor, bare and hold lie")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{bin: *bin, parallel: *parallel, peers: *peers}
	if err := b.measure(ctx, *runs, numbers(*sizes), numbers(*counts), numbers(*widths)); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func numbers(text string) []int {
	var out []int
	for word := range strings.SplitSeq(text, ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(word)); err == nil && n > 0 {
			out = append(out, n)
		}
	}
	return out
}

func (b *bench) measure(ctx context.Context, runs int, sizes, counts, widths []int) (err error) {
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bayplan-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if len(sizes) > 0 {
		program, err := os.ReadFile(filepath.Join(b.bin, "hold"))
		if err != nil {
			return err
		}
		if err := put(dir, "hold", string(program)); err != nil {
			return err
		}
		if b.yard, err = newYard(ctx, dir); err != nil {
			return err
		}
		defer func() {
			if cerr := b.clear(); err == nil {
				err = cerr
			}
		}()
	}
	b.where(ctx, runs)
	if len(widths) > 0 {
		return b.parallelism(ctx, dir, runs, sizes[len(sizes)-1], widths)
	}
	if err := b.start(ctx, runs); err != nil {
		return err
	}
	for _, n := range counts {
		if err := b.evaluation(ctx, dir, runs, n); err != nil {
			return err
		}
	}
	if len(counts) > 0 {
		if err := b.linearity(ctx, dir, counts[len(counts)-1]); err != nil {
			return err
		}
	}
	for _, k := range sizes {
		if err := b.stacks(ctx, dir, runs, k); err != nil {
			return err
		}
	}
	return nil
}

// where says on what was measured.
func (b *bench) where(ctx context.Context, runs int) {
	fmt.Printf("%s, %s/%s, %d processors; medians of %d runs in turn, with the least and the greatest\n",
		time.Now().UTC().Format("2006-01-02"), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runs)
	if b.yard != nil {
		if v, err := b.ServerVersion(ctx); err == nil {
			fmt.Printf("Docker Engine %s, API %s\n", v.Version, v.APIVersion)
		}
	}
}

// measured is what one contender took: for each step the rounds that count, and
// of a round before them the calls and the memory.
type measured struct {
	times         map[step][]time.Duration
	calls, memory map[step]int64
}

// stacks measures all steps with k containers. What was measured before an error
// is printed all the same.
func (b *bench) stacks(ctx context.Context, dir string, runs, k int) error {
	all := b.contenders()
	counts, err := newCounter(dir, b.Client)
	if err != nil {
		return err
	}
	defer counts.close()
	got := make([]measured, len(all))
	for i := range all {
		got[i] = measured{map[step][]time.Duration{}, map[step]int64{}, map[step]int64{}}
	}
	for round := range runs + 1 {
		for i, c := range all {
			s := stack{name: fmt.Sprintf("%s-%d", b.name, i), image: b.image, k: k, net: b.net + i}
			counted := counts
			if round > 0 {
				counted = nil
			}
			if err = b.round(ctx, c, s, filepath.Join(dir, c.name), got[i], counted); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	b.stacksTable(all, k, got)
	return err
}

// round does all steps once. With a counter it counts calls and looks at memory,
// and takes no times: looking takes time itself.
func (b *bench) round(ctx context.Context, c *contender, s stack, home string, got measured, counted *counter) error {
	if err := c.prepare(s, home); err != nil {
		return err
	}
	for _, what := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if what == planTenth {
			if err := c.change(s, home); err != nil {
				return err
			}
		}
		words := c.command(s, home, what)
		if words == nil {
			continue
		}
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		if counted != nil {
			cmd.Env = append(os.Environ(), "DOCKER_HOST="+counted.host)
			before := counted.calls.Load()
			took, err := run(cmd, true)
			if err != nil {
				return err
			}
			got.calls[what], got.memory[what] = counted.calls.Load()-before, took.memory
			continue
		}
		took, err := run(cmd, false)
		if err != nil {
			return err
		}
		if what == applyTenth && c.trace != "" {
			lock, err := locking(filepath.Join(home, c.trace))
			if err != nil {
				return err
			}
			took.wall -= lock
		}
		got.times[what] = append(got.times[what], took.wall)
	}
	return nil
}

// targets are what bay has to reach against the floor.
var targets = map[step]float64{planNothing: 2, makeAll: 1.10, applyTenth: 1.15, destroyAll: 1.10}

func (b *bench) stacksTable(all []*contender, k int, got []measured) {
	head := []string{fmt.Sprintf("%d containers", k), "floor", "bay", "÷ floor", "at most"}
	for _, c := range all[2:] {
		head = append(head, c.name, "÷ floor")
	}
	t := newTable(head...)
	for _, what := range steps {
		row := []string{string(what), spread(got[0].times[what]), spread(got[1].times[what]), ratios(got[1].times[what], got[0].times[what]), bound(targets[what])}
		for i := range all[2:] {
			row = append(row, spread(got[i+2].times[what]), ratios(got[i+2].times[what], got[0].times[what]))
		}
		t.row(row...)
	}
	for _, what := range []step{planNothing, makeAll, applyTenth, destroyAll} {
		most := ""
		if what == planNothing {
			most = "the floor's"
		}
		row := []string{"engine calls: " + string(what), fmt.Sprint(got[0].calls[what]), fmt.Sprint(got[1].calls[what]), "", most}
		for i := range all[2:] {
			row = append(row, fmt.Sprint(got[i+2].calls[what]), "")
		}
		t.row(row...)
	}
	row := []string{"peak memory, all processes added", mib(greatest(got[0].memory)), mib(greatest(got[1].memory)), "", "60 MiB"}
	for i := range all[2:] {
		row = append(row, mib(greatest(got[i+2].memory)), "")
	}
	t.row(row...)
	t.print()
}

func greatest(by map[step]int64) (most int64) {
	for _, n := range by {
		most = max(most, n)
	}
	return most
}

// parallelism measures how many steps at once are enough.
func (b *bench) parallelism(ctx context.Context, dir string, runs, k int, widths []int) error {
	took := map[step]map[int][]time.Duration{makeAll: {}, destroyAll: {}}
	for range runs {
		for _, w := range widths {
			at := &bench{yard: b.yard, bin: b.bin, parallel: w}
			c := at.bay()
			s := stack{name: b.name + "-1", image: b.image, k: k, net: b.net}
			if err := c.prepare(s, dir); err != nil {
				return err
			}
			for _, what := range []step{makeAll, destroyAll} {
				words := c.command(s, dir, what)
				got, err := run(exec.CommandContext(ctx, words[0], words[1:]...), false)
				if err != nil {
					return err
				}
				took[what][w] = append(took[what][w], got.wall)
			}
		}
	}
	t := newTable(fmt.Sprintf("bay, %d containers, steps at once", k), "apply from nothing", "destroy")
	for _, w := range widths {
		t.row(strconv.Itoa(w), spread(took[makeAll][w]), spread(took[destroyAll][w]))
	}
	t.print()
	return nil
}
