package golden

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bayplan/golden/slice"
)

// TestFaults lets one call after another go wrong on a real engine, in every
// way of faults. Whatever comes of it: bay says truly how it ended, it sent what
// it printed, the next run converges, and where the new version is bad the old
// one serves. FAULTS=all is every call; by default it is one voyage a day.
func TestFaults(t *testing.T) { sailAll(t, "FAULTS", 1, faults) }

// TestKills kills bay with SIGKILL before and after one call after another that
// changes a real engine, of the lock too, and holds the same.
func TestKills(t *testing.T) { sailAll(t, "KILLS", 1, deaths) }

// sailAll makes all voyages until every fault has struck at every call, or some
// of them if there is to be but a slice.
func sailAll(t *testing.T, name string, size int, faults []fault) {
	if *lane != "real" {
		return // what the embedded engine goes through is in TestKilledApply and TestHungCalls
	}
	t.Parallel()
	part := slice.Of(t, name, size)
	log := &logbook{began: time.Now(), counts: map[string]int{}}
	image := newWorkshop(t).probeImage(t)
	t.Cleanup(func() { t.Log(log) })
	drawn := draws(part, name, len(voyages), faults)
	for i, v := range voyages {
		if part.Size > 0 && drawn[i] == nil {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			x := &sailing{voyage: v, log: log, launch: func(t *testing.T) *ship { return launch(t, v, image) }}
			x.sail(t, drawn[i], faults)
		})
	}
}

// chart says what goes wrong on a leg, and hears whether it did.
type chart interface {
	next(leg, calls int) *harm // calls is about how many there will be
	struck(leg int, struck bool)
}

// draws are the rounds of a slice, by the index of a voyage; none if all are
// to be made.
func draws(part slice.Slice, name string, voyages int, faults []fault) map[int][]*draw {
	const rounds = 1000
	drawn := map[int][]*draw{}
	if part.Size == 0 {
		return drawn
	}
	for _, i := range part.Draw(name, rounds*voyages) {
		v := i % voyages
		drawn[v] = append(drawn[v], &draw{r: rand.New(rand.NewPCG(part.Seed, uint64(i))), faults: faults})
	}
	return drawn
}

// draw is a chart by chance.
type draw struct {
	r      *rand.Rand
	faults []fault
}

func (d *draw) next(_, calls int) *harm {
	f := d.faults[d.r.IntN(len(d.faults))]
	if !f.fatal() {
		calls *= 3 // those that read count too
	}
	return &harm{fault: f, at: 1 + d.r.IntN(calls)}
}

func (d *draw) struck(int, bool) {}

// all is the chart of everything that can go wrong: of each leg the next fault
// and call. A call that is not reached ends a fault.
type all struct {
	faults []fault
	places []struct{ fault, at int }
}

func every(v voyage, faults []fault) *all {
	e := &all{faults: faults, places: make([]struct{ fault, at int }, len(v.legs))}
	for i := range e.places {
		e.places[i].at = 1
	}
	return e
}

func (e *all) next(leg, _ int) *harm {
	p := e.places[leg]
	if p.fault == len(e.faults) {
		return nil
	}
	return &harm{fault: e.faults[p.fault], at: p.at}
}

func (e *all) struck(leg int, struck bool) {
	p := &e.places[leg]
	p.at++
	if !struck && p.fault < len(e.faults) {
		p.fault, p.at = p.fault+1, 1
	}
}

func (e *all) done() bool {
	return !slices.ContainsFunc(e.places, func(p struct{ fault, at int }) bool { return p.fault < len(e.faults) })
}

// sailing is a voyage that is made again and again.
type sailing struct {
	voyage
	launch   func(*testing.T) *ship
	log      *logbook
	ship     *ship // nil before the first round and after a failure
	failures int
}

// enough is after how many failures a voyage is given up.
const enough = 5

// sail makes the rounds that were drawn, or else all.
func (x *sailing) sail(t *testing.T, drawn []*draw, faults []fault) {
	for _, d := range drawn {
		x.round(t, d)
	}
	if drawn != nil {
		return
	}
	e := every(x.voyage, faults)
	for x.round(t, e); !e.done(); x.round(t, e) {
	}
}

// round makes the voyage once. After a failure the next round begins with a
// ship of its own, so that one fault is reported once.
func (x *sailing) round(t *testing.T, c chart) {
	if x.ship == nil {
		x.ship = x.launch(t)
	}
	var before map[string]string
	for i, l := range x.legs {
		struck := ""
		ok := t.Run(l.name, func(t *testing.T) {
			var h *harm
			var between map[string]string
			struck, between = x.ship.sail(t, l, before, func(calls int) *harm {
				h = c.next(i, calls)
				return h
			})
			x.log.note(h, struck, l, before, between)
		})
		c.struck(i, struck != "")
		if !ok {
			x.wreck(t)
			return
		}
		before = l.serves
	}
}

// wreck takes away what a failure has left.
func (x *sailing) wreck(t *testing.T) {
	if err := x.ship.sweep(); err != nil {
		t.Error(err)
	}
	x.ship = nil
	if x.failures++; x.failures == enough {
		t.Fatalf("%d failures are enough", enough)
	}
}

// logbook counts what went wrong and what came of it.
type logbook struct {
	began  time.Time
	mu     sync.Mutex
	points int
	counts map[string]int
}

// note keeps what one fault did to what served before it.
func (l *logbook) note(h *harm, struck string, at leg, before, between map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if struck == "" {
		l.counts["legs where nothing went wrong"]++
		return
	}
	l.points++
	l.counts[h.name]++
	for label, was := range before {
		switch now := between[label]; {
		case at.program == "":
			l.counts["served before, and was being destroyed"]++
		case now == was:
			l.counts["served before, and the same version did when bay was gone"]++
		case now != "":
			l.counts["served before, and another version did when bay was gone"]++
		default:
			l.counts["served before, and did not until the next bay was run"]++
		}
	}
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	took := time.Since(l.began)
	fmt.Fprintf(&b, "%d points in %s, one in %s; after each the next run ended as it should", l.points, took.Round(time.Second), (took / time.Duration(max(1, l.points))).Round(time.Millisecond))
	for _, what := range slices.Sorted(maps.Keys(l.counts)) {
		fmt.Fprintf(&b, "\n%6d  %s", l.counts[what], what)
	}
	return b.String()
}

// probeImage builds the probe's image and returns its name.
func (w *workshop) probeImage(t *testing.T) string {
	t.Helper()
	w.say("stack { name = \"harbour\" }\nimage \"probe\" {\n  build = { context = \"./probe\" }\n  tags  = [\"harbour/probe:1\"]\n}\n")
	w.bay(t, "apply", "--yes")
	return w.word + "/probe:1"
}
