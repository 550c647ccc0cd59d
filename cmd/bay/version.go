package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/show"

	"github.com/spf13/cobra"
)

// versionFormat is the version of `bay version --json`.
const versionFormat = "bayplan.version/1"

func (a *app) versionCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of bay, and of the engine if one answers",
		Long: `Version prints what bay was built as, and what the engine is that commands would
use here. An engine has five seconds to answer; without one it ends with 0, too.`,
		Example: `  bay version
  bay version --engine ssh://me@host
  bay version --json | jq -r .engine.api`,
		Args: atMost(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.version(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+versionFormat)
	return cmd
}

// versionDocument is `bay version --json`.
type versionDocument struct {
	Format   string         `json:"format"`
	Version  string         `json:"version"`            // "(devel)" where the build does not know
	Revision string         `json:"revision,omitempty"` // the commit that it was built from
	Go       string         `json:"go"`
	Platform string         `json:"platform"`
	Engine   *versionEngine `json:"engine"` // null if none answers
}

type versionEngine struct {
	Host    string `json:"host"`
	Version string `json:"version"`
	API     string `json:"api"` // negotiated
}

func (a *app) version(ctx context.Context, asJSON bool) error {
	doc := built()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	e, err := interpreter.Connect(ctx, a.common.engine)
	if err == nil {
		defer e.Close()
		doc.Engine = &versionEngine{Host: a.host(e), Version: e.Info.Version, API: e.Info.API}
	}
	if asJSON {
		return show.WriteJSON(a.out, doc)
	}
	fmt.Fprintf(a.out, "bay %s (%s, %s)\n", doc.Version, doc.Go, doc.Platform)
	if doc.Engine == nil {
		_, err = fmt.Fprintln(a.out, "engine: none answers")
		return err
	}
	_, err = fmt.Fprintf(a.out, "engine: %s, API %s, on %s\n", doc.Engine.Version, doc.Engine.API, doc.Engine.Host)
	return err
}

// built is what the build knows of itself.
func built() versionDocument {
	doc := versionDocument{Format: versionFormat, Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return doc
	}
	if info.Main.Version != "" {
		doc.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			doc.Revision = s.Value
		}
	}
	return doc
}
