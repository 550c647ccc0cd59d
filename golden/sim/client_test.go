package sim

import (
	"fmt"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"

	"github.com/docker/docker/client"
)

// through begins a story on an engine behind docker's own client and HTTP.
func through(seed uint64, version embedded.Version, trace func(string, ...any)) (s *story, end func()) {
	w := embedded.Still("sim", version, dawn)
	c, err := client.NewClientWithOpts(client.WithHost("tcp://embedded"), client.WithDialContext(w.Dial), client.WithAPIVersionNegotiation())
	if err != nil {
		panic(err)
	}
	d := w.Direct()
	s = &story{with: d.With, trace: trace}
	s.begin(seed, c, engine.Options{Local: true, Clock: d})
	return s, func() {
		if err := s.engine.Close(); err != nil {
			panic(err)
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
	}
}

// TestClient tells SIM_CLIENT random stories through docker's own client.
func TestClient(t *testing.T) {
	first := number(t, "SIM_SEED", 1)
	many(t, "client", first, asked(t, "SIM_CLIENT", 200), func(seed uint64, trace func(string, ...any)) error {
		s, end := through(seed, version(seed), trace)
		defer end()
		return caught(s.seed)
	})
}

// A story is the same in both lanes: the engine answers docker's client over
// HTTP what its core answers directly.
func TestLanesAreAlike(t *testing.T) {
	for seed := range uint64(5) {
		var tales [2][]string
		for lane := range tales {
			tell := func(format string, args ...any) { tales[lane] = append(tales[lane], fmt.Sprintf(format, args...)) }
			s, end := direct(seed, version(seed), tell), func() {}
			if lane == 1 {
				s, end = through(seed, version(seed), tell)
			}
			if err := caught(s.seed); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
			end()
		}
		for i, said := range tales[0] {
			if i >= len(tales[1]) || tales[1][i] != said {
				t.Errorf("seed %d: directly:\n%s\nthrough the client:\n%s", seed, said, tales[1][min(i, len(tales[1])-1)])
				break
			}
		}
	}
}
