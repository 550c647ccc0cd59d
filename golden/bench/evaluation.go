package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// bayAlone plans a program on an empty engine within bay.
func (b *bench) bayAlone(ctx context.Context, dir string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "bay"), "plan", "--engine", "embedded:bench", dir)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, ".state"))
	return cmd
}

// start measures bay alone, and says what the binary weighs.
func (b *bench) start(ctx context.Context, runs int) error {
	t := newTable("start-up", "processor time", "wall", "at most")
	var cpu, wall []time.Duration
	for range runs {
		got, err := run(exec.CommandContext(ctx, filepath.Join(b.bin, "bay"), "version"), false)
		if err != nil {
			return err
		}
		cpu, wall = append(cpu, got.cpu), append(wall, got.wall)
	}
	t.row("bay version", spread(cpu), spread(wall), "15 ms of processor time")
	t.print()
	info, err := os.Stat(filepath.Join(b.bin, "bay"))
	if err != nil {
		return err
	}
	fmt.Printf("\nThe binary has %s.\n", mib(info.Size()))
	return nil
}

// evaluation measures programs of n containers, up to a shown plan on an empty
// engine, against the bare languages. What bay stops, since a busy machine gives
// it too little, has no figures.
func (b *bench) evaluation(ctx context.Context, dir string, runs, n int) error {
	t := newTable(fmt.Sprintf("evaluation, %d containers", n), "bare language", "bay plan", "÷ bare", "÷ bare, processor time", "at most", "peak memory")
	var stopped []error
	for i, f := range forms {
		home := filepath.Join(dir, fmt.Sprintf("form%d-%d", i, n))
		if err := f.write(home, n); err != nil {
			return err
		}
		var bare, bay, bareCPU, bayCPU []time.Duration
		looked, err := run(b.bayAlone(ctx, home), true)
		for range runs {
			if err != nil {
				break
			}
			var one, two sample
			if one, err = run(exec.CommandContext(ctx, filepath.Join(b.bin, "bare"), home), false); err != nil {
				break
			}
			if two, err = run(b.bayAlone(ctx, home), false); err != nil {
				break
			}
			bare, bareCPU = append(bare, one.wall), append(bareCPU, one.cpu)
			bay, bayCPU = append(bay, two.wall), append(bayCPU, two.cpu)
		}
		if err != nil {
			stopped = append(stopped, err)
		}
		t.row(f.name, spread(bare), spread(bay), ratios(bay, bare), ratios(bayCPU, bareCPU), "3.00", mib(looked.memory))
	}
	t.print()
	return b.tell(ctx, stopped)
}

// tell prints what could not be measured.
func (b *bench) tell(ctx context.Context, stopped []error) error {
	for _, err := range stopped {
		fmt.Printf("\n%v", err)
	}
	return ctx.Err()
}

// linearity measures how processor time and memory grow with the number of
// containers, from a fifth of most to four times as many: n to the power that it
// prints.
func (b *bench) linearity(ctx context.Context, dir string, most int) error {
	sizes := []int{most / 5, 2 * most / 5, most, 2 * most, 4 * most}
	head := []string{"growth, processor time"}
	for _, n := range sizes {
		head = append(head, fmt.Sprint(n))
	}
	t := newTable(append(head, "exponent of time", "exponent of memory")...)
	var stopped []error
	for i, f := range []form{{"HCL, a loop", loopHCL}, {"Starlark, a loop", loopStar}} {
		row := []string{f.name}
		var done []int
		var times, memories []float64
		for _, n := range sizes {
			home := filepath.Join(dir, fmt.Sprintf("growth%d-%d", i, n))
			if err := f.write(home, n); err != nil {
				return err
			}
			looked, err := run(b.bayAlone(ctx, home), true)
			var all []time.Duration
			for range 3 {
				var got sample
				if err == nil {
					got, err = run(b.bayAlone(ctx, home), false)
				}
				all = append(all, got.cpu)
			}
			if err != nil {
				stopped = append(stopped, err)
				row = append(row, "–")
				continue
			}
			done, times, memories = append(done, n), append(times, median(all).Seconds()), append(memories, float64(looked.memory))
			row = append(row, fmt.Sprintf("%s, %s", short(median(all)), mib(looked.memory)))
		}
		t.row(append(row, fmt.Sprintf("%.2f", exponent(done, times)), fmt.Sprintf("%.2f", exponent(done, memories)))...)
	}
	t.print()
	return b.tell(ctx, stopped)
}

// exponent is that of the power of n which comes nearest to what was measured.
func exponent(sizes []int, measured []float64) float64 {
	var sx, sy, sxx, sxy float64
	for i, n := range sizes {
		x, y := math.Log(float64(n)), math.Log(measured[i])
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	n := float64(len(sizes))
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}
