// Command probe is the one program in Bayplan's test images. It is static, so
// that it runs in an image made from scratch, and does what its arguments say:
// serve, exit, become sick, refuse to stop, print. The embedded engine acts
// its arguments out without running it, so that each form must stay simple
// enough to be told from its words alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const usage = `usage:
  probe serve [ADDR] [--body TEXT] [--sick-after D] [--healthy-after D]
                       answer HTTP on ADDR (:8080); / gives the body, or the host name and
                       the environment; /health gives 200, or 503 while sick
  probe sick after D   serve, and be sick from then on
  probe deaf           serve, and ignore SIGTERM
  probe exit N [after D]
  probe health [ADDR]  ask a serving probe whether it is healthy (for a healthcheck)
  probe print TEXT...  print the words
  probe cat PATH       print a file
  probe env            print the environment
  probe echo           print what comes in, to its end
`

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	if len(args) == 0 {
		return wrong("no command")
	}
	switch cmd, args := args[0], args[1:]; cmd {
	case "serve":
		return serve(args)
	case "sick":
		if len(args) != 2 || args[0] != "after" {
			return wrong("sick wants: after D")
		}
		return serve([]string{"--sick-after", args[1]})
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		return serve(nil)
	case "exit":
		return exit(args)
	case "health":
		return health(args)
	case "print":
		fmt.Println(strings.Join(args, " "))
		return 0
	case "cat":
		return cat(args)
	case "echo":
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			return fail(err)
		}
		return 0
	case "env":
		env := os.Environ()
		slices.Sort(env)
		fmt.Println(strings.Join(env, "\n"))
		return 0
	default:
		return wrong("unknown command " + cmd)
	}
}

func wrong(why string) int {
	fmt.Fprintf(os.Stderr, "probe: %s\n%s", why, usage)
	return 64
}

func fail(err error) int {
	fmt.Fprintf(os.Stderr, "probe: %v\n", err)
	return 1
}

// server is what `probe serve` was told.
type server struct {
	addr         string
	body         string
	sickAfter    time.Duration // 0: never
	healthyAfter time.Duration // 0: at once
	started      time.Time
}

func parse(args []string) (*server, error) {
	s := &server{addr: ":8080", started: time.Now()}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if !strings.HasPrefix(word, "--") {
			s.addr = word
			continue
		}
		if len(args) == 0 {
			return nil, fmt.Errorf("%s wants a value", word)
		}
		var err error
		switch word {
		case "--body":
			s.body = args[0]
		case "--sick-after":
			s.sickAfter, err = time.ParseDuration(args[0])
		case "--healthy-after":
			s.healthyAfter, err = time.ParseDuration(args[0])
		default:
			err = fmt.Errorf("unknown option %s", word)
		}
		if err != nil {
			return nil, err
		}
		args = args[1:]
	}
	return s, nil
}

func serve(args []string) int {
	s, err := parse(args)
	if err != nil {
		return wrong(err.Error())
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fail(err)
	}
	fmt.Printf("probe: serving on %s\n", s.addr)
	ctx, stop := context.Background(), func() {}
	if !signal.Ignored(syscall.SIGTERM) {
		ctx, stop = signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	}
	defer stop()
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		fmt.Println("probe: told to stop")
		_ = srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fail(err)
	}
	return 0
}

// ServeHTTP answers /health with the state of health, any other path with the
// body, or with who and what we are.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		if why := s.sick(time.Since(s.started)); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "healthy")
		return
	}
	if s.body != "" {
		fmt.Fprintln(w, s.body)
		return
	}
	host, err := os.Hostname()
	if err != nil {
		host = err.Error()
	}
	env := os.Environ()
	slices.Sort(env)
	fmt.Fprintf(w, "%s\n%s\n", host, strings.Join(env, "\n"))
}

// sick returns why the server is not healthy at this age; "" when it is.
func (s *server) sick(age time.Duration) string {
	switch {
	case age < s.healthyAfter:
		return "not healthy yet"
	case s.sickAfter > 0 && age >= s.sickAfter:
		return "sick"
	}
	return ""
}

func exit(args []string) int {
	if len(args) != 1 && (len(args) != 3 || args[1] != "after") {
		return wrong("exit wants: N [after D]")
	}
	code, err := strconv.Atoi(args[0])
	if err != nil {
		return wrong(err.Error())
	}
	if len(args) == 1 {
		return code
	}
	d, err := time.ParseDuration(args[2])
	if err != nil {
		return wrong(err.Error())
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-time.After(d):
		return code
	case <-stop:
		return 0
	}
}

func health(args []string) int {
	addr := ":8080"
	if len(args) > 0 {
		addr = args[0]
	}
	if strings.HasPrefix(addr, ":") {
		addr = "127.0.0.1" + addr
	}
	c := http.Client{Timeout: 5 * time.Second}
	resp, err := c.Get("http://" + addr + "/health")
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(os.Stdout, resp.Body) // the status decides
	if resp.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}

func cat(args []string) int {
	if len(args) != 1 {
		return wrong("cat wants one path")
	}
	f, err := os.Open(args[0])
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	if _, err := io.Copy(os.Stdout, f); err != nil {
		return fail(err)
	}
	return 0
}
