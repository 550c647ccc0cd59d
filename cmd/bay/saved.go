package main

import (
	"fmt"
	"path/filepath"

	"bayplan/interpreter"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/ir"
	"bayplan/lang/value"

	"github.com/moby/sys/atomicwriter"
)

// originOf returns what a program at path was evaluated with.
func (a *app) originOf(path string, taken []value.Taken) show.Origin {
	out := show.Origin{Program: filepath.ToSlash(filepath.Clean(path)), Stack: a.common.stack}
	for _, t := range taken {
		in := show.Input{Name: t.Name, Value: t.Text, From: t.From, Sensitive: t.Sensitive}
		if t.Sensitive {
			in.From = "" // it is taken anew, from wherever it then comes
		}
		out.Inputs = append(out.Inputs, in)
	}
	return out
}

// origin returns what a plan is made from. prog is nil where labels are enough.
func (a *app) origin(prog *program, o interpreter.PlanOptions) show.Origin {
	out := show.Origin{Stack: a.common.stack}
	if prog != nil {
		out = prog.origin
	}
	out.Bay = built().Version
	out.Asked = show.Asked{
		Volumes: o.Volumes, RemoveVolumes: texts(o.Remove), ReplaceVolumes: texts(o.ReplaceData), ReconnectForeign: o.Reconnect,
		Part: o.Part,
	}
	return out
}

func texts(addrs []ir.Addr) []string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

// savePlan writes the document of a plan to a file that only its owner reads:
// the whole of it, or what was there stays.
func savePlan(file string, p *plan.Plan, from show.Origin) error {
	if ext := filepath.Ext(file); ext == ".hcl" || ext == ".star" {
		return misuse("--out %s: that is the name of a program, which would be overwritten", file)
	}
	data, err := show.Encode(p, from)
	if err != nil {
		return err
	}
	if err := atomicwriter.WriteFile(file, data, 0o600); err != nil {
		return fmt.Errorf("saving the plan in %s: %w", file, err)
	}
	return nil
}
