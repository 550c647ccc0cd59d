package container

import (
	"encoding/json"
	"fmt"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/schema"
)

// changesText writes changes, one a line, with effect and reasons.
func changesText(changes []schema.Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "  %s: %s → %s, %s", c.Name(), c.Old.Show(), c.New.Show(), c.Effect)
		if c.ByHand {
			b.WriteString(", by hand")
		}
		for _, why := range []string{c.Reason, c.Cause, c.Note} {
			if why != "" {
				b.WriteString("; " + why)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// workText writes what a step sends, one call a line.
func workText(w kind.Work) string {
	var b strings.Builder
	part := func(name string, ops []engine.Op) {
		for _, op := range ops {
			method, path := op.Path()
			fmt.Fprintf(&b, "    %s%s %s", name, method, path)
			if c, create := op.Call.(*engine.ContainerCreate); create {
				fmt.Fprintf(&b, " restart %s", c.HostConfig.RestartPolicy.Name)
			} else if body := op.Body(); body != nil {
				data, err := json.Marshal(body)
				if err != nil {
					panic(err)
				}
				fmt.Fprintf(&b, " %s", data)
			}
			b.WriteString("\n")
		}
	}
	part("", w.Ops)
	if w.Wait != nil {
		fmt.Fprintf(&b, "    wait %s settle %s\n", w.Wait.Until, w.Wait.Settle)
	}
	part("commit ", w.Commit)
	part("undo ", w.Undo)
	return b.String()
}
