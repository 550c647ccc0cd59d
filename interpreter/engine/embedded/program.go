package embedded

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// program is what a container's command would do if it ran. The zero value
// with ends -1 runs until it is told otherwise.
type program struct {
	ends         time.Duration // after its start; -1: never by itself
	code         int           // with which it ends
	deaf         bool          // to SIGTERM
	serves       bool          // answers health checks
	sickAfter    time.Duration // 0: never
	healthyAfter time.Duration // 0: at once
	out          string        // what it prints at its start
	errs         string        // the same, to standard error
	echoes       bool          // prints what comes in, to its end
}

// endless is any program that we do not know.
var endless = program{ends: -1}

// lockProgram is what bay's locks run: it prints something at its start, and
// ends with its input.
const lockProgram = "bayplan-lock"

// labelActs lets an image tell, in the words of golden/probe, what its program
// would do: "exit 0 after 1s". Without it, what is not the probe is endless.
const labelActs = "bayplan.embedded"

// labelLacks lets an image tell of a program that it does not hold. Every other
// one is taken to be there.
const labelLacks = "bayplan.embedded.lacks"

// programOf returns what a container's command does.
func (s *State) programOf(c *Container) program {
	if words := c.Config.Labels[labelActs]; words != "" {
		return s.act(append([]string{"probe"}, strings.Fields(words)...), c)
	}
	p := s.act(append([]string{c.Path}, c.Args...), c)
	if p.echoes && c.Config.OpenStdin {
		p.ends = -1 // with its input
	}
	return p
}

// act reads a command's words as golden/probe would. Any other program runs
// until told otherwise.
func (s *State) act(words []string, c *Container) program {
	if len(words) == 3 && path.Base(words[0]) == "sh" && words[1] == "-c" {
		words = strings.Fields(words[2])
	}
	if len(words) > 1 && words[0] == "exec" {
		words = words[1:]
	}
	switch {
	case len(words) > 0 && path.Base(words[0]) == lockProgram:
		return program{ends: -1, out: "\n"}
	case len(words) == 0 || path.Base(words[0]) != "probe":
		return endless
	}
	p, err := s.probe(words[1:], c)
	if err != nil {
		return program{code: 64, errs: "probe: " + err.Error() + "\n"}
	}
	return p
}

func (s *State) probe(args []string, c *Container) (program, error) {
	if len(args) == 0 {
		return program{}, fmt.Errorf("no command")
	}
	switch cmd, args := args[0], args[1:]; cmd {
	case "serve":
		return probeServe(args)
	case "sick":
		if len(args) != 2 || args[0] != "after" {
			return program{}, fmt.Errorf("sick wants: after D")
		}
		return probeServe([]string{"--sick-after", args[1]})
	case "deaf":
		p, err := probeServe(nil)
		p.deaf = true
		return p, err
	case "exit":
		return probeExit(args)
	case "health":
		return s.programOf(c).health(c.age(s.Now)), nil
	case "print":
		return program{out: strings.Join(args, " ") + "\n"}, nil
	case "cat":
		return s.probeCat(args, c)
	case "echo":
		return program{echoes: true}, nil
	case "env":
		return program{out: strings.Join(environment(c), "\n") + "\n"}, nil
	default:
		return program{}, fmt.Errorf("unknown command %s", cmd)
	}
}

func probeServe(args []string) (program, error) {
	p := program{ends: -1, serves: true}
	addr := ":8080"
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if !strings.HasPrefix(word, "--") {
			addr = word
			continue
		}
		if len(args) == 0 {
			return p, fmt.Errorf("%s wants a value", word)
		}
		var err error
		switch word {
		case "--body": // heard by HTTP alone
		case "--sick-after":
			p.sickAfter, err = time.ParseDuration(args[0])
		case "--healthy-after":
			p.healthyAfter, err = time.ParseDuration(args[0])
		default:
			err = fmt.Errorf("unknown option %s", word)
		}
		if err != nil {
			return p, err
		}
		args = args[1:]
	}
	p.out = "probe: serving on " + addr + "\n"
	return p, nil
}

func probeExit(args []string) (program, error) {
	if len(args) != 1 && (len(args) != 3 || args[1] != "after") {
		return program{}, fmt.Errorf("exit wants: N [after D]")
	}
	code, err := strconv.Atoi(args[0])
	if err != nil {
		return program{}, err
	}
	p := program{code: code & 0xff}
	if len(args) == 3 {
		p.ends, err = time.ParseDuration(args[2])
		p.ends = max(0, p.ends)
	}
	return p, err
}

// health is what `probe health` says of a program of this age.
func (p program) health(age time.Duration) program {
	switch {
	case !p.serves:
		return program{code: 1, errs: "probe: connection refused\n"}
	case age < p.healthyAfter:
		return program{code: 1, out: "not healthy yet\n"}
	case p.sickAfter > 0 && age >= p.sickAfter:
		return program{code: 1, out: "sick\n"}
	}
	return program{out: "healthy\n"}
}

func (s *State) probeCat(args []string, c *Container) (program, error) {
	if len(args) != 1 {
		return program{}, fmt.Errorf("cat wants one path")
	}
	f, ok := s.file(c, args[0])
	if !ok {
		return program{code: 1, errs: "probe: open " + args[0] + ": no such file or directory\n"}, nil
	}
	return program{out: string(f.Data)}, nil
}

// environment is what a process in the container sees, in order. The engine
// adds a path, the host's name and a home to what is configured.
func environment(c *Container) []string {
	env := map[string]string{
		"PATH":     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOSTNAME": c.Config.Hostname,
		"HOME":     "/",
	}
	for _, e := range c.Config.Env {
		k, v, _ := strings.Cut(e, "=")
		env[k] = v
	}
	var all []string
	for _, k := range slices.Sorted(maps.Keys(env)) {
		all = append(all, k+"="+env[k])
	}
	return all
}
