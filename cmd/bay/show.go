package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"

	"github.com/spf13/cobra"
)

func (a *app) showCmd() *cobra.Command {
	var asJSON, verbose bool
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show a saved plan",
		Long: `Show prints a plan that "bay plan --out" has saved, as "bay plan" prints it, and
below it what it was made from: the program, the inputs that were given, the
engine. It asks no engine, and a plan that was edited or cut short is refused.
FILE may be - for standard input.`,
		Example: `  bay show next.plan
  bay show next.plan -v          # with the calls that apply would send
  bay show next.plan --json | jq .counts
  bay plan --json | bay show -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("want one FILE, got %q", args)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.show(args[0], asJSON, verbose) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "the document itself, format "+plan.Format)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "the calls that apply would send, and values in full")
	return cmd
}

func (a *app) show(file string, asJSON, verbose bool) error {
	s, err := a.openSaved(file)
	if err != nil {
		return err
	}
	if asJSON {
		_, err := a.out.Write(s.data)
		return err
	}
	p, err := s.doc.Plan()
	if err != nil {
		return s.broken(err)
	}
	o := a.look()
	o.Verbose = verbose
	if err := show.Text(a.out, p, o); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	return show.Saved(a.out, s.doc, s.when, o)
}

// saved is a plan in a file.
type saved struct {
	file string
	when string // it was written; "" if that is not known
	data []byte
	doc  *show.Document
}

// maxSaved is the longest plan that is read, in bytes.
const maxSaved = 256 << 20

func (a *app) openSaved(file string) (*saved, error) {
	s := &saved{file: file}
	in := a.in
	if file != "-" {
		f, err := os.Open(file)
		if errors.Is(err, os.ErrNotExist) {
			return nil, &failure{err: fmt.Errorf("there is no %s", file), hint: savedHint}
		}
		if err != nil {
			return nil, fmt.Errorf("opening the plan: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			s.when = info.ModTime().UTC().Format(time.RFC3339)
		}
		in = f
	}
	var err error
	if s.data, err = io.ReadAll(io.LimitReader(in, maxSaved)); err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	if s.doc, err = show.Decode(s.data); err != nil {
		return nil, s.broken(err)
	}
	return s, nil
}

const savedHint = "`bay plan --out FILE` saves a plan"

// broken says that a file cannot be used as a plan.
func (s *saved) broken(why error) error {
	return &failure{err: fmt.Errorf("%s cannot be used as a plan: %w", s.file, why), hint: "plan again: " + savedHint}
}
