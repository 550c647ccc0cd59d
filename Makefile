# What people and CI run. `make check` is everything that a change must pass.

GO     ?= go
# What `make fuzz` gives each fuzz target: inputs, or a time such as 10m.
FUZZ   ?= 5000x
# The race detector needs a C compiler; without one the tests run all the same.
RACE   := $(shell command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1 && echo -race)
# All but the race detector do without C, as the bay does that people get: each
# package is compiled once for them all.
export CGO_ENABLED ?= 0
# Tests as CI runs them. Lint has vetted what they are made of, and all below it.
TEST   := $(GO) test -vet=off

.PHONY: lock build install test units pairs soak attributes kills faults daemon sim two broken bombs mutants golden docs lint tidy fuzz engine examples demo bench gobench parallelism check clean

# The command, at bin/bay, and what it has to say for man and for shells, laid out
# in bin/share as below /usr/share. Not where it is built for another system.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/bay ./cmd/bay
	$(if $(GOOS)$(GOARCH),,rm -rf bin/share && bin/bay pages bin/share)

# Both, where all find them: man bay-plan, and completion in bash, zsh and fish.
# PREFIX=~/.local is for one user.
PREFIX ?= /usr/local
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share
	install -m 755 bin/bay $(DESTDIR)$(PREFIX)/bin/bay
	cp -R bin/share/. $(DESTDIR)$(PREFIX)/share/

# All tests but the real-engine lane.
test: units examples
	$(GO) test ./golden

# What tries every attribute: long, and the same code over and over.
EVERY  := TestEveryAttribute|TestPairs|TestCover|TestSoak|TestDocker

# Tests of packages; the rooms try a Docker Engine too, if one answers. Nothing
# in lang runs side by side, what tries every attribute says little about races,
# and their detector takes more than interpreter/evaluate gives a process, so that
# these go without it. A bay that was built with C has the same limits, in which its
# threads' stacks count: that package is tried so, too.
units:
	$(TEST) ./lang/... ./interpreter/evaluate
	$(if $(RACE),CGO_ENABLED=1 $(TEST) -short ./interpreter/evaluate)
	$(if $(RACE),CGO_ENABLED=1) $(TEST) $(RACE) -timeout 30m -skip '$(EVERY)' ./cmd/... ./golden/probe/... ./interpreter/... ./stdlib/...
	$(TEST) -timeout 30m -run '$(EVERY)' ./stdlib/...
	$(TEST) -timeout 30m ./golden/sim ./golden/bench
	.ci/sweep

# All attributes two by two, on engines in memory of four API versions; `make
# check` tries some of them, others every day. PAIRS_SEED=N is one day's.
pairs:
	GOGC=300 PAIRS=all $(GO) test ./stdlib/... -count=1 -timeout 3h -run 'TestPairs' -v

# Random stacks, 1,000 in memory and 50 on a Docker Engine: made, changed,
# destroyed; `make check` makes a few. A failure names the seed that makes the
# stack again: SOAK=1 SOAK_SEED=N.
soak:
	SOAK=1000 SOAK_DOCKER=50 $(GO) test ./stdlib/container -count=1 -timeout 1h -run 'TestSoak' -v

# Every attribute of containers, networks and volumes on a Docker Engine, alone
# and packed into few objects in which each two that can stand together do, and
# what the embedded engine says of each beside it; those of containers alone
# under a process that runs, too. `make check` makes one of these, and tries some.
attributes:
	DOCKER=all $(GO) test ./stdlib/container ./stdlib/network ./stdlib/volume -count=1 -timeout 3h -run 'TestDocker' -v

# bay killed with SIGKILL before and after every call of voyages on a Docker
# Engine: stacks are made, changed for better and worse, and destroyed. The next
# run has to end as it should. `make engine` makes one a day; KILLS=N makes N,
# KILLS_SEED=N those of one day. So are ten single applies, KILLED times each.
kills:
	KILLS=$${KILLS:-all} KILLED=$${KILLED:-all} $(GO) test ./golden -count=1 -timeout 3h -parallel 8 -engine real -run 'TestKills|TestKilledApply' -v

# The same, where one call fails: 500, 502 with a page of HTML, 409, cut before
# or after the engine acted, half of the answer, late. FAULTS=all is every call,
# which takes hours.
faults:
	FAULTS=$${FAULTS:-150} $(GO) test ./golden -count=1 -timeout 3h -parallel 8 -engine real -run 'TestFaults' -v

# A Docker Engine of the tests' own, which is killed with SIGKILL before and after
# every call and starts again, and whose disk is full. It needs root and dockerd.
# DAEMON=N is N voyages, DAEMON_SEED=N those of one day.
daemon:
	DAEMON=$${DAEMON:-all} $(GO) test ./golden -count=1 -timeout 3h -engine real -run 'TestCrashes|TestDiskFull' -v

# Sixteen bays at once at one stack, in memory and on a Docker Engine, one of
# them killed in each round; `make check` runs a few rounds. Never two at work.
LOCK_ROUNDS ?= 200
lock:
	LOCK_ROUNDS=$(LOCK_ROUNDS) $(GO) test ./golden -count=1 -timeout 3h -run 'TestOneAppliesAtATime' -v
	LOCK_ROUNDS=$(LOCK_ROUNDS) $(GO) test ./golden -count=1 -timeout 3h -run 'TestOneAppliesAtATime' -v -engine real

# Random stacks under faults, changes by hand, restarts of the engine and a second
# bay: on the embedded engine's core, and through docker's client. Then one fault
# of each kind on every call of thirty changes. `make check` does some of it. A
# failing seed prints how to tell it again: SIM=1 SIM_SEED=N.
SIM_DIRECT ?= 1000000
SIM_CLIENT ?= 10000
SIM_SEED   ?= 1
sim:
	GOGC=off GOMEMLIMIT=1GiB SIM_DIRECT=$(SIM_DIRECT) SIM_CLIENT=$(SIM_CLIENT) SIM_SEED=$(SIM_SEED) SINGLES=all $(GO) test ./golden/sim -count=1 -timeout 24h -run 'Direct|Client|Lanes|Regressions|Singles|Second' -v

# Two faults on every two calls that change something, of the same changes (ten minutes).
two:
	GOGC=off GOMEMLIMIT=1GiB TWO=all $(GO) test ./golden/sim -count=1 -timeout 24h -run 'Two' -v

# Good programs in both languages, each broken in one place: what is said has to
# point there. `make check` breaks some; BREAK_SEED=N breaks others.
broken:
	BREAK=$${BREAK:-1000} $(GO) test ./lang/load -count=1 -run 'TestBroken' -v

# Programs that ask for all memory, or never end, in both languages, with bay's
# own limits; `make check` tries them with small ones.
bombs:
	BOMBS=all $(GO) test ./interpreter/evaluate -count=1 -timeout 1h -run 'TestBombs' -v

# bay without each of its guards in turn: some test has to fail for it. `make
# check` tries one a day.
mutants:
	MUTANTS=all $(GO) test ./golden/sim -count=1 -timeout 24h -run 'Mutants' -v

# Rewrite what the golden scripts expect; read the diff before you commit it.
golden: examples
	$(TEST) ./golden -count=1 -timeout 30m -update

# Rewrite what is generated: the reference, the pages of commands in docs, and the
# output shown in README.
docs: examples
	$(GO) test ./golden -count=1 -run 'Docs' -update

# What machines find wrong with the code.
lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt would change these files" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# go.mod and go.sum say exactly what the code uses.
tidy:
	$(GO) mod tidy -diff

# Every fuzz target for a while.
fuzz:
	.ci/fuzz $(FUZZ)

# bay against the bare engine calls and its peers on the PATH, on the Docker
# Engine: one run, tables of ratios. BENCH_RUNS=1 BENCH_K=10 BENCH_N=1000 is a
# short one.
BENCH_RUNS ?= 5
BENCH_K    ?= 10,50,100
BENCH_N    ?= 1000,5000
bench:
	.ci/bench -runs $(BENCH_RUNS) -k "$(BENCH_K)" -n "$(BENCH_N)" $(BENCH)

# How many steps at once are enough: where apply.DefaultParallelism comes from.
parallelism:
	.ci/bench -runs $(BENCH_RUNS) -k "$(BENCH_K)" -widths 1,2,4,8,16

# Go benchmarks of evaluate, plan, compare and show, for benchstat: run it on two
# commits and compare what it prints.
gobench:
	$(GO) test ./golden/bench -run '^$$' -bench . -benchmem -count $${COUNT:-10}

# The golden scripts (in one language a day; LANGS=all: in both), the examples
# and the rooms on a real Docker Engine.
engine: examples
	.ci/engine
	.ci/bench smoke >/dev/null
	.ci/sweep

# The small programs that the examples' images hold: static, from this source alone.
examples:
	.ci/examples

# The main job, on the Docker Engine if one answers, else on the embedded one.
demo: build examples
	.ci/demo bin/bay

# All that CI runs. Rewriting what the golden scripts expect runs them. Tests on an
# engine wait for it most of the time, so that others run beside them.
check: tidy lint units examples
	.ci/together '.ci/unchanged $(MAKE) -o examples golden && $(MAKE) fuzz' '$(MAKE) -o examples engine'

clean:
	rm -rf bin examples/*/*/bin
